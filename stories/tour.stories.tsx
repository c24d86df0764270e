import type { Meta, StoryObj } from '@storybook/react-vite';
import { useEffect, useState } from 'react';
import { expect, fireEvent, userEvent, waitFor, within } from 'storybook/test';
import { type Sync, SyncProvider, sql, useSyncedMutation, useSyncedQuery, useSyncStatus } from 'tidemark';
import { SyncDevtoolsPanel } from 'tidemark/devtools/production';
import { createTestServer, createTestSync, type SimulatedNetwork, simulateNetwork } from 'tidemark/testing';
import { shadowOf } from './fixtures/panel-story.tsx';
import { schema } from './fixtures/schema.ts';

const meta: Meta = {
  title: 'A conflict, from its making to its end',
  parameters: {
    layout: 'fullscreen',
    // No app has two panels on a page.
    a11y: { options: { rules: { 'landmark-unique': { enabled: false } } } },
  },
};
export default meta;

interface TourDevice {
  readonly name: string;
  readonly sync: Sync<typeof schema>;
  readonly network: SimulatedNetwork;
}

/** Two devices of one person and the server between them, all real. */
function openTour() {
  const row = { id: 'PIER-7', title: 'Birds on pier', priority: 1, done: false, labels: [] };
  const server = createTestServer({ schema, rows: { issue: [row] } });
  const devices = ['Phone', 'Tablet'].map((name): TourDevice => {
    const network = simulateNetwork();
    return { name, network, sync: createTestSync({ schema, server, network, deviceName: name }) };
  });
  const close = async () => {
    for (const { sync } of devices) await sync.close();
    await server.close();
  };
  return { devices, close };
}

function Tour() {
  const [tour, setTour] = useState<ReturnType<typeof openTour> | null>(null);
  useEffect(() => {
    const opened = openTour();
    setTour(opened);
    return () => void opened.close();
  }, []);
  return (
    <main style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', gap: 16, padding: 16 }}>
      {tour?.devices.map((device) => (
        <Device key={device.name} device={device} />
      ))}
    </main>
  );
}

function Device({ device: { name, sync, network } }: { readonly device: TourDevice }) {
  const [isOffline, setOffline] = useState(false);
  const go = (offline: boolean) => {
    setOffline(offline);
    network.set({ isOffline: offline });
  };
  return (
    <SyncProvider sync={sync} fallback={<p>Opening…</p>}>
      <section aria-label={name}>
        <h2>{name}</h2>
        <label>
          <input type="checkbox" checked={isOffline} onChange={(event) => go(event.target.checked)} /> offline
        </label>
        <Title name={name} />
        <div style={{ height: 420, border: '1px solid #8b97a5' }}>
          <SyncDevtoolsPanel />
        </div>
      </section>
    </SyncProvider>
  );
}

function Title({ name }: { readonly name: string }) {
  const phase = useSyncStatus((status) => status.phase);
  const { data } = useSyncedQuery(sql<{ title: string }>`SELECT title FROM issue WHERE id = 'PIER-7'`);
  const retitle = useSyncedMutation<string, unknown, unknown, typeof schema>((tx, title) =>
    tx.update('issue', 'PIER-7', { title }),
  );
  const title = data?.[0]?.title ?? '';
  return (
    <form
      key={title}
      onSubmit={(event) => {
        event.preventDefault();
        retitle.mutate(String(new FormData(event.currentTarget).get('title')));
      }}
    >
      <input name="title" aria-label={`Title on the ${name}`} defaultValue={title} />
      <button type="submit">Save</button> <output>{phase}</output>
    </form>
  );
}

export const TwoDevices: StoryObj = {
  beforeEach: () => localStorage.setItem('tidemark-devtools', JSON.stringify({ tab: 'conflicts' })),
  render: () => <Tour />,
  play: async ({ canvasElement, step }) => {
    const canvas = within(canvasElement);
    const device = async (name: string) => {
      const section = await canvas.findByRole('region', { name }, { timeout: 15_000 });
      return { section, ...within(section) };
    };
    const [phone, tablet] = [await device('Phone'), await device('Tablet')];
    const save = async (on: typeof phone, title: string) => {
      const field = await on.findByRole('textbox');
      await fireEvent.change(field, { target: { value: title } });
      await userEvent.click(on.getByRole('button', { name: 'Save' }));
    };
    const shows = (on: typeof phone, title: string) =>
      waitFor(() => expect(on.getByRole('textbox')).toHaveValue(title), { timeout: 15_000 });

    await step('Both devices have the row', async () => {
      await shows(phone, 'Birds on pier');
      await shows(tablet, 'Birds on pier');
    });
    await step('Both retitle it while the phone is offline', async () => {
      await userEvent.click(phone.getByRole('checkbox', { name: 'offline' }));
      await save(phone, 'Gulls on the pier');
      await shows(phone, 'Gulls on the pier');
      await save(tablet, 'Terns on the pier');
      await waitFor(() => expect(tablet.getByText('synced')).toBeVisible(), { timeout: 15_000 });
    });
    const panel = within(await shadowOf(phone.section));
    await step('Online again, the phone learns of the conflict', async () => {
      await userEvent.click(phone.getByRole('checkbox', { name: 'offline' }));
      await expect(await panel.findByRole('option', {}, { timeout: 15_000 })).toHaveTextContent('issue title');
    });
    await step('A person decides: a title of both', async () => {
      await userEvent.click(panel.getByRole('option'));
      await fireEvent.change(await panel.findByRole('textbox', { name: 'Value for title' }), {
        target: { value: 'Gulls and terns on the pier' },
      });
      await userEvent.click(panel.getByRole('button', { name: 'Resolve' }));
    });
    await step('Both devices have the answer, and the history keeps what lost', async () => {
      await shows(phone, 'Gulls and terns on the pier');
      await shows(tablet, 'Gulls and terns on the pier');
      await expect(await panel.findByText(/A person decided/)).toBeVisible();
      await expect(panel.getByText('Terns on the pier', { selector: '.old' })).toBeVisible();
    });
  },
};

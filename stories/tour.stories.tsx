import type { Meta, StoryObj } from '@storybook/react-vite';
import { useCallback, useEffect, useState } from 'react';
import { expect, fireEvent, userEvent, waitFor, within } from 'storybook/test';
import {
  type Sync,
  type SyncEvent,
  SyncProvider,
  sql,
  useSyncedMutation,
  useSyncedQuery,
  useSyncStatus,
} from 'tidemark';
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

/** What is done next, and what has happened when it is. */
const STEPS = [
  'Take the phone offline.',
  'Give the issue another title on the phone: it is there at once, and waits.',
  'Give it a third title on the tablet. The server has that one.',
  'Take the phone online again: both titles meet, and none is lost.',
  'Open the conflict in the phone’s panel, choose a side or type a title, and press “Resolve”.',
  'Both devices have the answer; what lost stands under “Past”, to be restored.',
] as const;

/** How far the tour is, as the devices tell it. */
function useStep(tour: OpenTour | null) {
  const [step, setStep] = useState(0);
  // One after the other: who does something else first has to come back to it.
  const reach = useCallback((next: number) => setStep((before) => (next === before + 1 ? next : before)), []);
  useEffect(() => {
    const [phone, tablet] = tour?.devices ?? [];
    if (!phone || !tablet) return;
    const onPhone = (event: SyncEvent) => {
      if (event.type === 'mutation-written') reach(2);
      if (event.type === 'conflict-detected') reach(4);
      if (event.type === 'conflict-resolved') reach(5);
    };
    const stops = [
      phone.sync.subscribe(onPhone),
      tablet.sync.subscribe((event) => event.type === 'mutation-settled' && reach(3)),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [tour, reach]);
  return { step, reach };
}

function Guide({ step }: { readonly step: number }) {
  return (
    <ol style={{ gridColumn: '1 / -1', margin: 0, paddingInlineStart: 24 }}>
      {STEPS.map((text, index) => (
        <li
          key={text}
          aria-current={index === step ? 'step' : undefined}
          style={{ fontWeight: index === step ? 600 : 400, color: index < step ? '#56626f' : 'inherit' }}
        >
          {text}
        </li>
      ))}
    </ol>
  );
}

type OpenTour = ReturnType<typeof openTour>;

function Tour() {
  const [tour, setTour] = useState<OpenTour | null>(null);
  const { step, reach } = useStep(tour);
  useEffect(() => {
    const opened = openTour();
    setTour(opened);
    return () => void opened.close();
  }, []);
  return (
    <main style={PAGE}>
      <Guide step={step} />
      {tour?.devices.map((device) => (
        <Device key={device.name} device={device} onOffline={() => device.name === 'Phone' && reach(1)} />
      ))}
    </main>
  );
}

const PAGE = {
  display: 'grid',
  gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
  gap: 16,
  padding: 16,
  font: '14px/1.5 system-ui, sans-serif',
} as const;

interface DeviceProps {
  readonly device: TourDevice;
  readonly onOffline: () => void;
}

function Device({ device: { name, sync, network }, onOffline }: DeviceProps) {
  const [isOffline, setOffline] = useState(false);
  const go = (offline: boolean) => {
    setOffline(offline);
    network.set({ isOffline: offline });
    if (offline) onOffline();
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

const tour = {
  beforeEach: () => localStorage.setItem('tidemark-devtools', JSON.stringify({ tab: 'conflicts', theme: 'light' })),
  render: () => <Tour />,
};

/** For you to play: the list tells what to do next, and follows what you do. */
export const ByHand: StoryObj = {
  ...tour,
  play: async ({ canvasElement }) => {
    const canvas = within(canvasElement);
    await canvas.findByRole('region', { name: 'Phone' }, { timeout: 15_000 });
    const steps = within(canvas.getAllByRole('list')[0] ?? canvasElement).getAllByRole('listitem');
    await expect(steps[0]).toHaveAttribute('aria-current', 'step');
    await expect(steps[1]).not.toHaveAttribute('aria-current');
  },
};

/** The same, played; the Interactions panel goes through it step by step. */
export const TwoDevices: StoryObj = {
  ...tour,
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

    const isAt = (index: number) =>
      waitFor(() => expect(canvas.getByText(STEPS[index] ?? '')).toHaveAttribute('aria-current', 'step'), {
        timeout: 15_000,
      });

    await step('Both devices have the row', async () => {
      await shows(phone, 'Birds on pier');
      await shows(tablet, 'Birds on pier');
      await isAt(0);
    });
    await step('Both retitle it while the phone is offline', async () => {
      await userEvent.click(phone.getByRole('checkbox', { name: 'offline' }));
      await isAt(1);
      await save(phone, 'Gulls on the pier');
      await shows(phone, 'Gulls on the pier');
      await isAt(2);
      await save(tablet, 'Terns on the pier');
      await waitFor(() => expect(tablet.getByText('synced')).toBeVisible(), { timeout: 15_000 });
      await isAt(3);
    });
    const panel = within(await shadowOf(phone.section));
    await step('Online again, the phone learns of the conflict', async () => {
      await userEvent.click(phone.getByRole('checkbox', { name: 'offline' }));
      await expect(await panel.findByRole('option', {}, { timeout: 15_000 })).toHaveTextContent('issue title');
      await isAt(4);
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
      await isAt(5);
      await expect(await panel.findByText(/A person decided/)).toBeVisible();
      await expect(panel.getByText('Terns on the pier', { selector: '.old' })).toBeVisible();
    });
  },
};

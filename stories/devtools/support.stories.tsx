import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, fireEvent, spyOn, userEvent, waitFor } from 'storybook/test';
import { sameColumns } from '../fixtures/conflicts.ts';
import { ago, entry, rejected } from '../fixtures/outbox.ts';
import { panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { factsOf, textOf } from '../fixtures/read.ts';
import { events, rounds } from '../fixtures/rounds.ts';
import { inspectionOf } from '../fixtures/rows.ts';
import { savedText } from '../fixtures/saved.ts';

const meta: Meta = { title: 'Devtools/Support', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

const refused = { code: 'rejected', message: 'Nobody but "Mara" may call it \'Lamp out\'.' };

/** Something of a person in every part of it. */
const busy = {
  tab: 'support',
  state: {
    events,
    outbox: [entry(39), { ...rejected, reason: refused }],
    conflicts: [sameColumns],
    cursors: [
      { scope: 'user:mara', cursor: { epoch: 'e', seq: 4 }, head: 4, lag: 0, isComplete: true, isFollowed: true },
    ],
    devices: [
      {
        deviceId: 'd1',
        name: 'Phone of Mara',
        firstSeenAt: ago(9_000),
        lastSeenAt: ago(9),
        revoked: false,
        isThisDevice: true,
      },
    ],
  },
  rounds,
  inspection: {
    ...inspectionOf(12),
    liveQueries: [
      {
        queryId: '1',
        sql: "SELECT * FROM issue WHERE title = 'Dear diary' AND project = ?",
        parameters: ['harbour secret'],
        tablesRead: ['issue'],
        tabCount: 1,
        subscriberCount: 1,
        rowCount: 1,
        runCount: 1,
        incrementalCount: 0,
        lastMs: 1,
        p95Ms: 1,
        lastUpdate: { how: 'incremental' },
        whyNeverIncremental: null,
        error: null,
      },
    ],
  },
} as const;

/** What must not be read in a file without values. */
const PRIVATE = [
  ...['Gulls nest', 'Birds on pier', 'PIER-7', 'PIER-3', 'Lamp out'],
  ...['They are loud', 'Gulls on the pier', 'user:mara', 'Mara', 'Dear diary', 'harbour secret'],
];

/** Buttons of a bundle that stand for what is looked at, not for what is done to an app. */
const LOOKING =
  /^(Colours: .*|Back to the app|Open \d+|Past \d+|Events|Wire|Hold|Clear|Copy the .*|Open a file…|Mutations|‹ Back to the list)$/;

/** A bundle is read-only: in none of its views is there a button that could only be refused. */
async function offersNothingToDo(panel: Awaited<ReturnType<typeof panelIn>>): Promise<void> {
  for (const tab of panel.getAllByRole('tab')) {
    await userEvent.click(tab);
    await waitFor(() => expect(panel.queryByText('Loading…')).toBeNull());
    const [first] = panel.queryAllByRole('option').filter((one) => one.className === 'list-row');
    if (first) await userEvent.click(first);
    const acting = panel.getAllByRole('button').filter((one) => !LOOKING.test(nameOf(one)));
    await expect({ view: tab.textContent, acting: acting.map(nameOf) }).toEqual({ view: tab.textContent, acting: [] });
    await expect(panel.queryByRole('alert')).toBeNull();
  }
}

const nameOf = (button: HTMLElement) => button.getAttribute('aria-label') ?? button.textContent ?? '';

export const SaveAndOpen: Story = {
  ...panelStory(busy),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const text = await savedText(async () => {
      await userEvent.click(await panel.findByRole('button', { name: 'Save the bundle' }));
      await panel.findByText(/Saved tidemark-/, {}, { timeout: 5_000 });
    });
    await expect(text).toContain('"hasValues": false');
    await expect(PRIVATE.filter((secret) => text.includes(secret))).toEqual([]);
    const saved = panel.getByText(/^Saved tidemark-/);
    await expect(saved).toHaveTextContent(/^Saved tidemark-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.json, [\d.]+ KiB$/);
    await expect(saved).toHaveAttribute('role', 'status');
    await expect(panel.getAllByRole('heading', { level: 3 }).map(textOf)).toEqual([
      ...['Save a support bundle', 'Open a support bundle'],
    ]);
    await expect(panel.getByText(/It never holds tokens or rows at rest/)).toBeVisible();
    await expect(panel.getByText(/Values become their kind and length; keys, scopes/)).toBeVisible();
    await expect(panel.getByText(/read-only\. Nothing of it leaves this page/)).toBeVisible();
    const chooser = spyOn(panel.getByLabelText<HTMLInputElement>('Support bundle'), 'click').mockReturnValue();
    await userEvent.click(panel.getByRole('button', { name: 'Open a file…' }));
    await expect(chooser).toHaveBeenCalledTimes(1);

    const file = new File([text], 'from-mara.json', { type: 'application/json' });
    await fireEvent.change(panel.getByLabelText('Support bundle'), { target: { files: [file] } });
    await expect(await panel.findByText(/from-mara.json/)).toBeVisible();
    const banner = panel.getByText(/from-mara.json/);
    await expect(banner).toHaveTextContent(/made [\d:]+; read-only, without values$/);
    await expect(banner.closest('[role=status]')).not.toBeNull();
    await expect(factsOf(panel, 'Bundle')).toMatchObject({
      Values: 'left out',
      Protocol: 'version 1',
      Schema: 'version 3',
      Tables: 'issue (12 rows), issue_label (1 row)',
    });
    await expect(factsOf(panel, 'Bundle').Made).toContain(String(new Date().getFullYear()));
    await expect(factsOf(panel, 'Browser')).toEqual({
      Agent: navigator.userAgent,
      Language: `${navigator.language}, ${Intl.DateTimeFormat().resolvedOptions().timeZone}`,
      Window: `${window.innerWidth} × ${window.innerHeight}, visible`,
      Online: 'yes',
      Storage: '24.0 MiB of 10.0 GiB, may be cleared',
      Abilities: 'OPFS, Web Locks',
    });
    await expect(panel.queryByRole('button', { name: 'Save the bundle' })).toBeNull();
    await expect(panel.queryByText(/Could not be asked/)).toBeNull();
    syncOf(context).setState({ outbox: [], conflicts: [] });
    await userEvent.click(panel.getByRole('tab', { name: /Queue/ }));
    await expect(await panel.findByText('update title, priority, votes')).toBeVisible();
    await offersNothingToDo(panel);
    await userEvent.click(panel.getByRole('button', { name: 'Back to the app' }));
    await waitFor(() => expect(panel.queryByText(/from-mara.json/)).toBeNull());
  },
};

export const WithValues: Story = {
  ...panelStory(busy),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByRole('checkbox', { name: /Include the values/ }));
    await expect(panel.getByText(/Give it only to those who may read that/)).toHaveAttribute('data-tone', 'warn');
    const text = await savedText(async () => {
      await userEvent.click(panel.getByRole('button', { name: 'Save the bundle' }));
      await panel.findByText(/Saved tidemark-/, {}, { timeout: 5_000 });
    });
    await expect(text).toContain('Gulls nest');
    const file = new File([text], 'whole.json', { type: 'application/json' });
    await fireEvent.change(panel.getByLabelText('Support bundle'), { target: { files: [file] } });
    await expect(await panel.findByText(/whole.json/)).toHaveTextContent(/read-only$/);
    await expect(factsOf(panel, 'Bundle')).toMatchObject({ Values: 'included' });
  },
};

/** A device whose database does not open can be helped too: the file says what could not be asked. */
export const WhatCouldNotBeAsked: Story = {
  ...panelStory({ ...busy, theme: 'dark' }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    syncOf(context).stats = () => Promise.reject(new Error('The database is gone.'));
    const text = await savedText(async () => {
      await userEvent.click(await panel.findByRole('button', { name: 'Save the bundle' }));
      await panel.findByText(/Saved tidemark-/, {}, { timeout: 5_000 });
    });
    const open = async (bundle: string) => {
      const file = new File([bundle], 'broken.json', { type: 'application/json' });
      await fireEvent.change(panel.getByLabelText('Support bundle'), { target: { files: [file] } });
    };
    await open(text);
    const gone = await panel.findByText(/Could not be asked when it was made: .*database is gone/);
    await expect(gone).toHaveAttribute('data-tone', 'warn');
    // From a browser that can and tells little.
    const bundle = JSON.parse(text);
    const poor = { isVisible: false, isOnline: false, hasOpfs: false, hasLocks: false };
    await open(JSON.stringify({ ...bundle, environment: { ...bundle.environment, ...poor, usageBytes: null } }));
    await waitFor(() =>
      expect(factsOf(panel, 'Browser')).toMatchObject({
        Window: expect.stringMatching(/, hidden$/),
        Online: 'no',
        Storage: 'not told',
        Abilities: 'no OPFS, no Web Locks',
      }),
    );
    await open(JSON.stringify({ ...bundle, tables: [], environment: { ...bundle.environment, isPersisted: true } }));
    await waitFor(() => expect(factsOf(panel, 'Bundle')).toMatchObject({ Tables: '—' }));
    await expect(factsOf(panel, 'Browser').Storage).toMatch(/, persistent$/);
  },
};

/** Files come from anywhere: one that says nonsense about the status takes nothing but itself out of sight. */
export const ABundleThatCannotBeShown: Story = {
  ...panelStory(busy),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const text = await savedText(async () => {
      await userEvent.click(await panel.findByRole('button', { name: 'Save the bundle' }));
      await panel.findByText(/Saved tidemark-/, {}, { timeout: 5_000 });
    });
    const bundle = JSON.parse(text);
    bundle.state.status.phase = '<img src=x onerror=alert(1)>';
    const file = new File([JSON.stringify(bundle)], 'hostile.json', { type: 'application/json' });
    await fireEvent.change(panel.getByLabelText('Support bundle'), { target: { files: [file] } });
    await expect(await panel.findByRole('alert')).toHaveTextContent(/hostile\.json could not be shown/);
    await userEvent.click(panel.getByRole('button', { name: 'Back to the app' }));
    await expect(await panel.findByRole('button', { name: 'Save the bundle' })).toBeVisible();
    await expect(panel.getAllByRole('tab')).toHaveLength(10);
  },
};

export const NoBundle: Story = {
  ...panelStory(busy),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const field = await panel.findByLabelText('Support bundle');
    await fireEvent.change(field, { target: { files: [new File(['{"kind":"other"}'], 'other.json')] } });
    await expect(await panel.findByRole('alert')).toHaveTextContent('This file is no support bundle of tidemark.');
  },
};

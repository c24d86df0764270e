import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, spyOn, userEvent, within } from 'storybook/test';
import { ago, entry } from '../fixtures/outbox.ts';
import { panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { events, rounds } from '../fixtures/rounds.ts';

const meta: Meta = { title: 'Devtools/Overview', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

const stats = {
  roundCount: 214,
  failedRoundCount: 3,
  pushedMutationCount: 97,
  pulledChangeCount: 1_420,
  storageBytes: 2_310_144,
};

export const Synced: Story = {
  ...panelStory({
    tab: 'overview',
    rounds,
    stats,
    state: { clientId: '019aa1b2-5f20-7c31-9d11-5a0c6e2f8b77', status: { lastSyncedAt: ago(20) } },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent(/Everything is synced.*last synced/);
    await expect(await panel.findByText('2.2 MiB')).toBeVisible();
    await expect(panel.getByRole('figure', { name: /Latency median 34 ms/ })).toBeVisible();
    await expect(panel.getByRole('figure', { name: /Throughput 4,231 changes in all/ })).toBeVisible();
    const [, ...last] = within(panel.getByRole('region', { name: 'Last rounds' })).getAllByRole('row');
    await expect(last[0]).toHaveTextContent(/write.*2 mutations.*5 changes.*34 ms/);
    await expect(last.at(-1)).toHaveTextContent('start');
    // What is on the clipboard is the person's; a browser without one in front of it may refuse it too.
    const copied = spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await userEvent.click(panel.getByRole('button', { name: 'Copy the client id' }));
    await expect(await panel.findByText('Copied')).toBeVisible();
    await expect(copied).toHaveBeenCalledWith('019aa1b2-5f20-7c31-9d11-5a0c6e2f8b77');
    copied.mockRestore();
  },
};

export const OfflineWithWaitingChanges: Story = {
  ...panelStory({
    tab: 'overview',
    rounds,
    stats,
    state: {
      outbox: [entry(1, { createdAt: ago(125) }), entry(2), entry(3)],
      status: {
        phase: 'offline',
        connection: 'closed',
        isOnline: false,
        lastSyncedAt: ago(600),
        nextRetryAt: ago(-25),
        persisted: false,
        error: { kind: 'network', message: 'The server at /sync could not be reached. It is tried again by a timer.' },
      },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent(
      /Offline.*3 changes waiting, oldest 2 min, last synced .*, next try in .*, not persisted/,
    );
  },
};

export const PauseAndResume: Story = {
  ...panelStory({ tab: 'overview', state: { status: { lastSyncedAt: ago(20) } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(panel.getByRole('button', { name: 'Pause' }));
    await expect(panel.getByRole('status')).toHaveTextContent('Paused by devtools');
    await expect(panel.getByRole('button', { name: 'Sync now' })).toBeDisabled();
    await expect(panel.getByText('Paused by').nextElementSibling).toHaveTextContent('devtools');
    await userEvent.click(panel.getByRole('button', { name: 'Resume' }));
    await expect(syncOf(context).calls.map((call) => call.name)).toEqual(['pause', 'resume']);
  },
};

export const NeedsSignIn: Story = {
  ...panelStory({
    tab: 'overview',
    state: {
      outbox: [entry(1)],
      status: {
        phase: 'needs-auth',
        connection: 'closed',
        error: {
          kind: 'needs-auth',
          message: 'The server refused the token: it expired. Sign in again; nothing is lost.',
        },
      },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent('Needs sign-in');
    await expect(panel.getByRole('alert')).toHaveTextContent('it expired');
  },
};

export const BeforeTheDatabaseIsOpen: Story = {
  ...panelStory({
    tab: 'overview',
    ready: new Promise(() => undefined),
    state: {
      clientId: null,
      isLeader: false,
      status: { phase: 'starting', connection: 'closed', hasSynced: false, persisted: false },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent('Opening the database');
  },
};

export const WithoutServer: Story = {
  ...panelStory({ tab: 'overview', state: { status: { phase: 'local', connection: 'closed', hasSynced: false } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent('On this device only');
    await expect(panel.queryByRole('button', { name: 'Sync now' })).toBeNull();
  },
};

/** A hundred rounds, some of them failed: what a busy day looks like, in dark colours. */
export const ABusyDay: Story = {
  ...panelStory({
    tab: 'overview',
    theme: 'dark',
    stats,
    rounds: Array.from({ length: 100 }, (_, index) => ({
      startedAt: ago(600 - index * 6),
      durationMs: 20 + ((index * 37) % 90),
      trigger: index % 3 === 0 ? ('changes' as const) : ('write' as const),
      pushedCount: index % 5,
      pulledChangeCount: (index * 13) % 40,
      sentBytes: (index % 5) * 180,
      outcome: index % 17 === 0 ? ('failed' as const) : ('ok' as const),
      error: index % 17 === 0 ? { kind: 'network' as const, message: 'The server could not be reached.' } : null,
    })),
    state: {
      events: [
        { at: ago(600), type: 'connection-changed', connection: 'connecting' },
        { at: ago(590), type: 'connection-changed', connection: 'open' },
        { at: ago(120), type: 'connection-changed', connection: 'closed' },
        { at: ago(60), type: 'connection-changed', connection: 'open' },
      ],
      status: { phase: 'syncing', isPulling: true, lastSyncedAt: ago(5) },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const history = within(await panel.findByRole('region', { name: 'Connection history' }));
    await expect(history.getAllByRole('listitem')).toHaveLength(4);
    await expect(history.getAllByRole('listitem').at(-1)).toHaveTextContent('so far');
    await expect(history.getByText(/for 1 min so far/)).toBeVisible();
    const latency = await panel.findByRole('figure', { name: /p95 .* of 100 rounds/ });
    await expect(latency.querySelectorAll('rect')).toHaveLength(100);
    await expect(latency.querySelectorAll('rect[data-tone=bad]')).toHaveLength(6);
  },
};

export const Reconnecting: Story = {
  ...panelStory({
    tab: 'overview',
    state: {
      events,
      status: { phase: 'pending', connection: 'connecting', lastSyncedAt: ago(40), nextRetryAt: ago(-900) },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('connecting…')).toBeVisible();
    await expect(panel.getByRole('status')).toHaveTextContent(/next try in/);
  },
};

export const StorageFull: Story = {
  ...panelStory({
    tab: 'overview',
    stats: { ...stats, storageBytes: 1_073_741_824 },
    state: {
      status: {
        phase: 'error',
        error: { kind: 'quota', message: 'The disk of this device is full: what the server sent could not be kept.' },
      },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('alert')).toHaveTextContent(/quota.*disk of this device is full/);
    await expect(await panel.findByText('1.0 GiB')).toBeVisible();
  },
};

/** The tables are being rebuilt for a newer schema: the database is not open yet. Afterwards an event tells of it. */
export const MigrationRunning: Story = {
  ...panelStory({
    tab: 'overview',
    ready: new Promise(() => undefined),
    state: { clientId: null, status: { phase: 'starting', connection: 'closed' } },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent('Opening the database');
    syncOf(context).setState({ clientId: 'client-1', status: { phase: 'synced', connection: 'open' } });
    syncOf(context).emit({ at: Date.now(), type: 'schema-migrated', from: 2, to: 3 });
    await expect(await panel.findByText('Everything is synced')).toBeVisible();
    await userEvent.click(panel.getByRole('tab', { name: 'Events' }));
    await expect(await panel.findByText('schema-migrated', { selector: 'span' }, { timeout: 5_000 })).toBeVisible();
  },
};

export const AnotherTabLeads: Story = {
  ...panelStory({ tab: 'overview', state: { isLeader: false } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByText('another tab')).toBeVisible();
  },
};

export const IntegrityCheck: Story = {
  ...panelStory({ tab: 'overview', inspection: { problems: ['row 7 missing from index issue_title'] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(panel.getByRole('button', { name: 'Check integrity' }));
    await expect(await panel.findByRole('alert')).toHaveTextContent('row 7 missing from index issue_title');
  },
};

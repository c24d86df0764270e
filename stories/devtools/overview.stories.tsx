import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, spyOn, userEvent, waitFor, within } from 'storybook/test';
import { sameColumns } from '../fixtures/conflicts.ts';
import { ago, entry, rejected } from '../fixtures/outbox.ts';
import { panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { cellsOf, clock, colours, factsOf, textOf } from '../fixtures/read.ts';
import { rounds } from '../fixtures/rounds.ts';

const meta: Meta = { title: 'Devtools/Overview', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

const stats = {
  roundCount: 214,
  failedRoundCount: 3,
  pushedMutationCount: 97,
  pulledChangeCount: 1_420,
  conflictCount: 12,
  rejectedCount: 5,
  storageBytes: 2_310_144,
};

/** The dot beside the headline. */
function colourOfDot(panel: Awaited<ReturnType<typeof panelIn>>): string {
  const dot = panel.getAllByRole('status')[0]?.closest('.status')?.querySelector('.dot');
  return dot ? getComputedStyle(dot).backgroundColor : 'no dot';
}

export const Synced: Story = {
  ...panelStory({
    tab: 'overview',
    // In no order: the plots are in that of time, the list begins with the newest.
    rounds: rounds.toSorted((a, b) => a.durationMs - b.durationMs),
    stats,
    state: {
      clientId: '019aa1b2-5f20-7c31-9d11-5a0c6e2f8b77',
      sessionId: '7c31aa02',
      status: { lastSyncedAt: ago(3_700) },
    },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const { lastSyncedAt } = syncOf(context).store.getState().status;
    const lastSynced = clock(lastSyncedAt ?? 0);
    await expect(panel.getByRole('status')).toHaveTextContent(/^Everything is synced/);
    await expect(panel.getByRole('status')).toHaveTextContent(new RegExp(`last synced .*${lastSynced}$`));
    await expect(colourOfDot(panel)).toBe(colours(panel.getByRole('tablist')).ok);
    await expect(await panel.findByText('2.2 MiB')).toBeVisible();
    await expect(factsOf(panel, 'Connection')).toEqual({
      Channel: 'realtime (WebSocket)',
      'Server reached': 'yes',
      'Last synced': expect.stringContaining(lastSynced),
      'First full sync': 'done',
      'Next try': '—',
      'Paused by': '—',
    });
    await expect(factsOf(panel, 'Storage')).toEqual({
      Where: 'persisted on disk',
      Size: '2.2 MiB',
      Quota: '24.0 MiB of 10.0 GiB',
      Eviction: 'possible when the disk is full',
    });
    await expect(panel.getByRole('meter', { name: 'Quota used' })).toHaveProperty('value', 24 * 1_048_576);
    await expect(factsOf(panel, 'This device')).toEqual({
      clientId: '019aa1b2…Copy',
      sessionId: '7c31aa02Copy',
      Leader: 'this tab',
      Schema: 'version 3, 2 tables',
      Protocol: 'version 1',
    });
    await expect(factsOf(panel, 'Since the engine started')).toEqual({
      Rounds: '214',
      'Failed rounds': '3',
      'Mutations sent': '97',
      'Changes received': '1,420',
      Conflicts: '12',
      Rejected: '5',
    });
    const latency = panel.getByRole('figure', { name: 'Latency median 34 ms, p95 640 ms of 4 rounds' });
    const throughput = panel.getByRole('figure', {
      name: 'Throughput 4,231 changes in all, at most 6,578/s',
    });
    const heights = (plot: Element) =>
      [...plot.querySelectorAll('rect')].map((bar) => Number(bar.getAttribute('height')));
    // Oldest first. What took longest was the try that failed; what carried most was the first load.
    await expect(heights(latency).indexOf(Math.max(...heights(latency)))).toBe(1);
    await expect([...latency.querySelectorAll<SVGRectElement>('rect')].map((bar) => bar.dataset.tone)).toEqual([
      ...['ok', 'bad', 'ok', 'ok'],
    ]);
    await expect(textOf(latency.querySelectorAll('rect')[1])).toMatch(/^[\d:.]+ retry: 12\.0 s, 0 sent, 0 received$/);
    await expect(textOf(latency.querySelectorAll('rect')[3])).toMatch(/ write: 34 ms, 2 sent, 5 received$/);
    await expect(heights(throughput).indexOf(Math.max(...heights(throughput)))).toBe(0);
    const [head, ...last] = cellsOf(panel.getByRole('region', { name: 'Last rounds' }));
    await expect(head).toEqual(['When', 'Why', 'Sent', 'Received', 'Took', 'Outcome']);
    await expect(last.map(([when, ...others]) => [when?.slice(-5), ...others])).toEqual([
      [clock(rounds[0]?.startedAt ?? 0), 'write', '2 mutations, 812 B', '5 changes', '34 ms', 'ok'],
      [clock(rounds[1]?.startedAt ?? 0), 'changes', '0 mutations', '14 changes', '11 ms', 'ok'],
      [clock(rounds[2]?.startedAt ?? 0), 'retry', '0 mutations', '0 changes', '12.0 s', 'network'],
      [clock(rounds[3]?.startedAt ?? 0), 'start', '0 mutations', '4,210 changes', '640 ms', 'ok'],
    ]);
    await expect(panel.getByText('network', { selector: '.badge' })).toHaveAttribute('data-tone', 'bad');
    // What is on the clipboard is the person's; a browser without one in front of it may refuse it too.
    const copied = spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await userEvent.click(panel.getByRole('button', { name: 'Copy the session id' }));
    await expect(copied).toHaveBeenLastCalledWith('7c31aa02');
    await userEvent.click(panel.getByRole('button', { name: 'Copy the client id' }));
    await expect(await panel.findByRole('button', { name: 'Copied the client id' })).toHaveTextContent('Copied');
    await expect(copied).toHaveBeenLastCalledWith('019aa1b2-5f20-7c31-9d11-5a0c6e2f8b77');
    copied.mockRestore();
  },
};

export const OfflineWithWaitingChanges: Story = {
  ...panelStory({
    tab: 'overview',
    rounds,
    stats,
    state: () => ({
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
    }),
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent(
      /Offline.*3 changes waiting, oldest 2 min, last synced .*, next try in .*, not persisted/,
    );
    // What changes each second is not announced each second.
    await expect(panel.getByText(/next try in/)).toHaveAttribute('aria-live', 'off');
    await expect(colourOfDot(panel)).toBe(colours(panel.getByRole('tablist')).warn);
    await expect(panel.getByText(/could not be reached/).closest('[data-tone]')).toHaveAttribute('data-tone', 'warn');
    await expect(panel.getByRole('tab', { name: /^Queue/ })).toHaveTextContent('Queue3');
    await expect(factsOf(panel, 'Connection')).toMatchObject({
      Channel: 'closed',
      'Server reached': 'no',
      'Next try': expect.stringMatching(/^in \d+ s$/),
    });
    await expect(factsOf(panel, 'Storage')).toMatchObject({ Where: 'memory: gone when the tab closes' });
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
    await waitFor(() => expect(panel.getByRole('button', { name: 'Sync now' })).toBeEnabled());
    // What a round has done is in the totals as soon as it is over.
    syncOf(context).stats = async () => ({ ...stats, roundCount: 215 });
    await userEvent.click(panel.getByRole('button', { name: 'Sync now' }));
    await waitFor(() => expect(syncOf(context).calls.map((call) => call.name)).toEqual(['pause', 'resume', 'sync']));
    await waitFor(() => expect(factsOf(panel, 'Since the engine started')).toMatchObject({ Rounds: '215' }));
    await expect(panel.getByRole('status')).toHaveTextContent('Everything is synced');
  },
};

/** What went wrong is told until a round has gone well: then it would only alarm. */
export const ARoundThatFailed: Story = {
  ...panelStory({ tab: 'overview', state: { status: { lastSyncedAt: ago(20) } } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const sync = syncOf(context);
    sync.sync = () => Promise.reject(new Error('The token counts as expired.'));
    await userEvent.click(panel.getByRole('button', { name: 'Sync now' }));
    await expect(await panel.findByRole('alert')).toHaveTextContent('The token counts as expired.');
    sync.setState({ status: { lastSyncedAt: ago(0) } });
    await waitFor(() => expect(panel.queryByRole('alert')).toBeNull());
  },
};

/** What waits for a person shows in the colour and in words, and its button leads there. */
export const WaitsForADecision: Story = {
  ...panelStory({
    tab: 'overview',
    state: { outbox: [rejected, entry(42, { state: 'conflicted' })], conflicts: [sameColumns] },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent(
      /^Waiting for your decision ?1 open conflict, 1 rejected,/,
    );
    await expect(colourOfDot(panel)).toBe(colours(panel.getByRole('tablist')).warn);
    await expect(panel.getByRole('tab', { name: /^Conflicts/ })).toHaveTextContent('Conflicts1');
    await userEvent.click(panel.getByRole('button', { name: 'Decide' }));
    await expect(panel.getByRole('tab', { name: /^Conflicts/ })).toHaveAttribute('aria-selected', 'true');
    await userEvent.click(panel.getByRole('tab', { name: 'Overview' }));
  },
};

/** The first load, with how far it is. */
export const FirstLoad: Story = {
  ...panelStory({
    tab: 'overview',
    state: {
      status: { phase: 'syncing', hasSynced: false, progress: { step: 'snapshot', done: 12_000, total: 45_000 } },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent('Loading 12,000 of 45,000 rows');
    const bar = panel.getByRole('progressbar', { name: 'Loading 12,000 of 45,000 rows' });
    await expect(bar).toHaveProperty('position', 12 / 45);
    await expect(factsOf(panel, 'Connection')).toMatchObject({ 'Last synced': 'never', 'First full sync': 'not yet' });
  },
};

/** Dark, light, or as the device has it. */
export const Colours: Story = {
  ...panelStory({ tab: 'overview' }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const ground = () => getComputedStyle(panel.getByRole('region', { name: 'tidemark devtools' })).backgroundColor;
    const light = ground();
    // Whatever their shades: what is fine is green, what is broken red, what is under way blue.
    const hues = () => {
      const { ok, bad, busy } = colours(panel.getByRole('tablist'));
      return [ok, bad, busy].map((colour) => {
        const parts = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
        return ['red', 'green', 'blue'][parts.indexOf(Math.max(...parts))];
      });
    };
    await expect(hues()).toEqual(['green', 'red', 'blue']);
    await userEvent.click(panel.getByRole('button', { name: 'Colours: light' }));
    await waitFor(() => expect(ground()).not.toBe(light));
    await expect(hues()).toEqual(['green', 'red', 'blue']);
    await userEvent.click(panel.getByRole('button', { name: 'Colours: dark' }));
    await userEvent.click(await panel.findByRole('button', { name: 'Colours: system' }));
    await waitFor(() => expect(ground()).toBe(light));
  },
};

const threeDaysAgo = ago(3 * 86_400);

export const NeedsSignIn: Story = {
  ...panelStory({
    tab: 'overview',
    state: {
      outbox: [entry(1)],
      status: {
        phase: 'needs-auth',
        lastSyncedAt: threeDaysAgo,
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
    await expect(colourOfDot(panel)).toBe(colours(panel.getByRole('tablist')).bad);
    const day = new Date(threeDaysAgo).toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
    await expect(factsOf(panel, 'Connection')).toMatchObject({
      Channel: 'closed',
      'Last synced': `${day}, ${clock(threeDaysAgo)}`,
    });
  },
};

export const BeforeTheDatabaseIsOpen: Story = {
  ...panelStory({
    tab: 'overview',
    ready: new Promise(() => undefined),
    disk: { usage: 0, quota: 0 },
    state: {
      clientId: null,
      isLeader: false,
      status: { phase: 'starting', connection: 'closed', hasSynced: false, persisted: false },
    },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent('Opening the database');
    await expect(factsOf(panel, 'This device')).toMatchObject({ clientId: 'not yet', Leader: 'another tab' });
    await expect(factsOf(panel, 'Storage')).toMatchObject({ Where: '—', Quota: 'the browser does not say' });
    await expect(panel.queryByRole('meter')).toBeNull();
    // Nor has a database that never opens any totals.
    spyOn(syncOf(context), 'stats').mockRejectedValue(new Error('It is not open.'));
    await userEvent.click(panel.getByRole('tab', { name: 'Cursors' }));
    await userEvent.click(panel.getByRole('tab', { name: 'Overview' }));
    await expect(factsOf(panel, 'Since the engine started')).toEqual({
      Rounds: '—',
      'Failed rounds': '—',
      'Mutations sent': '—',
      'Changes received': '—',
      Conflicts: '—',
      Rejected: '—',
    });
    await expect(factsOf(panel, 'Storage')).toMatchObject({ Size: '—' });
  },
};

export const WithoutServer: Story = {
  ...panelStory({ tab: 'overview', state: { status: { phase: 'local', connection: 'closed', hasSynced: false } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent('On this device only');
    await expect(panel.queryByRole('button', { name: 'Sync now' })).toBeNull();
    await expect(factsOf(panel, 'Connection')).toMatchObject({ Channel: 'no server', 'Server reached': '—' });
  },
};

/** More than a hundred rounds, some of them failed: what a busy day looks like, in dark colours. */
export const ABusyDay: Story = {
  ...panelStory({
    tab: 'overview',
    theme: 'dark',
    stats,
    rounds: Array.from({ length: 120 }, (_, index) => ({
      startedAt: ago(600 - index * 5),
      durationMs: 20 + ((index * 37) % 90),
      trigger: index % 3 === 0 ? ('changes' as const) : ('write' as const),
      pushedCount: index % 5,
      pulledChangeCount: (index * 13) % 40,
      sentBytes: (index % 5) * 180,
      outcome: index % 17 === 0 ? ('failed' as const) : index === 100 ? ('aborted' as const) : ('ok' as const),
      error: index % 17 === 0 ? { kind: 'network' as const, message: 'The server could not be reached.' } : null,
    })),
    state: () => ({
      events: [
        { at: ago(600), type: 'connection-changed', connection: 'connecting' },
        { at: ago(590), type: 'connection-changed', connection: 'open' },
        { at: ago(130), type: 'connection-changed', connection: 'closed' },
        { at: ago(65), type: 'connection-changed', connection: 'open' },
      ],
      status: { phase: 'syncing', isPulling: true, lastSyncedAt: ago(5) },
    }),
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const history = within(await panel.findByRole('region', { name: 'Connection history' }));
    await expect(history.getAllByRole('listitem')).toHaveLength(4);
    await expect(history.getAllByRole('listitem').at(-1)).toHaveTextContent('so far');
    const spans = history.getAllByRole('listitem').map((item) => item.textContent?.replace(/^[\d:.]+/, ''));
    const { events } = syncOf(context).store.getState();
    await expect(history.getAllByRole('listitem').map((item) => textOf(item.firstElementChild).slice(0, 5))).toEqual(
      events.map(({ at }) => clock(at)),
    );
    await expect(spans).toEqual([
      'connectingfor 10 s',
      'openfor 7 min',
      'closedfor 1 min',
      expect.stringMatching(/^openfor 1 min so far$/),
    ]);
    await expect(history.getAllByText('open')[0]).toHaveAttribute('data-tone', 'ok');
    await expect(history.getByText('closed')).toHaveAttribute('data-tone', 'idle');
    const strip = [...(history.getByRole('list').previousElementSibling?.querySelectorAll('rect') ?? [])];
    const tenths = (name: string) => strip.map((span) => Math.round(Number(span.getAttribute(name)) / 10));
    await expect(tenths('width')).toEqual([0, 8, 1, 1]);
    await expect(tenths('x')).toEqual([0, 0, 8, 9]);
    await expect(strip.map((span) => span.dataset.tone)).toEqual(['busy', 'ok', 'idle', 'ok']);
    const latency = await panel.findByRole('figure', { name: /p95 \d+ ms of 100 rounds$/ });
    await expect(panel.getAllByRole('heading', { level: 3 }).map(textOf)).toEqual([
      ...['Connection', 'Storage', 'This device', 'Since the engine started', 'Connection history', 'Last rounds'],
    ]);
    await expect(cellsOf(panel.getByRole('region', { name: 'Last rounds' }))).toHaveLength(1 + 12);
    await expect(latency.querySelectorAll('rect')).toHaveLength(100);
    await expect(latency.querySelectorAll('rect[data-tone=bad]')).toHaveLength(6);
    await expect(latency.querySelectorAll('rect[data-tone=idle]')).toHaveLength(1);
  },
};

/** A line that comes and goes. */
const flapping = Array.from({ length: 11 }, (_, index) => ({
  at: ago(400 - 30 * index),
  type: 'connection-changed' as const,
  connection: index % 2 === 0 ? ('open' as const) : ('closed' as const),
}));

export const Reconnecting: Story = {
  ...panelStory({
    tab: 'overview',
    state: () => ({
      events: [...flapping, { at: ago(6), type: 'connection-changed', connection: 'connecting' }],
      outbox: [entry(41, { createdAt: ago(5) })],
      status: { connection: 'connecting', lastSyncedAt: ago(40), nextRetryAt: ago(-30) },
    }),
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(factsOf(panel, 'Connection')).toMatchObject({ Channel: 'connecting…', 'Server reached': 'yes' });
    await expect(panel.getByRole('status')).toHaveTextContent(/^1 change waiting ?oldest \d+ s.*next try in \d+ s/);
    const history = within(panel.getByRole('region', { name: 'Connection history' }));
    await expect(history.getAllByRole('listitem').at(-1)).toHaveTextContent(/connecting.*so far/);
    await expect(history.getAllByRole('listitem')).toHaveLength(8);
    // The clock on the screen goes on.
    const { 'Next try': before } = factsOf(panel, 'Connection');
    await waitFor(() => expect(factsOf(panel, 'Connection')).not.toMatchObject({ 'Next try': before }), {
      timeout: 5_000,
    });
  },
};

export const StorageFull: Story = {
  ...panelStory({
    tab: 'overview',
    stats: { ...stats, storageBytes: 1_073_741_824 },
    disk: { usage: 1_070_000_000, quota: 1_073_741_824 },
    state: {
      status: {
        phase: 'error',
        error: { kind: 'quota', message: 'The disk of this device is full: what the server sent could not be kept.' },
      },
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent(/^Sync failed/);
    await expect(panel.getByRole('alert')).toHaveTextContent(/quota.*disk of this device is full/);
    await expect(colourOfDot(panel)).toBe(colours(panel.getByRole('tablist')).bad);
    await expect(await panel.findByText('1.0 GiB')).toBeVisible();
    await expect(await panel.findByText('1020.4 MiB of 1.0 GiB')).toBeVisible();
    const used = panel.getByRole('meter', { name: 'Quota used' });
    await expect(used).toHaveProperty('high', 0.8 * 1_073_741_824);
  },
};

const migrating = panelStory({
  tab: 'overview',
  ready: new Promise(() => undefined),
  state: { clientId: null, status: { phase: 'starting' } },
});

/** The tables are being rebuilt for a newer schema: the database is not open yet. */
export const MigrationRunning: Story = {
  ...migrating,
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent(/^Opening the database$/);
    await expect(factsOf(panel, 'This device')).toMatchObject({
      clientId: 'not yet',
      Schema: 'version 3, 2 tables',
    });
  },
};

/** Afterwards an event tells of it. */
export const Migrated: Story = {
  ...migrating,
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await expect(panel.getByRole('status')).toHaveTextContent('Opening the database');
    syncOf(context).setState({ clientId: 'client-1', status: { phase: 'synced', connection: 'open' } });
    syncOf(context).emit({ at: Date.now(), type: 'schema-migrated', from: 2, to: 3 });
    await expect(await panel.findByText('Everything is synced')).toBeVisible();
    await userEvent.click(panel.getByRole('tab', { name: 'Events' }));
    await expect(await panel.findByText('schema-migrated', { selector: 'span' }, { timeout: 5_000 })).toBeVisible();
    await expect(panel.getByText('from version 2 to 3')).toBeVisible();
  },
};

/** Where no WebSocket comes through, too. */
export const AnotherTabLeads: Story = {
  ...panelStory({ tab: 'overview', state: { isLeader: false, status: { connection: 'polling' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(factsOf(panel, 'This device')).toMatchObject({ Leader: 'another tab' });
    await expect(factsOf(panel, 'Connection')).toMatchObject({ Channel: 'polling over HTTP' });
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

export const SoundAndKept: Story = {
  ...panelStory({ tab: 'overview' }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const { promise, resolve } = Promise.withResolvers<string[]>();
    spyOn(syncOf(context).inspect, 'integrityCheck').mockReturnValue(promise);
    await userEvent.click(panel.getByRole('button', { name: 'Check integrity' }));
    await expect(panel.getByRole('button', { name: 'Check integrity' })).toBeDisabled();
    resolve([]);
    const sound = await panel.findByText('The database is sound.', { selector: '[role=status]' });
    await expect(sound.closest('.notice')).toHaveAttribute('data-tone', 'ok');
    // It has been asked as it is first opened, and with the totals; then only when there is news.
    await waitFor(() => expect(navigator.storage.estimate).toHaveBeenCalledTimes(2));
    const persist = spyOn(navigator.storage, 'persist').mockResolvedValue(false);
    await userEvent.click(await panel.findByRole('button', { name: 'Ask to keep it' }));
    await expect(await panel.findByText(/The browser did not agree/)).toBeVisible();
    persist.mockResolvedValue(true);
    spyOn(navigator.storage, 'persisted').mockResolvedValue(true);
    await userEvent.click(panel.getByRole('button', { name: 'Ask to keep it' }));
    await waitFor(() => expect(panel.queryByRole('button', { name: 'Ask to keep it' })).toBeNull());
    await expect(factsOf(panel, 'Storage')).toMatchObject({ Eviction: 'the browser keeps it' });
    persist.mockRestore();
  },
};

import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, spyOn, userEvent, waitFor, within } from 'storybook/test';
import type { MutationOutcome, SyncEvent, SyncRound, WireFrame } from 'tidemark/core';
import { ago, entry } from '../fixtures/outbox.ts';
import { fill, panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { clock, textOf, tonesOf } from '../fixtures/read.ts';
import { events, rounds } from '../fixtures/rounds.ts';

const meta: Meta = { title: 'Devtools/Events', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

export const Stream: Story = {
  ...panelStory({ tab: 'events', state: { events, outbox: [entry(42)] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const list = await panel.findByRole('listbox', { name: 'Events' });
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(events.length));
    const rows = within(list).getAllByRole('option').map(textOf);
    await expect(rows.map((row) => row.replace(/^\d\d:\d\d:\d\d\.\d\d\d/, ''))).toEqual([
      'mutation-settled#40 rejected: issue.priority must lie between 1 and 5, received 9',
      'conflict-detecteda row of issue',
      'mutation-written#42 on issue',
      'sync-finished2 mutations sent, 5 changes received, in 34 ms',
      'changes-applied4,210 changes in issue, issue_label, up to seq 1204',
      'sync-startedthe app started',
      'connection-changednow open',
    ]);
    await expect(rows.every((row) => /^\d\d:\d\d:\d\d\.\d\d\d/.test(row))).toBe(true);
    const tones = [...list.querySelectorAll<HTMLElement>('.badge')].map((badge) => badge.dataset.tone);
    await expect(tones).toEqual(['bad', 'warn', 'idle', 'ok', 'idle', 'busy', 'idle']);
    await expect(panel.getByRole('group', { name: 'What to show' })).toContainElement(
      panel.getByRole('button', { name: 'Events', pressed: true }),
    );
    await expect(panel.getByText('Select an event to see what it carries.')).toBeVisible();
    await expect(
      within(panel.getByRole('combobox', { name: 'Kind' }))
        .getAllByRole('option')
        .map(textOf),
    ).toEqual([
      ...['all kinds', 'changes-applied', 'conflict-detected', 'connection-changed', 'mutation-settled'],
      ...['mutation-written', 'sync-finished', 'sync-started'],
    ]);
    await userEvent.click(within(list).getByText('mutation-written'));
    await expect(await panel.findByText('1 change, 182 B to send')).toBeVisible();
    await expect(panel.getByRole('heading', { level: 3 })).toHaveTextContent(
      new RegExp(`^mutation-written ${clock(events[4]?.at ?? 0)}:[\\d.]+$`),
    );
    syncOf(context).emit({ at: Date.now(), type: 'resync', reason: 'the log was cut' });
    await expect(await within(list).findByText('resync')).toBeVisible();
    // The newest stands first, and the one that is read stays selected.
    await expect(within(list).getAllByRole('option')[0]).toHaveTextContent('resync');
    await expect(within(list).getByRole('option', { selected: true })).toHaveTextContent('mutation-written');
    await fill(panel.getByRole('searchbox'), 'priority');
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(1));
    await userEvent.click(within(list).getByRole('option'));
    await expect(panel.getByText(/must lie between 1 and 5/, { selector: '.value' })).toBeVisible();
    await expect(panel.getByRole('heading', { level: 3 }).querySelector('.badge')).toHaveAttribute('data-tone', 'bad');
    await expect(panel.queryByText(/to send$/)).toBeNull();
    await fill(panel.getByRole('searchbox'), '');
    const outcome = { mutationId: 41, outcome: 'conflict' as const, seq: null, reason: null, conflictIds: ['c1'] };
    syncOf(context).emit({ at: Date.now(), type: 'mutation-settled', outcome });
    await expect((await within(list).findByText(/^#41/)).previousElementSibling).toHaveAttribute('data-tone', 'warn');
  },
};

const error = { kind: 'network' as const, message: 'The server could not be reached.' };
const settled = (mutationId: number, outcome: MutationOutcome['outcome']): SyncEvent => ({
  ...{ at: ago(20), type: 'mutation-settled' as const },
  outcome: { mutationId, outcome, seq: null, reason: null },
});

/** Everything that an engine can tell. */
const ofEachKind: readonly SyncEvent[] = [
  { at: ago(40), type: 'leader-changed', isLeader: true },
  { at: ago(39), type: 'schema-migrated', from: 2, to: 3 },
  { at: ago(38), type: 'client-renewed', clientId: 'c-2', formerClientId: 'c-1' },
  { at: ago(37), type: 'sync-started', trigger: 'online' },
  { at: ago(36), type: 'progress', progress: { step: 'push', done: 3, total: 12 } },
  { at: ago(35), type: 'sync-failed', round: rounds[2] as SyncRound, error },
  { at: ago(34), type: 'sync-finished', round: rounds[3] as SyncRound },
  { at: ago(33), type: 'sync-finished', round: { ...(rounds[3] as SyncRound), pulledChangeCount: 0 } },
  { at: ago(32), type: 'stalled', what: 'timer', error },
  { at: ago(31), type: 'resolver-failed', conflictId: 'c1', table: 'issue', error },
  { at: ago(30), type: 'conflict-resolved', conflictId: 'c1', table: 'issue' },
  { at: ago(29), type: 'changes-applied', seq: 9, changeCount: 1, tables: [] },
  { at: ago(28), type: 'connection-changed', connection: 'polling' },
  { at: ago(27), type: 'paused', reason: 'battery' },
  { at: ago(26), type: 'resumed', reason: 'battery' },
  { at: ago(25), type: 'resync', reason: 'the log was cut' },
  settled(1, 'applied'),
  settled(2, 'merged'),
  settled(3, 'conflict'),
  settled(4, 'discarded'),
  settled(5, 'local'),
];

export const OfEachKind: Story = {
  ...panelStory({ tab: 'events', height: 900, state: { events: ofEachKind.toReversed() } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const list = await panel.findByRole('listbox', { name: 'Events' });
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(ofEachKind.length));
    const told = within(list)
      .getAllByRole('option')
      .map((row) => [row.querySelector<HTMLElement>('.badge')?.dataset.tone, textOf(row.lastElementChild)]);
    await expect(told).toEqual([
      ['idle', 'this tab leads now'],
      ['idle', 'from version 2 to 3'],
      ['idle', 'a copy of another database: from now on c-2'],
      ['busy', 'the network is back'],
      ['busy', 'Sending 3 of 12 changes'],
      ['bad', 'The server could not be reached.'],
      ['ok', '4,210 changes received, in 640 ms'],
      ['ok', 'nothing new, in 640 ms'],
      ['warn', 'timer: The server could not be reached.'],
      ['warn', 'issue: The server could not be reached.'],
      ['ok', 'a row of issue'],
      ['idle', '1 change, up to seq 9'],
      ['idle', 'now polling'],
      ['idle', 'by battery'],
      ['idle', 'by battery'],
      ['warn', 'the log was cut'],
      ['ok', '#1 applied as it is'],
      ['ok', '#2 merged with changes of others'],
      ['warn', '#3 met a conflict'],
      ['ok', '#4 discarded by a person'],
      ['ok', '#5 kept on this device'],
    ]);
  },
};

export const HeldAndFiltered: Story = {
  ...panelStory({ tab: 'events', state: { events } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const list = await panel.findByRole('listbox', { name: 'Events' });
    await userEvent.click(panel.getByRole('button', { name: 'Hold' }));
    syncOf(context).emit({ at: Date.now(), type: 'resync', reason: 'The log was cut' });
    await expect(await panel.findByRole('button', { name: 'Go on (1 new)' })).toBeVisible();
    await expect(within(list).queryByText('resync')).toBeNull();
    await expect(panel.getByRole('button', { name: 'Go on (1 new)' })).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Go on (1 new)' }));
    await expect(panel.getByRole('button', { name: 'Hold' })).toBeVisible();
    // Upper and lower case are one to a search.
    for (const text of [' ReSync ', 'the log was']) {
      await fill(panel.getByPlaceholderText('Search in events…'), text);
      await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(1));
    }
    await fill(panel.getByRole('searchbox'), '');
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'Kind' }), 'resync');
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(1));
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'Kind' }), 'sync-started');
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(1));
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'Kind' }), '');
    await expect(await panel.findByText(`${events.length + 1} events`)).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Clear' }));
    await expect(await panel.findByText('0 events')).toBeVisible();
    await expect(panel.getByText('Cleared. What comes from now on is shown here.')).toBeVisible();
    syncOf(context).emit({ at: Date.now(), type: 'paused', reason: 'devtools' });
    await expect(await panel.findByText('1 event')).toBeVisible();
    // What is held can be cleared as well: what came meanwhile goes with it.
    await userEvent.click(panel.getByRole('button', { name: 'Hold' }));
    syncOf(context).emit({ at: Date.now(), type: 'resumed', reason: 'devtools' });
    await panel.findByRole('button', { name: 'Go on (1 new)' });
    await userEvent.click(panel.getByRole('button', { name: 'Clear' }));
    await expect(await panel.findByText('0 events')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Go on' }));
    await expect(panel.getByText('0 events')).toBeVisible();
  },
};

export const None: Story = {
  ...panelStory({ tab: 'events', state: { events: [] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(await panel.findByText('No events yet')).toBeVisible();
    await expect(panel.getByText('They are kept from the moment the app starts.')).toBeVisible();
    await expect(panel.getByRole('button', { name: 'Wire', pressed: false })).toBeVisible();
  },
};

/** As many as are kept, one of a kind that says much, and one in another direction. */
const many: readonly SyncEvent[] = [
  ...Array.from({ length: 498 }, (_, index): SyncEvent => {
    const mutationId = index + 1;
    return {
      at: Date.UTC(2026, 10, 21, 9, 41, 7) + index * 40,
      type: 'mutation-written',
      mutationId,
      tables: ['issue'],
    };
  }),
  { at: Date.UTC(2026, 10, 21, 9, 42), type: 'resync', reason: `the log was cut, ${'again and '.repeat(40)}again` },
  { at: Date.UTC(2026, 10, 21, 9, 43), type: 'paused', reason: 'שלום: סיבה מימין לשמאל' },
];

export const AsManyAsAreKept: Story = {
  ...panelStory({ tab: 'events', state: { events: many } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const list = await panel.findByRole('listbox', { name: 'Events' });
    await expect(await panel.findByText('500 events')).toBeVisible();
    await expect(within(list).getAllByRole('option').length).toBeLessThan(60);
    await userEvent.click(within(list).getByText(/the log was cut/));
    await userEvent.keyboard('{End}');
    await expect(await within(list).findByText('#1 on issue')).toBeVisible();
    await expect(await panel.findByText('#1 on issue', { selector: 'p' })).toBeVisible();
    await fill(panel.getByRole('searchbox'), 'מימין');
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(1));
  },
};

const at = Date.UTC(2026, 10, 21, 9, 41, 7);
const frame = (frameId: number, parts: Partial<WireFrame>): WireFrame => ({
  frameId,
  at: at + frameId * 35,
  direction: 'sent',
  channel: 'websocket',
  type: 'push',
  sizeBytes: 214,
  status: null,
  durationMs: null,
  error: null,
  ...parts,
});

export const Wire: Story = {
  ...panelStory({
    tab: 'events',
    state: { events },
    inspection: {
      frames: [
        frame(1, { type: 'hello', sizeBytes: 402 }),
        frame(2, { type: 'welcome', direction: 'received', sizeBytes: 611 }),
        frame(3, { sizeBytes: 4_214 }),
        frame(4, { type: 'pushed', direction: 'received', sizeBytes: 98 }),
        frame(5, { type: 'pull', channel: 'http', sizeBytes: 74 }),
        frame(6, {
          type: 'pull',
          channel: 'http',
          direction: 'received',
          status: 200,
          durationMs: 31,
          sizeBytes: 48_211,
        }),
        frame(7, { type: 'handshake', channel: 'http', direction: 'received', sizeBytes: 0, error: 'Failed to fetch' }),
        frame(8, { type: 'answer', channel: 'http', direction: 'received', sizeBytes: 0, status: 503 }),
      ],
      contents: {
        1: {
          type: 'hello',
          token: '(hidden)',
          handshake: { protocol: 1, clientId: 'c-1', capabilities: ['realtime'] },
        },
        3: { type: 'push', requestId: 1, request: { mutations: [{ mutationId: 7, changes: [{ table: 'issue' }] }] } },
      },
    },
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await panel.findByRole('listbox', { name: 'Events' });
    await expect(syncOf(context).calls.some(({ name }) => name === 'inspect.frames')).toBe(false);
    await userEvent.click(panel.getByRole('button', { name: 'Wire' }));
    const list = await panel.findByRole('listbox', { name: 'Messages' });
    await expect(await within(list).findByText(/Failed to fetch/)).toBeVisible();
    const message = (type: string) => within(list).getByText(type).closest('[role=option]');
    const kinds = [...list.querySelectorAll<HTMLElement>('.badge')].map((badge) => badge.textContent);
    await expect(kinds).toEqual(['answer', 'handshake', 'pull', 'pull', 'pushed', 'push', 'welcome', 'hello']);
    const tones = tonesOf(list);
    await expect(tones).toEqual(['bad', 'bad', 'ok', 'busy', 'ok', 'busy', 'ok', 'busy']);
    await expect(panel.getByText('8 messages, 52.4 KiB')).toBeVisible();
    await expect(
      panel.getByText(/^Select a message to read what it carries\..*tokens are never kept\.$/),
    ).toBeVisible();
    await userEvent.click(within(list).getByText(/http, 200/));
    const detail = panel.getByRole('region', { name: 'Details' });
    await waitFor(() => expect(detail).toHaveTextContent(/↓ Received pull/));
    await expect(textOf(detail.querySelector('.facts-line'))).toMatch(
      new RegExp(`^at ${clock(at)}:07\\.210by HTTP47\\.1 KiB of CBORstatus 200after 31 ms$`),
    );
    await expect(await panel.findByText('Its content is not kept any more.')).toBeVisible();
    await userEvent.click(within(list).getByText(/Failed to fetch/));
    await waitFor(() => expect(within(detail).getByRole('alert')).toHaveTextContent('Failed to fetch'));
    await expect(within(list).getByRole('option', { selected: true })).toHaveTextContent('Failed to fetch');
    await expect(await panel.findByText('It carries nothing.')).toBeVisible();
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'Kind' }), 'welcome');
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(1));
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'Kind' }), '');
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(8));
    await expect(textOf(message('hello'))).toBe(`${clock(at)}:07.035↑senthellowebsocket402 B`);
    await expect(message('welcome')).toHaveTextContent(/↓received.*611 B$/);
    await userEvent.click(within(list).getByText('hello'));
    await expect(await panel.findByText('(hidden)')).toBeVisible();
    await expect(textOf(detail)).toMatch(/↑ Sent helloat [\d:.]+by WebSocket402 B of CBOR\{3\}/);
    await expect(within(detail).queryByRole('alert')).toBeNull();
    // A short message is shown whole, a long one to be opened.
    await expect(within(detail).getByText('realtime')).toBeVisible();
    await userEvent.click(within(list).getByText('push'));
    await expect(await within(detail).findByText('mutations')).toBeVisible();
    await expect(within(detail).queryByText('issue')).toBeNull();
    const search = panel.getByRole('searchbox', { name: 'Filter messages' });
    await expect(search).toHaveAttribute('placeholder', 'Search by kind, way or error…');
    await fill(search, 'failed');
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(1));
    await fill(search, ' HTTP ');
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(4));
    await expect(panel.getByText('4 messages, 47.2 KiB')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Clear' }));
    await expect(await panel.findByText('Cleared. What comes from now on is shown here.')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Events', pressed: false }));
    await expect(await panel.findByRole('listbox', { name: 'Events' })).toBeVisible();
  },
};

export const InTheDark: Story = {
  ...panelStory({ tab: 'events', theme: 'dark', state: { events } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('mutation-settled', { selector: '.badge' }));
    await expect(await panel.findByText(/must lie between 1 and 5/, { selector: '.value' })).toBeVisible();
  },
};

export const Narrow: Story = {
  ...panelStory({ tab: 'events', width: 400, state: { events } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('sync-started', { selector: '.badge' }));
    await expect(panel.queryByRole('listbox')).toBeNull();
    await userEvent.click(panel.getByRole('button', { name: /Back to the list/ }));
    await expect(panel.getByRole('listbox', { name: 'Events' })).toBeVisible();
  },
};

export const WireListening: Story = {
  ...panelStory({ tab: 'events', state: { events } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByRole('button', { name: 'Wire' }));
    await expect(await panel.findByText('Listening…')).toBeVisible();
    await expect(panel.getByText(/^Messages are recorded while this is open, without tokens/)).toBeVisible();
  },
};

export const WireWithoutServer: Story = {
  ...panelStory({ tab: 'events', state: { events, status: { phase: 'local' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByRole('button', { name: 'Wire' }));
    await expect(await panel.findByText('No server, no messages')).toBeVisible();
    await expect(panel.getByText('This app keeps its data on this device only.')).toBeVisible();
  },
};

/** Its leader goes: the recording begins anew with the next one, and what is here stays. No more is kept than one can read. */
export const WireThroughAnotherLeader: Story = {
  ...panelStory({ tab: 'events', state: { events } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const frames = spyOn(syncOf(context).inspect, 'frames');
    frames.mockRejectedValue(new Error('No tab leads.'));
    await userEvent.click(await panel.findByRole('button', { name: 'Wire' }));
    await expect(await panel.findByRole('alert')).toHaveTextContent('No tab leads.');
    const recordings =
      (recordingId: string, all: readonly WireFrame[]) =>
      async (after = 0) => ({
        recordingId,
        frames: all.filter(({ frameId }) => frameId > after),
      });
    frames.mockImplementation(recordings('first', [frame(1, { type: 'hello' }), frame(2, { type: 'welcome' })]));
    await expect(await panel.findByText(/^2 messages/)).toBeVisible();
    frames.mockRejectedValue(new Error('No tab leads.'));
    await expect(await panel.findByRole('alert')).toHaveTextContent('No tab leads.');
    frames.mockImplementation(recordings('first', []));
    await waitFor(() => expect(panel.queryByRole('alert')).toBeNull());
    frames.mockImplementation(recordings('second', [frame(1, { type: 'hello' })]));
    await expect(await panel.findByText(/^3 messages/)).toBeVisible();
    const busy = Array.from({ length: 1_200 }, (_, index) => frame(index + 2, {}));
    frames.mockImplementation(recordings('second', busy));
    await expect(await panel.findByText(/^1,000 messages/)).toBeVisible();
  },
};

import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, fireEvent, userEvent, waitFor, within } from 'storybook/test';
import { SyncError } from 'tidemark/core';
import { ago } from '../fixtures/outbox.ts';
import { fill, hasFocus, panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { cellsOf, colours, gridRow, lookOf, textOf, tonesOf } from '../fixtures/read.ts';
import { inspectionOf } from '../fixtures/rows.ts';
import { savedText } from '../fixtures/saved.ts';

const meta: Meta = { title: 'Devtools/Data', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

/** A change to the title of `i-0002` waits, and `i-0003` has just been made here. */
const pending = [
  {
    mutationId: 7,
    state: 'pending',
    hlc: '0'.repeat(16),
    base: 3,
    createdAt: ago(90),
    attempts: 0,
    sizeBytes: 96,
    changeCount: 2,
    tables: ['issue'],
    changes: [
      { table: 'issue', key: ['i-0002'], op: 'patch', columns: { title: 'x' }, old: { title: 'Buoy 7 is dark' } },
      { table: 'issue', key: ['i-0003'], op: 'put', columns: {} },
    ],
    reason: null,
    waitsFor: null,
  },
] as const;

const normal = { tab: 'data', inspection: inspectionOf(40), state: { outbox: pending } };

export const Rows: Story = {
  ...panelStory(normal),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const grid = await panel.findByRole('grid', { name: 'Rows of issue' });
    await expect(within(grid).getByText('i-0001')).toBeVisible();
    const rows = within(grid).getAllByRole('row').map(gridRow);
    await expect(rows[1]?.slice(0, 4)).toEqual(['synced', 'i-0001', 'Anchor watch drifts at night', 'null']);
    await expect(rows[2]?.slice(0, 3)).toEqual(['waiting', 'i-0002', 'Buoy 7 reports no light']);
    await expect(rows[3]?.slice(0, 3)).toEqual(['waiting', 'i-0003', 'Tide table of May is one hour off']);
    await expect(within(grid).getAllByRole('columnheader').map(textOf)).toEqual([
      ...['state', 'id text', 'title text', 'body text', 'status text', 'priority integer', 'votes counter'],
      ...['done boolean', 'labels json', 'due date'],
    ]);
    await expect(rows[1]?.slice(4)).toEqual(['done', '1', '0', 'true', '["bug","harbour"]', '2026-12-01']);
    await expect(panel.getByRole('group', { name: 'What to show' })).toContainElement(
      panel.getByRole('button', { name: 'Rows', pressed: true }),
    );
    await expect(panel.getByText(/^Select a row to see what the server has confirmed of it/)).toBeVisible();
    // Figures stand under each other, texts begin at the same place.
    const cellOf = (column: number) => within(grid).getAllByRole('row')[1]?.children[column] ?? grid;
    await expect(getComputedStyle(cellOf(5)).justifyContent).toBe('flex-end');
    await expect(getComputedStyle(cellOf(2)).justifyContent).not.toBe('flex-end');
    const { busy } = colours(grid);
    const first = (text: string) => within(grid).getAllByText(text)[0] ?? grid;
    await expect(lookOf(first('Buoy 7 reports no light')).color).toBe(busy);
    await expect(lookOf(first('Anchor watch drifts at night')).color).not.toBe(busy);
    const empty = within(grid).getAllByText('null')[0];
    await expect(empty && getComputedStyle(empty).fontStyle).toBe('italic');
    const hebrew = within(grid).getAllByText(/שלום/)[0];
    await expect(hebrew).toHaveAttribute('dir', 'auto');
    // What is cut off is told whole to a pointer that rests on it.
    const long = within(grid).getAllByText(/^A title that is much longer/)[0] ?? grid;
    await expect(long.scrollWidth).toBeGreaterThan(long.clientWidth);
    await expect(long).toHaveAttribute('title', expect.stringMatching(/cut off where the cell ends$/));
    await expect(panel.getByText('40 rows')).toHaveAttribute('role', 'status');
    await waitFor(() => expect(panel.getByRole('combobox', { name: 'Table' })).toHaveTextContent('issue (40)'));
    await userEvent.click(within(grid).getByText('i-0002'));
    const row = await panel.findByRole('table', { name: 'Columns of the row' });
    await expect(panel.getByRole('heading', { level: 3 })).toHaveTextContent(/^issue i-0002 waiting$/);
    await expect(within(grid).getByRole('row', { selected: true })).toHaveTextContent('i-0002');
    const columns = cellsOf(row);
    await expect(columns[0]).toEqual(['Column', 'Here', 'Confirmed']);
    await expect(columns[1]).toEqual(['id key', 'i-0002', 'i-0002']);
    await expect(columns[2]).toEqual(['title text', 'Buoy 7 reports no lightEdit', 'Buoy 7 is dark']);
    await expect(columns[5]).toEqual(['priority integer', '2Edit', '2']);
    await expect([...row.querySelectorAll('tr[data-changed=true]')]).toHaveLength(1);
    await expect(lookOf(within(row).getByText('Buoy 7 reports no light')).color).toBe(colours(row).ok);
    await expect(lookOf(within(row).getByText('Buoy 7 is dark'))).toMatchObject({
      color: colours(row).bad,
      line: 'line-through',
    });
    await expect(panel.getByText('It has changes that wait to be sent.')).toBeVisible();
    await expect(panel.queryByRole('button', { name: 'Edit id' })).toBeNull();
    await userEvent.click(within(grid).getByText('i-0003'));
    await expect(await panel.findByText('New: the server has not seen this row yet.')).toHaveAttribute(
      ...['data-tone', 'busy'],
    );
    await expect(cellsOf(await panel.findByRole('table'))[0]).toEqual(['Column', 'Here']);
    await userEvent.click(within(grid).getByText('i-0001'));
    await expect(await panel.findByText('The server has confirmed this row as it is here.')).toBeVisible();
    await expect(panel.queryByRole('button', { name: /^Show/ })).toBeNull();
  },
};

export const EditACell: Story = {
  ...panelStory(normal),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('i-0005'));
    await userEvent.click(await panel.findByRole('button', { name: 'Edit priority' }));
    const field = panel.getByRole('textbox', { name: 'New value of priority' });
    await expect(hasFocus(field)).toBe(true);
    await fill(field, 'high');
    await expect(panel.getByRole('alert')).toHaveTextContent('A whole number is wanted');
    await expect(panel.getByRole('button', { name: 'Save as a mutation' })).toBeDisabled();
    await fill(field, '4');
    await userEvent.click(panel.getByRole('button', { name: 'Cancel' }));
    await expect(syncOf(context).calls.map(({ name }) => name)).not.toContain('write');
    await userEvent.click(await panel.findByRole('button', { name: 'Edit priority' }));
    await expect(panel.getByRole('textbox', { name: 'New value of priority' })).toHaveValue('5');
    await fill(panel.getByRole('textbox', { name: 'New value of priority' }), '4');
    // A disk that is full says so, and what was typed stays.
    syncOf(context).failNext('write', new SyncError('quota', 'The disk of this device is full.'));
    await userEvent.click(panel.getByRole('button', { name: 'Save as a mutation' }));
    await expect(await panel.findByRole('alert')).toHaveTextContent('The disk of this device is full.');
    panel.getByRole('textbox', { name: 'New value of priority' }).focus();
    await userEvent.keyboard('{Enter}');
    await waitFor(() =>
      expect(syncOf(context).store.getState().outbox.at(-1)?.changes).toEqual([
        { table: 'issue', key: ['i-0005'], op: 'patch', columns: { priority: 4 } },
      ]),
    );
    // The row shows it, beside what the server has.
    const row = await panel.findByRole('table', { name: 'Columns of the row' });
    await waitFor(() => expect(cellsOf(row)).toContainEqual(['priority integer', '4Edit', '5']));
    await expect(panel.getAllByRole('status')[0]).toHaveTextContent(/^2 changes waiting/);
  },
};

export const AnotherFilterWhileEditing: Story = {
  ...panelStory(normal),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('i-0005'));
    await userEvent.click(await panel.findByRole('button', { name: 'Edit priority' }));
    const field = panel.getByRole('textbox', { name: 'New value of priority' });
    await fill(field, '4');
    const search = panel.getByRole('searchbox', { name: 'Search rows' });
    search.focus();
    await fill(search, 'Buoy');
    await waitFor(() => expect(panel.queryByText('i-0001')).toBeNull());
    // What is being typed stays, in the very same field, and nobody is taken out of the search.
    await expect(panel.getByRole('textbox', { name: 'New value of priority' })).toBe(field);
    await expect(field).toHaveValue('4');
    await expect(hasFocus(search)).toBe(true);
  },
};

export const ByKeyboard: Story = {
  ...panelStory(normal),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const grid = await panel.findByRole('grid', { name: 'Rows of issue' });
    grid.focus();
    const press = (key: string) => fireEvent.keyDown(grid, { key });
    await expect(grid).toHaveAttribute('aria-rowcount', '41');
    const active = () => panel.getByRole('region', { name: 'Details' }).querySelector('.key')?.textContent;
    for (const [key, id] of [
      ['ArrowDown', 'i-0002'],
      ['PageDown', 'i-0014'],
      ['ArrowUp', 'i-0013'],
      ['PageUp', 'i-0001'],
    ] as const) {
      await press(key);
      await waitFor(() => expect(active()).toBe(id));
    }
    for (const key of ['ArrowDown', 'ArrowDown', 'End', 'Home', 'ArrowRight', 'ArrowRight', 'Enter']) await press(key);
    await expect(await panel.findByRole('textbox', { name: 'New value of title' })).toBeVisible();
    await fireEvent.keyDown(panel.getByRole('textbox', { name: 'New value of title' }), { key: 'Escape' });
    await waitFor(() => expect(panel.queryByRole('textbox', { name: 'New value of title' })).toBeNull());
    await waitFor(() => expect(hasFocus(grid)).toBe(true));
  },
};

export const SearchAndUnsynced: Story = {
  ...panelStory(normal),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await panel.findByRole('grid');
    await userEvent.click(panel.getByRole('checkbox', { name: 'Unsynced only' }));
    await waitFor(() => expect(panel.getByText('2 rows')).toBeVisible());
    await userEvent.click(panel.getByRole('checkbox', { name: 'Unsynced only' }));
    await fill(panel.getByPlaceholderText('Search…'), ' channel 16 ');
    await waitFor(() =>
      expect(
        within(panel.getByRole('grid'))
          .getAllByRole('row')
          .slice(1)
          .map((row) => gridRow(row)[2]),
      ).toEqual(Array(7).fill('Radio check fails on channel 16')),
    );
    await fill(panel.getByRole('searchbox', { name: 'Search rows' }), 'nothing like this');
    await expect(await panel.findByText('No row matches')).toBeVisible();
    await expect(panel.getByText('Change the search, or show synced rows too.')).toBeVisible();
    await expect(panel.getByText('0 rows')).toBeVisible();
  },
};

export const DeleteARow: Story = {
  ...panelStory(normal),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('i-0001'));
    await userEvent.click(await panel.findByRole('button', { name: 'Delete the row…' }));
    const question = within(panel.getByRole('alertdialog', { name: 'Delete this row of issue?' }));
    await expect(question.getByText(/^It goes as a mutation of this device: here at once/)).toBeVisible();
    await userEvent.click(question.getByRole('button', { name: 'Keep it' }));
    await expect(syncOf(context).calls.map(({ name }) => name)).not.toContain('write');
    await userEvent.click(await panel.findByRole('button', { name: 'Delete the row…' }));
    const confirm = within(panel.getByRole('alertdialog')).getByRole('button', { name: 'Delete it' });
    syncOf(context).failNext('write', new SyncError('quota', 'The disk of this device is full.'));
    await userEvent.click(confirm);
    await expect(await panel.findByRole('alert')).toHaveTextContent('The disk of this device is full.');
    await userEvent.click(confirm);
    await waitFor(() => expect(syncOf(context).store.getState().outbox.at(-1)?.changes[0]?.op).toBe('delete'));
    await expect(await panel.findByText(/Deleted here; the server still has it/)).toHaveAttribute('role', 'alert');
    // Neither edited nor deleted once more.
    await expect(panel.queryByRole('button', { name: /^(Edit|Delete)/ })).toBeNull();
    const key = within(panel.getByRole('grid')).getByText('i-0001');
    await expect(lookOf(key)).toMatchObject({ line: 'line-through', color: colours(key).bad });
    await userEvent.click(panel.getByRole('button', { name: 'Show in the queue' }));
    await expect(panel.getByRole('tab', { name: /^Queue/ })).toHaveAttribute('aria-selected', 'true');
    await userEvent.click(panel.getByRole('tab', { name: 'Data' }));
  },
};

/** Every way in which a row can stand. */
export const EveryRowState: Story = {
  ...panelStory({
    tab: 'data',
    theme: 'dark',
    inspection: { ...inspectionOf(9), deletedThere: { issue: [{ id: 'i-0006' }] } },
    state: {
      outbox: (['pending', 'sent', 'conflicted', 'rejected', 'parked'] as const).map((state, index) => ({
        ...pending[0],
        mutationId: 10 + index,
        state,
        changes: [
          {
            table: 'issue',
            key: [`i-000${index + 2}`],
            op: 'patch' as const,
            columns: { title: 'x' },
            old: { title: 'as it was' },
          },
        ],
      })),
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const grid = await panel.findByRole('grid', { name: 'Rows of issue' });
    await within(grid).findByText('i-0007');
    const states = within(grid)
      .getAllByRole('row')
      .slice(1, 8)
      .map((row) => gridRow(row)[0]);
    await expect(states).toEqual(['synced', 'waiting', 'sent', 'conflict', 'rejected', 'waiting', 'synced']);
    const tones = [...grid.querySelectorAll<HTMLElement>('.badge')].map((badge) => badge.dataset.tone);
    await expect(tones).toEqual(['busy', 'busy', 'warn', 'bad', 'busy']);
    await userEvent.click(within(grid).getByText('i-0006'));
    await expect(await panel.findByText('Meanwhile deleted on the server.')).toHaveAttribute('data-tone', 'warn');
    await userEvent.click(within(grid).getByText('i-0003'));
    await expect(await panel.findByText(/^Its changes are on their way, or accepted/)).toBeVisible();
    await userEvent.click(within(grid).getByText('i-0005'));
    await expect(await panel.findByText(/The server refused its change/)).toBeVisible();
    await userEvent.click(within(grid).getByText('i-0004'));
    await expect(await panel.findByText(/^Its change met one of somebody else/)).toBeVisible();
    await userEvent.click(await panel.findByRole('button', { name: 'Show the conflict' }));
    await expect(panel.getByRole('tab', { name: /^Conflicts/ })).toHaveAttribute('aria-selected', 'true');
  },
};

/** The whole table as a file, whatever is on the screen; another table, with a key of two columns. */
export const ExportsATable: Story = {
  ...panelStory(normal),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await panel.findByRole('grid', { name: 'Rows of issue' });
    const csv = await savedText(async () => {
      await userEvent.click(panel.getByRole('button', { name: 'CSV' }));
      await waitFor(() => expect(panel.getByRole('button', { name: 'CSV' })).toBeEnabled());
    });
    await expect(csv).toMatch(/^id,title,body,status,/);
    await expect(csv.trim().split('\n').length).toBeGreaterThan(40);
    const json = await savedText(async () => {
      await userEvent.click(panel.getByRole('button', { name: 'JSON' }));
      await waitFor(() => expect(panel.getByRole('button', { name: 'JSON' })).toBeEnabled());
    });
    await expect(JSON.parse(json)).toHaveLength(40);
    await userEvent.selectOptions(panel.getByRole('combobox', { name: 'Table' }), 'issue_label');
    const labels = await panel.findByRole('grid', { name: 'Rows of issue_label' });
    await userEvent.click(await within(labels).findByText('bug'));
    await expect(await panel.findByRole('heading', { level: 3 })).toHaveTextContent('issue_id=i-0001, label=bug');
    // The table is there again after another view.
    await userEvent.click(panel.getByRole('tab', { name: 'Events' }));
    await userEvent.click(panel.getByRole('tab', { name: 'Data' }));
    await expect(await panel.findByRole('grid', { name: 'Rows of issue_label' })).toBeVisible();
  },
};

const FOLLOWED = {
  'conflict-detected': { type: 'conflict-detected', conflictId: 'c1', table: 'issue' },
  resync: { type: 'resync', reason: 'the log was cut' },
  'leader-changed': { type: 'leader-changed', isLeader: true },
} as const;

/** What others write appears by itself. */
export const Follows: Story = {
  ...panelStory(normal),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const grid = await panel.findByRole('grid', { name: 'Rows of issue' });
    await within(grid).findByText('i-0001');
    syncOf(context).setInspection(inspectionOf(41));
    syncOf(context).emit({ at: Date.now(), type: 'changes-applied', seq: 9, changeCount: 1, tables: ['issue'] });
    await expect(await panel.findByText('41 rows')).toBeVisible();
    await waitFor(() => expect(panel.getByRole('combobox', { name: 'Table' })).toHaveTextContent('issue (41)'));
    // What changes without a word about tables is followed, too.
    for (const [index, type] of (['conflict-detected', 'resync', 'leader-changed'] as const).entries()) {
      syncOf(context).setInspection(inspectionOf(42 + index));
      syncOf(context).emit({ ...FOLLOWED[type], at: Date.now() });
      await expect(await panel.findByText(`${42 + index} rows`)).toBeVisible();
    }
  },
};

/** A table that cannot be read says why, and the rest of the view stays. */
export const CannotBeRead: Story = {
  ...panelStory(normal),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const sync = syncOf(context);
    await panel.findByRole('grid', { name: 'Rows of issue' });
    sync.inspect.rows = () => Promise.reject(new SyncError('storage', 'The database disk image is malformed.'));
    await fill(panel.getByRole('searchbox', { name: 'Search rows' }), 'gull');
    await expect(await panel.findByRole('alert')).toHaveTextContent('malformed');
  },
};

export const Huge: Story = {
  ...panelStory({ tab: 'data', inspection: inspectionOf(5_000) }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const grid = await panel.findByRole('grid');
    await expect(panel.getByText('5,000 rows')).toBeVisible();
    await expect(within(grid).getAllByRole('row').length).toBeLessThan(60);
    await fireEvent.keyDown(grid, { key: 'End', ctrlKey: true });
    await expect(await within(grid).findByText('i-5000')).toBeVisible();
    await expect(await panel.findByRole('table', { name: 'Columns of the row' })).toHaveTextContent('i-5000');
    await expect(within(grid).getAllByRole('row').length).toBeLessThan(60);
    await fireEvent.keyDown(grid, { key: 'Home', ctrlKey: true });
    await expect(await within(grid).findByText('i-0001')).toBeVisible();
    // Of what is searched nobody knows the count before it was read.
    await fill(panel.getByRole('searchbox', { name: 'Search rows' }), 'i-');
    await expect(await panel.findByText('100 rows so far; more as you scroll')).toBeVisible();
    const found = panel.getByRole('grid');
    await expect(within(found).getByText('i-0001')).toBeVisible();
    await fireEvent.keyDown(found, { key: 'End', ctrlKey: true });
    await expect(await panel.findByText('150 rows so far; more as you scroll')).toBeVisible();
  },
};

export const NoRows: Story = {
  ...panelStory({ tab: 'data' }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(await panel.findByText('issue is empty')).toBeVisible();
    await expect(panel.getByText(/^Rows appear here when the app writes some/)).toBeVisible();
    // Nothing that could be unsynced either.
    await userEvent.click(panel.getByRole('checkbox', { name: 'Unsynced only' }));
    await expect(await panel.findByText('No row matches')).toBeVisible();
  },
};

export const Opening: Story = {
  ...panelStory({ tab: 'data', state: { status: { phase: 'starting' } }, inspection: { isOpening: true } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(await panel.findByText('The database is opening')).toBeVisible();
    await expect(panel.getByText('Its tables appear here as soon as it is open.')).toBeVisible();
  },
};

export const Sql: Story = {
  ...panelStory({
    ...normal,
    answer: ({ sql }) =>
      sql.startsWith('EXPLAIN')
        ? [
            { id: 3, parent: 0, notused: 0, detail: 'SCAN issue' },
            { id: 9, parent: 3, notused: 0, detail: 'USE TEMP B-TREE FOR ORDER BY' },
            { id: 10, parent: 0, notused: 0, detail: 'SCAN issue USING COVERING INDEX issue_status' },
            { id: 11, parent: 0, notused: 0, detail: 'SEARCH label USING AUTOMATIC INDEX (issue_id=?)' },
            { id: 12, parent: 0, notused: 0, detail: 'SEARCH label USING PRIMARY KEY (issue_id=?)' },
            { id: 13, parent: 0, notused: 0, detail: 'SCAN CONSTANT ROW' },
          ]
        : [
            { status: 'open', n: 12 },
            { status: 'done', n: 4 },
          ],
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByRole('button', { name: 'SQL' }));
    const field = panel.getByRole('textbox', { name: 'SQL' });
    await expect(panel.getByText('Ctrl+Enter runs, with Shift it explains')).toBeVisible();
    await fill(field, '  ');
    for (const name of ['Run', 'Explain', 'Write…']) await expect(panel.getByRole('button', { name })).toBeDisabled();
    await fill(field, 'SELECT status, count(*) AS n FROM issue GROUP BY status');
    await fireEvent.keyDown(field, { key: 'Enter', ctrlKey: true });
    await expect(await panel.findByText(/2 rows in [\d.]+ ms/)).toHaveAttribute('role', 'status');
    const result = within(panel.getByRole('grid', { name: 'Result' }));
    await expect(result.getAllByRole('row').slice(1).map(gridRow)).toEqual([
      ['open', '12'],
      ['done', '4'],
    ]);
    const csv = await savedText(async () => {
      await userEvent.click(panel.getByRole('button', { name: 'CSV' }));
      await waitFor(() => expect(panel.getByRole('button', { name: 'CSV' })).toBeEnabled());
    });
    await expect(csv.trim().split(/\r?\n/)).toEqual(['status,n', 'open,12', 'done,4']);
    await fireEvent.keyDown(field, { key: 'Enter', ctrlKey: true, shiftKey: true });
    const plan = await panel.findByRole('list', { name: 'Query plan' });
    await expect(within(plan).getAllByRole('listitem').map(textOf)).toEqual([
      'SCAN issue reads every row',
      'USE TEMP B-TREE FOR ORDER BY sorts in memory',
      'SCAN issue USING COVERING INDEX issue_status reads a whole index',
      'SEARCH label USING AUTOMATIC INDEX (issue_id=?) builds an index each time',
      'SEARCH label USING PRIMARY KEY (issue_id=?) finds rows by key',
      'SCAN CONSTANT ROW',
    ]);
    await expect(tonesOf(plan)).toEqual(['warn', 'warn', 'busy', 'warn', 'ok']);
    const [scan, sort] = within(plan).getAllByRole('listitem');
    await expect([scan?.style.paddingInlineStart, sort?.style.paddingInlineStart]).toEqual(['0px', '18px']);
    await userEvent.click(panel.getByRole('button', { name: 'Run' }));
    await expect(await panel.findByText(/2 rows in [\d.]+ ms/)).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Explain' }));
    await expect(await panel.findByRole('list', { name: 'Query plan' })).toBeVisible();
  },
};

export const SqlRefused: Story = {
  ...panelStory({
    ...normal,
    answer: () => {
      throw new SyncError('invalid-query', 'This statement cannot be run: it writes; run it inside write().');
    },
  }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByRole('button', { name: 'SQL' }));
    await fill(panel.getByRole('textbox', { name: 'SQL' }), 'DELETE FROM issue');
    await userEvent.click(panel.getByRole('button', { name: 'Run' }));
    await expect(await panel.findByRole('alert')).toHaveTextContent('it writes');
    await userEvent.click(panel.getByRole('button', { name: 'Write…' }));
    await expect(panel.getByRole('alertdialog', { name: 'Run this as a write?' })).toHaveTextContent(
      'What it changes becomes one mutation of this device',
    );
    await userEvent.click(panel.getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(panel.queryByRole('alertdialog')).toBeNull());
    // What was typed is there again after another view.
    await userEvent.click(panel.getByRole('button', { name: 'Rows' }));
    await userEvent.click(await panel.findByRole('button', { name: 'SQL' }));
    await expect(panel.getByRole('textbox', { name: 'SQL' })).toHaveValue('DELETE FROM issue');
  },
};

export const SqlThatWrites: Story = {
  ...panelStory({ ...normal, theme: 'dark', answer: () => [{ id: 1 }, { id: 2 }] }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByRole('button', { name: 'SQL' }));
    await fill(panel.getByRole('textbox', { name: 'SQL' }), 'UPDATE issue SET votes = 0');
    await userEvent.click(panel.getByRole('button', { name: 'Write…' }));
    await expect(syncOf(context).calls.map(({ name }) => name)).not.toContain('write');
    await userEvent.click(panel.getByRole('button', { name: 'Write it' }));
    await expect(await panel.findByText(/^2 rows changed in [\d.]+ ms; nothing to send\.$/)).toBeVisible();
    await expect(syncOf(context).calls.map(({ name }) => name)).toContain('write');
    await expect(panel.getByText(/^2 rows changed/)).toHaveAttribute('data-tone', 'ok');
  },
};

/** Rows are read, and written, without any server; the state of each is that of this device. */
export const WithoutServer: Story = {
  ...panelStory({ ...normal, state: { status: { phase: 'local', connection: 'closed' } } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(await panel.findByText('40 rows')).toBeVisible();
    await expect(panel.getByRole('button', { name: 'Insert…' })).toBeEnabled();
    await expect(panel.getAllByRole('status')[0]).toHaveTextContent(/^On this device only/);
  },
};

export const Narrow: Story = {
  ...panelStory({ ...normal, width: 380 }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('i-0002'));
    await userEvent.click(await panel.findByRole('button', { name: /Back to the list/ }));
    await expect(await panel.findByText('i-0004')).toBeVisible();
  },
};

/** Required columns, types and defaults, and the key the form makes up. What the server refuses is told. */
export const InsertStopsInSight: Story = {
  ...panelStory(normal),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByRole('button', { name: 'Insert…' }));
    const form = await panel.findByRole('form', { name: 'New row of issue' });
    const tree = form.getRootNode() as ShadowRoot;
    // Where the keyboard comes to, the buttons at the lower edge cover nothing.
    for (const field of form.querySelectorAll<HTMLElement>('input:enabled, textarea:enabled, select:enabled')) {
      field.focus();
      const { left, bottom } = field.getBoundingClientRect();
      const name = field.getAttribute('aria-label');
      await expect([name, tree.elementFromPoint(left + 5, bottom - 3) === field]).toEqual([name, true]);
    }
  },
};

export const InsertARow: Story = {
  ...panelStory(normal),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const sync = syncOf(context);
    const open = await panel.findByRole('button', { name: 'Insert…' });
    open.focus();
    await userEvent.keyboard('{Enter}');
    const form = within(await panel.findByRole('form', { name: 'New row of issue' }));
    await waitFor(() => expect(hasFocus(form.getByRole('textbox', { name: 'id' }))).toBe(true));
    await expect(form.getByText('text, required')).toBeVisible();
    await expect(form.getByText('text, key, required')).toBeVisible();
    await expect(form.queryByRole('alert')).toBeNull();
    await expect(form.getByRole('heading', { level: 3 })).toHaveTextContent('New row of issue');
    // Only what was touched is complained about.
    await fill(form.getByRole('textbox', { name: 'priority' }), 'high');
    await expect(form.getByText(/A whole number is wanted/)).toBeVisible();
    await expect(form.getByRole('textbox', { name: 'title' })).not.toHaveAttribute('aria-invalid', 'true');
    await userEvent.click(form.getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(panel.queryByRole('form', { name: 'New row of issue' })).toBeNull());
    panel.getByRole('button', { name: 'Insert…' }).focus();
    await userEvent.keyboard('{Enter}');
    await panel.findByRole('form', { name: 'New row of issue' });
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(hasFocus(panel.getByRole('button', { name: 'Insert…' }))).toBe(true));

    await userEvent.keyboard('{Enter}');
    const again = within(await panel.findByRole('form', { name: 'New row of issue' }));
    await fill(again.getByRole('textbox', { name: 'id' }), '');
    await userEvent.click(again.getByRole('button', { name: 'Insert as a mutation' }));
    await expect(again.getByText('A key cannot be empty.')).toBeVisible();
    await expect(hasFocus(again.getByRole('textbox', { name: 'id' }))).toBe(true);
    await fill(again.getByRole('textbox', { name: 'id' }), 'i-new');
    await fill(again.getByRole('textbox', { name: 'title' }), 'Lamp 3 is loose');
    await fill(again.getByRole('textbox', { name: 'labels' }), '["lamp"]');
    await fill(again.getByRole('textbox', { name: 'priority' }), 'high');
    await expect(again.getByText(/A whole number is wanted/)).toBeVisible();
    await fill(again.getByRole('textbox', { name: 'priority' }), '2');
    sync.failNext('write', new SyncError('invalid-value', 'issue.id is taken.'));
    await userEvent.click(again.getByRole('button', { name: 'Insert as a mutation' }));
    await expect(await again.findByText('issue.id is taken.')).toBeVisible();
    await userEvent.click(again.getByRole('button', { name: 'Insert as a mutation' }));
    await waitFor(() => expect(panel.queryByRole('form', { name: 'New row of issue' })).toBeNull());
    const entry = sync.store.getState().outbox.at(-1);
    await expect(entry?.changes).toMatchObject([
      { table: 'issue', key: ['i-new'], op: 'put', columns: { title: 'Lamp 3 is loose', priority: 2 } },
    ]);
    const reason = { code: 'rejected', message: 'Lamps are not issues.' };
    sync.settle({ mutationId: entry?.mutationId ?? 0, outcome: 'rejected', seq: null, reason });
    await expect(await panel.findByText('The server refused the new row.')).toBeVisible();
    await expect(panel.getByText('Lamps are not issues.')).toBeVisible();
    await expect(panel.getByText('Lamps are not issues.').closest('.notice')).toHaveAttribute('data-tone', 'bad');
    // The row is gone with its write, and with it what led to the queue from there.
    await waitFor(() => expect(panel.getAllByRole('button', { name: 'Show in the queue' })).toHaveLength(1));
    await userEvent.click(panel.getByRole('button', { name: 'Show in the queue' }));
    await expect(panel.getByRole('tab', { name: /^Queue/ })).toHaveAttribute('aria-selected', 'true');
  },
};

/** Somebody else inserted a row with that key: the new one waits for a person. */
export const InsertMeetsAConflict: Story = {
  ...panelStory({ ...normal, theme: 'dark' }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const insert = async (id: string) => {
      await userEvent.click(await panel.findByRole('button', { name: 'Insert…' }));
      const form = within(await panel.findByRole('form', { name: 'New row of issue' }));
      const values = { id, title: 'Lamp 3 is loose', labels: '[]', priority: '2' };
      for (const [name, value] of Object.entries(values)) await fill(form.getByRole('textbox', { name }), value);
      await userEvent.click(form.getByRole('button', { name: 'Insert as a mutation' }));
      await waitFor(() => expect(panel.queryByRole('form', { name: 'New row of issue' })).toBeNull());
      const { mutationId = 0 } = syncOf(context).store.getState().outbox.at(-1) ?? {};
      syncOf(context).settle({ mutationId, outcome: 'conflict', seq: null, reason: null });
    };
    await insert('i-new');
    const notice = (await panel.findByText('The new row met a conflict.')).closest('.notice');
    await expect(notice).toHaveAttribute('data-tone', 'warn');
    await userEvent.click(panel.getByRole('button', { name: 'Dismiss' }));
    await expect(panel.queryByText('The new row met a conflict.')).toBeNull();
    await insert('i-newer');
    await userEvent.click(
      within(
        await panel
          .findByText('The new row met a conflict.')
          .then((text) => text.closest<HTMLElement>('.notice') as HTMLElement),
      ).getByRole('button', { name: 'Show the conflict' }),
    );
    await expect(panel.getByRole('tab', { name: /^Conflicts/ })).toHaveAttribute('aria-selected', 'true');
  },
};

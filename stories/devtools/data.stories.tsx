import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, fireEvent, userEvent, waitFor, within } from 'storybook/test';
import { SyncError } from 'tidemark/core';
import { fill, hasFocus, panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { inspectionOf } from '../fixtures/rows.ts';

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
    createdAt: Date.UTC(2026, 10, 21),
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
    await userEvent.click(within(grid).getByText('i-0002'));
    const row = await panel.findByRole('table', { name: 'Columns of the row' });
    await expect(within(row).getByRole('columnheader', { name: 'Confirmed' })).toBeVisible();
    await expect(within(row).getByText('Buoy 7 is dark')).toBeVisible();
    await userEvent.click(within(grid).getByText('i-0003'));
    await expect(await panel.findByText('New: the server has not seen this row yet.')).toBeVisible();
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
    await userEvent.click(panel.getByRole('button', { name: 'Save as a mutation' }));
    await waitFor(() =>
      expect(syncOf(context).store.getState().outbox.at(-1)?.changes).toEqual([
        { table: 'issue', key: ['i-0005'], op: 'patch', columns: { priority: 4 } },
      ]),
    );
  },
};

export const ByKeyboard: Story = {
  ...panelStory(normal),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const grid = await panel.findByRole('grid', { name: 'Rows of issue' });
    grid.focus();
    const press = (key: string) => fireEvent.keyDown(grid, { key });
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight', 'Enter']) await press(key);
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
    await fill(panel.getByRole('searchbox', { name: 'Search rows' }), 'nothing like this');
    await expect(await panel.findByText('No row matches')).toBeVisible();
  },
};

export const DeleteARow: Story = {
  ...panelStory(normal),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('i-0001'));
    await userEvent.click(await panel.findByRole('button', { name: 'Delete the row…' }));
    await userEvent.click(within(panel.getByRole('alertdialog')).getByRole('button', { name: 'Delete it' }));
    await waitFor(() => expect(syncOf(context).store.getState().outbox.at(-1)?.changes[0]?.op).toBe('delete'));
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
  },
};

export const Opening: Story = {
  ...panelStory({ tab: 'data', state: { status: { phase: 'starting' } }, inspection: { isOpening: true } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(await panel.findByText('The database is opening')).toBeVisible();
  },
};

export const Sql: Story = {
  ...panelStory({
    ...normal,
    answer: ({ sql }) =>
      sql.startsWith('EXPLAIN')
        ? [
            { id: 3, parent: 0, notused: 0, detail: 'SCAN issue' },
            { id: 9, parent: 0, notused: 0, detail: 'USE TEMP B-TREE FOR ORDER BY' },
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
    await fill(field, 'SELECT status, count(*) AS n FROM issue GROUP BY status');
    await fireEvent.keyDown(field, { key: 'Enter', ctrlKey: true });
    await expect(await panel.findByText(/2 rows in [\d.]+ ms/)).toBeVisible();
    await expect(within(panel.getByRole('grid', { name: 'Result' })).getByText('open')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Explain' }));
    const plan = await panel.findByRole('list', { name: 'Query plan' });
    await expect(within(plan).getByText('reads every row')).toBeVisible();
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
    await expect(panel.getByRole('alertdialog', { name: 'Run this as a write?' })).toBeVisible();
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
    await expect(form.queryByRole('alert')).toBeNull();
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
    await userEvent.click(panel.getByRole('button', { name: 'Show in the queue' }));
    await expect(panel.getByRole('tab', { name: /^Queue/ })).toHaveAttribute('aria-selected', 'true');
  },
};

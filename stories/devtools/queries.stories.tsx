import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, spyOn, userEvent, waitFor, within } from 'storybook/test';
import type { LiveQueryInfo } from 'tidemark/core';
import { fill, panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { factsOf, gridRow, textOf } from '../fixtures/read.ts';

const meta: Meta = { title: 'Devtools/Queries', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

const list: LiveQueryInfo = {
  queryId: '1',
  sql: '\n  SELECT id, title, status\n  FROM issue\n WHERE project_id = ?\n ORDER BY updated_at DESC, id\n LIMIT 50',
  parameters: ['harbour'],
  tablesRead: ['issue'],
  tabCount: 2,
  subscriberCount: 3,
  rowCount: 50,
  runCount: 214,
  incrementalCount: 201,
  lastMs: 0.21,
  p95Ms: 0.06,
  lastUpdate: { how: 'incremental' },
  whyNeverIncremental: null,
  error: null,
};
const count: LiveQueryInfo = {
  ...list,
  queryId: '2',
  sql: 'SELECT status, count(*) AS n FROM issue GROUP BY status',
  parameters: [],
  tabCount: 1,
  subscriberCount: 1,
  rowCount: 4,
  runCount: 40,
  incrementalCount: 0,
  lastMs: 3.4,
  p95Ms: 8.72,
  lastUpdate: { how: 're-run', why: 'a table that it reads changed' },
  whyNeverIncremental: 'GROUP BY makes a row depend on others',
};
const broken: LiveQueryInfo = {
  ...count,
  queryId: '3',
  sql: 'SELECT * FROM issue JOIN user ON user.id = issue.author_id',
  tablesRead: ['issue', 'user'],
  error: 'no such table: user',
};
const fresh: LiveQueryInfo = {
  ...list,
  queryId: '4',
  sql: 'SELECT 1',
  parameters: [],
  tablesRead: [],
  runCount: 1,
  incrementalCount: 0,
};

/** A panel of a usual width shows every column whole. */
export const AtAUsualWidth: Story = {
  ...panelStory({ tab: 'queries', width: 1100, inspection: { liveQueries: [list, count, broken, fresh] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const grid = await panel.findByRole('grid', { name: 'Live queries' });
    await expect(grid.scrollWidth).toBeLessThanOrEqual(grid.clientWidth);
    const heads = within(grid).getAllByRole('columnheader');
    await expect(heads.map(textOf)).toEqual([
      'Query',
      'Kept current',
      'Rows',
      'Last',
      'p95',
      'Updates',
      'Readers',
      'Tables',
    ]);
    for (const head of heads) {
      await expect([textOf(head), head.scrollWidth > head.clientWidth]).toEqual([textOf(head), false]);
    }
    await expect(heads.map((head) => head.dataset.number)).toEqual([
      ...[undefined, undefined],
      ...['true', 'true', 'true', 'true', 'true'],
      undefined,
    ]);
    await expect(within(grid).getAllByText('SELECT 1')[0]).toBeVisible();
    await expect(panel.getByText(/^Select a query to see its SQL, its plan/)).toBeVisible();
  },
};

export const Several: Story = {
  ...panelStory({
    tab: 'queries',
    inspection: { liveQueries: [list, count, broken, fresh] },
    answer: () => [{ id: 2, parent: 0, notused: 0, detail: 'SEARCH issue USING INDEX issue_project (project_id=?)' }],
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const grid = await panel.findByRole('grid', { name: 'Live queries' });
    const [, ...rows] = within(grid).getAllByRole('row').map(gridRow);
    await expect(rows.map((cells) => cells.slice(1))).toEqual([
      ['incremental', '50', '0.2 ms', '<0.1 ms', '214', '3', 'issue'],
      ['re-run', '4', '3.4 ms', '8.7 ms', '40', '1', 'issue'],
      ['failed', '4', '3.4 ms', '8.7 ms', '40', '1', 'issue, user'],
      ['read once', '50', '0.2 ms', '<0.1 ms', '1', '3', ''],
    ]);
    await expect(rows[0]?.[0]).toBe(
      'SELECT id, title, status FROM issue WHERE project_id = ? ORDER BY updated_at DESC, id LIMIT 50',
    );
    const tones = [...grid.querySelectorAll<HTMLElement>('.badge')].map((badge) => badge.dataset.tone);
    await expect(tones).toEqual(['ok', 'busy', 'bad', 'idle']);
    await expect(panel.getByText('4 live queries, 69 % of updates incremental')).toBeVisible();
    await userEvent.click(within(grid).getByText('incremental'));
    await expect(await panel.findByText('from the changed rows')).toBeVisible();
    await expect(within(grid).getByRole('row', { selected: true })).toHaveTextContent('incremental');
    await expect(factsOf(panel, 'How it is kept current')).toEqual({
      'Last update': 'from the changed rows',
      'In general': 'from the changed rows, where their place is certain',
      Updates: '201 incremental, 13 runs',
      Time: '0.2 ms last, <0.1 ms p95',
      Reads: 'issue',
      Readers: '3 in this tab; 2 tabs in all',
    });
    await expect(textOf(panel.getByText('harbour').parentElement)).toBe('?1 harbour');
    await userEvent.click(panel.getByRole('button', { name: 'Show the plan' }));
    await expect(await panel.findByText('finds rows by key')).toBeVisible();
    syncOf(context).setInspection({ liveQueries: [{ ...list, runCount: 215 }, count, broken, fresh] });
    await waitFor(() => expect(within(grid).getByText('215')).toBeVisible(), { timeout: 3_000 });
    await expect(within(grid).getByText('215').closest('[role=row]')).toHaveAttribute('data-mark', 'flash-odd');
    const lit = within(grid).getByText('215').closest('[role=row]');
    await expect(lit && getComputedStyle(lit).animationName).toBe('flash-odd');
    await expect(within(grid).getByText('failed').closest('[role=row]')).not.toHaveAttribute('data-mark');
    // The next update lights up anew.
    syncOf(context).setInspection({ liveQueries: [{ ...list, runCount: 216 }, count, broken, fresh] });
    await waitFor(() =>
      expect(within(grid).getByText('216').closest('[role=row]')).toHaveAttribute('data-mark', 'flash-even'),
    );
    await expect(panel.queryByRole('alert')).toBeNull();
    await expect(
      panel.getByText(/^SELECT id, title, status\n {2}FROM issue/, { normalizer: (sql) => sql }),
    ).toBeVisible();
    await userEvent.click(within(grid).getByText('failed'));
    await expect(await panel.findByRole('alert')).toHaveTextContent('no such table: user');
    await userEvent.click(within(grid).getByText('read once'));
    await waitFor(() => expect(factsOf(panel, 'How it is kept current')).toMatchObject({ Reads: 'no table' }));
    await userEvent.click(within(grid).getByText('re-run'));
    await expect(await panel.findByText('run again each time: GROUP BY makes a row depend on others')).toBeVisible();
    await expect(panel.getByText('run again: a table that it reads changed')).toBeVisible();
    const search = panel.getByPlaceholderText('Search in the SQL…');
    await fill(search, 'no such');
    await expect(await panel.findByText('Nothing matches.')).toBeVisible();
    // Whatever its case, and with what one types around it.
    await fill(search, ' Group BY Status ');
    await waitFor(() => expect(panel.getAllByRole('row')).toHaveLength(2));
    await expect(panel.getByText('re-run', { selector: '[role=gridcell] .badge' })).toBeVisible();
  },
};

export const None: Story = {
  ...panelStory({ tab: 'queries' }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(await panel.findByText('No live queries')).toBeVisible();
    await expect(panel.getByText(/^They appear when a component reads/)).toBeVisible();
  },
};

export const Opening: Story = {
  ...panelStory({ tab: 'queries', state: { status: { phase: 'starting' } }, inspection: { isOpening: true } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(await panel.findByText('The database is opening')).toBeVisible();
    await expect(panel.getByText(/appear here as soon as it is open/)).toBeVisible();
  },
};

/** First it cannot be asked at all, then for a while not: what was known stays. */
export const CannotBeRead: Story = {
  ...panelStory({ tab: 'overview', inspection: { liveQueries: [fresh] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const { inspect } = syncOf(context);
    const asked = spyOn(inspect, 'liveQueries').mockRejectedValue(new Error('The database disk image is malformed.'));
    await userEvent.click(panel.getByRole('tab', { name: 'Queries' }));
    await expect(await panel.findByRole('alert')).toHaveTextContent('malformed');
    await expect(panel.queryByRole('grid')).toBeNull();
    asked.mockResolvedValue([fresh]);
    await expect(await panel.findByText('1 live query')).toBeVisible();
    await expect(panel.queryByRole('alert')).toBeNull();
    asked.mockRejectedValue(new Error('The disk is gone.'));
    await expect(await panel.findByRole('alert')).toHaveTextContent('The disk is gone.');
    await expect(panel.getByText('1 live query')).toBeVisible();
  },
};

export const InTheDark: Story = {
  ...panelStory({ tab: 'queries', theme: 'dark', inspection: { liveQueries: [list, count, broken] } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    await userEvent.click(await panel.findByText('failed'));
    await expect(await panel.findByText('no such table: user')).toBeVisible();
    const { promise, reject } = Promise.withResolvers<never>();
    syncOf(context).query = () => promise;
    await userEvent.click(panel.getByRole('button', { name: 'Show the plan' }));
    await expect(panel.getByRole('button', { name: 'Show the plan' })).toBeDisabled();
    reject(new Error('A query without its tables has no plan.'));
    await expect(await panel.findByText('A query without its tables has no plan.')).toBeVisible();
    await expect(panel.getByRole('button', { name: 'Show the plan' })).toBeEnabled();
    syncOf(context).query = async () => [];
    await userEvent.click(panel.getByRole('button', { name: 'Show the plan' }));
    await expect(await panel.findByText('No plan')).toBeVisible();
    await expect(panel.getByText('SQLite runs this without reading a table.')).toBeVisible();
  },
};

export const Narrow: Story = {
  ...panelStory({ tab: 'queries', width: 380, inspection: { liveQueries: [list, count] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('re-run'));
    await userEvent.click(await panel.findByRole('button', { name: /Back to the list/ }));
    await expect(await panel.findByText('incremental')).toBeVisible();
    await expect(panel.queryByRole('button', { name: /Back to the list/ })).toBeNull();
  },
};

const crowd = Array.from(
  { length: 300 },
  (_, index): LiveQueryInfo => ({
    ...list,
    queryId: `q${index}`,
    sql: `SELECT id, title FROM issue WHERE title LIKE 'שלום ${index}' AND ${'status <> 1 AND '.repeat(60)}true`,
    parameters: ['x'.repeat(2_000), index],
    rowCount: index * 1_000,
  }),
);

export const ManyAndLong: Story = {
  ...panelStory({ tab: 'queries', inspection: { liveQueries: crowd } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const grid = await panel.findByRole('grid', { name: 'Live queries' });
    await expect(grid).toHaveAttribute('aria-rowcount', '301');
    await expect(within(grid).getAllByRole('row').length).toBeLessThan(60);
    await fill(panel.getByRole('searchbox', { name: 'Search queries' }), 'שלום 299');
    await userEvent.click(await within(grid).findByText('299,000'));
    await expect(await panel.findByRole('heading', { name: /299,000 rows/ })).toBeVisible();
  },
};

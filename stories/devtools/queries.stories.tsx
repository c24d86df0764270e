import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import type { LiveQueryInfo } from 'tidemark/core';
import { fill, panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';

const meta: Meta = { title: 'Devtools/Queries', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

const list: LiveQueryInfo = {
  queryId: '1',
  sql: 'SELECT id, title, status\n  FROM issue\n WHERE project_id = ?\n ORDER BY updated_at DESC, id\n LIMIT 50',
  parameters: ['harbour'],
  tablesRead: ['issue'],
  tabCount: 2,
  subscriberCount: 3,
  rowCount: 50,
  runCount: 214,
  incrementalCount: 201,
  lastMs: 0.21,
  p95Ms: 0.94,
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

export const Several: Story = {
  ...panelStory({
    tab: 'queries',
    inspection: { liveQueries: [list, count, broken] },
    answer: () => [{ id: 2, parent: 0, notused: 0, detail: 'SEARCH issue USING INDEX issue_project (project_id=?)' }],
  }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const grid = await panel.findByRole('grid', { name: 'Live queries' });
    await expect(within(grid).getByText('failed')).toBeVisible();
    const costs = within(within(grid).getByText('re-run').closest('[role=row]') as HTMLElement);
    await expect(costs.getByText('3.4 ms')).toBeVisible();
    await expect(costs.getByText('8.7 ms')).toBeVisible();
    await userEvent.click(within(grid).getByText('incremental'));
    await expect(await panel.findByText('from the changed rows')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Show the plan' }));
    await expect(await panel.findByText('finds rows by key')).toBeVisible();
    syncOf(context).setInspection({ liveQueries: [{ ...list, runCount: 215 }, count, broken] });
    await waitFor(() => expect(within(grid).getByText('215')).toBeVisible(), { timeout: 3_000 });
    await expect(within(grid).getByText('215').closest('[role=row]')).toHaveAttribute('data-mark', 'flash-odd');
    await userEvent.click(within(grid).getByText('re-run'));
    await expect(await panel.findByText('run again each time: GROUP BY makes a row depend on others')).toBeVisible();
    await fill(panel.getByRole('searchbox', { name: 'Search queries' }), 'no such');
    await expect(await panel.findByText('Nothing matches.')).toBeVisible();
  },
};

export const None: Story = {
  ...panelStory({ tab: 'queries' }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(await panel.findByText('No live queries')).toBeVisible();
  },
};

export const Narrow: Story = {
  ...panelStory({ tab: 'queries', width: 380, inspection: { liveQueries: [list, count] } }),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByText('re-run'));
    await expect(await panel.findByRole('button', { name: /Back to the list/ })).toBeVisible();
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

import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import {
  createSync,
  SyncProvider,
  sql,
  useConflicts,
  useRowStatus,
  useSyncedMutation,
  useSyncedQuery,
  useSyncStatus,
} from 'tidemark';
import { createFakeSync } from 'tidemark/testing';
import { sameColumns } from '../fixtures/conflicts.ts';
import { schema } from '../fixtures/schema.ts';

const meta: Meta = { title: 'Hooks' };
export default meta;

type Story = StoryObj;

type Schema = typeof schema;

function IssueList() {
  const { data: issues = [] } = useSyncedQuery(sql<{ id: string; title: string; votes: number }>`
    SELECT id, title, votes FROM issue ORDER BY title
  `);
  const add = useSyncedMutation<string, void, unknown, Schema>((tx, title) =>
    tx.insert('issue', { id: crypto.randomUUID(), title, priority: 1, done: false, labels: [] }),
  );
  const vote = useSyncedMutation((tx, id: string) => tx.run(sql`UPDATE issue SET votes = votes + 1 WHERE id = ${id}`));
  return (
    <>
      <ul>
        {issues.map((issue) => (
          <li key={issue.id}>
            {issue.title} <button type="button" onClick={() => vote.mutate(issue.id)}>{`${issue.votes} ▲`}</button>
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => add.mutate(`Issue ${issues.length + 1}`)}>
        Add
      </button>
    </>
  );
}

/** A real database, in its worker: `useSyncedQuery` follows what `useSyncedMutation` writes. */
export const LiveQueryAndMutation: Story = {
  loaders: [
    () => ({ sync: createSync({ schema, storage: { kind: 'memory', name: `story-${crypto.randomUUID()}` } }) }),
  ],
  render: (_args, { loaded }) => (
    <SyncProvider sync={loaded.sync} fallback={<p>Opening…</p>}>
      <IssueList />
    </SyncProvider>
  ),
  play: async ({ canvasElement, loaded }) => {
    const canvas = within(canvasElement);
    await userEvent.click(await canvas.findByRole('button', { name: 'Add' }, { timeout: 10_000 }));
    await expect(await canvas.findByText('Issue 1')).toBeVisible();
    await userEvent.click(canvas.getByRole('button', { name: '0 ▲' }));
    await expect(await canvas.findByRole('button', { name: '1 ▲' })).toBeVisible();
    await loaded.sync.close();
  },
};

function StatusBadge() {
  const { phase, pendingCount } = useSyncStatus(({ phase, pendingCount }) => ({ phase, pendingCount }));
  const row = useRowStatus('issue', 'PIER-7');
  return (
    <p role="status">
      {phase}, {pendingCount} waiting; PIER-7 is {row}
    </p>
  );
}

export const StatusOfAllAndOfOneRow: Story = {
  loaders: [() => ({ sync: createFakeSync({ schema }) })],
  render: (_args, { loaded }) => (
    <SyncProvider sync={loaded.sync}>
      <StatusBadge />
    </SyncProvider>
  ),
  play: async ({ canvasElement, loaded }) => {
    const status = within(canvasElement).getByRole('status');
    await expect(status).toHaveTextContent('synced, 0 waiting; PIER-7 is synced');
    await loaded.sync.write((tx: { delete(table: string, key: string): Promise<boolean> }) =>
      tx.delete('issue', 'PIER-7'),
    );
    await waitFor(() => expect(status).toHaveTextContent('pending, 1 waiting; PIER-7 is pending'));
  },
};

function ConflictNote() {
  const { conflicts, resolve } = useConflicts({ table: 'issue' });
  const [conflict] = conflicts;
  if (!conflict) return <p>Nothing to decide.</p>;
  return (
    <p>
      {String(conflict.fields.title?.local)} or {String(conflict.fields.title?.remote)}?{' '}
      <button type="button" onClick={() => resolve(conflict.id, 'remote')}>
        Take theirs
      </button>
    </p>
  );
}

export const ConflictsAsData: Story = {
  loaders: [() => ({ sync: createFakeSync({ schema, state: { conflicts: [sameColumns] } }) })],
  render: (_args, { loaded }) => (
    <SyncProvider sync={loaded.sync}>
      <ConflictNote />
    </SyncProvider>
  ),
  play: async ({ canvasElement }) => {
    const canvas = within(canvasElement);
    await expect(canvas.getByText(/Gulls nest on the north pier or Gulls on the pier/)).toBeVisible();
    await userEvent.click(canvas.getByRole('button', { name: 'Take theirs' }));
    await expect(await canvas.findByText('Nothing to decide.')).toBeVisible();
  },
};

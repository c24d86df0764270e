// @vitest-environment happy-dom
import { act, renderHook, waitFor } from '@testing-library/react';
import { sql, useSyncedMutation, useSyncedQuery } from 'tidemark';
import { expect, test, vi } from 'vitest';
import { type Issue, insertIssues, openSync, type schema, within } from './harness.tsx';

type Schema = typeof schema;

test('useSyncedMutation writes one transaction, and live queries show it when it has succeeded', async () => {
  const sync = openSync();
  await insertIssues(sync, 'a');
  const { result } = renderHook(
    () => ({
      issues: useSyncedQuery(sql<Issue>`SELECT * FROM issue ORDER BY id`),
      vote: useSyncedMutation<string, number, unknown, Schema>(async (tx, id) => {
        await tx.insert('tag', { issue_id: id, label: 'voted' });
        return tx.run(sql`UPDATE issue SET votes = votes + 1 WHERE id = ${id}`);
      }),
    }),
    { wrapper: within(sync) },
  );
  await waitFor(() => expect(result.current.issues.isSuccess).toBe(true));
  const receipt = await act(() => result.current.vote.mutateAsync('a'));
  expect(receipt.result).toBe(1);
  expect(await receipt.settled).toMatchObject({ outcome: 'local' });
  await waitFor(() => expect(result.current.issues.data?.[0]?.votes).toBe(1));
  expect(await sync.query(sql`SELECT count(*) AS n FROM tag`)).toEqual([{ n: 1 }]);
});

test('a mutation that throws writes nothing and has the error', async () => {
  const sync = openSync();
  await insertIssues(sync, 'a');
  const onError = vi.fn();
  const { result } = renderHook(
    () =>
      useSyncedMutation<void, never, unknown, Schema>(
        async (tx) => {
          await tx.delete('issue', 'a');
          throw new Error('changed my mind');
        },
        { onError },
      ),
    { wrapper: within(sync) },
  );
  act(() => result.current.mutate());
  await waitFor(() => expect(result.current.isError).toBe(true));
  expect(result.current.error?.message).toBe('changed my mind');
  expect(onError).toHaveBeenCalledTimes(1);
  expect(await sync.query(sql`SELECT count(*) AS n FROM issue`)).toEqual([{ n: 1 }]);
});

test('a mutation runs while the browser is offline', async () => {
  const sync = openSync();
  window.dispatchEvent(new Event('offline'));
  const { result } = renderHook(
    () =>
      useSyncedMutation<string, void, unknown, Schema>((tx, id) => tx.insert('issue', { id, title: id, done: false })),
    { wrapper: within(sync) },
  );
  await act(() => result.current.mutateAsync('a'));
  expect(await sync.query(sql`SELECT id FROM issue`)).toEqual([{ id: 'a' }]);
  window.dispatchEvent(new Event('online'));
});

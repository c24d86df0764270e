// @vitest-environment happy-dom
import { keepPreviousData, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, render, renderHook, screen, waitFor } from '@testing-library/react';
import { Component, type ReactNode, Suspense } from 'react';
import { SyncProvider, sql, useSuspenseSyncedQuery, useSyncedQuery } from 'tidemark';
import { createFakeSync } from 'tidemark/testing';
import { describe, expect, test } from 'vitest';
import { type Issue, insertIssues, openSync, schema, within } from './harness.tsx';

const all = () => sql<Issue>`SELECT * FROM issue ORDER BY id`;
const titles = (rows: readonly { readonly title: string }[] | undefined) => rows?.map((row) => row.title);

describe('useSyncedQuery', () => {
  test('shows the rows and follows every write', async () => {
    const sync = openSync();
    await insertIssues(sync, 'a');
    const { result } = renderHook(() => useSyncedQuery(all()), { wrapper: within(sync) });
    expect(result.current.isPending).toBe(true);
    await waitFor(() => expect(titles(result.current.data)).toEqual(['a']));
    await act(() => insertIssues(sync, 'b'));
    await waitFor(() => expect(titles(result.current.data)).toEqual(['a', 'b']));
    await act(() => sync.write((tx) => tx.run(sql`DELETE FROM issue WHERE id = ${'a'}`)));
    await waitFor(() => expect(titles(result.current.data)).toEqual(['b']));
  });

  test('gives values as the schema promises', async () => {
    const sync = openSync();
    await insertIssues(sync, 'a');
    const { result } = renderHook(() => useSyncedQuery(all()), { wrapper: within(sync) });
    await waitFor(() => expect(result.current.data?.[0]).toEqual({ id: 'a', title: 'a', votes: 0, done: false }));
  });

  test('keeps the identity of rows that did not change', async () => {
    const sync = openSync();
    await insertIssues(sync, 'a', 'b', 'c');
    const { result } = renderHook(() => useSyncedQuery(all()), { wrapper: within(sync) });
    await waitFor(() => expect(result.current.data).toHaveLength(3));
    const before = result.current.data;
    await act(() => sync.write((tx) => tx.update('issue', 'b', { title: 'B' })));
    await waitFor(() => expect(titles(result.current.data)).toEqual(['a', 'B', 'c']));
    expect(result.current.data?.[0]).toBe(before?.[0]);
    expect(result.current.data?.[1]).not.toBe(before?.[1]);
    expect(result.current.data?.[2]).toBe(before?.[2]);
  });

  test('does not render again when a write leaves its rows as they are', async () => {
    const sync = openSync();
    await insertIssues(sync, 'a');
    let renders = 0;
    const { result } = renderHook(
      () => {
        renders += 1;
        return useSyncedQuery(sql<Issue>`SELECT * FROM issue WHERE id = ${'a'}`).data;
      },
      { wrapper: within(sync) },
    );
    await waitFor(() => expect(result.current).toHaveLength(1));
    const before = renders;
    await act(() => insertIssues(sync, 'z'));
    await act(() => sync.write((tx) => tx.update('issue', 'z', { title: 'Z' })));
    expect(renders).toBe(before);
  });

  test('goes over to the rows of other parameters', async () => {
    const sync = openSync();
    await insertIssues(sync, 'a', 'b');
    const { result, rerender } = renderHook(
      ({ id }) => useSyncedQuery(sql<Issue>`SELECT * FROM issue WHERE id = ${id}`),
      { wrapper: within(sync), initialProps: { id: 'a' } },
    );
    await waitFor(() => expect(titles(result.current.data)).toEqual(['a']));
    rerender({ id: 'b' });
    expect(result.current.data).toBeUndefined();
    await waitFor(() => expect(titles(result.current.data)).toEqual(['b']));
    await act(() => sync.write((tx) => tx.update('issue', 'b', { title: 'B' })));
    await waitFor(() => expect(titles(result.current.data)).toEqual(['B']));
  });

  test('can keep the rows of the parameters before while it loads', async () => {
    const sync = openSync();
    await insertIssues(sync, 'a', 'b');
    const { result, rerender } = renderHook(
      ({ id }) =>
        useSyncedQuery(sql<Issue>`SELECT * FROM issue WHERE id = ${id}`, { placeholderData: keepPreviousData }),
      { wrapper: within(sync), initialProps: { id: 'a' } },
    );
    await waitFor(() => expect(titles(result.current.data)).toEqual(['a']));
    rerender({ id: 'b' });
    expect(titles(result.current.data)).toEqual(['a']);
    expect(result.current.isPlaceholderData).toBe(true);
    await waitFor(() => expect(titles(result.current.data)).toEqual(['b']));
  });

  test('passes select on, and renders only when what it selects changes', async () => {
    const sync = openSync();
    await insertIssues(sync, 'a');
    const { result } = renderHook(() => useSyncedQuery(all(), { select: (rows) => rows.length }), {
      wrapper: within(sync),
    });
    await waitFor(() => expect(result.current.data).toBe(1));
    await act(() => insertIssues(sync, 'b'));
    await waitFor(() => expect(result.current.data).toBe(2));
  });

  test('asks nothing while it is not enabled', async () => {
    const sync = openSync();
    await insertIssues(sync, 'a');
    const { result, rerender } = renderHook(({ enabled }) => useSyncedQuery(all(), { enabled }), {
      wrapper: within(sync),
      initialProps: { enabled: false },
    });
    await act(() => sync.ready);
    expect(await sync.inspect.liveQueries()).toEqual([]);
    expect(result.current.fetchStatus).toBe('idle');
    rerender({ enabled: true });
    await waitFor(() => expect(titles(result.current.data)).toEqual(['a']));
  });

  test('has the error of SQLite when the SQL is wrong', async () => {
    const sync = openSync();
    const { result } = renderHook(() => useSyncedQuery(sql`SELECT nonsense FROM issue`), { wrapper: within(sync) });
    await waitFor(() => expect(result.current.isError).toBe(true));
    expect(result.current.error).toMatchObject({ kind: 'invalid-query' });
    expect(result.current.error?.message).toContain('nonsense');
  });

  test('shares one live query between components, and between the double effects of StrictMode', async () => {
    const sync = openSync();
    await insertIssues(sync, 'a');
    const { result } = renderHook(() => [useSyncedQuery(all()), useSyncedQuery(all())], { wrapper: within(sync) });
    await waitFor(() => expect(result.current[1]?.data).toHaveLength(1));
    expect(await sync.inspect.liveQueries()).toHaveLength(1);
    expect(result.current[0]?.data).toBe(result.current[1]?.data);
  });

  test('leaves no live query behind when it unmounts', async () => {
    const sync = createFakeSync({ schema, answer: () => [{ id: 'a' }] });
    const { result, unmount } = renderHook(() => useSyncedQuery(all()), { wrapper: within(sync) });
    await waitFor(() => expect(result.current.data).toHaveLength(1));
    await waitFor(() => expect(sync.liveQueryCount).toBe(1));
    unmount();
    expect(sync.liveQueryCount).toBe(0);
  });

  test('shows an error that comes later, and the rows again when it is gone', async () => {
    let failure: Error | null = null;
    const answer = () => {
      if (failure) throw failure;
      return [{ id: 'a' }];
    };
    const sync = createFakeSync({ schema, answer });
    const { result } = renderHook(() => useSyncedQuery(all()), { wrapper: within(sync) });
    await waitFor(() => expect(result.current.isSuccess).toBe(true));
    failure = new Error('disk gone');
    act(() => sync.refresh());
    await waitFor(() => expect(result.current.error).toBe(failure));
    expect(result.current.data).toHaveLength(1);
    failure = null;
    act(() => sync.refresh());
    await waitFor(() => expect(result.current.isSuccess).toBe(true));
  });

  test('tells whether the rows can be complete', async () => {
    const sync = createFakeSync({ schema, state: { status: { phase: 'syncing', hasSynced: false } } });
    const { result } = renderHook(() => useSyncedQuery(all()).isComplete, { wrapper: within(sync) });
    expect(result.current).toBe(false);
    act(() => sync.setState({ status: { phase: 'synced', hasSynced: true } }));
    expect(result.current).toBe(true);
  });

  test('is complete at once where there is no server', () => {
    const sync = createFakeSync({ schema, state: { status: { phase: 'local', hasSynced: false } } });
    const { result } = renderHook(() => useSyncedQuery(all()).isComplete, { wrapper: within(sync) });
    expect(result.current).toBe(true);
  });

  test('throws at once for what is no query', () => {
    const sync = createFakeSync({ schema });
    expect(() => renderHook(() => useSyncedQuery({} as never), { wrapper: within(sync) })).toThrow(
      /A query must be sql/,
    );
  });

  test('lives in the query client of the app', async () => {
    const queryClient = new QueryClient();
    const sync = openSync();
    await insertIssues(sync, 'a');
    const wrapper = ({ children }: { children: ReactNode }) => (
      <QueryClientProvider client={queryClient}>
        <SyncProvider sync={sync}>{children}</SyncProvider>
      </QueryClientProvider>
    );
    const { result } = renderHook(() => useSyncedQuery(all()), { wrapper });
    await waitFor(() => expect(result.current.isSuccess).toBe(true));
    expect(queryClient.getQueryCache().getAll()).toHaveLength(1);
  });

  test('keeps databases apart that share a query client', async () => {
    const [outer, inner] = [openSync(), openSync()];
    await insertIssues(outer, 'of the outer one');
    await insertIssues(inner, 'of the inner one');
    const query = sql<Issue>`SELECT * FROM issue`;
    const queryClient = new QueryClient();
    const { result } = renderHook(() => useSyncedQuery(query), { wrapper: within(inner, { queryClient }) });
    const other = renderHook(() => useSyncedQuery(query), { wrapper: within(outer, { queryClient }) });
    await waitFor(() => expect(result.current.data?.map((issue) => issue.title)).toEqual(['of the inner one']));
    await waitFor(() => expect(other.result.current.data?.map((issue) => issue.title)).toEqual(['of the outer one']));
    await insertIssues(outer, 'one more');
    await waitFor(() => expect(other.result.current.data).toHaveLength(2));
    expect(result.current.data).toHaveLength(1);
  });

  test('needs no network', async () => {
    const queryClient = new QueryClient({ defaultOptions: { queries: { networkMode: 'online', staleTime: 0 } } });
    const sync = openSync();
    await insertIssues(sync, 'a');
    window.dispatchEvent(new Event('offline'));
    const { result } = renderHook(() => useSyncedQuery(all()), { wrapper: within(sync, { queryClient }) });
    await waitFor(() => expect(result.current.isSuccess).toBe(true));
    window.dispatchEvent(new Event('online'));
  });
});

function Titles({ query = all() }) {
  const { data, isComplete } = useSuspenseSyncedQuery(query);
  return (
    <p>
      {titles(data)?.join()} {String(isComplete)}
    </p>
  );
}

describe('useSuspenseSyncedQuery', () => {
  test('suspends until the first rows, then follows every write', async () => {
    const sync = openSync();
    await insertIssues(sync, 'a');
    const ui = (
      <Suspense fallback={<p>loading</p>}>
        <Titles />
      </Suspense>
    );
    await act(async () => void render(ui, { wrapper: within(sync) }));
    await screen.findByText('a true');
    await act(() => insertIssues(sync, 'b'));
    await screen.findByText('a,b true');
  });

  test('gives errors to the error boundary', async () => {
    const sync = openSync();
    const ui = (
      <Boundary>
        <Suspense fallback={<p>loading</p>}>
          <Titles query={sql<Issue>`SELECT nonsense FROM issue`} />
        </Suspense>
      </Boundary>
    );
    await act(async () => void render(ui, { wrapper: within(sync) }));
    await screen.findByText(/nonsense/);
  });
});

class Boundary extends Component<{ children: ReactNode }, { message: string | null }> {
  override state = { message: null };
  static getDerivedStateFromError(error: Error) {
    return { message: error.message };
  }
  override componentDidCatch() {}
  override render() {
    return this.state.message === null ? this.props.children : <p>{this.state.message}</p>;
  }
}

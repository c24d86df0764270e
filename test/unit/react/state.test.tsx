// @vitest-environment happy-dom
import { act, renderHook, waitFor } from '@testing-library/react';
import {
  type Conflict,
  type DeviceInfo,
  useConflicts,
  useCursors,
  useDevices,
  useOutbox,
  useRowStatus,
  useSync,
  useSyncEvents,
  useSyncProgress,
  useSyncStatus,
} from 'tidemark';
import { createFakeSync, type FakeState } from 'tidemark/testing';
import { describe, expect, test } from 'vitest';
import { insertIssues, openSync, schema, within } from './harness.tsx';

const fake = (state: FakeState = {}) => createFakeSync({ schema, state });

describe('useSyncStatus', () => {
  test('tells the whole status, from before the database is open', async () => {
    const sync = openSync();
    const { result } = renderHook(() => useSyncStatus(), { wrapper: within(sync) });
    expect(result.current.phase).toBe('starting');
    await waitFor(() => expect(result.current).toMatchObject({ phase: 'local', persisted: false, pendingCount: 0 }));
  });

  test('renders only when the selected part changes', () => {
    const sync = fake();
    let renders = 0;
    const { result } = renderHook(
      () => {
        renders += 1;
        return useSyncStatus((status) => status.pendingCount);
      },
      { wrapper: within(sync) },
    );
    const before = renders;
    act(() => sync.setState({ status: { lastSyncedAt: 1 } }));
    expect(renders).toBe(before);
    act(() => sync.setState({ status: { pendingCount: 2 } }));
    expect(result.current).toBe(2);
  });

  test('takes a selector that makes a new object each time', () => {
    const sync = fake({ status: { pendingCount: 1 } });
    const { result } = renderHook(() => useSyncStatus(({ phase, pendingCount }) => ({ phase, pendingCount })), {
      wrapper: within(sync),
    });
    expect(result.current).toEqual({ phase: 'pending', pendingCount: 1 });
  });
});

test('the lists are what the store has', () => {
  const sync = fake({
    cursors: [{ scope: 'main', cursor: { epoch: 'e', seq: 4 }, head: 5, lag: 1, isComplete: true, isFollowed: true }],
    status: { progress: { step: 'pull', done: 1, total: 2 } },
  });
  const { result } = renderHook(
    () => ({ outbox: useOutbox(), cursors: useCursors(), events: useSyncEvents(), progress: useSyncProgress() }),
    { wrapper: within(sync) },
  );
  expect(result.current.cursors[0]?.lag).toBe(1);
  expect(result.current.progress?.done).toBe(1);
  act(() => sync.emit({ at: 1, type: 'resync', reason: 'cut' }));
  expect(result.current.events).toEqual([{ at: 1, type: 'resync', reason: 'cut' }]);
  expect(result.current.outbox).toEqual([]);
});

test('useSync gives the sync of the provider', () => {
  const sync = fake();
  expect(renderHook(() => useSync(), { wrapper: within(sync) }).result.current).toBe(sync);
});

test('a hook outside of a provider says what is missing', () => {
  expect(() => renderHook(() => useSync())).toThrow(/outside of <SyncProvider>/);
});

describe('useRowStatus', () => {
  test('follows a row with a composite key, however the key is given', async () => {
    const sync = fake();
    const { result } = renderHook(
      () => [
        useRowStatus('tag', ['a', 'red']),
        useRowStatus('tag', { label: 'red', issue_id: 'a' }),
        useRowStatus('tag', ['a', 'blue']),
      ],
      { wrapper: within(sync) },
    );
    expect(result.current).toEqual(['synced', 'synced', 'synced']);
    await act(() => sync.write((tx) => tx.insert('tag', { issue_id: 'a', label: 'red' })));
    expect(result.current).toEqual(['pending', 'pending', 'synced']);
  });

  test('goes over to another row', async () => {
    const sync = fake();
    await sync.write((tx) => tx.delete('issue', 'b'));
    const { result, rerender } = renderHook(({ id }) => useRowStatus('issue', id), {
      wrapper: within(sync),
      initialProps: { id: 'a' },
    });
    expect(result.current).toBe('synced');
    rerender({ id: 'b' });
    expect(result.current).toBe('pending');
  });

  test('is synced on a real database without server', async () => {
    const sync = openSync();
    await insertIssues(sync, 'a');
    const { result } = renderHook(() => useRowStatus('issue', 'a'), { wrapper: within(sync) });
    await act(() => sync.ready);
    expect(result.current).toBe('synced');
  });

  test('refuses an unknown table and a key of the wrong shape', () => {
    const wrapper = within(fake());
    expect(() => renderHook(() => useRowStatus('isue', 'a'), { wrapper })).toThrow(/no table "isue"/);
    expect(() => renderHook(() => useRowStatus('tag', 'a'), { wrapper })).toThrow(/issue_id, label/);
  });
});

const conflict: Conflict = {
  id: 'c1',
  mutationId: 1,
  table: 'issue',
  kind: 'update-update',
  key: { id: 'a' },
  state: 'open',
  columns: ['title'],
  fields: { title: { base: 'a', local: 'mine', remote: 'theirs' } },
  base: { id: 'a', title: 'a' },
  local: { id: 'a', title: 'mine' },
  remote: { id: 'a', title: 'theirs' },
  localIsLater: true,
  detectedAt: 1,
  remoteClientId: null,
  remoteAt: 1,
  localAt: 1,
  remoteSeq: 1,
  resolution: null,
};

describe('useConflicts', () => {
  test('lists the open ones of a table, and resolves them', async () => {
    const sync = fake({ conflicts: [conflict, { ...conflict, id: 'c2', table: 'tag' }] });
    const { result } = renderHook(() => useConflicts({ table: 'issue' }), { wrapper: within(sync) });
    expect(result.current.conflicts.map((one) => one.id)).toEqual(['c1']);
    await act(() => result.current.resolve('c1', { merged: { title: 'both' } }));
    expect(result.current.conflicts).toEqual([]);
    expect(sync.calls).toEqual([{ name: 'conflicts.resolve', args: ['c1', { merged: { title: 'both' } }] }]);
  });

  test('lists the history with the values that lost', async () => {
    const sync = fake({ conflicts: [conflict] });
    const { result } = renderHook(() => useConflicts({ state: 'resolved' }), { wrapper: within(sync) });
    expect(result.current.conflicts).toEqual([]);
    await act(() => result.current.resolveAll('remote'));
    expect(result.current.conflicts[0]).toMatchObject({
      fields: { title: { local: 'mine' } },
      resolution: { choice: 'remote' },
    });
  });

  test('keeps its list while something else changes', () => {
    const sync = fake({ conflicts: [conflict] });
    const { result, rerender } = renderHook(() => useConflicts({ table: 'issue' }), { wrapper: within(sync) });
    const before = result.current;
    act(() => sync.setState({ status: { lastSyncedAt: 5 } }));
    rerender();
    expect(result.current).toBe(before);
  });
});

describe('useDevices', () => {
  const device: DeviceInfo = {
    deviceId: 'd1',
    name: 'Laptop',
    firstSeenAt: 1,
    lastSeenAt: 1,
    revoked: false,
    isThisDevice: true,
  };

  test('asks the server, and again when the connection is back', async () => {
    const sync = fake({ devices: [device], status: { isOnline: false } });
    const { result } = renderHook(() => useDevices(), { wrapper: within(sync) });
    expect(result.current).toEqual([device]);
    expect(sync.calls).toEqual([]);
    act(() => sync.setState({ status: { isOnline: true } }));
    await waitFor(() => expect(sync.calls).toContainEqual({ name: 'devices.list', args: [] }));
  });

  test('asks nobody where there is no server', () => {
    const sync = fake({ status: { phase: 'local' } });
    renderHook(() => useDevices(), { wrapper: within(sync) });
    expect(sync.calls).toEqual([]);
  });
});

import { expect, test } from 'vitest';
import { SyncError } from '../../../../src/shared/error.ts';
import { device } from './support/harness.ts';

test('D1: pages are staged and applied with the last one, with progress', async () => {
  const { server, start, store, eventsOf } = device();
  server.snapshotPages = 3;
  server.head = 5;
  await start();
  expect(server.pulls.slice(0, 4).map(({ resume }) => resume)).toEqual([null, '1', '2', '3']);
  expect(store.applied).toHaveLength(1);
  const done = eventsOf('progress').map(({ progress }) => [progress.step, progress.done, progress.total]);
  expect(done).toEqual([
    ['snapshot', 1, 3],
    ['snapshot', 2, 3],
    ['snapshot', 3, 3],
    ['snapshot', 3, 3],
  ]);
});

test('D2: a chain that was cut goes on where it was', async () => {
  const { server, start, store, runtime } = device();
  server.snapshotPages = 5;
  server.checkPull = ({ resume }) => {
    if (resume === '3' && server.calls('pull') === 4) throw new SyncError('network', 'cut');
  };
  await start();
  expect(store.stagedChain()).toMatchObject({ resume: '3', rowsDone: 3, rowsTotal: 5 });
  await runtime.advance(1_000);
  expect(server.pulls.map(({ resume }) => resume)).toEqual([null, '1', '2', '3', '3', '4', '5']);
  expect(store.hasSynced).toBe(true);
});

test.each(['resync', 'protocol'] as const)(
  'D3: a continuation refused with %s is dropped, and the chain begins anew',
  async (kind) => {
    const { server, start, store, loop } = device();
    server.snapshotPages = 2;
    let refusals = 1;
    server.checkPull = ({ resume }) => {
      if (resume === '2' && refusals-- > 0) throw new SyncError(kind, 'cannot go on');
    };
    await start();
    expect(server.pulls.map(({ resume }) => resume)).toEqual([null, '1', '2', null, '1', '2']);
    expect(store.resetCount).toBe(0);
    expect(loop.status()).toMatchObject({ phase: 'synced', error: null });
  },
);

test('a chain whose continuation leads to itself fails, and is tried again', async () => {
  const { server, start, runtime, loop, phase } = device();
  const pull = server.pull.bind(server);
  server.pull = async (request, signal) => ({ ...(await pull(request, signal)), resume: 'again', cursor: null });
  await start();
  expect(loop.status().error?.kind).toBe('protocol');
  server.pull = pull;
  await runtime.advance(30_000);
  expect(phase()).toBe('synced');
});

test('D4: a head that is never reached does not keep a round going', async () => {
  const { server, start, runtime, loop } = device();
  server.hasRealtime = false;
  const pull = server.pull.bind(server);
  server.pull = async (request, signal) => ({ ...(await pull(request, signal)), head: 1_000 });
  await start();
  expect(loop.history()).toHaveLength(1);
  await runtime.advance(20_000);
  expect(server.calls('pull')).toBeLessThan(40);
  expect(loop.status().phase).toBe('pending');
});

test('hydrate fetches the named tables anew, by a chain of its own', async () => {
  const { server, start, loop, runtime } = device();
  await start();
  const [round] = await Promise.all([loop.run('hydrate', { tables: ['note'] }), runtime.advance(0)]);
  expect(round.outcome).toBe('ok');
  expect(server.pulls.at(-1)?.snapshotTables).toEqual(['note']);
});

test('hydrate first ends a chain that was cut', async () => {
  const { server, start, loop, runtime } = device({ autoSync: false });
  server.snapshotPages = 2;
  await start();
  server.checkPull = ({ resume }) => {
    if (resume === '1') throw new SyncError('network', 'cut');
  };
  await Promise.allSettled([loop.run('pull'), runtime.advance(0)]);
  server.checkPull = () => {};
  await Promise.all([loop.run('hydrate', { tables: ['issue'] }), runtime.advance(0)]);
  const asked = server.pulls.slice(2).map(({ resume, snapshotTables }) => [resume, snapshotTables?.[0] ?? null]);
  expect(asked).toEqual([
    ['1', null],
    ['2', null],
    [null, 'issue'],
    ['1', null],
    ['2', null],
  ]);
});

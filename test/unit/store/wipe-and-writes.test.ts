/** Signing out while something is still being written: in this thread, with a server that need not be there. */
import { expect, test } from 'vitest';
import { composeEngine } from '../../../src/client/engine/compose.ts';
import type { EnginePush } from '../../../src/client/engine-api.ts';
import { callMethod, engineMethodsOver } from '../../../src/client/rpc/methods.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { sql } from '../../../src/core/sql.ts';
import { SyncError } from '../../../src/shared/error.ts';
import { systemRuntime } from '../../../src/shared/runtime.ts';
import { openMemoryDatabase } from '../../../src/storage/sqlite-wasm/memory.ts';
import { createSync } from '../../../src/store/create-sync.ts';
import { inThreadLine } from '../../../src/store/session-line.ts';
import { createSyncHandle } from '../../../src/store/sync-handle.ts';

const schema = defineSchema({ version: 1, tables: { note: table({ id: t.text() }) } });
const ids = sql<{ id: string }>`SELECT id FROM note`;

function device() {
  return createSync({ schema, server: { url: 'http://127.0.0.1:9' }, autoSync: false });
}

test.each([0, 1, 2, 3, 4, 8])(
  'a wipe that refuses to lose work loses none that is written meanwhile (%i turns)',
  async (turns) => {
    const sync = device();
    await sync.ready;
    const written = sync.write((tx) => tx.insert('note', { id: 'a' }));
    for (let turn = 0; turn < turns; turn++) await null;
    const wiped = sync.wipe({ unsent: 'refuse' });
    const isWritten = await written.then(() => true, refused);
    const isWiped = await wiped.then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ kind: 'unsent-work', details: { count: 1 } });
        return false;
      },
    );
    expect(isWritten).toBe(!isWiped);
    expect(await sync.query(ids)).toEqual(isWritten ? [{ id: 'a' }] : []);
    await sync.close();
  },
);

test('a wipe that exports has every write in the file that it took away', async () => {
  const sync = device();
  await sync.ready;
  const insert = (id: string) =>
    sync
      .write((tx) => tx.insert('note', { id }))
      .then(() => true, refused)
      .then((isWritten) => (isWritten ? [id] : []));
  const writing = Promise.all(['a', 'b', 'c'].map(insert));
  const text = await sync.wipe({ unsent: 'export' });
  const written = (await writing).flat();
  const { mutations } = JSON.parse(text ?? '') as { mutations: { changes: { key: string[] }[] }[] };
  const exported = mutations.flatMap(({ changes }) => changes.flatMap(({ key }) => key));
  expect(exported.sort()).toEqual(written);
  expect(await sync.query(ids)).toEqual([]);
  await sync.close();
});

/** A write that the wipe overtook: it is known not to have happened. */
function refused(error: unknown): false {
  expect(error).toMatchObject({ kind: 'aborted', message: expect.stringContaining('wiped before') });
  return false;
}

test('a write that is on its way during a wipe does not end up in what the next person finds', async () => {
  const sync = device();
  await sync.ready;
  const wiped = sync.wipe({ unsent: 'discard' });
  const written = sync.write((tx) => tx.insert('note', { id: 'late' })).then(() => true, refused);
  await wiped;
  expect(await written).toBe(false);
  expect(await sync.query(ids)).toEqual([]);
  await sync.write((tx) => tx.insert('note', { id: 'next' }));
  expect(await sync.query(ids)).toEqual([{ id: 'next' }]);
  await sync.close();
});

test('receipts of before the wipe are discarded, and not settled by the mutations that have their numbers now', async () => {
  const sync = device();
  await sync.ready;
  const { settled } = await sync.write((tx) => tx.insert('note', { id: 'a' }));
  await sync.wipe({ unsent: 'discard' });
  const next = await sync.write((tx) => tx.insert('note', { id: 'b' }));
  expect(await settled).toMatchObject({ mutationId: 1, outcome: 'discarded' });
  expect(next.mutationId).toBe(1);
  await sync.close();
});

/** A device whose engine is far away: `call` has its calls in hand, and `run` makes them. */
async function remote(call: (name: string, run: () => Promise<unknown>) => Promise<unknown>) {
  const refuse = () => Promise.reject(new SyncError('network', 'There is no network.'));
  const engine = composeEngine({
    schema,
    database: await openMemoryDatabase(),
    runtime: systemRuntime,
    autoSync: false,
    createTransport: () => ({
      handshake: refuse,
      push: refuse,
      pull: refuse,
      devices: refuse,
      connect: () => ({ state: 'closed', subscribe() {}, close() {} }),
      close() {},
    }),
  });
  const session = engine.connect('tab');
  const methods = engineMethodsOver((name, args) => call(name, () => callMethod(session.methods, name, args)));
  const connection = {
    sessionId: session.sessionId,
    methods,
    onPush: (listener: (push: EnginePush) => void) => session.onPush(listener),
    close: () => session.close(),
  };
  const line = inThreadLine(async () => ({ connection, close: () => engine.close() }));
  return createSyncHandle({ options: { schema, server: { url: '' } }, sessionId: 'tab', line, runtime: systemRuntime });
}

/** A device whose engine goes away in the middle of each wipe: before it is done, or after. */
function deserted({ isDone }: { readonly isDone: boolean }) {
  return remote(async (name, run) => {
    if (name !== 'wipe') return run();
    if (isDone) await run();
    throw new SyncError('interrupted', 'The tab that holds the database went away.');
  });
}

test.each([
  ['after', true],
  ['before', false],
])(
  'the receipt of a write, begun %s its page knew the database, is discarded when the wipe is heard of before the answer to its commit',
  async (_when, isKnown) => {
    const committed = Promise.withResolvers<void>();
    const wiped = Promise.withResolvers<void>();
    const sync = await remote(async (name, run) => {
      const answer = await run();
      if (name !== 'writeOnce') return answer;
      committed.resolve();
      await wiped.promise;
      return answer;
    });
    if (isKnown) await sync.ready;
    const writing = sync.write((tx) => tx.insert('note', { id: 'a' }));
    await committed.promise;
    await sync.wipe({ unsent: 'discard' });
    wiped.resolve();
    const { settled } = await writing;
    expect(await settled).toEqual({ mutationId: 1, outcome: 'discarded', seq: null, reason: null });
    await sync.close();
  },
);

test('a wipe whose engine went away after it was done gives the work that it exported', async () => {
  const sync = await deserted({ isDone: true });
  await sync.write((tx) => tx.insert('note', { id: 'a' }));
  expect(await sync.wipe({ unsent: 'export' })).toContain('"a"');
  expect(await sync.query(ids)).toEqual([]);
  await sync.close();
});

test('a wipe whose engine went away before it was done fails, and everything is there', async () => {
  const sync = await deserted({ isDone: false });
  await sync.write((tx) => tx.insert('note', { id: 'a' }));
  await expect(sync.wipe({ unsent: 'export' })).rejects.toMatchObject({ kind: 'interrupted' });
  expect(await sync.query(ids)).toEqual([{ id: 'a' }]);
  await sync.close();
});

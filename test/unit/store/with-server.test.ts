/** `createSync` in this thread, against a real server over loopback sockets. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Sync, SyncOptions } from '../../../src/client/sync.ts';
import type { OutboxProgress, SyncEvent, SyncProgress } from '../../../src/client/types.ts';
import { custom } from '../../../src/core/policy.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { sql } from '../../../src/core/sql.ts';
import { createSyncServer, type RunningServer, serve } from '../../../src/server/index.ts';
import { sqliteStorage } from '../../../src/server/sqlite/index.ts';
import { SyncError } from '../../../src/shared/error.ts';
import { createSync } from '../../../src/store/create-sync.ts';

const schema = defineSchema({
  version: 1,
  tables: {
    issue: table({ id: t.text(), title: t.text(), votes: t.counter() }),
    careful: table({ id: t.text(), title: t.text() }, { conflict: 'manual' }),
    decided: table({ id: t.text(), title: t.text() }, { conflict: custom(({ fields }) => joined(fields.title)) }),
  },
});

/** Both sides' titles, in the order of the alphabet: the same on every device. */
function joined(field: { local: unknown; remote: unknown } | undefined) {
  return { merged: { title: [field?.local, field?.remote].sort().join('+') } };
}

let server: RunningServer;
let tokens: (string | null)[];
const open: Sync<typeof schema>[] = [];

beforeEach(async () => {
  tokens = [];
  const sync = createSyncServer({
    schema,
    storage: sqliteStorage({ file: ':memory:' }),
    auth: ({ token }) => {
      tokens.push(token);
      return token === 'good' ? { id: 'anna' } : null;
    },
    validate: {
      issue: ({ values }) => {
        if (values.title === 'forbidden') throw new SyncError('rejected', 'This title is forbidden.');
      },
    },
  });
  server = await serve(sync, { port: 0, hostname: '127.0.0.1' });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((sync) => sync.close()));
  await server.close();
});

function device(options: Partial<SyncOptions<typeof schema>> = {}) {
  const sync = createSync({ schema, server: { url: server.url, auth: () => 'good' }, ...options });
  open.push(sync);
  return sync;
}

const titles = (of: 'issue' | 'careful' | 'decided') =>
  sql<{ title: string }>`SELECT title FROM ${sql.identifier(of)} ORDER BY id`;

describe('two devices', () => {
  test('see each other’s writes, live, and the receipt settles', async () => {
    const [a, b] = [device(), device()];
    const live = b.liveQuery(titles('issue'));
    await live.ready;
    const receipt = await a.write((tx) => tx.insert('issue', { id: 'a', title: 'hello' }));
    expect(receipt.mutationId).toBe(1);
    expect(await receipt.settled).toMatchObject({ mutationId: 1, outcome: 'applied', seq: 1 });
    await expect.poll(() => live.getSnapshot().rows).toEqual([{ title: 'hello' }]);
    await expect.poll(() => a.store.getState().status.phase).toBe('synced');
    expect(await a.outbox.list()).toEqual([]);
    live.close();
  });

  test('decide a conflict by app code, and by a person', async () => {
    const [a, b] = [device(), device()];
    await a.write(async (tx) => {
      await tx.insert('decided', { id: 'd', title: 'base' });
      await tx.insert('careful', { id: 'c', title: 'base' });
    });
    await a.sync();
    await b.sync();
    await Promise.all([a.pause('test'), b.pause('test')]);
    for (const [sync, title] of [
      [a, 'from a'],
      [b, 'from b'],
    ] as const) {
      await sync.write((tx) => tx.update('decided', 'd', { title }));
      await sync.write((tx) => tx.update('careful', 'c', { title }));
    }
    await a.resume('test');
    await a.sync();
    await b.resume('test');
    await b.sync();
    await expect.poll(() => b.query(titles('decided'))).toEqual([{ title: 'from a+from b' }]);
    const conflicts = await b.conflicts.list({ table: 'careful', state: 'open' });
    expect(conflicts).toMatchObject([{ fields: { title: { base: 'base', local: 'from b', remote: 'from a' } } }]);
    await b.conflicts.resolve(conflicts[0]?.id ?? '', { merged: { title: 'by hand' } });
    await b.sync();
    await a.sync();
    expect(await a.query(titles('careful'))).toEqual([{ title: 'by hand' }]);
    expect(await b.conflicts.list({ state: 'open' })).toEqual([]);
  });
});

describe('a rejected write', () => {
  test('is retried with all others of its table', async () => {
    const sync = device({ autoSync: false });
    for (const id of ['a', 'b', 'c']) await sync.write((tx) => tx.insert('issue', { id, title: 'forbidden' }));
    await sync.sync();
    expect(await sync.outbox.count({ states: ['rejected'] })).toBe(3);
    expect(await sync.outbox.retryAll({ table: 'careful' })).toBe(0);
    expect(await sync.outbox.retryAll()).toBe(3);
    expect((await sync.outbox.list()).map(({ mutationId, state }) => [mutationId, state])).toEqual([
      [4, 'pending'],
      [5, 'pending'],
      [6, 'pending'],
    ]);
  });

  test('is retried with many others, telling how far that is, until it is stopped', async () => {
    const sync = device({ autoSync: false });
    for (let n = 0; n < 120; n += 1) await sync.write((tx) => tx.insert('issue', { id: `i${n}`, title: 'forbidden' }));
    await sync.sync();
    const stopper = new AbortController();
    const told: OutboxProgress[] = [];
    const onProgress = (progress: OutboxProgress) => {
      told.push(progress);
      stopper.abort();
    };
    expect(await sync.outbox.retryAll({}, { onProgress, signal: stopper.signal })).toBe(50);
    expect(told).toEqual([{ doneCount: 50, totalCount: 120 }]);
    expect(await sync.outbox.count({ states: ['pending'] })).toBe(50);
    expect(await sync.outbox.retryAll({}, { onProgress: (progress) => told.push(progress) })).toBe(70);
    expect(told.slice(1)).toEqual([
      { doneCount: 50, totalCount: 70 },
      { doneCount: 70, totalCount: 70 },
    ]);
    expect(await sync.outbox.count({ states: ['pending'] })).toBe(120);
  });

  test('settles as rejected, keeps its reason, and can be discarded', async () => {
    const sync = device();
    const receipt = await sync.write((tx) => tx.insert('issue', { id: 'a', title: 'forbidden' }));
    expect(await receipt.settled).toMatchObject({
      outcome: 'rejected',
      reason: { message: 'This title is forbidden.' },
    });
    expect(await sync.query(titles('issue'))).toEqual([]);
    const [entry] = await sync.outbox.list();
    expect(entry).toMatchObject({ state: 'rejected', mutationId: receipt.mutationId });
    await sync.outbox.discard(entry?.mutationId ?? 0);
    expect(await sync.outbox.list()).toEqual([]);
  });
});

describe('signing in', () => {
  test('asks the page for the token, and again when it was refused', async () => {
    const asked: boolean[] = [];
    const sync = device({
      server: {
        url: server.url,
        auth: ({ refresh }) => {
          asked.push(refresh);
          return refresh ? 'good' : 'old';
        },
      },
      autoSync: false,
    });
    await sync.sync();
    expect(asked.slice(0, 2)).toEqual([false, true]);
    expect(tokens).toContain('old');
  });

  test('says so when there is nobody', async () => {
    const sync = device({ server: { url: server.url, auth: () => null } });
    await expect(sync.sync()).rejects.toMatchObject({ kind: 'needs-auth' });
    await expect.poll(() => sync.store.getState().status.phase).toBe('needs-auth');
  });
});

describe('rounds by hand', () => {
  test('tell their progress and end in the history', async () => {
    const sync = device({ autoSync: false });
    const events: SyncEvent['type'][] = [];
    sync.subscribe((event) => events.push(event.type));
    await sync.write((tx) => tx.insert('issue', { id: 'a', title: 'A' }));
    const progress: SyncProgress[] = [];
    const round = await sync.sync({ tables: ['issue'], onProgress: (now) => progress.push(now) });
    expect(round).toMatchObject({ outcome: 'ok', pushedCount: 1 });
    expect(progress.length).toBeGreaterThan(0);
    expect(await sync.history()).toHaveLength(1);
    expect((await sync.stats()).pushedMutationCount).toBe(1);
    await expect
      .poll(() => events)
      .toEqual(expect.arrayContaining(['mutation-written', 'sync-started', 'sync-finished']));
    await expect(sync.sync({ tables: ['isue' as never] })).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('end at once when their signal says so', async () => {
    const sync = device({ autoSync: false });
    await expect(sync.sync({ signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'aborted' });
    const abort = new AbortController();
    const running = sync.sync({ signal: abort.signal });
    abort.abort();
    await expect(running).rejects.toMatchObject({ kind: 'aborted' });
  });
});

describe('wiping', () => {
  test('refuses to lose unsent work, or hands it over', async () => {
    const sync = device({ autoSync: false });
    const receipt = await sync.write((tx) => tx.insert('issue', { id: 'a', title: 'unsent' }));
    await expect(sync.wipe({ unsent: 'refuse' })).rejects.toMatchObject({ kind: 'unsent-work', details: { count: 1 } });
    const text = await sync.wipe({ unsent: 'export' });
    expect(JSON.parse(text ?? '')).toMatchObject({
      format: 'tidemark-outbox',
      mutations: [{ changes: [{ table: 'issue', key: ['a'], columns: { title: 'unsent' } }] }],
    });
    expect(await receipt.settled).toMatchObject({ outcome: 'discarded' });
    expect(await sync.query(titles('issue'))).toEqual([]);
  });
});

describe('a file of unsent work', () => {
  const rename = (sync: Sync<typeof schema>, of: 'issue' | 'careful', title: string) =>
    sync.write((tx) => tx.update(of, 'a', { title }));

  /** Written where nobody can send it, while somebody else writes the same; then a third device has the file. */
  async function exported(of: 'issue' | 'careful', meanwhile: (other: Sync<typeof schema>) => Promise<unknown>) {
    const [writer, other, third] = [
      device({ autoSync: false }),
      device({ autoSync: false }),
      device({ autoSync: false }),
    ];
    await other.write((tx) => tx.insert(of, { id: 'a', title: 'first' }));
    for (const sync of [other, writer]) await sync.sync();
    await rename(writer, of, 'from the file');
    const text = await writer.outbox.export();
    await meanwhile(other);
    for (const sync of [other, third]) await sync.sync();
    return { text, third };
  }

  test('meets what others wrote since as the conflict it is', async () => {
    const { text, third } = await exported('careful', (other) => rename(other, 'careful', 'theirs'));
    expect(await third.outbox.import(text)).toEqual({ writtenCount: 1, history: 'same', skipped: [] });
    await third.sync();
    expect(await third.conflicts.list()).toMatchObject([
      {
        state: 'open',
        kind: 'update-update',
        fields: { title: { base: 'first', local: 'from the file', remote: 'theirs' } },
      },
    ]);
  });

  test('meets a deletion too, of a row that is not here any more', async () => {
    const { text, third } = await exported('careful', (other) => other.write((tx) => tx.delete('careful', 'a')));
    expect(await third.outbox.import(text)).toEqual({ writtenCount: 1, history: 'same', skipped: [] });
    await third.sync();
    expect(await third.conflicts.list()).toMatchObject([
      { state: 'open', kind: 'update-delete', local: { title: 'from the file' }, remote: null },
    ]);
  });

  test('that is of another history has seen nothing of this one, and says so', async () => {
    const { text, third } = await exported('careful', async () => {});
    const file = JSON.parse(text);
    expect(file.mutations[0]).toMatchObject({ base: 1, epoch: expect.any(String) });
    file.mutations[0].epoch = 'of another database';
    expect(await third.outbox.import(JSON.stringify(file))).toMatchObject({ writtenCount: 1, history: 'other' });
    await third.sync();
    expect(await third.conflicts.list()).toMatchObject([{ state: 'open', fields: { title: { remote: 'first' } } }]);
  });

  test('that does not tell what it had seen is written over what is here', async () => {
    const { text, third } = await exported('careful', (other) => rename(other, 'careful', 'theirs'));
    const file = JSON.parse(text);
    delete file.mutations[0].epoch;
    expect(await third.outbox.import(JSON.stringify(file))).toEqual({
      writtenCount: 1,
      history: 'untold',
      skipped: [],
    });
    await third.sync();
    expect(await third.query(titles('careful'))).toEqual([{ title: 'from the file' }]);
    expect(await third.conflicts.list()).toEqual([]);
  });
});

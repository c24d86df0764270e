import { afterEach, describe, expect, test } from 'vitest';
import { sql } from '../../../src/core/sql.ts';
import { createSync } from '../../../src/store/create-sync.ts';
import { openSession, type Session, schema } from './open-session.ts';

const open: Session[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ sync }) => sync.close()));
});

let count = 0;
function newName(): string {
  count += 1;
  return `tabs-${count}-${crypto.randomUUID()}`;
}

async function openTab(name: string, kind: 'opfs' | 'memory' = 'opfs'): Promise<Session> {
  const session = openSession(name, kind);
  open.push(session);
  await session.sync.ready;
  return session;
}

/** Ends a session's worker without a word; its page is gone with it. */
function crash(session: Session): void {
  open.splice(open.indexOf(session), 1);
  session.crash();
}

const all = sql<{ id: string; title: string; votes: number; done: boolean }>`SELECT * FROM issue ORDER BY id`;
const isLeader = ({ sync }: Session) => sync.store.getState().isLeader;

describe('two tabs of one app', () => {
  test('read and write one database', async () => {
    const name = newName();
    const a = await openTab(name);
    const b = await openTab(name);
    expect([isLeader(a), isLeader(b)]).toEqual([true, false]);
    await a.sync.write((tx) => tx.insert('issue', { id: 'a', title: 'from a' }));
    await b.sync.write(async (tx) => {
      expect(await tx.get(sql`SELECT title FROM issue`)).toEqual({ title: 'from a' });
      await tx.insert('issue', { id: 'b', title: 'from b', done: true });
    });
    const rows = await a.sync.query(all);
    expect(rows).toEqual([
      { id: 'a', title: 'from a', votes: 0, done: false },
      { id: 'b', title: 'from b', votes: 0, done: true },
    ]);
    expect(await b.sync.query(all)).toEqual(rows);
  });

  test('show each other’s writes live', async () => {
    const name = newName();
    const a = await openTab(name);
    const b = await openTab(name);
    const live = b.sync.liveQuery(all);
    expect(await live.ready).toEqual([]);
    await a.sync.write((tx) => tx.insert('issue', { id: 'a', title: 'first' }));
    await expect.poll(() => live.getSnapshot().rows?.map((row) => row.title)).toEqual(['first']);
    live.close();
  });

  test('carry an error of the database to the tab that made it', async () => {
    const name = newName();
    await openTab(name);
    const b = await openTab(name);
    await b.sync.write((tx) => tx.insert('issue', { id: 'a', title: 'one' }));
    const again = b.sync.write((tx) => tx.insert('issue', { id: 'a', title: 'two' }));
    await expect(again).rejects.toMatchObject({ name: 'SyncError', kind: 'invalid-value' });
    await expect(b.sync.query(sql`SELECT nothing FROM nowhere`)).rejects.toMatchObject({ kind: 'invalid-query' });
  });

  test('find the data again after all of them were closed', async () => {
    const name = newName();
    const a = await openTab(name);
    await a.sync.write((tx) => tx.insert('issue', { id: 'a', title: 'kept' }));
    expect(a.sync.store.getState().status.persisted).toBe(true);
    open.pop();
    await a.sync.close();
    const b = await openTab(name);
    expect(await b.sync.query(all)).toMatchObject([{ title: 'kept' }]);
  });
});

describe('two tabs without a disk', () => {
  test('share what is in memory, and say that it will not last', async () => {
    const name = newName();
    const a = await openTab(name, 'memory');
    const b = await openTab(name, 'memory');
    await b.sync.write((tx) => tx.insert('issue', { id: 'a', title: 'shared' }));
    expect(await a.sync.query(all)).toMatchObject([{ title: 'shared' }]);
    expect(b.sync.store.getState().status.persisted).toBe(false);
    crash(a);
    expect(await b.sync.query(all)).toEqual([]);
  });
});

describe('a worker that cannot be loaded', () => {
  test('is told by every call', async () => {
    const sync = createSync({
      schema,
      storage: { kind: 'memory', name: newName() },
      worker: () => new Worker('/no-such-worker.js', { type: 'module' }),
    });
    await expect(sync.ready).rejects.toMatchObject({ kind: 'storage' });
    await expect(sync.query(all)).rejects.toMatchObject({ kind: 'storage' });
    expect(sync.store.getState().status).toMatchObject({ phase: 'error', error: { kind: 'storage' } });
    await sync.close();
  });
});

describe('when the leading worker dies', () => {
  test('another tab takes over, with all that was written', async () => {
    const name = newName();
    const a = await openTab(name);
    const b = await openTab(name);
    const c = await openTab(name);
    await a.sync.write((tx) => tx.insert('issue', { id: 'a', title: 'before' }));
    const live = c.sync.liveQuery(all);
    const [before] = await live.ready;
    crash(a);
    await b.sync.write((tx) => tx.insert('issue', { id: 'b', title: 'after' }));
    await expect.poll(() => live.getSnapshot().rows?.length).toBe(2);
    expect(live.getSnapshot().rows?.[0], 'an unchanged row keeps its identity').toBe(before);
    expect(await b.sync.inspect.integrityCheck()).toEqual([]);
    expect([isLeader(b), isLeader(c)].filter(Boolean)).toHaveLength(1);
    live.close();
  });

  test('a transaction that was open runs again from its start', async () => {
    const name = newName();
    const a = await openTab(name);
    const b = await openTab(name);
    let runs = 0;
    const receipt = await b.sync.write(async (tx) => {
      runs += 1;
      await tx.insert('issue', { id: 'half', title: `run ${runs}` });
      if (runs === 1) crash(a);
      await tx.insert('issue', { id: 'whole', title: `run ${runs}` });
      return runs;
    });
    expect(receipt.result).toBe(2);
    expect(await b.sync.query(all)).toMatchObject([{ title: 'run 2' }, { title: 'run 2' }]);
  });

  test('every write that was acknowledged is there, and none twice', async () => {
    const name = newName();
    let leader = await openTab(name);
    const acknowledged: string[] = [];
    for (let round = 0; round < 4; round++) {
      const next = await openTab(name);
      const writes = Array.from({ length: 25 }, async (_, index) => {
        const id = `${round}-${index}`;
        await next.sync.write(async (tx) => {
          await tx.insert('issue', { id, title: id });
          await tx.run(sql`UPDATE issue SET votes = votes + 1 WHERE id = ${id}`);
        });
        acknowledged.push(id);
        if (index === 8) crash(leader);
      });
      await Promise.all(writes);
      leader = next;
    }
    const rows = await leader.sync.query(all);
    expect(rows.map((row) => row.id).sort()).toEqual(acknowledged.sort());
    expect(rows.every((row) => row.votes === 1)).toBe(true);
    expect(await leader.sync.inspect.integrityCheck()).toEqual([]);
  });
});

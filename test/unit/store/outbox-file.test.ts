/** The outbox by hand: looked through, kept as a file, and written again from it. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Sync } from '../../../src/client/sync.ts';
import type { OutboxEntry, OutboxProgress } from '../../../src/client/types.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { sql } from '../../../src/core/sql.ts';
import { createSync } from '../../../src/store/create-sync.ts';
import { longOutboxText, outboxText } from '../../../src/store/outbox-file.ts';

const schema = defineSchema({
  version: 1,
  tables: {
    issue: table(
      { id: t.text(), project: t.text(), title: t.text(), votes: t.counter(), size: t.bigint().default(0n) },
      { scope: { kind: 'project', by: 'project' } },
    ),
    tag: table({ issue: t.text(), name: t.text(), data: t.blob().nullable() }, { primaryKey: ['issue', 'name'] }),
  },
});
type Device = Sync<typeof schema>;
const open: Device[] = [];
afterEach(() => Promise.all(open.splice(0).map((sync) => sync.close())));

/** A device whose server is never called. */
function device(): Device {
  const sync = createSync({ schema, server: { url: 'http://127.0.0.1:9/sync' }, autoSync: false });
  open.push(sync);
  return sync;
}

const issue = (id: string, project = 'p') => ({ id, project, title: id.toUpperCase(), size: 2n ** 60n });

describe('the outbox', () => {
  test('is listed and counted by state, table and row', async () => {
    const sync = device();
    for (const id of ['a', 'b', 'ab']) await sync.write((tx) => tx.insert('issue', issue(id)));
    await sync.write((tx) => tx.insert('tag', { issue: 'A', name: 'red' }));
    const ids = async (query: Parameters<Device['outbox']['list']>[0]) =>
      (await sync.outbox.list(query)).map(({ mutationId }) => mutationId);
    expect(await ids({ table: 'issue', row: 'A' })).toEqual([1, 3]);
    expect(await ids({ row: 'a' })).toEqual([1, 3, 4]);
    expect(await ids({ row: 'a', offset: 1, limit: 1 })).toEqual([3]);
    expect(await ids({ table: 'tag', states: ['rejected'] })).toEqual([]);
    expect(await sync.outbox.count()).toBe(4);
    expect(await sync.outbox.count({ states: ['pending'], table: 'issue' })).toBe(3);
  });

  test('is written again from its file on another device, value for value', async () => {
    const [one, other] = [device(), device()];
    await one.write(async (tx) => {
      await tx.insert('issue', issue('a'));
      await tx.insert('tag', { issue: 'a', name: 'red', data: new Uint8Array([1, 255]) });
    });
    await one.write((tx) => tx.run(sql`UPDATE issue SET votes = votes + 2, title = 'A2' WHERE id = 'a'`));
    await one.write((tx) => tx.delete('tag', ['a', 'red']));
    await other.write((tx) => tx.insert('issue', { ...issue('a'), title: 'theirs' }));
    const result = await other.outbox.import(await one.outbox.export());
    expect(result).toEqual({ writtenCount: 3, history: 'untold', skipped: [] });
    expect(await other.query(sql`SELECT title, votes, size FROM issue`)).toEqual([
      { title: 'A2', votes: 2, size: 2n ** 60n },
    ]);
    expect(await other.query(sql`SELECT * FROM tag`)).toEqual([]);
    expect(await other.outbox.count()).toBe(4);
  });

  test('does not write twice what still waits here', async () => {
    const sync = device();
    await sync.write((tx) => tx.insert('issue', issue('a')));
    await sync.write((tx) => tx.run(sql`UPDATE issue SET votes = votes + 1`));
    const { writtenCount, skipped } = await sync.outbox.import(await sync.outbox.export());
    expect([writtenCount, skipped.map(({ mutationId }) => mutationId)]).toEqual([0, [1, 2]]);
    expect(await sync.query(sql`SELECT votes FROM issue`)).toEqual([{ votes: 1 }]);
  });

  test('tells how far a long import is, and stops between two mutations', async () => {
    const [one, other] = [device(), device()];
    for (let n = 0; n < 60; n += 1) await one.write((tx) => tx.insert('issue', issue(`i${n}`)));
    const stopper = new AbortController();
    const told: OutboxProgress[] = [];
    const onProgress = (progress: OutboxProgress) => {
      told.push(progress);
      stopper.abort();
    };
    const result = await other.outbox.import(await one.outbox.export(), { onProgress, signal: stopper.signal });
    expect(told[0]).toEqual({ doneCount: 25, totalCount: 60 });
    expect(result.writtenCount).toBe(25);
    expect(result.skipped[0]).toEqual({ mutationId: 26, reason: 'The import was stopped before it.' });
    expect(result.skipped).toHaveLength(35);
    expect(await other.outbox.count()).toBe(25);
  });

  test('is the same text for many mutations, made with pauses', async () => {
    const sync = device();
    await sync.write((tx) => tx.insert('issue', issue('a')));
    const [entry] = await sync.outbox.list();
    const entries = Array.from({ length: 2_001 }, (_, n) => ({ ...(entry as OutboxEntry), mutationId: n + 1 }));
    const about = { clientId: 'c', schemaVersion: 1, exportedAt: 7 };
    let pauseCount = 0;
    const text = await longOutboxText(entries, about, async () => {
      pauseCount += 1;
    });
    expect([text === outboxText(entries, about), pauseCount]).toEqual([true, 2]);
    const file = JSON.parse(text);
    expect(file).toMatchObject({ format: 'tidemark-outbox', version: 1, ...about });
    expect(file.mutations).toHaveLength(2_001);
    expect(JSON.parse(outboxText([], about)).mutations).toEqual([]);
  });

  test('names what a file holds and this database does not take, and writes the rest', async () => {
    const [one, other] = [device(), device()];
    await one.write((tx) => tx.insert('issue', issue('a')));
    await one.write((tx) => tx.update('issue', 'a', { title: 'A2' }));
    const file = JSON.parse(await one.outbox.export());
    file.mutations[0].changes[0].table = 'gone';
    file.mutations.push({ mutationId: 9, changes: [{ table: 'tag', key: ['a', 'b'], op: 'put', columns: {} }] });
    const { writtenCount, skipped } = await other.outbox.import(JSON.stringify(file));
    expect(writtenCount).toBe(1);
    expect(skipped).toEqual([
      { mutationId: 1, reason: expect.stringContaining('gone') },
      { mutationId: 2, reason: 'The row a of issue is not on this device.' },
    ]);
  });

  test('refuses a file with a value that is none', async () => {
    const [one, other] = [device(), device()];
    await one.write((tx) => tx.insert('issue', issue('a')));
    const text = (await one.outbox.export()).replace(String(2n ** 60n), 'many');
    await expect(other.outbox.import(text)).rejects.toThrow(/mutation 1 in it holds a value that is none/);
    expect(await other.outbox.count()).toBe(0);
  });

  test.each(['', '{', '[]', '{"format":"tidemark-outbox","version":2}', '{"format":"tidemark-outbox","version":1}'])(
    'refuses %j as a file',
    async (text) => {
      await expect(device().outbox.import(text)).rejects.toThrow(expect.objectContaining({ kind: 'invalid-value' }));
    },
  );
});

test('rows are counted by scope', async () => {
  const sync = device();
  await sync.write((tx) => tx.insertMany('issue', [issue('a'), issue('b'), issue('c', 'q')]));
  await sync.write((tx) => tx.insert('tag', { issue: 'a', name: 'red' }));
  const scopes = await sync.inspect.scopes();
  expect(scopes.map(({ scope, rowCount }) => `${scope} ${rowCount}`).sort()).toEqual([
    'main 1',
    'project:p 2',
    'project:q 1',
  ]);
});

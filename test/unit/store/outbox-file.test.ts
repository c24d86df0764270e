/** The outbox by hand: looked through, kept as a file, and written again from it. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Sync } from '../../../src/client/sync.ts';
import type { OutboxEntry, OutboxProgress } from '../../../src/client/types.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { sql } from '../../../src/core/sql.ts';
import { createSync } from '../../../src/store/create-sync.ts';
import { outboxText } from '../../../src/store/outbox-file.ts';
import { parseLongOutboxText, parseOutboxText } from '../../../src/store/parse-outbox.ts';

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
    expect(told[0]).toEqual({ doneCount: 50, totalCount: 60 });
    expect(result.writtenCount).toBe(50);
    expect(result.skipped[0]).toEqual({ mutationId: 51, reason: 'The import was stopped before it.' });
    expect(result.skipped).toHaveLength(10);
    expect(await other.outbox.count()).toBe(50);
  });

  test('goes into the file page by page: all that waits from the beginning to the end, once, whatever moves meanwhile', async () => {
    const [one, other] = [device(), device()];
    await one.ready;
    await Promise.all(Array.from({ length: 1_100 }, (_, n) => one.write((tx) => tx.insert('issue', issue(`i${n}`)))));
    const told: OutboxProgress[] = [];
    let meanwhile: Promise<unknown> = Promise.resolve();
    const onProgress = (progress: OutboxProgress) => {
      told.push(progress);
      // Behind and before the place where the export is.
      if (told.length === 1) meanwhile = Promise.all([one.outbox.discard(2), one.outbox.discard(1_099)]);
    };
    const file = JSON.parse(await one.outbox.export({ onProgress }));
    await meanwhile;
    const ids: number[] = file.mutations.map(({ mutationId }: OutboxEntry) => mutationId);
    const gone = new Set([2, 1_099]);
    const staying = Array.from({ length: 1_100 }, (_, n) => n + 1).filter((id) => !gone.has(id));
    expect(ids.filter((id) => !gone.has(id))).toEqual(staying);
    expect(told.slice(0, 2).map(({ doneCount }) => doneCount)).toEqual([500, 1_000]);
    expect(told.at(-1)).toEqual({ doneCount: ids.length, totalCount: ids.length });
    expect(file).toMatchObject({ format: 'tidemark-outbox', version: 1 });
    const { writtenCount } = await other.outbox.import(JSON.stringify(file, null, 2));
    expect(writtenCount).toBe(ids.length);
  });

  test('is taken over once, however often its import is stopped and begun anew', async () => {
    const [one, other] = [device(), device()];
    await one.write((tx) => tx.insert('issue', issue('a')));
    for (let n = 0; n < 59; n += 1) await one.write((tx) => tx.run(sql`UPDATE issue SET votes = votes + 1`));
    const file = JSON.parse(await one.outbox.export());
    for (const mutation of file.mutations) mutation.epoch = 'their history';
    const text = JSON.stringify(file);
    const stopper = new AbortController();
    const stopped = await other.outbox.import(text, { onProgress: () => stopper.abort(), signal: stopper.signal });
    expect(stopped.writtenCount).toBe(50);
    // Written twice, an import counts the votes twice; the second one here also overlaps with a third.
    const [second, third] = await Promise.all([other.outbox.import(text), other.outbox.import(text)]);
    expect(second.writtenCount + third.writtenCount).toBe(10);
    expect(second.skipped[0]).toEqual({ mutationId: 1, reason: 'This device has taken it over before.' });
    expect(await other.query(sql`SELECT votes FROM issue`)).toEqual([{ votes: 59 }]);
    expect(await other.outbox.count()).toBe(60);
  });

  test('has what this device does not take left out, and what is good beside it taken over', async () => {
    const [one, other] = [device(), device()];
    for (const id of ['a', 'b', 'c']) await one.write((tx) => tx.insert('issue', issue(id)));
    const file = JSON.parse(await one.outbox.export());
    for (const mutation of file.mutations) mutation.epoch = 'their history';
    file.mutations[1].changes[0].table = 'gone';
    const { writtenCount, history, skipped } = await other.outbox.import(JSON.stringify(file));
    expect([writtenCount, history, skipped]).toEqual([
      2,
      'other',
      [{ mutationId: 2, reason: expect.stringContaining('gone') }],
    ]);
    expect((await other.query(sql`SELECT id FROM issue ORDER BY id`)).map(({ id }) => id)).toEqual(['a', 'c']);
  });

  test('takes over again what was thrown away here', async () => {
    const [one, other] = [device(), device()];
    await one.write((tx) => tx.insert('issue', issue('a')));
    const file = JSON.parse(await one.outbox.export());
    file.mutations[0].epoch = 'their history';
    const text = JSON.stringify(file);
    await other.outbox.import(text);
    await other.outbox.discard(1);
    expect(await other.outbox.import(text)).toMatchObject({ writtenCount: 1, skipped: [] });
    expect(await other.query(sql`SELECT id FROM issue`)).toEqual([{ id: 'a' }]);
  });

  test('is given whole or not at all: an export that is stopped throws', async () => {
    const sync = device();
    await sync.write((tx) => tx.insert('issue', issue('a')));
    const signal = AbortSignal.abort();
    await expect(sync.outbox.export({ signal })).rejects.toMatchObject({ kind: 'aborted' });
  });

  test('comes in pages of a size: a page ends before it is too much for a message, and goes on behind a place', async () => {
    const sync = device();
    for (const id of ['a', 'b', 'c']) {
      await sync.write((tx) => tx.insert('issue', { ...issue(id), title: id.repeat(1_000) }));
    }
    const ids = async (query: Parameters<Device['outbox']['list']>[0]) =>
      (await sync.outbox.list(query)).map(({ mutationId }) => mutationId);
    expect(await ids({ maxBytes: 1 })).toEqual([1]);
    expect(await ids({ maxBytes: 1_500 })).toEqual([1, 2]);
    const [, second] = await sync.outbox.list();
    expect(await ids({ after: second?.position ?? 0 })).toEqual([3]);
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

  describe('in a long file', () => {
    const about = { clientId: 'c', schemaVersion: 1, exportedAt: 7 };
    const change = {
      table: 'issue',
      key: ['a'],
      op: 'put' as const,
      columns: { title: 'x,\n'.repeat(200), size: 2n ** 60n },
    };
    const entry = { state: 'pending', hlc: 'h', base: 3, epoch: 'e', createdAt: 1, reason: null } as const;
    const entries = Array.from({ length: 1_500 }, (_, n) => ({ ...entry, mutationId: n + 1, changes: [change] }));
    const text = outboxText(entries as unknown as OutboxEntry[], about);
    let pauseCount = 0;
    const pause = async () => {
      pauseCount += 1;
    };

    test('is read line by line, with pauses, as it would be in one go', async () => {
      pauseCount = 0;
      expect(await parseLongOutboxText(`${text}\n`, pause)).toEqual(parseOutboxText(text));
      expect(pauseCount).toBe(Math.floor(text.length / 500_000));
      expect(pauseCount).toBeGreaterThan(1);
    });

    test('is read however somebody has laid it out', async () => {
      const whole = parseOutboxText(text);
      const parsed = JSON.parse(text);
      const { mutations, ...head } = parsed;
      for (const laidOut of [
        JSON.stringify(parsed),
        JSON.stringify(parsed, null, 2),
        JSON.stringify({ mutations, ...head }, null, 2),
      ]) {
        expect(await parseLongOutboxText(laidOut, pause)).toEqual(whole);
      }
    });

    test('is refused where a line is broken', async () => {
      const broken = text.replace('"mutationId":1400', '"mutationId":"1400"');
      await expect(parseLongOutboxText(broken, pause)).rejects.toThrow(/mutation 1400 in it is none/);
      await expect(parseLongOutboxText(text.replace('"mutationId":1400,', ''), pause)).rejects.toThrow(/mutation 1400/);
      await expect(parseLongOutboxText(text.replace('{"mutationId":1400', '{"mutationId:1400'), pause)).rejects.toThrow(
        /no JSON/,
      );
      await expect(parseLongOutboxText(text.replace('tidemark-outbox', 'other'), pause)).rejects.toThrow(
        /not of the format/,
      );
    });
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

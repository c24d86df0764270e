import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeHlc } from '../../src/core/hlc.ts';
import type { Stamp } from '../../src/core/row-version.ts';
import { defineSchema, type Schema, t, table, tableOf } from '../../src/core/schema.ts';
import { sql, toStatement } from '../../src/core/sql.ts';
import type { LogEntry } from '../../src/server/records.ts';
import type { ServerStorage, StoredRow } from '../../src/server/storage.ts';
import type { Cells } from '../../src/shared/cell.ts';

const item = table(
  {
    id: t.text(),
    part: t.bigint(),
    text: t.text().nullable(),
    whole: t.integer(),
    big: t.bigint(),
    real: t.real(),
    on: t.boolean(),
    json: t.json(),
    blob: t.blob().nullable(),
    votes: t.counter(),
    at: t.timestamp(),
    amount: t.decimal(),
  },
  { primaryKey: ['part', 'id'], scope: { kind: 'list', by: 'text', whenNull: 'none' } },
);
const child = table({ id: t.text(), item_id: t.text() });
const schema: Schema = defineSchema({ version: 1, tables: { item, child } });
const items = tableOf(schema, 'item');
const children = tableOf(schema, 'child');

const stamp: Stamp = { seq: 3, hlc: makeHlc(1_000, 2), clientId: 'device' };
const cells: Cells = {
  text: 'naïve 🌊 "quoted" \\ end',
  whole: -5,
  big: 2n ** 63n - 1n,
  real: 0.1,
  on: 1,
  json: '{"a":[1]}',
  blob: new Uint8Array([0, 255]),
  votes: 7,
  at: '2026-01-01T00:00:00.000001Z',
  amount: '1.10',
};

function row(id: string, rest: Partial<StoredRow> = {}): StoredRow {
  return { key: [1, id], columns: cells, image: null, scope: 'list:a', stamp, overrides: {}, ...rest };
}

function entry(seq: number, n: number, rest: Partial<LogEntry> = {}): LogEntry {
  const commit = { seq, clientId: 'device', mutationId: seq, hlc: makeHlc(seq, 0), at: seq * 1_000 };
  return {
    commit,
    n,
    scope: 'list:a',
    table: 'item',
    key: [1, `i${seq}-${n}`],
    op: 'patch',
    columns: { whole: n },
    ...rest,
  };
}

export interface StorageFixture {
  /** A storage over the same place each time, not opened yet. */
  connect(): ServerStorage;
  /** Whether the data outlives a close. */
  readonly isDurable: boolean;
  /** Whether texts may have the character U+0000; otherwise they are refused. */
  readonly holdsNul: boolean;
  remove(): Promise<void>;
}

/** What every server storage keeps: see the contract in `storage.ts`. */
/** Where a new database stands. */
const first = { epoch: 'first', epochFrom: null };

export function runServerStorageContract(name: string, make: () => Promise<StorageFixture>): void {
  describe(`${name} as ServerStorage`, () => {
    let fixture: StorageFixture;
    let storage: ServerStorage;

    beforeEach(async () => {
      fixture = await make();
      storage = fixture.connect();
      await storage.open(schema, 'first');
    });

    afterEach(async () => {
      await storage.close();
      await fixture.remove();
    });

    const readOne = async (id: string) => (await storage.read((reader) => reader.rows(items, [[1, id]])))[0];

    describe('rows', () => {
      test('come back exactly, with their version', async () => {
        const overrides = { text: { ...stamp, seq: 4 }, votes: { seq: 4, hlc: makeHlc(9, 0), clientId: null } };
        await storage.write((writer) => writer.writeRows(items, [row('a', { overrides })]));
        expect(await readOne('a')).toStrictEqual(row('a', { overrides }));
      });

      test.each([2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, Number.MAX_SAFE_INTEGER, 0])(
        'keep the integer %s',
        async (big) => {
          await storage.write((writer) => writer.writeRows(items, [row('a', { columns: { ...cells, big } })]));
          expect((await readOne('a'))?.columns?.big).toBe(big);
        },
      );

      test.each([5e-324, 1.7976931348623157e308, Number.POSITIVE_INFINITY, 0.1 + 0.2, 3])(
        'keep the double %s',
        async (real) => {
          await storage.write((writer) => writer.writeRows(items, [row('a', { columns: { ...cells, real } })]));
          expect((await readOne('a'))?.columns?.real).toBe(real);
        },
      );

      test('keep the character U+0000, or refuse it in words', async () => {
        const columns = { ...cells, text: 'a\0b' };
        const writing = storage.write(async (writer) => {
          await writer.writeRows(items, [row('a', { columns })]);
          await writer.rows(items, []);
        });
        if (fixture.holdsNul) {
          await writing;
          expect((await readOne('a'))?.columns?.text).toBe('a\0b');
        } else {
          await expect(writing).rejects.toMatchObject({
            kind: 'invalid-value',
            message: expect.stringContaining('U+0000'),
          });
        }
      });

      test('are found by keys beyond ±2^53, in the order asked', async () => {
        const big = row('a', { key: [2n ** 60n, 'a'] });
        await storage.write((writer) => writer.writeRows(items, [row('a'), big]));
        const keys = [
          [2n ** 60n, 'a'],
          [1, 'missing'],
          [1, 'a'],
        ];
        const found = await storage.read((reader) => reader.rows(items, keys));
        expect(found.map((one) => one?.key ?? null)).toEqual([[2n ** 60n, 'a'], null, [1, 'a']]);
      });

      test('are replaced by a second write', async () => {
        await storage.write((writer) => writer.writeRows(items, [row('a')]));
        const changed = row('a', { columns: { ...cells, whole: 6, blob: null }, scope: 'list:b' });
        await storage.write((writer) => writer.writeRows(items, [changed]));
        expect(await readOne('a')).toStrictEqual(changed);
      });

      test('leave a tombstone with their image', async () => {
        await storage.write((writer) => writer.writeRows(items, [row('a')]));
        const gone = row('a', { columns: null, image: cells, stamp: { ...stamp, seq: 9 } });
        await storage.write((writer) => writer.writeRows(items, [gone]));
        expect(await readOne('a')).toStrictEqual(gone);
        expect(await storage.read((reader) => reader.count(items, null))).toBe(0);
        expect(await storage.read((reader) => reader.count(items, ['list:a']))).toBe(0);
      });

      test('are found by a column', async () => {
        const columns = (item_id: string) => ({ key: [`c-${item_id}`], columns: { item_id } });
        const rows = ['x', 'y'].map((id) => row(id, columns(id)));
        await storage.write((writer) => writer.writeRows(children, rows));
        expect(await storage.read((reader) => reader.keysWhere(children, 'item_id', 'y'))).toEqual([['c-y']]);
      });

      test('are counted by scope', async () => {
        const rows = [row('a'), row('b'), row('c', { scope: 'none' })];
        await storage.write((writer) => writer.writeRows(items, rows));
        const count = (scopes: string[] | null) => storage.read((reader) => reader.count(items, scopes));
        expect([await count(null), await count(['list:a']), await count(['list:a', 'none']), await count([])]).toEqual([
          3, 2, 3, 0,
        ]);
        const held = await storage.read((reader) => reader.heldScopes(items, ['list:a', 'none', 'nowhere']));
        expect(held.sort()).toEqual(['list:a', 'none']);
        await storage.write((writer) => writer.writeRows(items, [row('c', { scope: 'none', columns: null })]));
        expect(await storage.read((reader) => reader.heldScopes(items, ['list:a', 'none']))).toEqual(['list:a']);
        await storage.write((writer) => writer.writeRows(items, [row('c', { scope: 'none' })]));
        const but = (...except: string[]) => storage.read((reader) => reader.count(items, null, except));
        expect([await but('list:a'), await but('list:a', 'none'), await but('nowhere')]).toEqual([1, 0, 3]);
      });
    });

    describe('pages', () => {
      const ids = ['a', 'b', 'c', 'd', 'e'];
      const page = (scope: string | null, after: StoredRow['key'] | null, maxBytes: number) =>
        storage.read((reader) => reader.page({ table: items, scope, after, maxBytes }));

      beforeEach(async () => {
        const rows = ids.map((id) => row(id, { scope: id === 'c' ? 'list:other' : 'list:a' }));
        await storage.write((writer) => writer.writeRows(items, [...rows, row('b2', { columns: null, image: cells })]));
      });

      test('walk a table in key order, all columns in the order of the schema', async () => {
        const { rows, isEnd } = await page(null, null, 1e6);
        expect(rows.map(([id]) => id)).toEqual(ids);
        expect(rows[0]).toEqual(['a', 1, ...Object.values(cells)]);
        expect(isEnd).toBe(true);
      });

      test('walk one scope', async () => {
        expect((await page('list:a', null, 1e6)).rows.map(([id]) => id)).toEqual(['a', 'b', 'd', 'e']);
        expect((await page('nowhere', null, 1e6)).rows).toEqual([]);
      });

      test('walk all scopes but some, a row at a time if need be', async () => {
        const walk = (except: string[], after: StoredRow['key'] | null, maxBytes: number) =>
          storage.read((reader) => reader.page({ table: items, scope: null, except, after, maxBytes }));
        const idsOf = async (...except: string[]) => (await walk(except, null, 1e6)).rows.map(([id]) => id);
        expect(await idsOf('list:other')).toEqual(['a', 'b', 'd', 'e']);
        expect(await idsOf('list:a', 'nowhere')).toEqual(['c']);
        expect(await idsOf('list:a', 'list:other')).toEqual([]);
        expect((await walk(['list:other'], [1, 'b'], 1)).rows.map(([id]) => id)).toEqual(['d']);
      });

      test.each([null, 'list:a'])('go on after a key, a row at a time if need be (scope %s)', async (scope) => {
        const seen: unknown[] = [];
        for (let after: StoredRow['key'] | null = null; ; ) {
          const { rows, isEnd } = await page(scope, after, 1);
          seen.push(...rows.map(([id]) => id));
          expect(rows.length).toBeLessThanOrEqual(1);
          if (isEnd) break;
          after = [1, seen.at(-1) as string];
        }
        expect(seen).toEqual(ids.filter((id) => scope === null || id !== 'c'));
      });
    });

    describe('the log', () => {
      const read = (range: {
        seq?: number;
        n?: number;
        until?: number;
        scopes?: string[] | null;
        except?: string[];
        maxBytes?: number;
        isWholeRows?: boolean;
      }) =>
        storage.read((reader) =>
          reader.log({
            after: { seq: range.seq ?? 0, n: range.n ?? Number.MAX_SAFE_INTEGER },
            until: range.until ?? 100,
            scopes: range.scopes ?? null,
            except: range.except ?? [],
            maxBytes: range.maxBytes ?? 1e6,
            isWholeRows: range.isWholeRows ?? false,
          }),
        );
      const places = (entries: readonly LogEntry[]) => entries.map(({ commit, n }) => `${commit.seq}.${n}`);

      beforeEach(async () => {
        const entries = [
          entry(1, 0),
          entry(2, 0),
          entry(2, 1, { scope: 'list:b' }),
          entry(3, 0, { scope: 'list:b', columns: cells }),
        ];
        await storage.write((writer) => writer.appendLog(entries));
      });

      test('moves the head', async () => {
        expect(await storage.read((reader) => reader.position())).toEqual({ ...first, head: 3, prunedTo: 0 });
      });

      test('gives entries back exactly, in order, with their commits', async () => {
        const { entries, isEnd } = await read({});
        expect(entries).toStrictEqual([
          entry(1, 0),
          entry(2, 0),
          entry(2, 1, { scope: 'list:b' }),
          entry(3, 0, { scope: 'list:b', columns: cells }),
        ]);
        expect(isEnd).toBe(true);
      });

      test('is read from a place inside a commit, up to a seq, by scope', async () => {
        expect(places((await read({ seq: 2, n: 0 })).entries)).toEqual(['2.1', '3.0']);
        expect(places((await read({ seq: 2 })).entries)).toEqual(['3.0']);
        expect(places((await read({ until: 2 })).entries)).toEqual(['1.0', '2.0', '2.1']);
        expect(places((await read({ scopes: ['list:b'] })).entries)).toEqual(['2.1', '3.0']);
        expect(places((await read({ scopes: ['list:b'], until: 100_000 })).entries)).toEqual(['2.1', '3.0']);
        expect(places((await read({ scopes: [] })).entries)).toEqual([]);
        expect(places((await read({ except: ['list:b'] })).entries)).toEqual(['1.0', '2.0']);
        expect(places((await read({ except: ['list:b', 'x'], until: 100_000 })).entries)).toEqual(['1.0', '2.0']);
      });

      test('tells puts and deletes apart from patches', async () => {
        await storage.write((writer) => writer.appendLog([entry(4, 0, { op: 'put' }), entry(4, 1, { op: 'delete' })]));
        expect(places((await read({ isWholeRows: true })).entries)).toEqual(['4.0', '4.1']);
        expect(places((await read({ isWholeRows: true, scopes: ['list:a'], until: 100_000 })).entries)).toEqual([
          '4.0',
          '4.1',
        ]);
      });

      test('stops once a page is full', async () => {
        const { entries, isEnd } = await read({ maxBytes: 1 });
        expect([places(entries), isEnd]).toEqual([['1.0'], false]);
      });

      test('is pruned from its oldest commit on, by seq or by age', async () => {
        const prune = (bounds: { beforeSeq?: number; beforeAt?: number; maxCommits?: number }) =>
          storage.write((writer) =>
            writer.prune({ beforeSeq: 0, beforeAt: 0, maxCommits: 100, partsBeforeAt: 0, ...bounds }),
          );
        expect(await prune({ beforeSeq: 3, maxCommits: 1 })).toBe(1);
        expect(await prune({ beforeAt: 3_000 })).toBe(1);
        expect(await prune({})).toBe(0);
        expect(places((await read({})).entries)).toEqual(['3.0']);
        expect(await storage.read((reader) => reader.position())).toEqual({ ...first, head: 3, prunedTo: 2 });
      });

      test('takes older tombstones with it when pruned', async () => {
        const gone = (id: string, seq: number) => row(id, { columns: null, image: cells, stamp: { ...stamp, seq } });
        await storage.write((writer) => writer.writeRows(items, [gone('old', 1), gone('new', 3)]));
        await storage.write((writer) => writer.prune({ beforeSeq: 3, beforeAt: 0, maxCommits: 100, partsBeforeAt: 0 }));
        expect([await readOne('old'), (await readOne('new'))?.image]).toEqual([null, cells]);
      });
    });

    describe('outcomes, parts and devices', () => {
      test('keep outcomes per client', async () => {
        const conflict = {
          table: 'item',
          key: [1, 'a'],
          kind: 'update-update' as const,
          columns: ['text'],
          remote: cells,
          remoteSeq: 3,
          remoteAuthor: { clientId: null, hlc: stamp.hlc },
          decided: { text: { policy: 'merge' as const, winner: 'remote' as const } },
        };
        const outcomes = [
          { mutationId: 1, outcome: 'applied' as const, seq: 5, conflicts: [] },
          { mutationId: 2, outcome: 'merged' as const, seq: null, conflicts: [conflict] },
          {
            mutationId: 3,
            outcome: 'rejected' as const,
            seq: null,
            conflicts: [],
            reason: { code: 'forbidden', message: 'No.' },
          },
        ];
        await storage.write((writer) =>
          writer.saveOutcomes(outcomes.map((outcome) => ({ clientId: 'device', hlc: stamp.hlc, outcome }))),
        );
        const found = await storage.read((reader) => reader.outcomes('device', [3, 2, 1, 4]));
        expect(found.every(({ clientId, hlc }) => clientId === 'device' && hlc === stamp.hlc)).toBe(true);
        expect(found.map(({ outcome }) => outcome).sort((a, b) => a.mutationId - b.mutationId)).toEqual(outcomes);
        expect(await storage.read((reader) => reader.outcomes('another', [1, 2, 3]))).toEqual([]);
      });

      test('keep parts until they are dropped or too old', async () => {
        const part = (index: number, byte: number, at = 1_000) => ({
          clientId: 'device',
          mutationId: 7,
          index,
          count: 2,
          sizeBytes: 1,
          at,
          bytes: new Uint8Array([byte]),
        });
        await storage.write(async (writer) => {
          for (const one of [part(1, 1), part(0, 9), part(0, 0)]) await writer.savePart(one);
        });
        const [first, second] = await storage.read((reader) => reader.parts('device'));
        expect([first?.index, second?.index].sort()).toEqual([0, 1]);
        expect(await storage.read((reader) => reader.partBytes('device', 7))).toEqual([
          new Uint8Array([0]),
          new Uint8Array([1]),
        ]);
        await storage.write((writer) =>
          writer.prune({ beforeSeq: 0, beforeAt: 0, maxCommits: 1, partsBeforeAt: 1_001 }),
        );
        expect(await storage.read((reader) => reader.parts('device'))).toEqual([]);
        await storage.write((writer) => writer.savePart(part(0, 0)));
        await storage.write((writer) => writer.dropParts('device', 7));
        expect(await storage.read((reader) => reader.parts('device'))).toEqual([]);
      });

      test('keep devices by subject', async () => {
        const device = (clientId: string, subject: string) => ({
          clientId,
          subject,
          name: null,
          firstSeenAt: 1,
          lastSeenAt: 2,
          isRevoked: false,
        });
        await storage.write(async (writer) => {
          await writer.saveDevice(device('a', 'ana'));
          await writer.saveDevice(device('b', 'ben'));
          await writer.saveDevice({ ...device('a', 'ana'), name: 'Phone', isRevoked: true });
        });
        expect(await storage.read((reader) => reader.devices('ana'))).toEqual([
          { ...device('a', 'ana'), name: 'Phone', isRevoked: true },
        ]);
        expect(await storage.read((reader) => reader.device('b'))).toEqual(device('b', 'ben'));
        expect(await storage.read((reader) => reader.device('c'))).toBeNull();
      });

      test('know the copies of a device by the id they began with', async () => {
        const ids = ['a', 'a.2.0000000000010000', 'A.1.x', 'a.2.0000000000010000.y', 'a-b', 'ab', 'a%', 'b.a'];
        await storage.write(async (writer) => {
          for (const clientId of ids) {
            const times = { firstSeenAt: 1, lastSeenAt: 2 };
            await writer.saveDevice({ clientId, subject: 'ana', name: null, ...times, isRevoked: false });
          }
        });
        const family = async (root: string) =>
          (await storage.read((reader) => reader.family(root))).map(({ clientId }) => clientId).sort();
        expect(await family('a')).toEqual(['a', 'a.2.0000000000010000', 'a.2.0000000000010000.y']);
        expect(await family('a%')).toEqual(['a%']);
        expect(await family('c')).toEqual([]);
      });
    });

    describe('transactions', () => {
      test('undo everything when they throw, and pass the error on', async () => {
        const failing = storage.write(async (writer) => {
          await writer.writeRows(items, [row('a')]);
          await writer.appendLog([entry(1, 0)]);
          throw new Error('no');
        });
        await expect(failing).rejects.toThrow('no');
        expect(await readOne('a')).toBeNull();
        expect((await storage.read((reader) => reader.position())).head).toBe(0);
      });

      test('run one after the other, and see their own writes', async () => {
        const append = () =>
          storage.write(async (writer) => {
            const { head } = await writer.position();
            await Promise.resolve();
            await writer.appendLog([entry(head + 1, 0)]);
            return (await writer.position()).head;
          });
        expect(await Promise.all([append(), append(), append()])).toEqual([1, 2, 3]);
      });

      test('show readers committed states only', async () => {
        let seenInside: Promise<number> = Promise.resolve(-1);
        await storage.write(async (writer) => {
          await writer.appendLog([entry(1, 0)]);
          seenInside = storage.read(async (reader) => (await reader.position()).head);
          await Promise.resolve();
        });
        expect([0, 1]).toContain(await seenInside);
        expect(await storage.read(async (reader) => (await reader.position()).head)).toBe(1);
      });

      test('give a handle that is dead afterwards', async () => {
        const reader = await storage.read(async (handle) => handle);
        await expect(reader.position()).rejects.toMatchObject({ kind: 'misuse' });
      });
    });

    describe('queries of app code', () => {
      test('read the user’s tables', async () => {
        await storage.write((writer) => writer.writeRows(items, [row('a')]));
        const found = await storage.query(
          toStatement(sql`SELECT id, whole AS n, big FROM item WHERE text = ${cells.text}`),
        );
        expect(found).toEqual([{ id: 'a', n: -5, big: 2n ** 63n - 1n }]);
      });

      test('cannot write', async () => {
        await storage.write((writer) => writer.writeRows(items, [row('a')]));
        await expect(storage.query(toStatement(sql`DELETE FROM item`))).rejects.toMatchObject({ name: 'SyncError' });
        expect(await readOne('a')).not.toBeNull();
      });
    });

    describe('the database', () => {
      test('keeps its epoch until told otherwise', async () => {
        await storage.write((writer) => writer.setEpoch('second'));
        expect((await storage.read((reader) => reader.position())).epoch).toBe('second');
      });

      test('knows what each epoch has in common with those before', async () => {
        const known = () =>
          storage.read(async (reader) => ({ ...(await reader.position()), former: await reader.formerEpochs() }));
        expect(await known()).toEqual({ ...first, head: 0, prunedTo: 0, former: [] });
        await storage.write((writer) => writer.appendLog([entry(1, 0), entry(2, 0)]));
        await storage.write((writer) => writer.setEpoch('second'));
        expect(await known()).toMatchObject({ epochFrom: 2, former: [{ epoch: 'first', seq: 2 }] });
        // In the transaction of a commit: that one is taken over.
        const position = await storage.write(async (writer) => {
          await writer.appendLog([entry(3, 0)]);
          await writer.setEpoch('third');
          return writer.position();
        });
        expect(position).toMatchObject({ epoch: 'third', epochFrom: 3 });
        const former = [
          { epoch: 'second', seq: 3 },
          { epoch: 'first', seq: 2 },
        ];
        expect(await known()).toMatchObject({ epoch: 'third', head: 3, epochFrom: 3, former });
        if (!fixture.isDurable) return;
        await storage.close();
        storage = fixture.connect();
        await storage.open(schema, 'another');
        expect(await known()).toMatchObject({ epoch: 'third', epochFrom: 3, former });
      });

      test('keeps settings', async () => {
        await storage.write((writer) => writer.saveSetting('a', 'first'));
        await storage.write((writer) => writer.saveSetting('a', 'second'));
        const [a, b] = await storage.read(async (reader) => [await reader.setting('a'), await reader.setting('b')]);
        expect([a, b]).toEqual(['second', null]);
      });

      test('refuses calls after it was closed', async () => {
        await storage.close();
        await expect(storage.read((reader) => reader.position())).rejects.toMatchObject({ kind: 'closed' });
        await expect(storage.write((writer) => writer.position())).rejects.toMatchObject({ kind: 'closed' });
        await expect(storage.close()).resolves.toBeUndefined();
      });

      test('is there again when it is opened a second time', async () => {
        if (!fixture.isDurable) return;
        await storage.write(async (writer) => {
          await writer.writeRows(items, [row('a')]);
          await writer.appendLog([entry(1, 0)]);
        });
        await storage.close();
        storage = fixture.connect();
        await storage.open(schema, 'another');
        expect(await readOne('a')).toStrictEqual(row('a'));
        expect(await storage.read((reader) => reader.position())).toEqual({ ...first, head: 1, prunedTo: 0 });
      });

      test('gets new tables and columns of a newer schema in place', async () => {
        if (!fixture.isDurable) return;
        await storage.write((writer) =>
          writer.writeRows(children, [row('a', { key: ['c'], columns: { item_id: 'x' } })]),
        );
        await storage.close();
        const grown = table({
          id: t.text(),
          item_id: t.text(),
          rank: t.integer(),
          label: t.text().default('new').nullable(),
          tag: t.json(),
        });
        const newer: Schema = defineSchema({
          version: 2,
          tables: { item, child: grown, extra: table({ id: t.text() }) },
        });
        storage = fixture.connect();
        await storage.open(newer, 'another');
        const [found] = await storage.read((reader) => reader.rows(tableOf(newer, 'child'), [['c']]));
        expect(found?.columns).toEqual({ item_id: 'x', rank: 0, label: 'new', tag: 'null' });
        expect(await storage.read((reader) => reader.count(tableOf(newer, 'extra'), null))).toBe(0);
      });

      test('lets a column become nullable, and keeps columns the schema has dropped', async () => {
        if (!fixture.isDurable) return;
        const columns = { item_id: 'x' };
        await storage.write((writer) => writer.writeRows(children, [row('a', { key: ['c'], columns })]));
        const reopen = async (version: number, definition: typeof child | ReturnType<typeof table>) => {
          await storage.close();
          const next: Schema = defineSchema({ version, tables: { child: definition } });
          storage = fixture.connect();
          await storage.open(next, 'another');
          return tableOf(next, 'child');
        };
        const without = await reopen(2, table({ id: t.text(), label: t.text() }));
        await storage.write((writer) =>
          writer.writeRows(without, [row('b', { key: ['d'], columns: { label: 'new' } })]),
        );
        const loose = await reopen(3, table({ id: t.text(), label: t.text().nullable() }));
        await storage.write((writer) => writer.writeRows(loose, [row('b', { key: ['d'], columns: { label: null } })]));
        const again = await reopen(4, table({ id: t.text(), label: t.text().nullable(), item_id: t.text() }));
        const found = await storage.read((reader) => reader.rows(again, [['c'], ['d']]));
        expect(found.map((one) => one?.columns)).toEqual([
          { label: '', item_id: 'x' },
          { label: null, item_id: '' },
        ]);
      });

      test('refuses a schema its tables cannot be grown into', async () => {
        if (!fixture.isDurable) return;
        await storage.close();
        const other: Schema = defineSchema({
          version: 2,
          tables: { child: table({ id: t.text(), item_id: t.integer() }) },
        });
        storage = fixture.connect();
        await expect(storage.open(other, 'another')).rejects.toMatchObject({
          kind: 'invalid-schema',
          message: expect.stringContaining('item_id'),
        });
      });
    });
  });
}

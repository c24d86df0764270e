import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OpenedLocalStore } from '../../../../src/client/store/create-local-store.ts';
import type { Change } from '../../../../src/core/change.ts';
import { defineSchema, t, table } from '../../../../src/core/schema.ts';
import type { Cell, Cells } from '../../../../src/shared/cell.ts';
import type { LocalDatabase } from '../../../../src/storage/local-database.ts';
import { changeRow, ModelServer, type Rows, rowId, type Verdict } from './model.ts';
import { openStore, page, reopen, response } from './store-helpers.ts';

const schema = defineSchema({
  version: 1,
  tables: {
    item: table({ id: t.text(), a: t.text(), b: t.integer().nullable(), votes: t.counter() }),
    pair: table({ x: t.integer(), y: t.text(), note: t.text().nullable() }, { primaryKey: ['x', 'y'] }),
  },
});

const ITEMS = ['i1', 'i2', 'i3'];
const PAIRS: [number, string][] = [
  [1, 'p'],
  [1, 'q'],
];

type Statement = readonly [string, ...Cell[]];

const text = fc.constantFrom('A', 'B', 'C', '');
const number = fc.constantFrom(null, 0, 1, 2 ** 53 + 2);
const item = fc.constantFrom(...ITEMS);
const pair = fc.constantFrom(...PAIRS);

const statement: fc.Arbitrary<Statement> = fc.oneof(
  fc
    .tuple(item, text, number)
    .map(([id, a, b]): Statement => ['INSERT OR REPLACE INTO item (id, a, b) VALUES (?, ?, ?)', id, a, wide(b)]),
  fc.tuple(item, text).map(([id, a]): Statement => ['INSERT OR IGNORE INTO item (id, a) VALUES (?, ?)', id, a]),
  fc.tuple(text, item).map((cells): Statement => ['UPDATE item SET a = ? WHERE id = ?', ...cells]),
  fc.tuple(number, item).map(([b, id]): Statement => ['UPDATE item SET b = ? WHERE id = ?', wide(b), id]),
  item.map((id): Statement => ['UPDATE item SET votes = votes + 1 WHERE id = ?', id]),
  item.map((id): Statement => ['DELETE FROM item WHERE id = ?', id]),
  fc.tuple(item, item).map((ids): Statement => ['UPDATE OR REPLACE item SET id = ? WHERE id = ?', ...ids]),
  fc
    .tuple(pair, text)
    .map(
      ([[x, y], note]): Statement => [
        'INSERT INTO pair (x, y, note) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET note = excluded.note',
        x,
        y,
        note,
      ],
    ),
  pair.map(([x, y]): Statement => ['DELETE FROM pair WHERE x = ? AND y = ?', x, y]),
  text.map((note): Statement => ['UPDATE pair SET note = ?', note]),
);

function wide(value: number | null): Cell {
  return value !== null && !Number.isSafeInteger(value) ? BigInt(value) : value;
}

const remoteChange: fc.Arbitrary<Change> = fc.oneof(
  fc
    .tuple(item, text, number)
    .map(([id, a, b]): Change => ({ table: 'item', key: [id], op: 'put', columns: { a, b: wide(b), votes: 0 } })),
  fc.tuple(item, text).map(([id, a]): Change => ({ table: 'item', key: [id], op: 'patch', columns: { a } })),
  item.map((id): Change => ({ table: 'item', key: [id], op: 'patch', columns: {}, counters: { votes: 10 } })),
  item.map((id): Change => ({ table: 'item', key: [id], op: 'delete', columns: {} })),
  fc.tuple(pair, text).map(([key, note]): Change => ({ table: 'pair', key, op: 'put', columns: { note } })),
  pair.map((key): Change => ({ table: 'pair', key, op: 'delete', columns: {} })),
);

type Step =
  | { readonly kind: 'write'; readonly statements: readonly Statement[] }
  | { readonly kind: 'remote'; readonly changes: readonly Change[] }
  | {
      readonly kind: 'push';
      readonly maxBytes: number;
      readonly verdicts: readonly Verdict[];
      readonly ack: 'now' | 'late' | 'lost';
    }
  | { readonly kind: 'pull'; readonly commits: number; readonly pages: number }
  | { readonly kind: 'resync' }
  | {
      readonly kind: 'decide';
      readonly how: 'retry' | 'discard' | 'local' | 'remote' | 'merged';
      readonly which: number;
    }
  | { readonly kind: 'restart' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      statements: fc.array(statement, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('remote' as const),
      changes: fc.uniqueArray(remoteChange, {
        minLength: 1,
        maxLength: 3,
        selector: ({ table, key }) => rowId(table, key),
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      maxBytes: fc.constantFrom(400, 1_200, 1_048_576),
      verdicts: fc.array(fc.constantFrom<Verdict>('apply', 'apply', 'apply', 'reject', 'conflict', 'no-effect'), {
        minLength: 1,
        maxLength: 4,
      }),
      ack: fc.constantFrom('now', 'now', 'late', 'lost'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pull' as const),
      commits: fc.integer({ min: 1, max: 6 }),
      pages: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'resync' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('decide' as const),
      how: fc.constantFrom('retry', 'discard', 'local', 'remote', 'merged'),
      which: fc.nat(5),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
);

/** One device and its server, stepped through a history. */
class World {
  readonly server = new ModelServer();
  readonly database: LocalDatabase;
  store: OpenedLocalStore;
  /** Answers on their way. */
  #late: (() => void)[] = [];
  #writes = 0;

  constructor(database: LocalDatabase, store: OpenedLocalStore) {
    this.database = database;
    this.store = store;
  }

  run(step: Step): void {
    switch (step.kind) {
      case 'write':
        return this.#write(step.statements);
      case 'remote':
        return this.server.commit(step.changes, { clientId: 'other', mutationId: 1, hlc: '0000000000010000' });
      case 'push':
        return this.#push(step);
      case 'pull':
        return this.#pull(step.commits, step.pages);
      case 'resync':
        return this.#resync();
      case 'decide':
        return this.#decide(step);
      case 'restart':
        this.#late = [];
        this.store = reopen(this.database, { schema });
    }
  }

  #write(statements: readonly Statement[]): void {
    this.store.beginWrite();
    for (const [sql, ...parameters] of statements) this.store.runWrite(sql, parameters);
    this.store.commitWrite({ writeId: `w${++this.#writes}`, now: 2_000 });
  }

  #push(step: Extract<Step, { kind: 'push' }>): void {
    for (const deliver of this.#late.splice(0)) deliver();
    const push = this.store.nextPush(step.maxBytes);
    if (!push) return;
    this.#checkOrder(push.part ? [push.part.mutationId] : push.mutationIds);
    if (push.part) return this.store.unsend(push.mutationIds);
    const outcomes = push.mutations.map((mutation, index) =>
      this.server.push(mutation, this.store.clientId, step.verdicts[index % step.verdicts.length] ?? 'apply'),
    );
    const answer = response(outcomes, this.server.head);
    if (step.ack === 'lost') this.store.unsend(push.mutationIds);
    else if (step.ack === 'late') this.#late.push(() => this.store.settle(answer, 3_000));
    else {
      this.store.settle(answer, 3_000);
      // The same answer again changes nothing.
      expect(this.store.settle(answer, 3_000).settled).toEqual([]);
    }
  }

  /** No write overtakes another one on the same row. */
  #checkOrder(sent: readonly number[]): void {
    const waiting = new Set<string>();
    for (const { mutationId, state, changes } of this.store.outbox()) {
      const rows = changes.map(({ table, key }) => rowId(table, key));
      if (sent.includes(mutationId)) expect(rows.filter((row) => waiting.has(row))).toEqual([]);
      else if (state !== 'accepted') for (const row of rows) waiting.add(row);
    }
  }

  #pull(commits: number, pages: number): void {
    const from = this.store.cursor?.seq ?? 0;
    const to = Math.min(this.server.head, from + commits);
    if (to === from) return;
    const all = this.server.log.slice(from, to);
    const each = Math.ceil(all.length / pages);
    for (let start = 0; start < all.length; start += each) {
      const transactions = all.slice(start, start + each);
      const isLast = start + each >= all.length;
      if (isLast) this.store.applyChain(page({ from, seq: to, transactions, scopes: ['main'] }), 4_000);
      else
        this.store.stagePage(page({ from, seq: to, transactions, resume: `${start}`, cursor: null, scopes: ['main'] }));
    }
  }

  #resync(): void {
    this.store.resetCursor();
    const { head } = this.server;
    const rows = [...this.server.rows];
    const of = (name: string, columns: string[], keyLength: number) => ({
      table: name,
      columns,
      rows: rows
        .filter(([id]) => id.startsWith(`${name} `))
        .map(([id, cells]) => [
          ...keyOf(id, keyLength),
          ...columns.slice(keyLength).map((column) => cells[column] ?? null),
        ]),
    });
    const snapshot = [of('item', ['id', 'a', 'b', 'votes'], 1), of('pair', ['x', 'y', 'note'], 2)];
    this.store.applyChain(page({ from: 0, seq: head, snapshot, replaces: ['item', 'pair'], scopes: ['main'] }), 4_000);
  }

  #decide({ how, which }: Extract<Step, { kind: 'decide' }>): void {
    const open = this.store.conflicts({ state: 'open' });
    const stopped = this.store.outbox().filter(({ state }) => state === 'conflicted' || state === 'rejected');
    if (how === 'retry' || how === 'discard') {
      const entry = stopped[which % stopped.length];
      if (entry) this.store[how](entry.mutationId, 5_000);
      return;
    }
    const conflict = open[which % open.length];
    if (!conflict) return;
    const merged = conflict.table === 'item' ? { a: 'M', votes: 5 } : { note: 'M' };
    this.store.resolveConflict(conflict.id, how === 'merged' ? { merged } : how, { by: 'person', now: 5_000 });
  }

  /** Everything pushed, decided and pulled. */
  drain(): void {
    for (let round = 0; round < 200; round++) {
      for (const deliver of this.#late.splice(0)) deliver();
      for (const { mutationId, state } of this.store.outbox()) {
        if (state === 'conflicted' || state === 'rejected') this.store.retry(mutationId, 6_000);
      }
      const push = this.store.nextPush(1_048_576);
      if (!push) break;
      const outcomes = push.mutations.map((mutation) => this.server.push(mutation, this.store.clientId, 'apply'));
      this.store.settle(response(outcomes, this.server.head), 6_000);
    }
    this.#pull(this.server.head, 1);
    // An empty chain too tells where the device stands.
    const { head } = this.server;
    this.store.applyChain(page({ from: this.store.cursor?.seq ?? 0, seq: head, scopes: ['main'] }), 6_000);
  }

  check(): void {
    expect(this.#visible()).toEqual(this.#expected());
    const covered = this.#coveredRows();
    const images = this.database.read("SELECT tbl || ' ' || key FROM _tidemark_image").rows.map(([id]) => id);
    expect(images.filter((id) => !covered.has(String(id)))).toEqual([]);
    expect(this.database.read('SELECT count(*) FROM _tidemark_capture').rows).toEqual([[0]]);
  }

  #shown() {
    const seq = this.store.cursor?.seq ?? 0;
    return this.store.outbox().filter(({ state, mutationId }) => {
      const echoedAt = this.server.log.find(
        (one) => one.clientId === this.store.clientId && one.mutationId === mutationId,
      )?.seq;
      return state !== 'rejected' && !(echoedAt !== undefined && echoedAt <= seq && this.#wasPulled(mutationId));
    });
  }

  /** After a resync by snapshot, an echo is no more seen than any other row: the mutation stays on top until its outcome is known. */
  #wasPulled(mutationId: number): boolean {
    const [row] = this.database.read('SELECT is_echoed FROM _tidemark_outbox WHERE mutation_id = ?', [mutationId]).rows;
    return row?.[0] === 1;
  }

  #coveredRows(): Set<string> {
    return new Set(this.#shown().flatMap(({ changes }) => changes.map(({ table, key }) => rowId(table, key))));
  }

  #expected(): Record<string, Cells> {
    const rows = new Map(this.server.rowsAt(this.store.cursor?.seq ?? 0));
    for (const { changes } of this.#shown()) {
      for (const change of changes) {
        const id = rowId(change.table, change.key);
        const after = changeRow(rows.get(id), change);
        if (after === undefined) rows.delete(id);
        else rows.set(id, after);
      }
    }
    return sorted(rows);
  }

  #visible(): Record<string, Cells> {
    const rows = new Map<string, Cells>();
    for (const [id, a, b, votes] of this.database.read('SELECT id, a, b, votes FROM item').rows) {
      rows.set(rowId('item', [id ?? null]), { a: a ?? null, b: b ?? null, votes: votes ?? null });
    }
    for (const [x, y, note] of this.database.read('SELECT x, y, note FROM pair').rows) {
      rows.set(rowId('pair', [x ?? null, y ?? null]), { note: note ?? null });
    }
    return sorted(rows);
  }

  checkDrained(): void {
    expect(this.store.outbox()).toEqual([]);
    expect(this.#visible()).toEqual(sorted(this.server.rows));
    expect(this.database.read('SELECT * FROM _tidemark_image').rows).toEqual([]);
    expect(this.store.counts()).toMatchObject({
      pendingCount: 0,
      acceptedCount: 0,
      conflictedCount: 0,
      rejectedCount: 0,
    });
  }
}

function sorted(rows: Rows): Record<string, Cells> {
  return Object.fromEntries([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function keyOf(id: string, length: number): Cell[] {
  const json = id.slice(id.indexOf(' ') + 1);
  return length === 1 ? [JSON.parse(json)] : JSON.parse(json);
}

test('what is shown is what is confirmed with the pending changes on top, in order, through any history', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
      const { store, database } = await openStore({ schema });
      try {
        const world = new World(database, store);
        for (const one of steps) {
          world.run(one);
          world.check();
        }
        world.drain();
        world.checkDrained();
      } finally {
        database.close();
      }
    }),
    { numRuns: Number(process.env.FC_RUNS ?? 150) },
  );
}, 120_000);

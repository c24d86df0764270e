import { nextHlc } from '../../core/hlc.ts';
import { lastHlc } from '../../core/row-version.ts';
import type { Schema } from '../../core/schema.ts';
import { childTables, scopeSource } from '../../core/scope.ts';
import type { Cells, RowKey } from '../../shared/cell.ts';
import type { LogEntry } from '../records.ts';
import type { StoredRow } from '../storage.ts';
import { type BoundTable, readAs } from './bound-table.ts';
import { type CapturedChange, type CapturedTransaction, dropCaptured, readCaptured } from './captured.ts';
import type { Transaction } from './connection.ts';
import { addChange, type Effect, type Entry, entriesOf, rowAfter } from './effects.ts';
import { appendLog } from './log.ts';
import { rowId } from './row-writer.ts';
import { keysWhere, readRows } from './rows.ts';
import { readVersions, writeVersions } from './versions.ts';

export interface SequencerContext {
  readonly transaction: Transaction;
  readonly schema: Schema;
  readonly tables: ReadonlyMap<string, BoundTable>;
  readonly head: number;
  /** Only what triggers and cascades made of the writes of this transaction. */
  readonly isOwn: boolean;
}

/**
 * Numbers what other programs have committed: each of their transactions becomes one commit of the log, and its rows get
 * their scopes and stamps. For whoever holds the sequencer's lock only. Resolves with the new head.
 */
export async function numberCaptured(context: SequencerContext): Promise<number> {
  const { transaction, tables, isOwn } = context;
  let { head } = context;
  for (;;) {
    const captured = await readCaptured(transaction, tables, isOwn);
    if (captured.length === 0) return head;
    const batch = new Batch({ ...context, head });
    await batch.load(captured);
    for (const one of captured) await batch.number(one);
    head = await batch.write();
    const xids = captured.map(({ xid }) => xid);
    await dropCaptured(transaction, xids);
  }
}

interface KnownRow {
  readonly of: BoundTable;
  /** As the transactions numbered so far left it. The columns of one that was only looked up are empty. */
  readonly row: StoredRow;
  readonly isWritten: boolean;
}

type Effects = ReadonlyMap<string, Effect>;

/** A row that changed its scope. */
interface Move {
  readonly of: BoundTable;
  readonly key: RowKey;
  readonly scope: string;
}

/** Some captured transactions, numbered one after the other in memory and written together. */
class Batch {
  readonly #context: SequencerContext;
  /** null for a row nobody has heard of. */
  readonly #rows = new Map<string, KnownRow | null>();
  readonly #entries: LogEntry[] = [];
  /** How many changes of a row are still to come in this batch. */
  readonly #coming = new Map<string, number>();
  #head: number;

  constructor(context: SequencerContext) {
    this.#context = context;
    this.#head = context.head;
  }

  /** Reads ahead what is known of the rows. */
  async load(captured: readonly CapturedTransaction[]): Promise<void> {
    const keys = new Map<BoundTable, RowKey[]>();
    for (const change of captured.flatMap(({ changes }) => changes)) {
      if (change.op === 'truncate' || change.op === 'stale') continue;
      const id = rowId(change.of.table.name, change.key);
      this.#coming.set(id, (this.#coming.get(id) ?? 0) + 1);
      keys.set(change.of, [...(keys.get(change.of) ?? []), change.key]);
    }
    for (const [of, wanted] of keys) await this.#learn(of, wanted);
  }

  async number({ changes, at }: CapturedTransaction): Promise<void> {
    const effects = await this.#effectsOf(changes);
    await this.#learnParents(effects);
    const rows = [...effects.values()].map(({ of, key }) => this.#row(of, key));
    const hlc = nextHlc(lastHlc(rows), at);
    const seq = this.#head + 1;
    const entries: Entry[] = [];
    const moves: Move[] = [];
    for (const effect of effects.values()) {
      const { of, key } = effect;
      const before = this.#row(of, key);
      // Without a parent nobody can tell: it stays where it was.
      const scope = this.#scopeOf(effect, effects) ?? before?.scope ?? '';
      const after = rowAfter(effect, { before, scope, stamp: { seq, hlc, clientId: null } });
      if (after === null) continue;
      entries.push(...entriesOf(of, before, after, effect.changed));
      this.#keep(of, after);
      if (before && after.columns && before.scope !== scope) moves.push({ of, key, scope });
    }
    for (const move of moves) entries.push(...(await this.#moveChildren(move, effects)));
    if (entries.length === 0) return;
    this.#head = seq;
    const commit = { seq, clientId: null, mutationId: null, hlc, at };
    for (const [n, entry] of entries.entries()) this.#entries.push({ ...entry, commit, n });
  }

  /** Writes what was numbered; resolves with the head. */
  async write(): Promise<number> {
    const { transaction } = this.#context;
    const written = new Map<BoundTable, StoredRow[]>();
    for (const known of this.#rows.values()) {
      if (!known?.isWritten) continue;
      const rows = written.get(known.of);
      if (rows) rows.push(known.row);
      else written.set(known.of, [known.row]);
    }
    await Promise.all([
      ...[...written].map(([of, rows]) => writeVersions(transaction, of, rows)),
      appendLog(transaction, this.#entries),
    ]);
    return this.#head;
  }

  #row(of: BoundTable, key: RowKey): StoredRow | null {
    return this.#rows.get(rowId(of.table.name, key))?.row ?? null;
  }

  #keep(of: BoundTable, row: StoredRow): void {
    this.#rows.set(rowId(of.table.name, row.key), { of, row, isWritten: true });
  }

  async #learn(of: BoundTable, keys: readonly RowKey[]): Promise<void> {
    const missing = new Map<string, RowKey>();
    for (const key of keys) {
      const id = rowId(of.table.name, key);
      if (!this.#rows.has(id)) missing.set(id, key);
    }
    const wanted = [...missing];
    const versions = await readVersions(this.#context.transaction, of, [...missing.values()]);
    for (const [index, [id, key]] of wanted.entries()) {
      const version = versions[index];
      const row = version && { ...version, key, columns: version.isDeleted ? null : {} };
      this.#rows.set(id, row ? { of, row, isWritten: false } : null);
    }
  }

  async #effectsOf(changes: readonly CapturedChange[]): Promise<Effects> {
    const effects = new Map<string, Effect>();
    for (const change of changes) {
      const { of } = change;
      if (change.op === 'truncate') {
        const gone = { of, columns: null, image: null, changed: null };
        for (const key of await this.#liveKeys(of, effects)) effects.set(rowId(of.table.name, key), { ...gone, key });
        continue;
      }
      if (change.op === 'stale') {
        for (const effect of await this.#readAnew(change, effects))
          effects.set(rowId(of.table.name, effect.key), effect);
        continue;
      }
      const id = rowId(of.table.name, change.key);
      this.#coming.set(id, (this.#coming.get(id) ?? 1) - 1);
      effects.set(id, addChange(effects.get(id), change));
    }
    return effects;
  }

  /** Every row that is there when its table is emptied. */
  async #liveKeys(of: BoundTable, effects: Effects): Promise<RowKey[]> {
    const key = of.key.map((column) => readAs(column, 'v')).join(', ');
    const sql = `SELECT ${key} FROM ${of.versionSql} v WHERE NOT _tidemark_is_deleted`;
    const stored = await this.#context.transaction.all(sql);
    await this.#learn(
      of,
      stored.map((row) => of.readKey(row)),
    );
    const live = [...this.#rows.values()].flatMap((known) =>
      known?.of === of && known.row.columns ? [known.row.key] : [],
    );
    return [...live, ...[...effects.values()].filter((effect) => effect.of === of).map((effect) => effect.key)];
  }

  /** Rows as they are now, since nobody wrote down what was done to them: later changes to them come again, and do no harm. */
  async #readAnew({ of, key }: Extract<CapturedChange, { readonly op: 'stale' }>, effects: Effects): Promise<Effect[]> {
    const { transaction } = this.#context;
    const keys = key ? [key] : await this.#allKeys(of, effects);
    await this.#learn(of, keys);
    const found = await readRows(transaction, of, keys);
    return keys.map((one, index) => {
      const columns = found[index]?.columns ?? null;
      return { of, key: one, columns, image: null, changed: null, isRetold: key === null };
    });
  }

  /** Of the rows that are there, and of those that were. */
  async #allKeys(of: BoundTable, effects: Effects): Promise<RowKey[]> {
    const key = of.key.map((column) => readAs(column, 't')).join(', ');
    const stored = (await this.#context.transaction.all(`SELECT ${key} FROM ${of.sql} t`)).map((row) =>
      of.readKey(row),
    );
    const keys = [...stored, ...(await this.#liveKeys(of, effects))];
    return [...new Map(keys.map((one) => [rowId(of.table.name, one), one])).values()];
  }

  async #learnParents(effects: Effects): Promise<void> {
    const keys = new Map<BoundTable, RowKey[]>();
    for (const { of, key, columns } of effects.values()) {
      const source = columns && scopeSource(of.table, { key, columns });
      const parent = source?.kind === 'parent' ? this.#context.tables.get(source.table) : undefined;
      if (source?.kind !== 'parent' || !parent) continue;
      const known = keys.get(parent);
      if (known) known.push(source.key);
      else keys.set(parent, [source.key]);
    }
    for (const [parent, wanted] of keys) await this.#learn(parent, wanted);
  }

  /** The scope of a row, through its parents; those may have come in the same transaction. null: none of them is there. */
  #scopeOf({ of, key, columns }: Effect, effects: Effects): string | null {
    if (columns === null) return null;
    const source = scopeSource(of.table, { key, columns });
    if (source.kind === 'scope') return source.scope;
    const parent = source.kind === 'parent' ? this.#context.tables.get(source.table) : undefined;
    if (source.kind !== 'parent' || !parent) return null;
    const inTransaction = effects.get(rowId(source.table, source.key));
    if (inTransaction) return this.#scopeOf(inTransaction, effects);
    const row = this.#row(parent, source.key);
    return row?.columns ? row.scope : null;
  }

  /** The rows below a row that moved go with it; those that a transaction of this batch still changes do so then. */
  async #moveChildren(parent: Move, effects: Effects): Promise<Entry[]> {
    const { schema, tables, transaction } = this.#context;
    const entries: Entry[] = [];
    for (const { table, via } of childTables(schema, parent.of.table.name)) {
      const of = tables.get(table.name);
      if (!of) continue;
      const all = await keysWhere(transaction, of, { column: via, value: parent.key[0] ?? null });
      const keys = all.filter((key) => !this.#isTold(rowId(table.name, key), effects));
      await this.#learn(of, keys);
      const found = await readRows(transaction, of, keys);
      for (const [index, key] of keys.entries()) {
        entries.push(
          ...(await this.#moveChild({ of, key, scope: parent.scope }, found[index]?.columns ?? null, effects)),
        );
      }
    }
    return entries;
  }

  async #moveChild(move: Move, columns: Cells | null, effects: Effects): Promise<Entry[]> {
    const { of, key, scope } = move;
    const before = this.#row(of, key);
    if (!before?.columns || !columns || before.scope === scope) return [];
    const after = { ...before, columns, scope };
    this.#keep(of, after);
    return [...entriesOf(of, before, after, null), ...(await this.#moveChildren(move, effects))];
  }

  #isTold(id: string, effects: Effects): boolean {
    return effects.has(id) || (this.#coming.get(id) ?? 0) > 0;
  }
}

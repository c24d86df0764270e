import { newest, overrideStamps, type RowVersion, stampOf, stampsOf } from '../../core/row-version.ts';
import { scopeColumns } from '../../core/scope.ts';
import { type Cells, keyText, type RowKey, sameCell } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { StoredRow } from '../storage.ts';
import { type Actor, enter, leave } from './act-as.ts';
import type { BoundTable } from './bound-table.ts';
import type { Transaction } from './connection.ts';
import { deleteRows, insertRows, notWritten, type StoredCells, updateRows } from './row-statements.ts';
import { type ReadRow, readRows } from './rows.ts';
import { writeVersions } from './versions.ts';

/** What a row holds as far as the caller knows, and whether its table has it. */
interface KnownRow {
  readonly believed: Cells | null;
  readonly isStored: boolean;
  /** Who wrote it last; null where nobody has heard of it. */
  readonly version: RowVersion | null;
}

/** What a table gets in one flush. */
interface TableWork {
  readonly of: BoundTable;
  readonly rows: readonly StoredRow[];
  readonly inserts: StoredRow[];
  /** By the columns that change. */
  readonly updates: Map<string, { columns: string[]; rows: StoredRow[] }>;
  readonly deletes: StoredRow[];
}

/** Columns that hold something else than was written: by table name and key. */
export type Corrections = ReadonlyMap<string, Cells>;

export const rowId = (table: string, key: RowKey): string => `${table} ${keyText(key)}`;

/**
 * Writes the rows of a transaction in batches, in an order that foreign keys accept, and only the columns that change: a
 * trigger on a column fires when that column is written, and what a column cannot be read as exactly stays as it is.
 *
 * What the database made of a row (BEFORE triggers, generated columns, rounding) comes back as corrections.
 */
export class RowWriter {
  readonly #transaction: Transaction;
  /** Parents come before the tables that refer to them. */
  readonly #tables: readonly BoundTable[];
  readonly #later: (sent: Promise<unknown>) => void;
  readonly #known = new Map<string, KnownRow>();
  readonly #waiting = new Map<BoundTable, Map<string, StoredRow>>();
  #actor: Actor | null = null;

  /** `later` takes statements whose end is waited for when the transaction ends. */
  constructor(transaction: Transaction, tables: readonly BoundTable[], later: (sent: Promise<unknown>) => void) {
    this.#transaction = transaction;
    this.#tables = tables;
    this.#later = later;
  }

  actAs(actor: Actor | null): void {
    this.#actor = actor;
  }

  /** Takes note of a row as the caller saw it. */
  remember(of: BoundTable, key: RowKey, { row, columns }: ReadRow): void {
    this.#known.set(rowId(of.table.name, key), { believed: columns, isStored: columns !== null, version: row });
  }

  add(of: BoundTable, rows: readonly StoredRow[]): void {
    const waiting = this.#waiting.get(of) ?? new Map<string, StoredRow>();
    for (const row of rows) waiting.set(keyText(row.key), row);
    this.#waiting.set(of, waiting);
  }

  async flush(): Promise<Corrections> {
    const corrections = new Map<string, Cells>();
    if (this.#waiting.size === 0) return corrections;
    const work: TableWork[] = [];
    for (const of of this.#tables) {
      const rows = [...(this.#waiting.get(of)?.values() ?? [])];
      if (rows.length > 0) work.push(await this.#sort(of, rows));
    }
    this.#waiting.clear();
    await this.#write(work, corrections);
    for (const { of, rows } of work)
      this.#later(writeVersions(this.#transaction, of, corrected(of, rows, corrections)));
    return corrections;
  }

  async #sort(of: BoundTable, rows: readonly StoredRow[]): Promise<TableWork> {
    const work: TableWork = { of, rows, inserts: [], updates: new Map(), deletes: [] };
    await this.#learn(of, rows);
    for (const row of rows) {
      const known = this.#known.get(rowId(of.table.name, row.key)) ?? NOTHING;
      const { believed, isStored } = known;
      if (row.columns === null) {
        if (isStored) work.deletes.push(row);
      } else if (!isStored) work.inserts.push(row);
      else addUpdate(work, row, [...changedColumns(of, believed ?? {}, row.columns), ...this.#claimed(of, known, row)]);
    }
    return work;
  }

  /** What somebody writes as it is already is theirs from then on: the policies are asked whether it may be. */
  #claimed(of: BoundTable, { version }: KnownRow, row: StoredRow): string[] {
    if (this.#actor === null) return [];
    const seqOf = (of: RowVersion | null, name: string) => (of ? stampOf(of, name).seq : 0);
    return of.values.map(({ name }) => name).filter((name) => seqOf(row, name) !== seqOf(version, name));
  }

  /** Reads rows that the caller writes without having read them. */
  async #learn(of: BoundTable, rows: readonly StoredRow[]): Promise<void> {
    const keys = rows.map(({ key }) => key).filter((key) => !this.#known.has(rowId(of.table.name, key)));
    const found = await readRows(this.#transaction, of, keys);
    for (const [index, key] of keys.entries()) this.remember(of, key, found[index] ?? { row: null, columns: null });
  }

  async #write(work: readonly TableWork[], corrections: Map<string, Cells>): Promise<void> {
    const late = lateDeletes(work);
    const childrenFirst = [...work].reverse();
    const steps = [
      ...childrenFirst.filter(({ of }) => !late.has(of)).map((one) => () => this.#delete(one)),
      ...work.map((one) => () => this.#insertAndUpdate(one, corrections)),
      ...childrenFirst.filter(({ of }) => late.has(of)).map((one) => () => this.#delete(one)),
    ];
    const actor = work.some(isWriting) ? this.#actor : null;
    if (actor) enter(this.#transaction, actor);
    for (const step of steps) await step();
    if (!actor) return;
    leave(this.#transaction);
    for (const one of work) await this.#readBack(one, corrections);
  }

  async #insertAndUpdate({ of, inserts, updates }: TableWork, corrections: Map<string, Cells>): Promise<void> {
    const isBlind = this.#actor !== null;
    const statements = [
      ...(inserts.length > 0 ? [insertRows(this.#transaction, of, { rows: inserts, isBlind })] : []),
      ...[...updates.values()].map((group) => updateRows(this.#transaction, of, { ...group, isBlind })),
    ];
    const stored = await Promise.all(statements);
    const written = [...inserts, ...[...updates.values()].flatMap(({ rows }) => rows)];
    if (!isBlind) this.#compare(of, written, { stored: stored.flatMap((rows) => rows ?? []), corrections });
  }

  /** Under row level security a writer may not be allowed to see what it wrote: it is read with our own rights. */
  async #readBack({ of, inserts, updates }: TableWork, corrections: Map<string, Cells>): Promise<void> {
    const written = [...inserts, ...[...updates.values()].flatMap(({ rows }) => rows)];
    const keys = written.map(({ key }) => key);
    const found = await readRows(this.#transaction, of, keys);
    const stored = found.flatMap(({ columns }, index): StoredCells[] =>
      columns === null ? [] : [{ key: keys[index] ?? [], columns }],
    );
    this.#compare(of, written, { stored, corrections });
  }

  #compare(
    of: BoundTable,
    written: readonly StoredRow[],
    { stored, corrections }: { stored: readonly StoredCells[]; corrections: Map<string, Cells> },
  ): void {
    const found = new Map(stored.map(({ key, columns }) => [keyText(key), columns]));
    for (const row of written) {
      const { key, columns } = row;
      const now = found.get(keyText(key));
      if (!now) throw found.size < written.length ? notWritten(of) : otherKey(of);
      const given = columns ?? {};
      const changed = changedColumns(of, given, now);
      if (changed.length > 0) corrections.set(rowId(of.table.name, key), pick(now, checkScope(of, changed)));
      this.#known.set(rowId(of.table.name, key), { believed: given, isStored: true, version: row });
    }
  }

  async #delete({ of, deletes }: TableWork): Promise<void> {
    if (deletes.length === 0) return;
    const count = await deleteRows(this.#transaction, of, deletes);
    if (count < deletes.length) throw notWritten(of);
    for (const { key } of deletes) this.#known.set(rowId(of.table.name, key), NOTHING);
  }
}

const NOTHING: KnownRow = { believed: null, isStored: false, version: null };

const isWriting = ({ inserts, updates, deletes }: TableWork): boolean =>
  inserts.length > 0 || updates.size > 0 || deletes.length > 0;

function changedColumns(of: BoundTable, before: Cells, after: Cells): string[] {
  return of.values.map(({ name }) => name).filter((name) => !sameCell(before[name] ?? null, after[name] ?? null));
}

function addUpdate(work: TableWork, row: StoredRow, changed: readonly string[]): void {
  const columns = work.of.values
    .filter(({ name, isWritten }) => isWritten && changed.includes(name))
    .map(({ name }) => name);
  if (columns.length === 0) return;
  const id = columns.join(',');
  const group = work.updates.get(id) ?? { columns, rows: [] };
  group.rows.push(row);
  work.updates.set(id, group);
}

/**
 * Rows go before others come, so that a unique value may be taken over: unless rows of a table that refers to theirs are
 * updated, for those may be about to let go of them.
 */
function lateDeletes(work: readonly TableWork[]): ReadonlySet<BoundTable> {
  const late = new Set<BoundTable>();
  for (const { of } of [...work].reverse()) {
    const isReferred = work.some(
      (other) =>
        other.of.references.includes(of.table.name) &&
        (other.updates.size > 0 || (late.has(other.of) && other.of !== of)),
    );
    if (isReferred) late.add(of);
  }
  return late;
}

function pick(cells: Cells, names: readonly string[]): Cells {
  return Object.fromEntries(names.map((name) => [name, cells[name] ?? null]));
}

/** Who sees a row was decided, and permitted, by the value as it was sent. */
function checkScope(of: BoundTable, changed: readonly string[]): readonly string[] {
  const column = scopeColumns(of.table).find((name) => changed.includes(name));
  if (column === undefined) return changed;
  throw new SyncError(
    'rejected',
    `The database changed ${of.table.name}.${column} as it was written, which decides who sees the row: send the value it expects. ` +
      'Nothing of the mutation was applied.',
  );
}

function otherKey(of: BoundTable): SyncError {
  return new SyncError(
    'invalid-value',
    `A row of ${of.table.name} was refused: the database writes its key in another way (a UUID in small letters, say). ` +
      'Use the form it has there. Nothing of the mutation was applied.',
  );
}

/** What the database changed was changed by who wrote the row. */
function corrected(of: BoundTable, rows: readonly StoredRow[], corrections: Corrections): StoredRow[] {
  return rows.map((row) => {
    const columns = corrections.get(rowId(of.table.name, row.key));
    const last = newest(stampsOf(row));
    if (!columns || !last || last === row.stamp) return row;
    return { ...row, ...overrideStamps(row, Object.keys(columns), last) };
  });
}

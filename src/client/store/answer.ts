import type { Change } from '../../core/change.ts';
import { scopeSource } from '../../core/scope.ts';
import { backfillCell } from '../../core/values.ts';
import { type Cell, type Cells, keyText, type RowKey } from '../../shared/cell.ts';
import { rowId } from './change-reader.ts';
import type { ConflictRecord, StoredResolution } from './conflict-records.ts';
import type { LocalTable, LocalTables } from './local-table.ts';

export interface AnswerParts {
  readonly tables: LocalTables;
  /** Whether the server, as far as this device knows, has this row. */
  readonly isThere: (table: string, key: RowKey) => boolean;
}

/**
 * The changes of a mutation as they go up again once all of its conflicts are answered. Rows that somebody deleted above one that is
 * kept go up before it; what was written below one that is given up goes with it.
 */
export function answerAll(
  changes: readonly Change[],
  records: readonly ConflictRecord[],
  { tables, isThere }: AnswerParts,
): readonly Change[] {
  const byRow = new Map(records.map((record) => [rowOf(record), record]));
  const revived = new Map<string, Change>();
  const given = new Set<string>();
  const kept = changes.flatMap((change) => {
    const record = byRow.get(rowOf(change));
    if (!record) return [change];
    const result = answered(change, record, tables.get(change.table));
    if (result.length === 0 && change.op === 'put') given.add(rowOf(change));
    for (const parent of result.flatMap((one) => parentsOf(one, record, tables))) {
      if (!isThere(parent.table, parent.key)) revived.set(rowOf(parent), parent);
    }
    return result;
  });
  const own = new Set(kept.map(rowOf));
  const above = [...revived].filter(([row]) => !own.has(row)).map(([, parent]) => parent);
  return [...above.reverse(), ...withoutOrphans(kept, given, tables)];
}

const rowOf = ({ table, key }: { readonly table: string; readonly key: RowKey }) => rowId(table, keyText(key));

/** The deleted rows above one that is to be kept below them; none where it has been given another place. */
function parentsOf(change: Change, { parents = [] }: ConflictRecord, tables: LocalTables): Change[] {
  const [nearest] = parents;
  const above = nearest && aboveRow(change, tables);
  if (!above || rowOf(above) !== rowOf(nearest)) return [];
  return parents.map(({ table, key, columns }) => {
    const known = Object.entries(columns).filter(([name]) => tables.get(table)?.table.columns[name]);
    return { table, key, op: 'put', columns: Object.fromEntries(known) };
  });
}

/** Inserts below rows that do not go up, and those below them. */
function withoutOrphans(
  changes: readonly Change[],
  given: ReadonlySet<string>,
  tables: LocalTables,
): readonly Change[] {
  const isOrphan = (change: Change) => {
    const above = change.op === 'put' && change.old === undefined ? aboveRow(change, tables) : null;
    return above !== null && given.has(rowOf(above));
  };
  const orphans = changes.filter(isOrphan);
  if (orphans.length === 0) return changes;
  const kept = changes.filter((change) => !orphans.includes(change));
  return withoutOrphans(kept, new Set(orphans.map(rowOf)), tables);
}

/** The row that the one written here hangs below; null where that is left as it was. */
function aboveRow({ table, key, columns }: Change, tables: LocalTables): { table: string; key: RowKey } | null {
  const of = tables.get(table)?.table;
  const source = of && scopeSource(of, { key, columns });
  return source?.kind === 'parent' ? { table: source.table, key: source.key } : null;
}

/** What the server has been seen to hold when these conflicts were answered. */
export function answerBase(base: number, records: readonly ConflictRecord[]): number {
  return Math.max(base, ...records.map(({ remoteSeq, seenSeq = remoteSeq }) => seenSeq));
}

/**
 * A change as it goes up again after its conflict was answered; empty when nothing of it is left.
 *
 * - `local` writes the columns as this device wrote them, `remote` leaves them out, `merged` writes the given ones
 *   instead. Columns nobody else changed go along in each case, and counters go on counting.
 * - A row deleted elsewhere comes back whole (`local`, `merged`) or stays away. A row deleted here stays deleted
 *   (`local`), or lives on with what the other side, or the merge, wrote.
 */
function answered(change: Change, record: ConflictRecord, of: LocalTable | undefined): Change[] {
  const { resolution } = record;
  if (resolution === null) return [change];
  if (record.kind === 'delete-update') return answeredDelete(change, record, of);
  if (record.kind === 'update-delete') return answeredRevival(change, record, of);
  const { columns, counters } = split(change, of);
  const isInsert = change.op === 'put';
  const kept = Object.entries(columns).filter(([name]) =>
    // Both inserted the row: what is not in conflict is equal.
    record.columns.includes(name) ? keepsLocal(resolution, name) : !isInsert,
  );
  return patch(change, record, { columns: Object.fromEntries(kept), counters, of });
}

/** This device deleted the row, somebody else changed it. */
function answeredDelete(change: Change, record: ConflictRecord, of: LocalTable | undefined): Change[] {
  const { resolution } = record;
  if (resolution?.choice === 'merged') return patch(change, record, { columns: {}, counters: {}, of });
  return resolution && keepsLocal(resolution, '*') ? [change] : [];
}

/** This device changed the row, somebody else deleted it: it comes back whole. */
function answeredRevival(change: Change, record: ConflictRecord, of: LocalTable | undefined): Change[] {
  const { resolution } = record;
  const isMerged = resolution?.choice === 'merged';
  if (!resolution || (!isMerged && !keepsLocal(resolution, '*'))) return [];
  const columns: Record<string, Cell> = { ...record.local, ...(isMerged ? resolution.values : {}) };
  for (const { name, column, where } of of?.values ?? [])
    if (!Object.hasOwn(columns, name)) columns[name] = backfillCell(column, where);
  return [{ table: change.table, key: change.key, op: 'put', columns }];
}

/** Whether this device's value of a column goes up again. A merge brings its own values. */
function keepsLocal({ choice, policies }: StoredResolution, column: string): boolean {
  const decided = policies[column] ?? policies['*'];
  return decided ? decided.winner === 'local' : choice === 'local';
}

interface Parts {
  readonly columns: Cells;
  readonly counters: Readonly<Record<string, number>>;
  readonly of: LocalTable | undefined;
}

/**
 * The plain columns and the increments of a change. Beside somebody else's insert, the first count of a counter is an
 * increment.
 */
function split(change: Change, of: LocalTable | undefined): Omit<Parts, 'of'> {
  if (change.op === 'patch') return { columns: change.columns, counters: change.counters ?? {} };
  const columns: Record<string, Cell> = {};
  const counters: Record<string, number> = {};
  for (const [name, cell] of Object.entries(change.columns)) {
    if (of?.table.columns[name]?.kind === 'counter' && typeof cell === 'number') counters[name] = cell;
    else columns[name] = cell;
  }
  return { columns, counters };
}

/** The row exists on the server: sets what is left of it, and what a merge gave. */
function patch(change: Change, record: ConflictRecord, { columns, counters, of }: Parts): Change[] {
  const isMerged = record.resolution?.choice === 'merged' && record.resolution.by !== 'policy';
  const set: Record<string, Cell> = { ...columns };
  const increments: Record<string, number> = { ...counters };
  for (const [name, cell] of Object.entries((isMerged ? record.resolution?.values : null) ?? {})) {
    // A count that a person typed is meant as the sum: it becomes the increment that leads there.
    if (of?.table.columns[name]?.kind === 'counter')
      increments[name] = Number(cell) - Number(record.remote?.[name] ?? 0);
    else set[name] = cell;
  }
  const counted = Object.fromEntries(Object.entries(increments).filter(([, by]) => by !== 0));
  const touched = [...Object.keys(set), ...Object.keys(counted)];
  if (touched.length === 0) return [];
  const old = pickColumns(record.remote ?? {}, touched);
  const hasCounters = Object.keys(counted).length > 0;
  const { table, key } = change;
  return [{ table, key, op: 'patch', columns: set, ...(hasCounters ? { counters: counted } : {}), old }];
}

export function pickColumns(cells: Cells, columns: readonly string[]): Cells {
  return Object.fromEntries(columns.flatMap((name) => (name in cells ? [[name, cells[name] ?? null]] : [])));
}

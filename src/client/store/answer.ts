import type { Change } from '../../core/change.ts';
import { backfillCell } from '../../core/values.ts';
import { type Cell, type Cells, keyText } from '../../shared/cell.ts';
import { rowId } from './change-reader.ts';
import type { ConflictRecord, StoredResolution } from './conflict-records.ts';
import type { LocalTable, LocalTables } from './local-table.ts';

/** The changes of a mutation as they go up again once all of its conflicts are answered. */
export function answerAll(
  changes: readonly Change[],
  records: readonly ConflictRecord[],
  tables: LocalTables,
): readonly Change[] {
  const byRow = new Map(records.map((record) => [rowId(record.table, keyText(record.key)), record]));
  return changes.flatMap((change) => {
    const record = byRow.get(rowId(change.table, keyText(change.key)));
    return record ? answered(change, record, tables.get(change.table)) : [change];
  });
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

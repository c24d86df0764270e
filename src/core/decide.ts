import type { Cell, Cells, RowKey } from '../shared/cell.ts';
import { sameCell } from '../shared/cell.ts';
import { addCounter } from './change.ts';
import { type ColumnOutcome, decideColumns, decideRow } from './decide-columns.ts';
import { ZERO_HLC } from './hlc.ts';
import type { ConflictKind, DecidedColumn, NamedPolicy, RemoteAuthor, RemoteSide } from './policy.ts';
import { isForeign, lastSeq, newest, type RowVersion, stampOf, stampsOf, type Writer } from './row-version.ts';
import type { Table } from './schema.ts';

/** A change after the checks: known columns only, cells of the right kind, counters apart. */
export interface CheckedChange {
  readonly table: Table;
  readonly key: RowKey;
  readonly op: 'put' | 'patch' | 'delete';
  readonly columns: Cells;
  readonly counters: Readonly<Record<string, number>>;
  /** What the writer saw; undefined where it saw no row (an insert) or did not tell. */
  readonly old: Cells | undefined;
  /** Cells for the columns a `put` leaves out, should it insert the row. */
  readonly fill: Cells;
}

/** A row as the server has it, or had it. */
export interface CurrentRow extends RowVersion {
  /** null: the row is deleted. */
  readonly columns: Cells | null;
  /** What a deleted row held. */
  readonly image: Cells | null;
}

/** A row below one that is to be deleted. */
export interface RowBelow {
  readonly table: string;
  readonly key: RowKey;
  readonly version: RowVersion;
}

export interface DecideInput {
  readonly change: CheckedChange;
  /** null: the row never existed. */
  readonly current: CurrentRow | null;
  readonly writer: Writer;
  /** Deletions that the writer had not seen may be forgotten: what it had seen is older than the log, or of another history. */
  readonly isBehindLog?: boolean;
  /** Of a row to be deleted: those below it that the writer did not reckon with. */
  readonly below?: readonly RowBelow[];
  /** The policy of one column, or of the whole row for `null`. */
  readonly policyOf: (column: string | null) => NamedPolicy;
}

/** A conflict as it is reported, before table and key are put to it. */
export interface DecidedConflict {
  readonly kind: ConflictKind;
  readonly columns: readonly string[];
  readonly remote: RemoteSide;
  readonly decided: Readonly<Record<string, DecidedColumn>>;
  /** The rows below that it is about. */
  readonly below?: readonly RowBelow[];
}

/** What a change does to its row. */
export type Decision =
  /** The whole row is written (an insert, or back from the dead). */
  | { readonly kind: 'put'; readonly columns: Cells; readonly isMerged: boolean; readonly conflict?: DecidedConflict }
  /** These columns are set; counters are already added up. */
  | { readonly kind: 'patch'; readonly columns: Cells; readonly isMerged: boolean; readonly conflict?: DecidedConflict }
  | { readonly kind: 'delete'; readonly isMerged: boolean; readonly conflict?: DecidedConflict }
  /** Nothing is left to do. */
  | { readonly kind: 'nothing'; readonly isMerged: boolean; readonly conflict?: DecidedConflict }
  /** The client decides; the mutation does not apply. */
  | { readonly kind: 'open'; readonly conflict: DecidedConflict }
  /** A patch of a row that is not there, and was not when its writer looked, as far as the writer may know. */
  | { readonly kind: 'not-found' }
  /** A counter would leave ±2^53. */
  | { readonly kind: 'overflow'; readonly column: string };

/**
 * What happens to one change on top of the row the server has. Pure: the same log in, the same rows and reports out,
 * whenever the mutation arrived.
 */
export function decideChange(input: DecideInput): Decision {
  const { change, current } = input;
  if (current === null) return onNothing(input);
  if (current.columns === null) return onTombstone(input, current);
  if (change.op === 'delete') return onDelete(input, current);
  return onLiveRow(input, current, current.columns);
}

/** The author of a deletion that nobody remembers. */
const FORGOTTEN: RemoteAuthor = { clientId: null, hlc: ZERO_HLC };

function onNothing(input: DecideInput): Decision {
  const { change, isBehindLog } = input;
  if (change.op === 'delete') return { kind: 'nothing', isMerged: false };
  if (isBehindLog && sawRow(change)) return onLostRow(input, FORGOTTEN);
  return change.op === 'patch' ? { kind: 'not-found' } : insert(change);
}

function sawRow({ op, old }: CheckedChange): boolean {
  return op === 'patch' || old !== undefined;
}

function insert(change: CheckedChange): Extract<Decision, { kind: 'put' }> {
  return { kind: 'put', columns: { ...change.fill, ...change.columns }, isMerged: false };
}

function onTombstone(input: DecideInput, current: CurrentRow): Decision {
  const { change, writer } = input;
  if (change.op === 'delete') return { kind: 'nothing', isMerged: false };
  if (!sawRow(change)) return insert(change);
  if (isForeign(current.stamp, writer)) return updateDelete(input, current);
  if (change.op === 'put') return insert(change);
  return current.stamp.clientId === writer.clientId
    ? { kind: 'not-found' }
    : onLostRow(input, current.stamp, current.image);
}

/**
 * The writer changed a row that is gone, and the deletion cannot be weighed against the change: it is forgotten, or the writer seems
 * to have seen it (in another history). So nothing comes back by itself. Where the change is to win and is not the whole row, only
 * the client can write it.
 */
function onLostRow(
  { change, writer, policyOf }: DecideInput,
  { clientId, hlc }: RemoteAuthor,
  image: Cells | null = null,
): Decision {
  const { columns, counters } = editOf(change, {});
  const policy = policyOf(null);
  const conflict: DecidedConflict = {
    kind: 'update-delete',
    columns: [...Object.keys(columns), ...Object.keys(counters)],
    remote: { columns: null, ...(image ? { image } : {}), seq: writer.base, author: { clientId, hlc } },
    decided: {},
  };
  const isOpen = policy === 'manual' || (policy === 'client-wins' && change.op === 'patch');
  if (isOpen) return { kind: 'open', conflict };
  const winner = policy === 'client-wins' ? 'local' : 'remote';
  const reported = { ...conflict, decided: { '*': { policy, winner } } } as const;
  if (winner === 'remote') return { kind: 'nothing', isMerged: true, conflict: reported };
  return { ...insert(change), isMerged: true, conflict: reported };
}

/** The writer changed a row that somebody else deleted: by policy it comes back with the change on it, or stays away. */
function updateDelete(input: DecideInput, current: CurrentRow): Decision {
  const { change, writer, policyOf } = input;
  const edit = editOf(change, current.image ?? {});
  const policy = policyOf(null);
  const conflict: DecidedConflict = {
    kind: 'update-delete',
    columns: [...Object.keys(edit.columns), ...Object.keys(edit.counters)],
    remote: remoteSide(current, current.stamp),
    decided: {},
  };
  const winner = decideRow(policy, writer, [current.stamp]);
  if (winner === null) return { kind: 'open', conflict };
  const decided = { '*': { policy, winner } };
  if (winner === 'remote') return { kind: 'nothing', isMerged: true, conflict: { ...conflict, decided } };
  const columns = { ...change.fill, ...current.image, ...edit.columns };
  const sums = addCounters(columns, edit.counters);
  if (typeof sums === 'string') return { kind: 'overflow', column: sums };
  return { kind: 'put', columns: { ...columns, ...sums }, isMerged: true, conflict: { ...conflict, decided } };
}

function onDelete({ change, writer, policyOf, below = [] }: DecideInput, current: CurrentRow): Decision {
  const foreign = change.table.valueColumns.filter((column) => isForeign(stampOf(current, column), writer));
  const versions = [current, ...below.map(({ version }) => version)];
  const stamps = versions.flatMap(stampsOf).filter((stamp) => isForeign(stamp, writer));
  const last = newest(stamps);
  if (last === undefined) return { kind: 'delete', isMerged: false };
  const policy = policyOf(null);
  const conflict: DecidedConflict = {
    kind: 'delete-update',
    columns: foreign,
    remote: { ...remoteSide(current, last), seq: Math.max(...versions.map(lastSeq)) },
    decided: {},
    ...(below.length > 0 ? { below } : {}),
  };
  const winner = decideRow(policy, writer, stamps);
  if (winner === null) return { kind: 'open', conflict };
  const reported = { ...conflict, decided: { '*': { policy, winner } } };
  return { kind: winner === 'local' ? 'delete' : 'nothing', isMerged: true, conflict: reported };
}

function onLiveRow(input: DecideInput, current: CurrentRow, columns: Cells): Decision {
  const { change, writer } = input;
  const isInsert = change.op === 'put' && change.old === undefined && isForeign(current.stamp, writer);
  const edit = isInsert ? insertEdit(change) : editOf(change, columns);
  const outcome = decideColumns({ edit: edit.columns, columns, version: current, writer, policyOf: input.policyOf });
  const conflict = reportColumns(isInsert ? 'insert-insert' : 'update-update', current, outcome);
  if (outcome.isOpen && conflict) return { kind: 'open', conflict };
  const sums = addCounters(columns, edit.counters);
  if (typeof sums === 'string') return { kind: 'overflow', column: sums };
  const result = { ...outcome.set, ...sums };
  const isMerged = stampsOf(current).some((stamp) => isForeign(stamp, writer));
  const kind = Object.keys(result).length > 0 ? 'patch' : 'nothing';
  return { kind, columns: result, isMerged, ...(conflict ? { conflict } : {}) };
}

function reportColumns(kind: ConflictKind, current: CurrentRow, outcome: ColumnOutcome): DecidedConflict | undefined {
  if (outcome.conflicting.length === 0) return undefined;
  const stamps = outcome.conflicting.map((column) => stampOf(current, column));
  return {
    kind,
    columns: outcome.conflicting,
    remote: remoteSide(current, newest(stamps) ?? current.stamp),
    decided: outcome.isOpen ? {} : outcome.decided,
  };
}

interface Edit {
  readonly columns: Cells;
  readonly counters: Readonly<Record<string, number>>;
}

/** An insert beside somebody else's: plain columns meet, counters add their first count. */
function insertEdit(change: CheckedChange): Edit {
  return splitCounters(change.table, change.columns, () => 0);
}

/**
 * The columns a change really sets. A `put` by a writer who saw the row sets those that differ from what it saw, and
 * counts on from there.
 */
function editOf(change: CheckedChange, columns: Cells): Edit {
  if (change.op === 'patch') return change;
  const seen = change.old ?? columns;
  const changed: Record<string, Cell> = {};
  for (const [name, cell] of Object.entries(change.columns)) {
    if (change.old === undefined || !sameCell(seen[name] ?? null, cell)) changed[name] = cell;
  }
  return splitCounters(change.table, changed, (name) => Number(seen[name] ?? 0));
}

function splitCounters(of: Table, cells: Cells, from: (column: string) => number): Edit {
  const columns: Record<string, Cell> = {};
  const counters: Record<string, number> = {};
  for (const [name, cell] of Object.entries(cells)) {
    if (of.columns[name]?.kind !== 'counter' || typeof cell !== 'number') columns[name] = cell;
    else if (cell !== from(name)) counters[name] = cell - from(name);
  }
  return { columns, counters };
}

/** The counters after their increments, or the name of one that would overflow. */
function addCounters(columns: Cells, increments: Readonly<Record<string, number>>): Cells | string {
  const sums: Record<string, Cell> = {};
  for (const [name, increment] of Object.entries(increments)) {
    const sum = addCounter(columns[name] ?? 0, increment);
    if (!Number.isSafeInteger(sum)) return name;
    sums[name] = sum;
  }
  return sums;
}

function remoteSide(current: CurrentRow, author: RemoteAuthor): RemoteSide {
  return {
    columns: current.columns,
    ...(current.columns === null && current.image ? { image: current.image } : {}),
    seq: lastSeq(current),
    author: { clientId: author.clientId, hlc: author.hlc },
  };
}

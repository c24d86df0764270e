import type { CheckedChange } from '../../core/decide.ts';
import { decideRow } from '../../core/decide-columns.ts';
import type { NamedPolicy } from '../../core/policy.ts';
import { isForeign, lastSeq, newest, type Stamp, type Writer } from '../../core/row-version.ts';
import type { Schema, Table } from '../../core/schema.ts';
import { columnOf, tableOf } from '../../core/schema.ts';
import { scopeColumn, scopeSource } from '../../core/scope.ts';
import { backfillCell } from '../../core/values.ts';
import type { ConflictReport } from '../../protocol/messages/push.ts';
import { type Cells, keyText, type RowKey } from '../../shared/cell.ts';
import type { Access } from '../access.ts';
import type { StoredRow } from '../storage.ts';
import { needsScope } from './place-rows.ts';
import { type StagedRow, type StagedRows, stagedRow } from './staged-rows.ts';

/** A row that was deleted, and that another one hangs below. */
interface GoneRow {
  readonly table: Table;
  readonly key: RowKey;
  /** What it held. */
  readonly columns: Cells;
  readonly row: StoredRow;
}

/** A conflict of a mutation, on its way into the answer. */
export interface MetConflict {
  readonly report: ConflictReport;
  readonly isOpen: boolean;
}

export interface ParentsContext {
  readonly schema: Schema;
  readonly access: Access;
  readonly staged: StagedRows;
  readonly writer: Writer;
  readonly changes: readonly CheckedChange[];
  /** The stamp of the commit that the mutation is to become. */
  readonly stamp: Stamp;
  policyOf(table: Table, column: string | null): NamedPolicy;
  /** Refuses to write a row that the app's rules do not let this person write. */
  validate(table: Table, key: RowKey, columns: Cells): Promise<void>;
}

/**
 * The writer puts rows below others that somebody deleted meanwhile, unseen. By policy of the row, those above come back with it, or it
 * stays away; or the client decides. Changes what is staged, and adds to `conflicts`.
 *
 * A parent that never was, is out of reach or was seen to be gone is none of this: placing the row refuses it, all in the same words.
 */
export async function weighParents(context: ParentsContext, conflicts: MetConflict[]): Promise<void> {
  const weighed = new Set<StagedRow>();
  const dropped = new Set<string>();
  const weigh = async (row: StagedRow): Promise<void> => {
    if (weighed.has(row)) return;
    weighed.add(row);
    const parent = parentOf(context.schema, row);
    if (parent === null) return;
    const inMutation = context.staged.find(parent.table, parent.key);
    if (inMutation) await weigh(inMutation);
    // What was to be written below a row that stays away stays away with it.
    const isFalling = dropped.has(nameOf(parent.table.name, parent.key));
    const met = isFalling ? fallWith(context, row, reportOn(conflicts, parent)) : await meet(context, row);
    if (met === null) return;
    note(conflicts, met);
    if (met.isOpen) return;
    if (winnerOf(met) === 'local') await bringBack(context, await goneAbove(context, parent));
    else if (!staysInPlace(context, row)) dropped.add(nameOf(row.table.name, row.after.key));
  };
  for (const row of context.staged.all()) await weigh(row);
}

/** An open conflict about a row that would hang below deleted ones tells of them: who keeps the row needs them. */
export async function tellOfParents(
  context: Pick<ParentsContext, 'schema' | 'access' | 'staged'>,
  change: CheckedChange,
  { report, current }: { report: ConflictReport; current: StoredRow | null },
): Promise<ConflictReport> {
  const columns = { ...(current?.columns ?? current?.image), ...change.columns };
  const isPlaced = current?.columns ? Object.hasOwn(change.columns, scopeColumn(change.table) ?? '') : true;
  const parent = isPlaced ? aboveRow(context.schema, change.table, { key: change.key, columns }) : null;
  if (parent === null) return report;
  const gone = await goneAbove(context, parent);
  if (gone.length === 0) return report;
  return { ...report, remoteSeq: Math.max(report.remoteSeq, ...gone.map(({ row }) => lastSeq(row))), ...parents(gone) };
}

interface Above {
  readonly table: Table;
  readonly key: RowKey;
}

function parentOf(schema: Schema, row: StagedRow): Above | null {
  if (row.after.columns === null || row.hasScope || !needsScope(row)) return null;
  return aboveRow(schema, row.table, { key: row.after.key, columns: row.after.columns });
}

function aboveRow(schema: Schema, table: Table, row: { readonly key: RowKey; readonly columns: Cells }): Above | null {
  const source = scopeSource(table, row);
  return source.kind === 'parent' ? { table: tableOf(schema, source.table), key: source.key } : null;
}

/**
 * The deleted rows from this one upwards, nearest first, up to one that lives. None where the nearest lives, or is not to be told from one
 * that never was.
 */
async function goneAbove(
  { schema, access, staged }: Pick<ParentsContext, 'schema' | 'access' | 'staged'>,
  nearest: Above,
): Promise<GoneRow[]> {
  const gone: GoneRow[] = [];
  for (let at: Above | null = nearest; at !== null; ) {
    const { table, key }: Above = at;
    // Written by this mutation, or deleted by it: then nobody else's deletion is met.
    if (staged.find(table, key)) return gone;
    const row = await staged.set.row(table, key);
    if (row === null || row.columns !== null || row.image === null || !access.canRead(row.scope)) return gone;
    const columns = wholeRow(table, row.image);
    gone.push({ table, key, columns, row });
    at = aboveRow(schema, table, { key, columns });
  }
  return gone;
}

/** Columns that came with a newer schema have the value that older rows got. */
function wholeRow(of: Table, image: Cells): Cells {
  const missing = of.valueColumns.filter((name) => !Object.hasOwn(image, name));
  return { ...Object.fromEntries(missing.map((name) => [name, backfillCell(columnOf(of, name), name)])), ...image };
}

/** How a row met the deletion of those above it; null where there is nothing to decide. */
async function meet(context: ParentsContext, row: StagedRow): Promise<MetConflict | null> {
  const parent = parentOf(context.schema, row);
  const gone = parent ? await goneAbove(context, parent) : [];
  const stamps = gone.map((one) => one.row.stamp).filter((stamp) => isForeign(stamp, context.writer));
  const last = newest(stamps);
  if (last === undefined || !gone[0] || !isForeign(gone[0].row.stamp, context.writer)) {
    // It comes back to where it was: below a row that had gone before it.
    if (gone.length > 0 && row.before?.columns === null) row.hasScope = true;
    return null;
  }
  const policy = context.policyOf(row.table, row.patched === null ? null : scopeColumn(row.table));
  const winner = decideRow(policy, context.writer, stamps);
  const author = { clientId: last.clientId, hlc: last.hlc };
  const seqs = [...gone.map((one) => lastSeq(one.row)), row.before ? lastSeq(row.before) : 0];
  const remote = { remoteSeq: Math.max(...seqs), remoteAuthor: author, ...parents(gone) };
  const decided = winner === null ? {} : { [decidedAs(row)]: { policy, winner } };
  return { report: { ...reportOf(context, row), ...remote, decided }, isOpen: winner === null };
}

function fallWith(context: ParentsContext, row: StagedRow, of: ConflictReport | undefined): MetConflict | null {
  if (!of) return null;
  const policy = context.policyOf(row.table, row.patched === null ? null : scopeColumn(row.table));
  const decided = { [decidedAs(row)]: { policy, winner: 'remote' } } as const;
  const { remoteSeq, remoteAuthor, parents: above } = of;
  const remote = { remoteSeq, remoteAuthor, ...(above ? { parents: above } : {}) };
  return { report: { ...reportOf(context, row), ...remote, decided }, isOpen: false };
}

const decidedAs = (row: StagedRow): string => (row.patched === null ? '*' : (scopeColumn(row.table) ?? '*'));

function winnerOf({ report }: MetConflict): 'local' | 'remote' {
  return Object.values(report.decided).some(({ winner }) => winner === 'remote') ? 'remote' : 'local';
}

/** A row that moves below another meets the deletion in one column; one that is new, or comes back, as a whole. */
function reportOf(
  { changes }: ParentsContext,
  { table, before, after, patched }: StagedRow,
): Omit<ConflictReport, 'remoteSeq' | 'remoteAuthor' | 'decided'> {
  const row = { table: table.name, key: [...after.key] };
  const moves = scopeColumn(table);
  if (patched !== null && moves !== null)
    return { ...row, kind: 'update-update', columns: [moves], remote: before?.columns ?? null };
  const change = changes.find((one) => one.table === table && one.key === after.key);
  const columns = [...Object.keys(change?.columns ?? {}), ...Object.keys(change?.counters ?? {})];
  const image = before?.columns === null ? before.image : null;
  return { ...row, kind: 'update-delete', columns, remote: null, ...(image ? { image } : {}) };
}

function parents(gone: readonly GoneRow[]): Pick<ConflictReport, 'parents'> {
  return { parents: gone.map(({ table, key, columns }) => ({ table: table.name, key: [...key], columns })) };
}

const nameOf = (table: string, key: RowKey) => `${table} ${keyText(key)}`;

function reportOn(conflicts: readonly MetConflict[], { table, key }: Above): ConflictReport | undefined {
  const name = nameOf(table.name, key);
  return conflicts.find(({ report }) => nameOf(report.table, report.key) === name)?.report;
}

/** One conflict per row: what was known of it becomes part of this one. */
function note(conflicts: MetConflict[], met: MetConflict): void {
  const name = nameOf(met.report.table, met.report.key);
  const index = conflicts.findIndex(({ report }) => nameOf(report.table, report.key) === name);
  const before = conflicts[index]?.report;
  if (!before) {
    conflicts.push(met);
    return;
  }
  const isMove = met.report.kind === 'update-update';
  const columns = isMove ? [...new Set([...before.columns, ...met.report.columns])] : met.report.columns;
  const decided = isMove && !met.isOpen ? { ...before.decided, ...met.report.decided } : met.report.decided;
  const remoteSeq = Math.max(before.remoteSeq, met.report.remoteSeq);
  conflicts[index] = { ...met, report: { ...met.report, columns, decided, remoteSeq } };
}

/** Takes back what was staged of the row. Whether it is there all the same: where it was, with what else was written in it. */
function staysInPlace({ staged, stamp }: ParentsContext, row: StagedRow): boolean {
  staged.remove(row);
  const moves = scopeColumn(row.table);
  if (row.patched === null || moves === null) return false;
  const { [moves]: _moved, ...columns } = row.patched;
  const rows = { key: row.after.key, before: row.before };
  const decision = { kind: 'patch', columns, isMerged: true } as const;
  if (Object.keys(columns).length > 0) staged.add(stagedRow(row.table, rows, decision, stamp));
  return true;
}

/** Those above that the writer did not know to be gone come back as they were: this person writes them. */
async function bringBack({ staged, stamp, writer, validate }: ParentsContext, gone: readonly GoneRow[]): Promise<void> {
  const known = gone.findIndex(({ row }) => !isForeign(row.stamp, writer));
  for (const [index, { table, key, columns, row }] of gone.slice(0, known < 0 ? gone.length : known).entries()) {
    await validate(table, key, columns);
    const decision = { kind: 'put', columns, isMerged: true } as const;
    // The last one below a row that stays away is again where it was.
    staged.addFirst({ ...stagedRow(table, { key, before: row }, decision, stamp), hasScope: index === known - 1 });
  }
}

import { type CheckedChange, type DecidedConflict, type Decision, decideChange } from '../../core/decide.ts';
import { type NamedPolicy, serverPolicy } from '../../core/policy.ts';
import type { Stamp, Writer } from '../../core/row-version.ts';
import { columnOf, policyOf, type Schema, type Table } from '../../core/schema.ts';
import { fromCell, toAppKey, toAppRow } from '../../core/values.ts';
import { type ConflictReport, MAX_CHILDREN_NAMED, type Outcome } from '../../protocol/messages/push.ts';
import type { Cells } from '../../shared/cell.ts';
import { SyncError, type SyncErrorKind } from '../../shared/error.ts';
import type { Access } from '../access.ts';
import type { ValidateFunction } from '../options.ts';
import type { Identity } from '../service.ts';
import type { StoredRow } from '../storage.ts';
import { type MetConflict, type ParentsContext, tellOfParents, weighParents } from './deleted-parents.ts';
import { lateChildren } from './late-children.ts';
import { forbidden, placeRows } from './place-rows.ts';
import { StagedRows, stagedRow } from './staged-rows.ts';
import type { WorkingSet } from './working-set.ts';

/** What a mutation is decided with. */
export interface DecideContext {
  readonly schema: Schema;
  readonly set: WorkingSet;
  readonly access: Access;
  /** null: the server itself writes; nothing is validated. */
  readonly identity: Identity | null;
  readonly validate: Readonly<Record<string, ValidateFunction>>;
  /** Tables whose conflicts the client decides. */
  readonly decides: ReadonlySet<string>;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface CheckedMutation {
  readonly mutationId: number | null;
  readonly writer: Writer;
  /** See `DecideInput`. */
  readonly isBehindLog: boolean;
  readonly changes: readonly CheckedChange[];
}

export type Verdict = Omit<Outcome, 'mutationId'>;

/** Decides one mutation; when it applies, its effects are in the working set as one commit, and otherwise nothing is. */
export async function decideMutation(context: DecideContext, mutation: CheckedMutation): Promise<Verdict> {
  const staged = new StagedRows(context.set);
  const stamp = { seq: context.set.head + 1, hlc: mutation.writer.hlc, clientId: mutation.writer.clientId };
  const above = { schema: context.schema, access: context.access, staged };
  const conflicts: MetConflict[] = [];
  let isMerged = false;
  for (const change of mutation.changes) {
    const before = await context.set.row(change.table, change.key);
    const current = visible(context.access, change, before);
    const decision = await decideOne(context, change, { current, mutation });
    if ('conflict' in decision && decision.conflict) {
      const isOpen = decision.kind === 'open';
      const report = toReport(change, decision.conflict);
      conflicts.push({ report: isOpen ? await tellOfParents(above, change, { report, current }) : report, isOpen });
    }
    if (decision.kind === 'open' || decision.kind === 'not-found' || decision.kind === 'overflow') continue;
    isMerged ||= decision.isMerged;
    if (decision.kind !== 'nothing') staged.add(stagedRow(change.table, { key: change.key, before }, decision, stamp));
  }
  const decidedCount = conflicts.length;
  await weighParents(parentsContext(context, { staged, mutation, stamp }), conflicts);
  isMerged ||= conflicts.length > decidedCount;
  const open = conflicts.filter((conflict) => conflict.isOpen).map((conflict) => conflict.report);
  if (open.length > 0) return { outcome: 'conflict', seq: null, conflicts: open };
  const hasEffect = await commit(context, { staged, mutation, seq: stamp.seq });
  return {
    outcome: isMerged ? 'merged' : 'applied',
    seq: hasEffect ? stamp.seq : null,
    conflicts: conflicts.map((conflict) => conflict.report),
  };
}

function parentsContext(
  context: DecideContext,
  { staged, mutation, stamp }: { staged: StagedRows; mutation: CheckedMutation; stamp: Stamp },
): ParentsContext {
  const { schema, access } = context;
  const { writer, changes } = mutation;
  return {
    schema,
    access,
    staged,
    writer,
    changes,
    stamp,
    policyOf: (table, column) => policiesOf(context, table)(column),
    validate: (table, key, columns) =>
      validateChange(context, { table, key, op: 'put', columns, counters: {}, old: undefined, fill: {} }, null),
  };
}

/** What decides about a column of this table, or about a whole row (null), as far as the server may. */
function policiesOf({ decides }: DecideContext, table: Table): (column: string | null) => NamedPolicy {
  if (decides.has(table.name)) return () => 'manual';
  return (column) => serverPolicy(column === null ? table.conflict : policyOf(table, column));
}

async function commit(
  context: DecideContext,
  { staged, mutation, seq }: { staged: StagedRows; mutation: CheckedMutation; seq: number },
): Promise<boolean> {
  if (staged.all().length === 0) return false;
  await placeRows({ schema: context.schema, access: context.access, staged });
  const { clientId, hlc } = mutation.writer;
  staged.commit({ seq, clientId, mutationId: mutation.mutationId, hlc, at: context.now });
  return true;
}

async function decideOne(
  context: DecideContext,
  change: CheckedChange,
  { current, mutation }: { current: StoredRow | null; mutation: CheckedMutation },
): Promise<Decision> {
  const { table } = change;
  await validateChange(context, change, current);
  const { writer, isBehindLog, changes } = mutation;
  const isDeleted = change.op === 'delete' && current?.columns;
  const below = isDeleted ? await lateChildren({ ...context, writer, changes }, change) : [];
  const decision = decideChange({ change, current, writer, isBehindLog, below, policyOf: policiesOf(context, table) });
  if (decision.kind === 'not-found') {
    throw new SyncError(
      'not-found',
      `The row of ${table.name} to change does not exist. Nothing of the mutation was applied.`,
    );
  }
  if (decision.kind === 'overflow') {
    throw new SyncError('invalid-value', `The counter ${table.name}.${decision.column} would leave ±2^53.`);
  }
  return decision;
}

/** The row as this writer may know it. What is out of reach looks like nothing, as far as that is possible. */
function visible(access: Access, change: CheckedChange, before: StoredRow | null): StoredRow | null {
  if (before === null) return null;
  if (!access.canRead(before.scope)) {
    if (before.columns !== null && change.op === 'put') throw forbidden(change.table);
    return null;
  }
  if (before.columns !== null && !access.canWrite(before.scope)) throw forbidden(change.table);
  return before;
}

async function validateChange(context: DecideContext, change: CheckedChange, current: StoredRow | null): Promise<void> {
  const { table, key, op } = change;
  const validate = Object.hasOwn(context.validate, table.name) ? context.validate[table.name] : undefined;
  if (!validate || context.identity === null) return;
  const values = toAppValues(table, { ...change.columns, ...change.counters });
  const row = current?.columns ? toAppRow(table, key, current.columns) : null;
  try {
    await validate({ table: table.name, op, key: toAppKey(table, key), values, row }, context.identity);
  } catch (error) {
    // A failure of what it asks is no refusal: the push is to come again.
    if (error instanceof SyncError && !REASONS.includes(error.kind)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new SyncError('rejected', message, { cause: error });
  }
}

function toAppValues(of: Table, cells: Cells): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(cells).map(([name, cell]) => [name, fromCell(columnOf(of, name).kind, cell)]),
  );
}

function toReport({ table, key }: CheckedChange, conflict: DecidedConflict): ConflictReport {
  const { below } = conflict;
  return {
    table: table.name,
    key: [...key],
    kind: conflict.kind,
    columns: [...conflict.columns],
    remote: conflict.remote.columns,
    ...(conflict.remote.image ? { image: conflict.remote.image } : {}),
    remoteSeq: conflict.remote.seq,
    remoteAuthor: { ...conflict.remote.author },
    decided: { ...conflict.decided },
    ...(below
      ? { children: below.slice(0, MAX_CHILDREN_NAMED).map((row) => ({ table: row.table, key: [...row.key] })) }
      : {}),
  };
}

const REASONS: readonly SyncErrorKind[] = [
  'invalid-value',
  'not-found',
  'forbidden',
  'rejected',
  'too-large',
  'protocol',
];

/** The rejection an error stands for; errors that say nothing about the mutation pass on. */
export function toRejection(error: unknown): Verdict {
  if (!(error instanceof SyncError) || !REASONS.includes(error.kind)) throw error;
  return {
    outcome: 'rejected',
    seq: null,
    conflicts: [],
    reason: { code: error.kind, message: error.message.toWellFormed() },
  };
}

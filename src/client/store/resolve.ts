import type { Resolution } from '../../core/policy.ts';
import { columnOf } from '../../core/schema.ts';
import { toCell } from '../../core/values.ts';
import type { Cell } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { ResolvedConflicts, ResolveOptions, WriteResult } from '../local-store.ts';
import type { MutationOutcome } from '../types.ts';
import { type AnswerParts, answerAll, answerBase, pickColumns } from './answer.ts';
import { collectChanges } from './changed-rows.ts';
import { checkValue } from './check-changes.ts';
import type { ConflictRecord, ConflictRecords, StoredResolution } from './conflict-records.ts';
import { type LocalTable, type LocalTables, localTableOf } from './local-table.ts';
import type { Outbox } from './outbox.ts';
import type { Revise } from './revise.ts';

export type ResolveConflict = (id: string, resolution: Resolution, options: ResolveOptions) => WriteResult;

/**
 * Answers open conflicts. When the last one of a mutation is answered, a new mutation with what was decided takes its
 * place; its base is what the conflicts showed, so that the server knows the answer was given in view of that.
 */
export function createResolveConflict(parts: {
  readonly outbox: Outbox;
  readonly conflicts: ConflictRecords;
  readonly tables: LocalTables;
  readonly isThere: AnswerParts['isThere'];
  readonly revise: Revise;
}): ResolveConflict {
  const { outbox, conflicts, tables, revise } = parts;
  return (id, resolution, { by, now }) => {
    const record = findOpen(conflicts, id);
    const decided = decide(record, resolution, tables);
    const policies = by === 'policy' ? WRITTEN_ANEW : {};
    conflicts.resolve(record, { ...decided, by, policies, at: now });
    const records = conflicts.ofMutation(record.mutationId);
    const item = outbox.byMutation(record.mutationId);
    if (!item || records.some((one) => one.resolution === null)) return NOTHING_YET;
    const changes = answerAll(outbox.changesOf(item), records, { tables, isThere: parts.isThere });
    return revise.replace(item, { changes, base: answerBase(item.base, records), now });
  };
}

/** Answers many alike. Those that a person has answered meanwhile keep that answer. */
export function createResolveConflicts(conflicts: ConflictRecords, resolve: ResolveConflict) {
  return (ids: readonly string[], resolution: 'local' | 'remote' | 'later', now: number): ResolvedConflicts => {
    const changed = collectChanges();
    const resolved: { id: string; table: string }[] = [];
    const mutationIds: number[] = [];
    const settled: MutationOutcome[] = [];
    for (const id of ids) {
      const record = conflicts.get(id);
      if (record === null || record.resolution !== null) continue;
      const side = resolution === 'later' ? conflicts.laterSide(record) : resolution;
      const result = resolve(id, side, { by: 'person', now });
      resolved.push({ id, table: record.table });
      changed.addEach(result.changed);
      settled.push(...result.settled);
      if (result.mutationId !== null) mutationIds.push(result.mutationId);
    }
    return { resolved, mutationIds, changed: changed.rows, settled };
  };
}

const WRITTEN_ANEW = { '*': { policy: 'client-wins', winner: 'local' } } as const;
const NOTHING_YET: WriteResult = { mutationId: null, changed: new Map(), settled: [] };

function findOpen(conflicts: ConflictRecords, id: string): ConflictRecord {
  const record = conflicts.get(id);
  if (record === null) throw new SyncError('not-found', `There is no conflict ${JSON.stringify(id)}.`);
  if (record.resolution === null) return record;
  throw new SyncError('misuse', `The conflict ${id} was resolved before: ${record.resolution.choice}.`);
}

/** The choice, with the cells that it writes. */
function decide(
  record: ConflictRecord,
  resolution: Resolution,
  tables: LocalTables,
): Pick<StoredResolution, 'choice' | 'values'> {
  if (resolution === 'local' || resolution === 'remote') {
    const side = resolution === 'local' ? record.local : record.remote;
    return { choice: resolution, values: side && pickColumns(side, record.columns) };
  }
  const of = localTableOf(tables, record.table);
  const values: Record<string, Cell> = {};
  for (const [name, value] of Object.entries(resolution.merged)) {
    values[name] = checkValue(of, name, toMergedCell(of, name, value));
  }
  return { choice: 'merged', values };
}

function toMergedCell(of: LocalTable, name: string, value: unknown): Cell {
  return toCell(columnOf(of.table, name), value, `${of.name}.${name}`);
}

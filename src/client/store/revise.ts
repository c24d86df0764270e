import type { Change } from '../../core/change.ts';
import { sameCell } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { RetriedMutations, WriteResult } from '../local-store.ts';
import type { MutationOutcome } from '../types.ts';
import { answerAll, answerBase, pickColumns } from './answer.ts';
import { type ChangeCollector, collectChanges } from './changed-rows.ts';
import { checkChanges } from './check-changes.ts';
import type { DeviceClock } from './clock.ts';
import type { ConflictRecord, ConflictRecords, StoredResolution } from './conflict-records.ts';
import { forgetImport } from './import-mutations.ts';
import type { LocalTables } from './local-table.ts';
import type { Outbox, OutboxItem } from './outbox.ts';
import type { Outcomes } from './outcomes.ts';
import { isShown, type Overlay } from './overlay.ts';
import { packChanges } from './pack.ts';
import type { Parking } from './parking.ts';
import { rowsOf } from './row-access.ts';

/** What a person (or a resolver) does to a mutation that the server did not take. */
export interface Revise {
  retry(mutationId: number, now: number): WriteResult;
  /** Retries those of these that are rejected: others were dealt with meanwhile. */
  retryMany(mutationIds: readonly number[], now: number): RetriedMutations;
  discard(mutationId: number, now: number): WriteResult;
  edit(mutationId: number, changes: readonly Change[], now: number): WriteResult;
  /** Puts a new mutation with these changes in the place of `item`; without changes, only takes `item` out. */
  replace(item: OutboxItem, next: { changes: readonly Change[]; base: number; now: number }): WriteResult;
}

export function createRevise(parts: {
  readonly database: LocalDatabase;
  readonly outbox: Outbox;
  readonly overlay: Overlay;
  readonly parking: Parking;
  readonly conflicts: ConflictRecords;
  readonly clock: DeviceClock;
  readonly tables: LocalTables;
  readonly outcomes: Outcomes;
}): Revise {
  const { database, outbox, overlay, parking, conflicts, clock, tables, outcomes } = parts;

  const takeOut = (item: OutboxItem, changed: ChangeCollector, isReplaced: boolean) => {
    const rows = isShown(item) ? overlay.rowsOf(item) : [];
    outcomes.takenOut(item, isReplaced);
    if (isReplaced) outbox.vacate(item);
    else outbox.remove(item);
    for (const row of rows) overlay.show(row, changed);
  };

  const putIn = (old: OutboxItem, next: { changes: readonly Change[]; base: number; now: number }) => {
    const { changes, base, now } = next;
    const rows = rowsOf(changes);
    for (const row of rows) overlay.keepImage(row);
    const mutation = {
      position: old.position,
      mutationId: clock.nextMutationId,
      state: parking.isBlocked(rows, old.position) ? ('parked' as const) : ('pending' as const),
      hlc: clock.stamp(now),
      base,
      createdAt: old.createdAt,
      rows,
      bytes: packChanges(changes),
      writeId: null,
    };
    outbox.insert(mutation);
    outbox.remember(mutation);
    clock.took(mutation.mutationId, mutation.hlc);
    clock.persist();
    return { rows, mutationId: mutation.mutationId };
  };

  const replace: Revise['replace'] = (item, next) => {
    const changed = collectChanges();
    const freed = overlay.rowsOf(item);
    const isReplaced = next.changes.length > 0;
    takeOut(item, changed, isReplaced);
    if (!isReplaced) {
      parking.release(freed);
      const outcome: MutationOutcome = { mutationId: item.mutationId, outcome: 'discarded', seq: null, reason: null };
      return { mutationId: null, changed: changed.rows, settled: [outcome] };
    }
    const { rows, mutationId } = putIn(item, next);
    for (const row of rows) overlay.show(row, changed);
    parking.release(freed);
    return { mutationId, changed: changed.rows, settled: [] };
  };

  const closeConflicts = (item: OutboxItem, choice: 'local' | 'remote', now: number): ConflictRecord[] => {
    for (const record of conflicts.ofMutation(item.mutationId)) {
      if (record.resolution === null) conflicts.resolve(record, byPerson(record, choice, now));
    }
    return conflicts.ofMutation(item.mutationId);
  };

  const retry = (item: OutboxItem, now: number): WriteResult => {
    const records = closeConflicts(item, 'local', now);
    const changes = answerAll(outbox.changesOf(item), records, { tables, isThere: overlay.isConfirmed });
    return replace(item, { changes, base: answerBase(item.base, records), now });
  };

  return {
    replace,
    retry: (mutationId, now) => retry(findStopped(outbox, mutationId, 'retried'), now),
    retryMany(mutationIds, now) {
      const changed = collectChanges();
      const retried: WriteResult[] = [];
      for (const mutationId of mutationIds) {
        const item = outbox.byMutation(mutationId);
        if (item?.state !== 'rejected') continue;
        const result = retry(item, now);
        changed.addEach(result.changed);
        retried.push(result);
      }
      return {
        count: retried.length,
        mutationIds: retried.flatMap(({ mutationId }) => mutationId ?? []),
        changed: changed.rows,
        settled: retried.flatMap(({ settled }) => settled),
      };
    },
    edit(mutationId, changes, now) {
      const item = findStopped(outbox, mutationId, 'edited');
      const checked = withOld(checkChanges(tables, changes), outbox.changesOf(item));
      const records = closeConflicts(item, 'local', now);
      return replace(item, { changes: checked, base: answerBase(item.base, records), now });
    },
    discard(mutationId, now) {
      const item = find(outbox, mutationId);
      if (!mayDiscard(item)) {
        throw new SyncError(
          'misuse',
          `Mutation ${mutationId} is ${item.state} and was sent already: the server may have it. Wait for its outcome.`,
        );
      }
      closeConflicts(item, 'remote', now);
      forgetImport(database, item.position);
      return replace(item, { changes: [], base: item.base, now });
    },
  };
}

/** Only what the server certainly does not have: what it refused, or was never sent. */
function mayDiscard({ state, attempts }: OutboxItem): boolean {
  if (state === 'conflicted' || state === 'rejected' || state === 'held') return true;
  return (state === 'pending' || state === 'parked') && attempts === 0;
}

function find(outbox: Outbox, mutationId: number): OutboxItem {
  const item = outbox.byMutation(mutationId);
  if (item) return item;
  throw new SyncError('not-found', `There is no mutation ${mutationId} in the outbox.`);
}

function findStopped(outbox: Outbox, mutationId: number, what: string): OutboxItem {
  const item = find(outbox, mutationId);
  if (item.state === 'conflicted' || item.state === 'rejected') return item;
  throw new SyncError(
    'misuse',
    `Mutation ${mutationId} is ${item.state}: only a rejected or conflicted one can be ${what}.`,
  );
}

function byPerson(record: ConflictRecord, choice: 'local' | 'remote', at: number): StoredResolution {
  const side = choice === 'local' ? record.local : record.remote;
  return { by: 'person', choice, policies: {}, values: side && pickColumns(side, record.columns), at };
}

/** What the writer saw stays the same where an edited change is about the same row. */
function withOld(changes: readonly Change[], before: readonly Change[]): Change[] {
  return changes.map((change) => {
    const same = before.find(({ table, key }) => table === change.table && isSameKey(key, change.key));
    if (change.old !== undefined || same?.old === undefined || change.op === 'put') return change;
    return { ...change, old: same.old };
  });
}

function isSameKey(a: Change['key'], b: Change['key']): boolean {
  return a.length === b.length && a.every((cell, index) => sameCell(cell, b[index] ?? null));
}

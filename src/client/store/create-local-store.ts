import { SyncError } from '../../shared/error.ts';
import type { ChangedRows, LocalStore } from '../local-store.ts';
import { applyChain } from './apply-chain.ts';
import { releaseHeld } from './held-rows.ts';
import { createImportMutations } from './import-mutations.ts';
import { localTableOf } from './local-table.ts';
import { createLocalWrite } from './local-write.ts';
import { openStore, wipeStore } from './open-store.ts';
import { createOutboxList } from './outbox-list.ts';
import { createOutcomes } from './outcomes.ts';
import { createPushQueue } from './push-batch.ts';
import { readRows, rowCount } from './read-rows.ts';
import { createResolveConflict, createResolveConflicts } from './resolve.ts';
import { createRevise } from './revise.ts';
import { scopeRows } from './scope-sql.ts';
import { createSettle } from './settle.ts';
import { withSideTables } from './side-tables.ts';
import { createStoreParts, type LocalStoreOptions, loadParts } from './store-parts.ts';
import { findUnanswered } from './unanswered.ts';

export type { LocalStoreOptions } from './store-parts.ts';

/** A {@link LocalStore}, and what opening it did. */
export interface OpenedLocalStore extends LocalStore {
  /** The schema versions, when the database was of another one. */
  readonly migrated: { readonly from: number; readonly to: number } | null;
}

/**
 * Opens the local store over a database: creates or migrates its tables, and takes up where it was left.
 *
 * @throws SyncError `invalid-schema` when a statement of `localSchema` fails; whatever the database throws.
 */
export function createLocalStore(options: LocalStoreOptions): OpenedLocalStore {
  const { database } = options;
  const parts = createStoreParts(options);
  const { position, conflicts, identity, stage } = parts;
  const migrated = openStore(parts, options);
  const reload = () => loadParts(parts);
  const write = createLocalWrite({ ...parts, records: () => identity.mode === 'server' });
  const push = createPushQueue(parts);
  const outcomes = createOutcomes(parts);
  const revise = createRevise({ ...parts, outcomes });
  const settle = createSettle({ ...parts, cursor: () => position.cursor });
  const resolve = createResolveConflict({ ...parts, isThere: parts.overlay.isConfirmed, revise });
  const resolveMany = createResolveConflicts(conflicts, resolve);
  const list = createOutboxList(parts);
  const importMutations = createImportMutations(parts);

  /** One transaction, with what is in memory: after a failure both are as before. */
  const atomically = <T>(fn: () => T): T => {
    if (write.isOpen) throw new SyncError('misuse', 'A write is open: nothing else can change the database meanwhile.');
    try {
      return database.transaction(fn);
    } catch (error) {
      if (!(error instanceof SyncError && error.kind === 'closed')) reload();
      throw error;
    }
  };
  /** What the engine itself does to the user's tables is no new work. */
  const quietly = <T extends { readonly changed: ChangedRows }>(fn: () => T): T =>
    atomically(() => {
      const result = parts.capture.silently(() => parts.appTriggers.suspended(fn));
      return { ...result, changed: withSideTables(parts, result.changed) };
    });
  atomically(push.reset);

  return {
    migrated,
    get clientId() {
      return parts.clientIds.current;
    },
    get subject() {
      return identity.subject;
    },
    bindSubject(subject) {
      if (identity.subject === subject) return;
      if (identity.subject !== null) throw otherSubject(identity.subject, subject);
      atomically(() => parts.meta.set('subject', subject));
      identity.subject = subject;
    },
    get locked() {
      return identity.locked;
    },
    setLocked(locked) {
      if (JSON.stringify(locked) === JSON.stringify(identity.locked)) return;
      atomically(() => parts.meta.set('locked', locked && JSON.stringify(locked)));
      identity.locked = locked;
    },

    beginWrite: write.begin,
    runWrite: write.run,
    readWrite: write.read,
    commitWrite: ({ writeId, now }) => write.commit({ writeId, now, base: position.cursor?.seq ?? 0 }),
    rollbackWrite: write.rollback,
    findWrite: write.find,

    nextPush(maxBytes) {
      if (!push.hasSendable) return null;
      try {
        return atomically(() => push.next(maxBytes));
      } catch (error) {
        push.forget();
        throw error;
      }
    },
    unsend(mutationIds) {
      try {
        atomically(() => push.unsend(mutationIds));
      } catch (error) {
        // They count as sent still, and nobody sends them: the next request takes them along.
        push.forget();
        throw error;
      }
    },
    settle: (response, now) =>
      quietly(() => {
        const result = settle(response, now);
        const settled = new Set(response.outcomes.map(({ mutationId }) => mutationId));
        push.answered({ settled, waiting: new Set(response.waiting) });
        return result;
      }),

    get cursor() {
      return position.cursor;
    },
    get scopes() {
      return position.scopes;
    },
    get lacks() {
      return position.lacks;
    },
    get without() {
      return position.without;
    },
    want: (scope, isWanted) => atomically(() => position.want(scope, isWanted)),
    get hasSynced() {
      return position.hasSynced;
    },
    get lastSyncedAt() {
      return position.lastSyncedAt;
    },
    unanswered: (epoch) => findUnanswered(parts, epoch),
    stagedChain: stage.info,
    stagePage: (page) => atomically(() => stage.add(page)),
    applyChain: (last, now) => quietly(() => applyChain({ ...parts, settle }, last, now)),
    dropStagedChain: () => atomically(stage.clear),
    resetCursor: () =>
      atomically(() => {
        position.reset();
        stage.clear();
      }),

    outbox: (query = {}) => list.entries(query),
    countOutbox: (filter = {}) => list.count(filter),
    outcomeOf: outcomes.of,
    counts: () => ({ ...list.counts(), openConflictCount: conflicts.openCount, hasSendable: push.hasSendable }),
    retry: (mutationId, now) => quietly(() => revise.retry(mutationId, now)),
    retryMany: (mutationIds, now) => quietly(() => revise.retryMany(mutationIds, now)),
    discard: (mutationId, now) => quietly(() => revise.discard(mutationId, now)),
    edit: (mutationId, changes, now) => quietly(() => revise.edit(mutationId, changes, now)),
    importMutations: (imported, now) => quietly(() => importMutations(imported, now)),
    seed: (tables) => {
      for (const name of tables) localTableOf(parts.tables, name);
      return atomically(() => ({ rowCount: releaseHeld(parts, tables) }));
    },

    conflicts: (filter = {}) => conflicts.list(filter).map(conflicts.toPublic),
    conflict(id) {
      const record = conflicts.get(id);
      return record && conflicts.toPublic(record);
    },
    resolveConflicts: (ids, resolution, now) => quietly(() => resolveMany(ids, resolution, now)),
    resolveConflict: (id, resolution, how) => quietly(() => resolve(id, resolution, how)),

    rowStatus: list.rowStatus,
    rowCount: (table) => rowCount(database, localTableOf(parts.tables, table)),
    scopeRows: () => scopeRows(database, parts.tables),
    rows: (request) => readRows(parts, list.rowStatus, request),
    wipe() {
      if (write.isOpen) write.rollback();
      push.forget();
      try {
        wipeStore(parts, options);
      } catch (error) {
        if (!(error instanceof SyncError && error.kind === 'closed')) reload();
        throw error;
      }
    },
  };
}

function otherSubject(bound: string, subject: string): SyncError {
  return new SyncError(
    'forbidden',
    `Local data belongs to ${JSON.stringify(bound)}, the server says ${JSON.stringify(subject)}. Sign out with wipe() first.`,
  );
}

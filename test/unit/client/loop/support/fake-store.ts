import type {
  ApplyResult,
  ChangedRows,
  LocalStore,
  OutboxCounts,
  OutgoingPush,
  SettleResult,
  WriteResult,
} from '../../../../../src/client/local-store.ts';
import type { Conflict, MutationOutcome, MutationState } from '../../../../../src/client/types.ts';
import type { Cursor } from '../../../../../src/core/change.ts';
import type { Resolution } from '../../../../../src/core/policy.ts';
import type { PullPage } from '../../../../../src/protocol/messages/pull.ts';
import type { PushResponse } from '../../../../../src/protocol/messages/push.ts';
import type { SyncErrorJson } from '../../../../../src/shared/error.ts';

const changed: ChangedRows = new Map([['issue', '*' as const]]);
const unused = (): never => {
  throw new Error('the loop does not call this');
};

interface FakeMutation {
  readonly mutationId: number;
  readonly bytes: number;
  state: MutationState | 'settled';
  outcome: string | null;
}

/**
 * A LocalStore without rows: an outbox of sizes and states, a cursor, a stage. It holds the loop to its side of the
 * port: one request on its way at a time, and no writing outside the gate.
 */
export class FakeStore implements LocalStore {
  readonly clientId = 'device-1';
  subject: string | null = null;
  cursor: Cursor | null = null;
  scopes: string[] = [];
  readonly lacks: string[] = [];
  readonly without: string[] = [];
  hasSynced = false;
  lastSyncedAt: number | null = null;
  /** Set by the harness: whether the gate is held. */
  isInside = () => true;
  readonly mutations: FakeMutation[] = [];
  readonly applied: PullPage[] = [];
  readonly resolutions: { id: string; resolution: Resolution }[] = [];
  resetCount = 0;
  #staged: PullPage[] = [];
  #conflicts: Conflict[] = [];
  #isOnItsWay = false;
  #upload: { mutationId: number; index: number } | null = null;

  write(bytes = 100): number {
    const mutationId = this.mutations.length + 1;
    this.mutations.push({ mutationId, bytes, state: 'pending', outcome: null });
    return mutationId;
  }

  openConflict(id: string, table = 'issue'): void {
    const mutationId = this.write(0);
    this.#find(mutationId).state = 'conflicted';
    this.#conflicts.push(conflictOf(id, table, mutationId));
  }

  outcomes(): (string | null)[] {
    return this.mutations.map(({ outcome }) => outcome);
  }

  states(): string[] {
    return this.mutations.map(({ state }) => state);
  }

  locked: SyncErrorJson | null = null;
  setLocked(locked: SyncErrorJson | null): void {
    this.locked = locked;
  }

  want(): boolean {
    return false;
  }

  bindSubject(subject: string): void {
    this.#mustBeInside();
    this.subject = subject;
  }

  nextPush(maxBytes: number): OutgoingPush | null {
    this.#mustBeInside();
    if (this.#isOnItsWay) return null;
    const pending = this.mutations.filter(({ state }) => state === 'pending');
    const first = this.#upload ? this.#find(this.#upload.mutationId) : pending[0];
    if (!first) return null;
    this.#isOnItsWay = true;
    if (this.#upload || first.bytes > maxBytes) return this.#nextPart(first, maxBytes);
    const batch: FakeMutation[] = [];
    let sizeBytes = 0;
    for (const one of pending) {
      if (sizeBytes + one.bytes > maxBytes) break;
      sizeBytes += one.bytes;
      one.state = 'sent';
      batch.push(one);
    }
    const mutationIds = batch.map(({ mutationId }) => mutationId);
    return {
      clientId: this.clientId,
      mutations: batch.map(({ mutationId }) => wireMutation(mutationId)),
      part: undefined,
      mutationIds,
      sizeBytes,
    };
  }

  unsend(mutationIds: readonly number[]): void {
    this.#mustBeInside();
    this.#isOnItsWay = false;
    this.#upload = null;
    for (const id of mutationIds) {
      const one = this.#find(id);
      if (one.state === 'sent') one.state = 'pending';
    }
  }

  settle(response: PushResponse, _now: number): SettleResult {
    this.#mustBeInside();
    this.#isOnItsWay = false;
    if (this.#upload && response.outcomes.length === 0) this.#upload.index += 1;
    else this.#upload = null;
    const settled: MutationOutcome[] = [];
    const openConflicts: Conflict[] = [];
    for (const { mutationId, outcome, seq, reason } of response.outcomes) {
      const one = this.#find(mutationId);
      if (one.outcome !== null) continue;
      one.outcome = outcome;
      one.state = outcome === 'rejected' ? 'rejected' : outcome === 'conflict' ? 'conflicted' : 'settled';
      settled.push({ mutationId, outcome, seq, reason: reason ?? null });
      if (outcome === 'conflict') openConflicts.push(conflictOf(`${mutationId}.0`, 'issue', mutationId));
    }
    this.#conflicts.push(...openConflicts);
    return { isRenewed: false, settled, openConflicts, decidedConflicts: [], changed };
  }

  unanswered(): [] {
    return [];
  }

  stagedChain(): { resume: string; rowsDone: number; rowsTotal: number } | null {
    const last = this.#staged.at(-1);
    return last?.resume ? { resume: last.resume, ...last.progress } : null;
  }

  stagePage(page: PullPage): void {
    this.#mustBeInside();
    this.#staged.push(page);
  }

  applyChain(last: PullPage, now: number): ApplyResult {
    this.#mustBeInside();
    const pages = [...this.#staged, last];
    this.#staged = [];
    this.applied.push(last);
    this.cursor = last.cursor;
    this.scopes = last.scopes;
    this.hasSynced = true;
    this.lastSyncedAt = now;
    const changeCount = pages.reduce((sum, page) => sum + page.transactions.length + page.snapshot.length, 0);
    return { changed, changeCount, tables: ['issue'], droppedScopes: [], echoed: [], answered: null };
  }

  dropStagedChain(): void {
    this.#mustBeInside();
    this.#staged = [];
  }

  resetCursor(): void {
    this.#mustBeInside();
    this.resetCount += 1;
    this.cursor = null;
    this.scopes = [];
  }

  counts(): OutboxCounts {
    const count = (...states: FakeMutation['state'][]) =>
      this.mutations.filter(({ state }) => states.includes(state)).length;
    return {
      pendingCount: count('pending', 'sent', 'parked'),
      acceptedCount: 0,
      conflictedCount: count('conflicted'),
      rejectedCount: count('rejected'),
      openConflictCount: this.#conflicts.length,
      oldestPendingAt: null,
      hasSendable: !this.#isOnItsWay && (count('pending') > 0 || this.#upload !== null),
    };
  }

  seed(tables: readonly string[]): { rowCount: number } {
    this.#mustBeInside();
    for (const _table of tables) this.write();
    return { rowCount: tables.length };
  }

  conflicts(filter: { table?: string } = {}): Conflict[] {
    return this.#conflicts.filter(({ table }) => filter.table === undefined || table === filter.table);
  }

  conflict(id: string): Conflict | null {
    return this.#conflicts.find((conflict) => conflict.id === id) ?? null;
  }

  resolveConflict(id: string, resolution: Resolution): WriteResult {
    this.#mustBeInside();
    const found = this.#conflicts.find((conflict) => conflict.id === id);
    if (!found) throw new Error(`no conflict ${id}`);
    this.#conflicts = this.#conflicts.filter((conflict) => conflict !== found);
    this.#find(found.mutationId).state = 'settled';
    this.resolutions.push({ id, resolution });
    return { mutationId: this.write(), changed, settled: [] };
  }

  resolveConflicts = unused;
  beginWrite = unused;
  runWrite = unused;
  readWrite = unused;
  commitWrite = unused;
  rollbackWrite = unused;
  findWrite = unused;
  outbox = unused;
  countOutbox = unused;
  outcomeOf = unused;
  scopeRows = unused;
  retry = unused;
  discard = unused;
  edit = unused;
  importMutations = unused;
  retryMany = unused;
  rowStatus = unused;
  rowCount = unused;
  rows = unused;
  wipe = unused;

  #find(mutationId: number): FakeMutation {
    const found = this.mutations[mutationId - 1];
    if (!found) throw new Error(`no mutation ${mutationId}`);
    return found;
  }

  #nextPart(one: FakeMutation, maxBytes: number): OutgoingPush {
    this.#upload ??= { mutationId: one.mutationId, index: 0 };
    one.state = 'sent';
    const { mutationId, index } = this.#upload;
    const count = Math.ceil(one.bytes / maxBytes);
    const part = { mutationId, index, count, bytes: new Uint8Array(8) };
    const mutationIds = index === count - 1 ? [mutationId] : [];
    return { clientId: this.clientId, mutations: [], part, mutationIds, sizeBytes: maxBytes };
  }

  #mustBeInside(): void {
    if (!this.isInside()) throw new Error('the store was changed outside of the gate');
  }
}

function wireMutation(mutationId: number) {
  const change = { table: 'issue', key: [`row-${mutationId}`], op: 'delete' as const, columns: {} };
  return { mutationId, hlc: '0'.repeat(16), base: 0, changes: [change] };
}

function conflictOf(id: string, table: string, mutationId: number): Conflict {
  return {
    id,
    mutationId,
    table,
    state: 'open',
    kind: 'update-update',
    key: { id: 'a' },
    fields: { title: { base: 'a', local: 'b', remote: 'c' } },
    base: { title: 'a' },
    local: { title: 'b' },
    remote: { title: 'c' },
    localIsLater: true,
    columns: ['title'],
    detectedAt: 0,
    remoteClientId: 'device-2',
    remoteAt: 0,
    localAt: 0,
    remoteSeq: 1,
    resolution: null,
  };
}

import { createStore } from 'zustand/vanilla';
import type { KeyInput, Sync, WriteReceipt, WriteTransaction } from '../client/sync.ts';
import {
  type Conflict,
  type ConflictResolution,
  EVENT_MIRROR_LIMIT,
  type MutationOutcome,
  type OutboxEntry,
  type RowStatus,
  type SyncEvent,
  type SyncRound,
  type SyncState,
  type SyncStats,
} from '../client/types.ts';
import type { Change } from '../core/change.ts';
import { makeHlc } from '../core/hlc.ts';
import type { Resolution } from '../core/policy.ts';
import { type Schema, tableOf } from '../core/schema.ts';
import { toStatement } from '../core/sql.ts';
import { toKey } from '../core/values.ts';
import { keyText } from '../shared/cell.ts';
import { Emitter } from '../shared/emitter.ts';
import { SyncError } from '../shared/error.ts';
import { type FakeAnswer, FakeLiveQueries } from './fake-live.ts';
import { type FakeState, fakeState, withCounts } from './fake-state.ts';
import { fakeTransaction } from './fake-write.ts';

export interface FakeSyncOptions<S extends Schema = Schema> {
  readonly schema: S;
  readonly state?: FakeState;
  /** The whole outbox where it is longer than what the state mirrors. */
  readonly outbox?: readonly OutboxEntry[];
  /** What queries read. Default: no rows. */
  readonly answer?: FakeAnswer;
  readonly rounds?: readonly SyncRound[];
  readonly stats?: Partial<SyncStats>;
  /** Default: at once. A promise that never settles is a database that never opens. */
  readonly ready?: Promise<void>;
  readonly now?: () => number;
}

/** One call of a public action, for assertions. */
export interface FakeCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** A `Sync` without database, engine or server: a state that stands still until an action or a script moves it. */
export interface FakeSync<S extends Schema = Schema> extends Sync<S> {
  /** The actions called so far. */
  readonly calls: readonly FakeCall[];
  /** Puts parts of the state; counts follow from the lists. */
  setState(state: FakeState): void;
  /** Delivers an event to subscribers and to the state. */
  emit(event: SyncEvent): void;
  /** Has every live query ask its `answer` anew. */
  refresh(): void;
  /** How many live queries are open. */
  readonly liveQueryCount: number;
  /** The next call of this action rejects. */
  failNext(name: string, error: Error): void;
  /** Answers a written mutation: it leaves the outbox, and its receipt settles. */
  settle(outcome: MutationOutcome): void;
}

const NO_STATS: SyncStats = {
  roundCount: 0,
  failedRoundCount: 0,
  pushedMutationCount: 0,
  pulledChangeCount: 0,
  conflictCount: 0,
  rejectedCount: 0,
  storageBytes: 0,
};

/**
 * A scripted `Sync` for stories and component tests: give it the state to show, then act on it as an app would.
 *
 * @example
 * ```tsx
 * const sync = createFakeSync({ schema, state: { status: { phase: 'offline', pendingCount: 3 } } });
 * render(<SyncProvider sync={sync}><StatusBadge /></SyncProvider>);
 * ```
 */
export function createFakeSync<S extends Schema>(options: FakeSyncOptions<S>): FakeSync<S> {
  const { schema, answer = () => [], rounds = [], now = Date.now } = options;
  const store = createStore<SyncState>(() => fakeState(options.state));
  const events = new Emitter<SyncEvent>();
  const live = new FakeLiveQueries(answer);
  const calls: FakeCall[] = [];
  const failures = new Map<string, Error>();
  const receipts = new Map<number, (outcome: MutationOutcome) => void>();
  let lastMutationId = Math.max(0, ...store.getState().outbox.map((entry) => entry.mutationId));

  const called = (name: string, ...args: unknown[]) => {
    calls.push({ name, args });
    const failure = failures.get(name);
    failures.delete(name);
    if (failure) throw failure;
  };
  const setState = ({ status, ...parts }: FakeState) =>
    store.setState((state) => {
      const next = { ...state, ...parts };
      return { ...next, status: withCounts({ ...state.status, ...status }, next, status) };
    });
  const emit = (event: SyncEvent) => {
    setState({ events: [...store.getState().events, event].slice(-EVENT_MIRROR_LIMIT) });
    events.emit(event);
  };
  const outboxWith = (mutationId: number, change: (entry: OutboxEntry) => OutboxEntry | null) => {
    const { outbox } = store.getState();
    if (!outbox.some((entry) => entry.mutationId === mutationId)) {
      throw new SyncError('not-found', `There is no mutation ${mutationId} in the outbox.`);
    }
    setState({ outbox: outbox.flatMap((entry) => (entry.mutationId === mutationId ? (change(entry) ?? []) : entry)) });
  };
  const runRound = async (name: string): Promise<SyncRound> => {
    called(name);
    emit({ at: now(), type: 'sync-started', trigger: 'manual' });
    const round: SyncRound = { ...NO_ROUND, startedAt: now() };
    setState({ status: { phase: 'synced', lastSyncedAt: now(), error: null } });
    emit({ at: now(), type: 'sync-finished', round });
    return round;
  };
  const resolve = async (id: string, resolution: Resolution) => {
    called('conflicts.resolve', id, resolution);
    const { conflicts, outbox } = store.getState();
    const conflict = conflicts.find((one) => one.id === id && one.state === 'open');
    if (!conflict) throw new SyncError('not-found', `There is no open conflict ${id}.`);
    const resolved: Conflict = { ...conflict, state: 'resolved', resolution: decided(conflict, resolution, now()) };
    setState({
      conflicts: conflicts.map((one) => (one === conflict ? resolved : one)),
      outbox: outbox.filter((entry) => entry.mutationId !== conflict.mutationId),
    });
    emit({ at: now(), type: 'conflict-resolved', conflictId: id, table: conflict.table });
  };
  const write = async <T>(run: (tx: WriteTransaction<S>) => Promise<T> | T): Promise<WriteReceipt<T>> => {
    called('write', run);
    const changes: Change[] = [];
    const result = await run(fakeTransaction(schema, answer, changes) as unknown as WriteTransaction<S>);
    if (changes.length === 0) return { mutationId: null, result, settled: Promise.resolve(LOCAL_OUTCOME) };
    const mutationId = ++lastMutationId;
    const settled = new Promise<MutationOutcome>((done) => receipts.set(mutationId, done));
    setState({
      outbox: [...store.getState().outbox, entryOf(mutationId, changes, now())],
      status: { phase: 'pending' },
    });
    live.refresh();
    emit({ at: now(), type: 'mutation-written', mutationId, tables: changes.map((change) => change.table) });
    return { mutationId, result, settled };
  };
  const rowStatus = (name: string, key: KeyInput) => {
    const wanted = keyText(toKey(tableOf(schema, name), key));
    const statusOf = () => statusIn(store.getState().outbox, name, wanted);
    return { subscribe: (listener: () => void) => store.subscribe(listener), getSnapshot: statusOf };
  };

  const fake = {
    schema,
    ready: options.ready ?? Promise.resolve(),
    store,
    calls,
    setState,
    emit,
    write,
    rowStatus,
    refresh: () => live.refresh(),
    get liveQueryCount() {
      return live.openCount;
    },
    failNext: (name: string, error: Error) => failures.set(name, error),
    settle: (outcome: MutationOutcome) => {
      outboxWith(outcome.mutationId, () => null);
      receipts.get(outcome.mutationId)?.(outcome);
      emit({ at: now(), type: 'mutation-settled', outcome });
    },
    query: async (query: Parameters<typeof toStatement>[0]) => answer(toStatement(query)),
    liveQuery: (query: Parameters<typeof toStatement>[0]) => live.open(toStatement(query)),
    sync: () => runRound('sync'),
    push: () => runRound('push'),
    pull: () => runRound('pull'),
    seed: () => runRound('seed'),
    hydrate: () => runRound('hydrate'),
    pause: async (reason: string) => {
      called('pause', reason);
      setState({ status: { phase: 'paused', pausedBy: [...store.getState().status.pausedBy, reason] } });
      emit({ at: now(), type: 'paused', reason });
    },
    resume: async (reason: string) => {
      called('resume', reason);
      const pausedBy = store.getState().status.pausedBy.filter((one) => one !== reason);
      setState({ status: pausedBy.length > 0 ? { pausedBy } : { pausedBy, phase: 'synced' } });
      emit({ at: now(), type: 'resumed', reason });
    },
    outbox: {
      list: async ({ limit = Number.POSITIVE_INFINITY, offset = 0 } = {}) =>
        (options.outbox ?? store.getState().outbox).slice(offset, offset + limit),
      retry: async (mutationId: number) => {
        called('outbox.retry', mutationId);
        outboxWith(mutationId, (entry) => ({ ...entry, state: 'pending', reason: null }));
      },
      discard: async (mutationId: number) => {
        called('outbox.discard', mutationId);
        outboxWith(mutationId, () => null);
      },
      edit: async (mutationId: number, changes: readonly Change[]) => {
        called('outbox.edit', mutationId, changes);
        outboxWith(mutationId, (entry) => ({ ...entry, changes, state: 'pending', reason: null }));
      },
      export: async () => {
        called('outbox.export');
        return JSON.stringify(store.getState().outbox);
      },
    },
    conflicts: {
      list: async (filter: { table?: string; state?: string } = {}) =>
        store.getState().conflicts.filter((one) => isWanted(one, filter)),
      resolve,
      resolveAll: async (resolution: 'local' | 'remote', filter: { table?: string } = {}) => {
        const open = store.getState().conflicts.filter((one) => isWanted(one, { ...filter, state: 'open' }));
        for (const one of open) await resolve(one.id, resolution);
        return open.length;
      },
    },
    devices: {
      list: async () => {
        called('devices.list');
        return [...store.getState().devices];
      },
      rename: async (name: string) => called('devices.rename', name),
      revoke: async (deviceId: string) => called('devices.revoke', deviceId),
    },
    stats: async () => ({ ...NO_STATS, ...options.stats }),
    history: async () => [...rounds],
    subscribe: (listener: (event: SyncEvent) => void) => events.subscribe(listener),
    inspect: {
      store,
      cursors: () => store.getState().cursors,
      tables: async () => Object.keys(schema.tables).map((name) => ({ table: name, rowCount: 0 })),
      liveQueries: async () => [],
      integrityCheck: async () => [],
      exportDatabase: async () => new Uint8Array(),
    },
    close: async () => undefined,
    wipe: async () => null,
  };
  // The generic signatures are for callers; a script has rows of one type only.
  return fake as unknown as FakeSync<S>;
}

const NO_ROUND: SyncRound = {
  startedAt: 0,
  durationMs: 0,
  trigger: 'manual',
  pushedCount: 0,
  pulledChangeCount: 0,
  sentBytes: 0,
  outcome: 'ok',
  error: null,
};

const LOCAL_OUTCOME: MutationOutcome = { mutationId: 0, outcome: 'local', seq: null, reason: null };

function entryOf(mutationId: number, changes: readonly Change[], createdAt: number): OutboxEntry {
  return {
    mutationId,
    state: 'pending',
    hlc: makeHlc(createdAt, 0),
    base: 0,
    createdAt,
    attempts: 0,
    sizeBytes: 100,
    changeCount: changes.length,
    tables: [...new Set(changes.map((change) => change.table))],
    changes,
    reason: null,
    waitsFor: null,
  };
}

function decided(conflict: Conflict, resolution: Resolution, at: number): ConflictResolution {
  if (typeof resolution === 'string') {
    const side = conflict[resolution];
    const values = side && Object.fromEntries(conflict.columns.map((column) => [column, side[column]]));
    return { by: 'person', choice: resolution, policies: {}, values, at };
  }
  return { by: 'person', choice: 'merged', policies: {}, values: resolution.merged, at };
}

function isWanted(conflict: Conflict, { table, state }: { table?: string; state?: string }): boolean {
  return (table === undefined || conflict.table === table) && (state === undefined || conflict.state === state);
}

const ROW_STATUS = {
  pending: 'pending',
  parked: 'pending',
  sent: 'sent',
  accepted: 'sent',
  conflicted: 'conflicted',
  rejected: 'rejected',
} as const satisfies Record<OutboxEntry['state'], RowStatus>;

function statusIn(outbox: readonly OutboxEntry[], table: string, key: string): RowStatus {
  const entry = outbox.find((one) =>
    one.changes.some((change) => change.table === table && keyText(change.key) === key),
  );
  return entry ? ROW_STATUS[entry.state] : 'synced';
}

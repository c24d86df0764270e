import type { KeyInput, Sync, WriteReceipt, WriteTransaction } from '../client/sync.ts';
import type {
  CursorInfo,
  MutationOutcome,
  OutboxEntry,
  SyncEvent,
  SyncRound,
  SyncStats,
  SyncStatus,
} from '../client/types.ts';
import type { Change } from '../core/change.ts';
import { type Schema, tableOf } from '../core/schema.ts';
import { type QueryInput, toStatement } from '../core/sql.ts';
import { toKey } from '../core/values.ts';
import { keyText } from '../shared/cell.ts';
import { fakeConflicts } from './fake-conflicts.ts';
import { type FakeCall, FakeCore } from './fake-core.ts';
import { type FakeInspection, fakeInspector } from './fake-inspector.ts';
import { type FakeAnswer, FakeLiveQueries } from './fake-live.ts';
import { FakeOutbox } from './fake-outbox.ts';
import type { FakeState } from './fake-state.ts';
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
  /** What `inspect` tells beyond the state. */
  readonly inspection?: FakeInspection;
}

/** A `Sync` without database, engine or server: a state that stands still until an action or a script moves it. */
export interface FakeSync<S extends Schema = Schema> extends Sync<S> {
  /** The actions called so far. */
  readonly calls: readonly FakeCall[];
  /** Puts parts of the state; counts follow from the lists, and so does the phase of a device at rest. */
  setState(state: FakeState): void;
  /** Delivers an event to subscribers and to the state. */
  emit(event: SyncEvent): void;
  /** Has every live query ask its `answer` anew. */
  refresh(): void;
  /** Replaces parts of what `inspect` tells. */
  setInspection(inspection: FakeInspection): void;
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
  const core = new FakeCore(options.state, now);
  const outbox = new FakeOutbox(core, options.outbox);
  const live = new FakeLiveQueries(answer);
  let inspection: FakeInspection = options.inspection ?? {};
  const fake = {
    schema,
    ready: options.ready ?? Promise.resolve(),
    store: core.store,
    write: fakeWriter({ schema, answer, core, outbox, live }),
    query: async (query: QueryInput) => answer(toStatement(query)),
    liveQuery: (query: QueryInput) => live.open(toStatement(query)),
    rowStatus: (name: string, key: KeyInput) => {
      const wanted = keyText(toKey(tableOf(schema, name), key));
      return {
        subscribe: (listener: () => void) => core.store.subscribe(listener),
        getSnapshot: () => outbox.rowStatus(name, wanted),
      };
    },
    ...fakeRounds(core),
    outbox: outbox.actions,
    conflicts: fakeConflicts(core),
    scopes: fakeScopes(core),
    devices: fakeDevices(core),
    stats: async () => ({ ...NO_STATS, ...options.stats }),
    history: async () => [...rounds],
    subscribe: (listener: (event: SyncEvent) => void) => core.events.subscribe(listener),
    inspect: fakeInspector({ schema, core, outbox, current: () => inspection }),
    close: async () => undefined,
    wipe: async () => null,

    calls: core.calls,
    setState: (state: FakeState) => core.setState(state),
    emit: (event: SyncEvent) => core.emit(event),
    refresh: () => live.refresh(),
    setInspection(parts: FakeInspection) {
      inspection = { ...inspection, ...parts };
    },
    get liveQueryCount() {
      return live.openCount;
    },
    failNext: (name: string, error: Error) => core.failNext(name, error),
    settle: (outcome: MutationOutcome) => outbox.settle(outcome),
  };
  // The generic signatures are for callers; a script has rows of one type only.
  return fake as unknown as FakeSync<S>;
}

interface WriterParts {
  readonly schema: Schema;
  readonly answer: FakeAnswer;
  readonly core: FakeCore;
  readonly outbox: FakeOutbox;
  readonly live: FakeLiveQueries;
}

function fakeWriter({ schema, answer, core, outbox, live }: WriterParts) {
  return async <T>(run: (tx: WriteTransaction) => Promise<T> | T): Promise<WriteReceipt<T>> => {
    core.called('write', run);
    const changes: Change[] = [];
    const result = await run(fakeTransaction(schema, answer, changes));
    if (changes.length === 0) return { mutationId: null, result, settled: Promise.resolve(LOCAL_OUTCOME) };
    const { mutationId, settled } = outbox.add(changes);
    live.refresh();
    core.emit({ at: core.now(), type: 'mutation-written', mutationId, tables: changes.map((change) => change.table) });
    return { mutationId, result, settled };
  };
}

function fakeRounds(core: FakeCore) {
  const round = (name: string) => async (): Promise<SyncRound> => {
    core.called(name);
    core.emit({ at: core.now(), type: 'sync-started', trigger: 'manual' });
    const done: SyncRound = { ...NO_ROUND, startedAt: core.now() };
    core.setState({ cursors: core.state.cursors.map(caughtUp) });
    core.settleDown({ ...REACHED, lastSyncedAt: core.now() });
    core.emit({ at: core.now(), type: 'sync-finished', round: done });
    return done;
  };
  return {
    sync: round('sync'),
    push: round('push'),
    pull: round('pull'),
    seed: round('seed'),
    hydrate: round('hydrate'),
    async pause(reason: string) {
      core.called('pause', reason);
      const pausedBy = [...new Set([...core.state.status.pausedBy, reason])];
      core.setState({ status: { phase: 'paused', connection: 'closed', pausedBy } });
      core.emit({ at: core.now(), type: 'paused', reason });
    },
    async resume(reason: string) {
      core.called('resume', reason);
      const pausedBy = core.state.status.pausedBy.filter((one) => one !== reason);
      if (pausedBy.length > 0) core.setState({ status: { pausedBy } });
      else core.settleDown({ pausedBy, connection: 'open' });
      core.emit({ at: core.now(), type: 'resumed', reason });
    },
  };
}

/** How a device stands whose round has just gone through. */
const REACHED: Partial<SyncStatus> = {
  connection: 'open',
  isOnline: true,
  hasSynced: true,
  progress: null,
  error: null,
  nextRetryAt: null,
};

function caughtUp(info: CursorInfo): CursorInfo {
  if (!info.isFollowed || info.head === null) return info;
  return { ...info, cursor: { epoch: info.cursor?.epoch ?? 'fake', seq: info.head }, lag: 0, isComplete: true };
}

/** As an engine that reaches its server at once: what is left out goes, what is followed again comes. */
function fakeScopes(core: FakeCore) {
  const follow = (scope: string, isFollowed: boolean) => {
    const { cursors } = core.state;
    const head = cursors.find((one) => one.head !== null)?.head ?? null;
    const known = cursors.find((one) => one.scope === scope);
    const here = cursors.find((one) => one.cursor !== null && one.scope !== scope)?.cursor ?? known?.cursor ?? null;
    const info: CursorInfo = isFollowed
      ? { scope, cursor: here, head, lag: here && head !== null ? head - here.seq : null, isComplete: true, isFollowed }
      : { scope, cursor: null, head, lag: null, isComplete: false, isFollowed };
    const isCovered = isFollowed && scope !== '*' && cursors.some((one) => one.scope === '*' && one.isFollowed);
    const others = cursors.map((one) => (one.scope === scope ? info : one));
    const next = known ? others.filter((one) => one !== info || !isCovered) : [...cursors, info];
    core.setState({ cursors: next });
  };
  return {
    async subscribe(scope: string) {
      core.called('scopes.subscribe', scope);
      follow(scope, true);
    },
    async unsubscribe(scope: string) {
      core.called('scopes.unsubscribe', scope);
      follow(scope, false);
    },
  };
}

function fakeDevices(core: FakeCore) {
  return {
    async list() {
      core.called('devices.list');
      return [...core.state.devices];
    },
    rename: async (name: string) => core.called('devices.rename', name),
    revoke: async (deviceId: string) => core.called('devices.revoke', deviceId),
  };
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

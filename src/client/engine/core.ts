import type { ConflictInput, Resolution } from '../../core/policy.ts';
import type { Schema } from '../../core/schema.ts';
import { SyncError, type SyncErrorJson } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { AskAnswer, EnginePush } from '../engine-api.ts';
import { createInstruments, type Instruments } from '../lab/instruments.ts';
import { LiveRegistry } from '../live/live-registry.ts';
import type { ChangedRows, ImportedMutation, ImportedMutations, LocalStore, WriteResult } from '../local-store.ts';
import type { Exclusive, SyncLoop, SyncLoopOptions } from '../loop/sync-loop.ts';
import type { ConflictFilter, MutationOutcome, SyncEvent } from '../types.ts';
import { AskDesk } from './ask-desk.ts';
import type { EngineContext } from './context.ts';
import { Gate } from './gate.ts';
import { LockKeeper } from './lock-keeper.ts';
import { RowWatch } from './row-watch.ts';
import { EngineSession } from './session.ts';
import { StateFeed } from './state-feed.ts';
import { WriteDesk } from './write-desk.ts';

/** Answered in one transaction: writes of the app come in between. */
const CONFLICTS_AT_ONCE = 200;

/** What the loop needs of the engine. */
export type LoopHooks = Pick<
  SyncLoopOptions,
  'exclusive' | 'resolve' | 'onCaller' | 'onEvent' | 'onChanged' | 'onSettled' | 'onStateChanged'
> & {
  /** Asks a page for the app's token. */
  readonly token: (options: { refresh: boolean }) => Promise<string | null>;
};

export interface EngineOptions {
  readonly schema: Schema;
  readonly database: LocalDatabase;
  readonly store: LocalStore;
  readonly runtime: Runtime;
  /** Default: some that nothing goes through. */
  readonly instruments?: Instruments;
  readonly createLoop: (hooks: LoopHooks) => SyncLoop;
  /** Ends what the loop was made of. */
  readonly onClose?: () => void;
}

/** One engine: the parts, and what they tell each other. */
export class EngineCore implements EngineContext {
  readonly schema: Schema;
  readonly database: LocalDatabase;
  readonly store: LocalStore;
  readonly runtime: Runtime;
  readonly instruments: Instruments;
  readonly gate = new Gate();
  readonly writes: WriteDesk;
  readonly live: LiveRegistry;
  readonly rows: RowWatch;
  readonly asks: AskDesk;
  readonly loop: SyncLoop;
  readonly feed: StateFeed;
  readonly #sessions = new Map<string, EngineSession>();
  readonly #onClose: () => void;
  /** Why nothing is shown: somebody else than the owner of the data is signed in. */
  #locked: SyncErrorJson | null;
  /** What the app gave last; undefined before it was asked. */
  #token: string | null | undefined;
  readonly #lockKeeper: LockKeeper;
  #wipesUnderWay = 0;
  /** Counts the wipes that were. */
  #generation = 0;
  #isClosed = false;

  constructor(options: EngineOptions) {
    const { schema, database, store, runtime, instruments = createInstruments(runtime) } = options;
    const { createLoop, onClose = () => {} } = options;
    const { lab } = instruments;
    this.schema = schema;
    this.database = database;
    this.store = store;
    this.runtime = runtime;
    this.instruments = instruments;
    this.#onClose = onClose;
    this.#locked = store.locked;
    this.#lockKeeper = new LockKeeper({ store, runtime, gate: this.gate, locked: () => this.#locked });
    this.live = new LiveRegistry({ schema, database, runtime, locked: () => this.#locked });
    this.rows = new RowWatch(store);
    const heard = () => [...this.#sessions.values()].filter((session) => session.isHeard);
    this.asks = new AskDesk(runtime, heard, (error) => this.#stalled('page', error));
    this.writes = new WriteDesk({
      database,
      store,
      runtime,
      gate: this.gate,
      onEnd: () => this.live.refresh(),
      onStall: (error) => this.#stalled('write', error),
    });
    this.loop = createLoop(this.#hooks());
    this.feed = new StateFeed({
      runtime,
      store,
      loop: this.loop,
      lab,
      isLocked: () => this.#locked !== null,
      send: (state) => this.#pushToAll({ type: 'state', state }),
      onPace: () => this.rows.checkAll(),
    });
    lab.onChanged(({ refuseToken }) => {
      if (refuseToken !== 'never' && lab.conditions.refuseToken === 'never') this.loop.tokenChanged();
      this.feed.answered();
    });
  }

  start(): void {
    this.loop.start();
  }

  connect(sessionId: string): EngineSession {
    if (this.#isClosed) throw new SyncError('closed', 'The engine is closed.');
    void this.#sessions.get(sessionId)?.close();
    const session: EngineSession = new EngineSession(this, sessionId, () => this.#removed(session));
    this.#sessions.set(sessionId, session);
    this.attended();
    return session;
  }

  tell(event: SyncEvent): void {
    this.feed.addEvent(event);
  }

  #stalled(what: 'write' | 'page', error: SyncError): void {
    this.tell({ at: this.runtime.now(), type: 'stalled', what, error: error.toJSON() });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const reason = new SyncError('closed', 'The engine was closed.');
    // First what the loop may be waiting for: an open write, an answer of a page.
    for (const session of [...this.#sessions.values()]) await session.close();
    this.asks.close(reason);
    await this.loop.close();
    this.#onClose();
    this.#lockKeeper.close();
    this.gate.close(reason);
    this.live.closeAll();
    this.feed.close();
    this.instruments.log.close();
    this.database.close();
  }

  assertUnlocked(): void {
    if (this.#locked) throw SyncError.fromJSON(this.#locked);
  }

  async whenUnlocked<T>(read: () => T): Promise<T> {
    return this.whenCommitted(() => {
      this.assertUnlocked();
      return read();
    });
  }

  async whenCommitted<T>(read: () => T): Promise<T> {
    return this.database.inTransaction ? this.gate.run(read) : read();
  }

  async change(fn: (store: LocalStore, now: number) => WriteResult): Promise<{ mutationId: number | null }> {
    const result = await this.gate.run(() => {
      this.assertUnlocked();
      return fn(this.store, this.runtime.now());
    });
    this.committed(result);
    this.feed.answered();
    return { mutationId: result.mutationId };
  }

  async followScope(scope: string, isFollowed: boolean): Promise<void> {
    const isNew = await this.gate.run(() => {
      this.assertUnlocked();
      return this.store.want(scope, isFollowed);
    });
    if (isNew) this.loop.scopesChosen();
    this.feed.answered();
  }

  async resolveConflict(id: string, resolution: Resolution): Promise<{ mutationId: number | null }> {
    const { table, result } = await this.gate.run(() => {
      this.assertUnlocked();
      const found = this.store.conflict(id)?.table;
      const how = { by: 'person' as const, now: this.runtime.now() };
      return { table: found, result: this.store.resolveConflict(id, resolution, how) };
    });
    this.committed(result);
    if (table !== undefined) this.tell({ at: this.runtime.now(), type: 'conflict-resolved', conflictId: id, table });
    this.feed.answered();
    return { mutationId: result.mutationId };
  }

  async resolveConflicts(
    resolution: 'local' | 'remote' | 'later',
    filter: Omit<ConflictFilter, 'state'>,
  ): Promise<number> {
    const open = await this.whenUnlocked(() => this.store.conflicts({ ...filter, state: 'open' }));
    const exclusive = this.#exclusive();
    let count = 0;
    for (let start = 0; start < open.length; start += CONFLICTS_AT_ONCE) {
      const ids = open.slice(start, start + CONFLICTS_AT_ONCE).map(({ id }) => id);
      const { resolved, mutationIds, changed, settled } = await exclusive(() => {
        this.assertUnlocked();
        return this.store.resolveConflicts(ids, resolution, this.runtime.now());
      });
      count += resolved.length;
      const at = this.runtime.now();
      for (const { id, table } of resolved) this.tell({ at, type: 'conflict-resolved', conflictId: id, table });
      this.#committedMany(mutationIds, { changed, settled });
    }
    this.feed.answered();
    return count;
  }

  async retryMutations(mutationIds: readonly number[]): Promise<number> {
    const { count, ...retried } = await this.gate.run(() => {
      this.assertUnlocked();
      return this.store.retryMany(mutationIds, this.runtime.now());
    });
    this.#committedMany(retried.mutationIds, retried);
    this.feed.answered();
    return count;
  }

  async importMutations(imported: readonly ImportedMutation[]): Promise<ImportedMutations> {
    const { changed, takenOver, epoch } = await this.gate.run(() => {
      this.assertUnlocked();
      return this.store.importMutations(imported, this.runtime.now());
    });
    this.#committedMany(
      takenOver.flatMap(({ mutationId }) => mutationId ?? []),
      { changed, settled: [] },
    );
    this.feed.answered();
    return { takenOver, epoch };
  }

  #committedMany(mutationIds: readonly number[], result: Omit<WriteResult, 'mutationId'>): void {
    const at = this.runtime.now();
    const tables = [...result.changed.keys()];
    for (const mutationId of mutationIds) this.tell({ at, type: 'mutation-written', mutationId, tables });
    this.committed({ ...result, mutationId: null });
  }

  committed(result: WriteResult): void {
    const { mutationId, changed, settled } = result;
    const at = this.runtime.now();
    this.#onChanged(changed);
    if (mutationId !== null) {
      this.feed.addEvent({ at, type: 'mutation-written', mutationId, tables: [...changed.keys()] });
    }
    for (const outcome of settled) this.feed.addEvent({ at, type: 'mutation-settled', outcome });
    this.#onSettled(settled);
    this.feed.committed();
    this.loop.written();
  }

  async wipe(dealtWith?: readonly number[]): Promise<void> {
    const reason = 'wipe';
    this.#wipesUnderWay += 1;
    this.loop.pause(reason);
    try {
      await this.gate.run(() => {
        if (dealtWith) this.#refuseToLose(new Set(dealtWith));
        this.store.wipe();
        this.#wiped();
      });
    } finally {
      this.#wipesUnderWay -= 1;
      // Two tabs may be at it: nothing is synced before both are done.
      if (this.#wipesUnderWay === 0) this.loop.resume(reason);
    }
    this.feed.answered();
  }

  /** Nothing that is remembered beside the store is of the one who comes now. */
  #wiped(): void {
    this.#generation += 1;
    this.#lock(null);
    this.loop.wiped();
    this.feed.forget();
    this.instruments.log.close();
    this.#onChanged(new Map(Object.keys(this.schema.tables).map((table) => [table, '*'])));
  }

  /** Looked at behind the gate, where no write can slip in between this and the end of the data. */
  #refuseToLose(dealtWith: ReadonlySet<number>): void {
    const lost = this.store
      .outbox()
      .filter(({ state, mutationId }) => state !== 'accepted' && !dealtWith.has(mutationId));
    if (lost.length === 0) return;
    throw new SyncError(
      'unsent-work',
      `${lost.length} mutations have not reached the server and would be lost. Sync first, or wipe with unsent: 'export' or 'discard'.`,
      { details: { count: lost.length } },
    );
  }

  /** Without a session nobody can tell: it is taken for granted. */
  attended(): void {
    if (this.#isClosed) return;
    const sessions = [...this.#sessions.values()];
    this.loop.attend(sessions.length === 0 || sessions.some((session) => session.isAttended));
  }

  async checkToken(): Promise<void> {
    const before = this.#token;
    if (before === undefined) return;
    const token = await this.#askToken({ refresh: false }).catch(() => before);
    if (token !== before) this.loop.tokenChanged();
  }

  /** Who is signed in has been told: shows nothing of one person's data to another, and all of it when the owner is back. */
  #called(stranger: SyncError | null): void {
    const locked = stranger?.toJSON() ?? null;
    if (locked?.message === this.#locked?.message) return;
    this.#lock(locked);
    if (stranger) for (const { sessionId } of this.#sessions.values()) this.writes.dropSession(sessionId, stranger);
    this.live.invalidate();
    this.feed.answered();
  }

  /** At once for who asks this engine, and as soon as the disk takes it for the engines to come. */
  #lock(locked: SyncErrorJson | null): void {
    this.#locked = locked;
    this.#lockKeeper.keep();
  }

  /** Turns on the data that there are now: refused once these have been wiped. */
  #exclusive(): Exclusive {
    const generation = this.#generation;
    return (fn) =>
      this.gate.run(() => {
        if (generation === this.#generation) return fn();
        throw new SyncError('aborted', 'The local data were wiped meanwhile.');
      });
  }

  #hooks(): LoopHooks {
    return {
      exclusive: (fn) => this.#exclusive()(fn),
      resolve: (conflict) => this.#askResolution(conflict),
      token: (options) => this.#askToken(options),
      onCaller: (stranger) => this.#called(stranger),
      onEvent: (event) => this.tell(event),
      onChanged: (changed) => this.#onChanged(changed),
      onSettled: (outcomes) => this.#onSettled(outcomes),
      onStateChanged: () => this.feed.changed(),
    };
  }

  async #askToken({ refresh }: { refresh: boolean }): Promise<string | null> {
    const answer = await this.asks.ask({ type: 'token', refresh }).catch((error: SyncError): AskAnswer => {
      if (error.kind !== 'timeout') throw error;
      return { type: 'failed', message: 'auth() has not answered yet; when it does, sync goes on' };
    });
    if (answer.type === 'token') {
      this.#token = answer.token;
      return answer.token;
    }
    const isOffline = answer.type === 'failed' && answer.isOffline === true;
    throw new SyncError(isOffline ? 'network' : 'needs-auth', `The app gave no token: ${failureOf(answer)}`);
  }

  async #askResolution(conflict: ConflictInput): Promise<Resolution | null> {
    const answer = await this.asks.ask({ type: 'resolve', conflict });
    if (answer.type === 'resolve') return answer.resolution;
    throw new SyncError('misuse', `The resolver of ${conflict.table} failed: ${failureOf(answer)}`);
  }

  #onChanged(changed: ChangedRows): void {
    this.live.changed(changed);
    this.rows.changed(changed);
  }

  #onSettled(outcomes: readonly MutationOutcome[]): void {
    for (const outcome of outcomes) this.#pushToAll({ type: 'settled', outcome });
  }

  #pushToAll(push: EnginePush): void {
    for (const session of this.#sessions.values()) session.push(push);
  }

  #removed(session: EngineSession): void {
    if (this.#sessions.get(session.sessionId) !== session) return;
    this.#sessions.delete(session.sessionId);
    this.asks.sessionRemoved(session.sessionId);
    this.instruments.lab.left(session.sessionId);
    this.attended();
  }
}

function failureOf(answer: { readonly type: string; readonly message?: string }): string {
  return answer.message ?? `it answered ${answer.type}`;
}

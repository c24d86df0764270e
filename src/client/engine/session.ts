import type { Change } from '../../core/change.ts';
import type { Resolution } from '../../core/policy.ts';
import { tableOf } from '../../core/schema.ts';
import type { Statement } from '../../core/sql.ts';
import type { WireValue } from '../../protocol/codec.ts';
import type { RowKey } from '../../shared/cell.ts';
import { Emitter } from '../../shared/emitter.ts';
import { SyncError } from '../../shared/error.ts';
import type { ReadResult } from '../../storage/local-database.ts';
import type {
  AskAnswer,
  CommittedWrite,
  EngineConnection,
  EngineMethods,
  EnginePush,
  LiveInfo,
  LiveQueryRecord,
  SyncKind,
  TableInfo,
} from '../engine-api.ts';
import type { LabConditions, RowsPage, RowsRequest, WireFrames } from '../inspection.ts';
import type { LiveQuery, LiveSubscriber } from '../live/live-query.ts';
import type { ImportedMutation, ImportedMutations } from '../local-store.ts';
import type {
  Conflict,
  ConflictFilter,
  DeviceInfo,
  MutationOutcome,
  OutboxEntry,
  OutboxFilter,
  OutboxQuery,
  RowStatus,
  ScopeInfo,
  SyncRound,
  SyncStats,
} from '../types.ts';
import type { EngineContext } from './context.ts';
import { guardRead } from './guard.ts';

interface OpenLive {
  readonly query: LiveQuery;
  readonly subscriber: LiveSubscriber;
}

/** One tab's line to the engine. */
export class EngineSession implements EngineConnection, EngineMethods {
  readonly sessionId: string;
  readonly #core: EngineContext;
  readonly #onClose: () => void;
  readonly #pushes = new Emitter<EnginePush>();
  readonly #live = new Map<string, OpenLive>();
  /** Live queries that the page wants: an opening may wait for the end of a write, and be closed before. */
  readonly #wanted = new Set<string>();
  readonly #watches = new Map<string, () => void>();
  readonly #runs = new Map<string, AbortController>();
  #isClosed = false;
  #isAttended = true;

  constructor(core: EngineContext, sessionId: string, onClose: () => void) {
    this.#core = core;
    this.sessionId = sessionId;
    this.#onClose = onClose;
  }

  get methods(): EngineMethods {
    return this;
  }

  /** Whether somebody can see the page. */
  get isAttended(): boolean {
    return this.#isAttended;
  }

  /** Whether anybody would hear a push. */
  get isHeard(): boolean {
    return this.#pushes.size > 0;
  }

  /** A new listener hears the whole state at once. */
  onPush(listener: (push: EnginePush) => void): () => void {
    if (this.#isClosed) return () => {};
    const stop = this.#pushes.subscribe(listener);
    listener({ type: 'state', state: this.#core.feed.whole() });
    this.#core.asks.sessionAdded();
    return stop;
  }

  push(push: EnginePush): void {
    this.#pushes.emit(push);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pushes.clear();
    for (const liveId of [...this.#live.keys()]) this.#drop(liveId);
    for (const stop of this.#watches.values()) stop();
    this.#watches.clear();
    this.#core.writes.dropSession(this.sessionId);
    this.#onClose();
  }

  // ── writing ──

  async writeRun(writeId: string, statement: Statement, clientId: string | null = null): Promise<number> {
    this.#assertWritable();
    return this.#core.writes.run({ sessionId: this.sessionId, writeId, clientId }, statement);
  }

  async writeRead(writeId: string, statement: Statement, clientId: string | null = null): Promise<ReadResult> {
    this.#assertWritable();
    return this.#core.writes.read({ sessionId: this.sessionId, writeId, clientId }, statement);
  }

  async writeOnce(
    writeId: string,
    statement: Statement,
    clientId: string | null = null,
  ): Promise<CommittedWrite & { rowCount: number }> {
    try {
      const rowCount = await this.writeRun(writeId, statement, clientId);
      return { rowCount, ...(await this.writeCommit(writeId)) };
    } catch (error) {
      this.#core.writes.rollback(writeId);
      throw error;
    }
  }

  async writeCommit(writeId: string): Promise<CommittedWrite> {
    this.#assertWritable();
    const result = await this.#core.writes.commit(writeId);
    if (!result) return { mutationId: null };
    this.#core.committed(result);
    return { mutationId: result.mutationId, clientId: result.clientId };
  }

  async writeRollback(writeId: string): Promise<void> {
    this.#core.writes.rollback(writeId);
  }

  async findWrite(writeId: string): Promise<CommittedWrite | null> {
    const { store } = this.#core;
    const found = store.findWrite(writeId);
    return found && { ...found, clientId: store.clientId };
  }

  // ── reading ──

  async query(statement: Statement): Promise<ReadResult> {
    return this.#core.whenUnlocked(() => {
      this.#assertOpen();
      guardRead(this.#core.database, statement.sql);
      return this.#core.database.read(statement.sql, statement.parameters);
    });
  }

  async openLive(liveId: string, statement: Statement): Promise<LiveInfo> {
    this.#wanted.add(liveId);
    return this.#core.whenCommitted(() => {
      this.#assertOpen();
      if (!this.#wanted.has(liveId)) throw new SyncError('aborted', 'The live query was closed before it was open.');
      this.#drop(liveId);
      guardRead(this.#core.database, statement.sql);
      const subscriber: LiveSubscriber = {
        onDelta: (delta) => this.push({ type: 'live', liveId, delta }),
        onError: (error) => this.push({ type: 'live-error', liveId, error }),
      };
      const query = this.#core.live.open(statement, subscriber);
      this.#live.set(liveId, { query, subscriber });
      return infoOf(liveId, query);
    });
  }

  async closeLive(liveId: string): Promise<void> {
    this.#wanted.delete(liveId);
    this.#drop(liveId);
  }

  async watchRow(watchId: string, table: string, key: RowKey): Promise<void> {
    this.#assertOpen();
    tableOf(this.#core.schema, table);
    this.#watches.get(watchId)?.();
    const tell = (status: RowStatus) => this.push({ type: 'row-status', watchId, status });
    this.#watches.set(watchId, this.#core.rows.add(table, key, tell));
  }

  async unwatchRow(watchId: string): Promise<void> {
    this.#watches.get(watchId)?.();
    this.#watches.delete(watchId);
  }

  // ── sync ──

  async runSync(callId: string, kind: SyncKind, options: { tables?: readonly string[] }): Promise<SyncRound> {
    const abort = new AbortController();
    this.#runs.set(callId, abort);
    try {
      await this.#core.checkToken();
      return await this.#core.loop.run(kind, {
        ...options,
        signal: abort.signal,
        onProgress: (progress) => this.push({ type: 'progress', callId, progress }),
      });
    } finally {
      this.#runs.delete(callId);
      this.#core.feed.answered();
    }
  }

  async abortSync(callId: string): Promise<void> {
    this.#runs.get(callId)?.abort();
  }

  async pause(reason: string): Promise<void> {
    this.#core.loop.pause(reason);
    this.#core.feed.answered();
  }

  async resume(reason: string): Promise<void> {
    this.#core.loop.resume(reason);
    this.#core.feed.answered();
  }

  async followScope(scope: string, isFollowed: boolean): Promise<void> {
    await this.#core.followScope(scope, isFollowed);
  }

  async attend(isAttended: boolean): Promise<void> {
    this.#isAttended = isAttended;
    this.#core.attended();
  }

  async listOutbox(options: OutboxQuery = {}): Promise<OutboxEntry[]> {
    return this.#core.whenUnlocked(() => this.#core.store.outbox(options));
  }

  async countOutbox(filter: OutboxFilter = {}): Promise<number> {
    return this.#core.whenUnlocked(() => this.#core.store.countOutbox(filter));
  }

  async outcomesOf(mutationIds: readonly number[]): Promise<MutationOutcome[]> {
    const { store } = this.#core;
    return this.#core.whenUnlocked(() => mutationIds.flatMap((mutationId) => store.outcomeOf(mutationId) ?? []));
  }

  async retryMutation(mutationId: number): Promise<{ mutationId: number | null }> {
    return this.#core.change((store, now) => store.retry(mutationId, now));
  }

  async retryMutations(mutationIds: readonly number[]): Promise<number> {
    return this.#core.retryMutations(mutationIds);
  }

  async discardMutation(mutationId: number): Promise<void> {
    await this.#core.change((store, now) => store.discard(mutationId, now));
  }

  async editMutation(mutationId: number, changes: readonly Change[]): Promise<{ mutationId: number | null }> {
    return this.#core.change((store, now) => store.edit(mutationId, changes, now));
  }

  async importMutations(imported: readonly ImportedMutation[]): Promise<ImportedMutations> {
    return this.#core.importMutations(imported);
  }

  async listConflicts(filter: ConflictFilter = {}): Promise<Conflict[]> {
    return this.#core.whenUnlocked(() => this.#core.store.conflicts(filter));
  }

  async resolveConflict(id: string, resolution: Resolution): Promise<{ mutationId: number | null }> {
    return this.#core.resolveConflict(id, resolution);
  }

  async resolveConflicts(
    resolution: 'local' | 'remote' | 'later',
    filter: Omit<ConflictFilter, 'state'> = {},
  ): Promise<number> {
    return this.#core.resolveConflicts(resolution, filter);
  }

  async listDevices(): Promise<DeviceInfo[]> {
    const devices = await this.#core.loop.devices.list();
    this.#core.feed.setDevices(devices);
    return devices;
  }

  async renameDevice(name: string): Promise<void> {
    await this.#core.loop.devices.rename(name);
    await this.listDevices();
  }

  async revokeDevice(deviceId: string): Promise<void> {
    await this.#core.loop.devices.revoke(deviceId);
    await this.listDevices();
  }

  async stats(): Promise<SyncStats> {
    return { ...this.#core.loop.totals(), storageBytes: this.#core.database.sizeBytes() };
  }

  async history(): Promise<SyncRound[]> {
    return this.#core.loop.history();
  }

  // ── inspection and upkeep ──

  async inspectTables(): Promise<TableInfo[]> {
    const { schema, store } = this.#core;
    return this.#core.whenUnlocked(() =>
      Object.keys(schema.tables).map((table) => ({ table, rowCount: store.rowCount(table) })),
    );
  }

  async inspectScopes(): Promise<ScopeInfo[]> {
    return this.#core.whenUnlocked(() => this.#core.store.scopeRows());
  }

  async inspectRows(request: RowsRequest): Promise<RowsPage> {
    tableOf(this.#core.schema, request.table);
    return this.#core.whenUnlocked(() => this.#core.store.rows(request));
  }

  async liveQueries(): Promise<LiveQueryRecord[]> {
    return this.#core.live.records();
  }

  async frames(afterId: number): Promise<WireFrames> {
    return this.#core.instruments.log.after(afterId);
  }

  async frameContent(frameId: number): Promise<WireValue> {
    this.#core.assertUnlocked();
    return this.#core.instruments.log.content(frameId);
  }

  async setLab(conditions: Partial<LabConditions>): Promise<void> {
    this.#assertOpen();
    this.#core.instruments.lab.set(conditions, this.sessionId);
  }

  async integrityCheck(): Promise<string[]> {
    return this.#core.whenCommitted(() => this.#core.database.integrityCheck());
  }

  async exportDatabase(): Promise<Uint8Array> {
    return this.#core.whenUnlocked(() => this.#core.database.exportBytes());
  }

  async wipe(dealtWith?: readonly number[]): Promise<void> {
    await this.#core.wipe(dealtWith);
  }

  async answer(askId: string, answer: AskAnswer): Promise<void> {
    const isAwaited = this.#core.asks.answer(askId, answer);
    // A person took their time to sign in.
    if (!isAwaited && answer.type === 'token' && answer.token !== null) this.#core.loop.tokenChanged();
  }

  #drop(liveId: string): void {
    const open = this.#live.get(liveId);
    this.#live.delete(liveId);
    if (open) this.#core.live.close(open.query, open.subscriber);
  }

  #assertWritable(): void {
    this.#assertOpen();
    this.#core.assertUnlocked();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new SyncError('closed', 'This session has been closed.');
  }
}

function infoOf(liveId: string, query: LiveQuery): LiveInfo {
  return { liveId, tablesRead: [...query.tables] };
}

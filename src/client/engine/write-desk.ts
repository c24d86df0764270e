import { isOfOneFamily } from '../../core/client-family.ts';
import type { Statement } from '../../core/sql.ts';
import { SyncError } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { LocalDatabase, ReadResult } from '../../storage/local-database.ts';
import type { LocalStore, WriteResult } from '../local-store.ts';
import type { Gate } from './gate.ts';

/** A transaction that nobody touches for so long is rolled back: it keeps everybody else waiting. */
export const WRITE_IDLE_MS = 10_000;
/** Ended transactions that are remembered, so that a late call of one does not open it again. */
const REMEMBERED_WRITES = 1_000;

/** Whose a write is. */
export interface WriteOrigin {
  readonly writeId: string;
  readonly sessionId: string;
  /** Of the local database that it is meant for; null where the page does not know yet. */
  readonly clientId: string | null;
}

interface Write extends WriteOrigin {
  readonly opening: Promise<void>;
  leave: (() => void) | null;
  stopTimer: () => void;
}

export interface WriteDeskOptions {
  readonly database: LocalDatabase;
  readonly store: LocalStore;
  readonly runtime: Runtime;
  readonly gate: Gate;
  /** A transaction was rolled back or has failed: whoever waits for the end of it may look. */
  readonly onEnd: () => void;
  /** A transaction was rolled back because nobody touched it any more. */
  readonly onStall?: (error: SyncError) => void;
}

/** The interactive transactions of all sessions: one is open at a time, the others wait at the gate. */
export class WriteDesk {
  readonly #options: WriteDeskOptions;
  readonly #writes = new Map<string, Write>();
  /** Why a write that is over takes no more calls. */
  readonly #ended = new Map<string, SyncError | null>();

  constructor(options: WriteDeskOptions) {
    this.#options = options;
  }

  run(origin: WriteOrigin, { sql, parameters }: Statement): Promise<number> {
    return this.#use(origin, (store) => store.runWrite(sql, parameters));
  }

  read(origin: WriteOrigin, { sql, parameters }: Statement): Promise<ReadResult> {
    return this.#use(origin, (store) => store.readWrite(sql, parameters));
  }

  /** Null when the write never did anything. */
  async commit(writeId: string): Promise<(WriteResult & { clientId: string }) | null> {
    this.#assertNotEnded(writeId);
    const write = this.#writes.get(writeId);
    if (!write) {
      this.#remember(writeId, null);
      return null;
    }
    await write.opening;
    this.#assertNotEnded(writeId);
    const { store, runtime } = this.#options;
    try {
      const result = store.commitWrite({ writeId, now: runtime.now() });
      this.#end(write, null);
      return { ...result, clientId: store.clientId };
    } catch (error) {
      const known = SyncError.from(error, 'storage', 'The write could not be committed');
      this.#abandon(write, known);
      throw known;
    }
  }

  rollback(writeId: string): void {
    const write = this.#writes.get(writeId);
    const reason = new SyncError('aborted', `The write ${writeId} was rolled back.`);
    if (write) this.#abandon(write, reason);
    else if (!this.#ended.has(writeId)) this.#remember(writeId, reason);
  }

  /** Rolls back what a session has open, or waits for: it went away, unless there is another reason. */
  dropSession(sessionId: string, reason: SyncError = tabGone()): void {
    for (const write of [...this.#writes.values()]) if (write.sessionId === sessionId) this.#abandon(write, reason);
  }

  async #use<T>(origin: WriteOrigin, fn: (store: LocalStore) => T): Promise<T> {
    const { writeId } = origin;
    this.#assertNotEnded(writeId);
    const write = this.#writes.get(writeId) ?? this.#open(origin);
    await write.opening;
    this.#assertNotEnded(writeId);
    try {
      return fn(this.#options.store);
    } catch (error) {
      this.#checkStillOpen(write, error);
      throw error;
    } finally {
      this.#waitForNext(write);
    }
  }

  #open(origin: WriteOrigin): Write {
    const { writeId } = origin;
    const opening = this.#options.gate.enter().then((leave) => {
      // Rolled back while it waited.
      if (this.#writes.get(writeId) !== write) return leave();
      write.leave = leave;
      try {
        this.#assertSameDatabase(origin);
        this.#options.store.beginWrite();
      } catch (error) {
        this.#abandon(write, SyncError.from(error, 'storage', 'The write could not begin'));
      }
    });
    const write: Write = { ...origin, opening, leave: null, stopTimer: () => {} };
    this.#writes.set(writeId, write);
    return write;
  }

  /** What was on its way while the data were wiped is the work of who has left: it must not end up in what begins then. */
  #assertSameDatabase({ writeId, clientId }: WriteOrigin): void {
    if (clientId === null || isOfOneFamily(clientId, this.#options.store.clientId)) return;
    throw new SyncError('aborted', `The local data were wiped before the write ${writeId} began; nothing was written.`);
  }

  /** SQLite rolls back by itself when, say, the disk is full. Going on would commit half a transaction. */
  #checkStillOpen(write: Write, error: unknown): void {
    if (this.#options.database.inTransaction) return;
    this.#abandon(write, SyncError.from(error, 'storage', 'The write was rolled back'));
  }

  #waitForNext(write: Write): void {
    write.stopTimer();
    if (this.#writes.get(write.writeId) !== write) return;
    write.stopTimer = this.#options.runtime.setTimer(WRITE_IDLE_MS, () => {
      const text = `A write() did nothing for ${WRITE_IDLE_MS} ms and was rolled back: await only its own statements inside it.`;
      const error = new SyncError('timeout', text);
      this.#abandon(write, error);
      this.#options.onStall?.(error);
    });
  }

  #abandon(write: Write, reason: SyncError): void {
    if (this.#writes.get(write.writeId) !== write) return;
    if (write.leave && this.#options.database.inTransaction) this.#options.store.rollbackWrite();
    this.#end(write, reason);
    this.#options.onEnd();
  }

  /** `reason` is null for a write that ended well: its error is made when somebody goes on with it, which is rare. */
  #end(write: Write, reason: SyncError | null): void {
    write.stopTimer();
    this.#writes.delete(write.writeId);
    this.#remember(write.writeId, reason);
    write.leave?.();
  }

  #remember(writeId: string, reason: SyncError | null): void {
    this.#ended.set(writeId, reason);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > REMEMBERED_WRITES && oldest !== undefined) this.#ended.delete(oldest);
  }

  #assertNotEnded(writeId: string): void {
    const reason = this.#ended.get(writeId);
    if (reason !== undefined) throw reason ?? alreadyOver(writeId);
  }
}

function tabGone(): SyncError {
  return new SyncError('interrupted', 'The tab of this write went away; nothing of it was written.');
}

function alreadyOver(writeId: string): SyncError {
  return new SyncError('misuse', `The write ${writeId} is over: await every statement inside write().`);
}

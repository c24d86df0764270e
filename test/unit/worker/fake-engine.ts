import type { EngineConnection, EngineMethods, EnginePush } from '../../../src/client/engine-api.ts';
import type { OpenEngine, SharedEngine } from '../../../src/client/open-engine.ts';
import { engineMethodsOver } from '../../../src/client/rpc/methods.ts';
import { Emitter } from '../../../src/shared/emitter.ts';
import { SyncError } from '../../../src/shared/error.ts';

/** What survives the engines: rows are the SQL texts that were committed. */
export class FakeDisk {
  term = 0;
  readonly rows: string[] = [];
  readonly writes = new Map<string, number>();
  openCount = 0;
  /** Set to make the next opens fail. */
  failure: SyncError | null = null;

  open = async (lastTerm: number): Promise<OpenEngine & { engine: FakeEngine }> => {
    if (this.failure) throw this.failure;
    if (this.openCount > 0) throw new SyncError('storage', 'Another worker has the database open.');
    this.openCount += 1;
    this.term = Math.max(this.term, lastTerm) + 1;
    return { engine: new FakeEngine(this), term: this.term };
  };
}

/** An engine over a {@link FakeDisk}; `gate` holds back named calls so that a test can end the engine under them. */
export class FakeEngine implements SharedEngine {
  readonly #disk: FakeDisk;
  readonly sessions = new Map<string, Emitter<EnginePush>>();
  readonly open = new Map<string, { sessionId: string; rows: string[] }>();
  isClosed = false;
  /** Awaited before a call runs, and before its answer goes out. */
  before: (method: string, args: readonly unknown[]) => Promise<void> | void = () => {};
  after: (method: string, args: readonly unknown[]) => Promise<void> | void = () => {};

  constructor(disk: FakeDisk) {
    this.#disk = disk;
  }

  connect(sessionId: string): EngineConnection {
    const pushes = new Emitter<EnginePush>();
    this.sessions.set(sessionId, pushes);
    return {
      sessionId,
      methods: this.#methods(sessionId),
      onPush: (listener) => pushes.subscribe(listener),
      close: async () => {
        this.sessions.delete(sessionId);
        for (const [writeId, write] of this.open) if (write.sessionId === sessionId) this.open.delete(writeId);
      },
    };
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#disk.openCount -= 1;
  }

  #methods(sessionId: string): EngineMethods {
    return engineMethodsOver(async (method, args) => {
      await this.before(method, args);
      if (this.isClosed) throw new SyncError('closed', 'The engine is closed.');
      const value = this.#run(sessionId, method, args);
      await this.after(method, args);
      return value;
    });
  }

  #run(sessionId: string, method: string, args: readonly unknown[]): unknown {
    const id = String(args[0]);
    switch (method) {
      case 'writeRun': {
        const write = this.open.get(id) ?? { sessionId, rows: [] };
        write.rows.push((args[1] as { sql: string }).sql);
        this.open.set(id, write);
        return 1;
      }
      case 'writeOnce': {
        this.#run(sessionId, 'writeRun', args);
        return { rowCount: 1, ...(this.#run(sessionId, 'writeCommit', args) as object) };
      }
      case 'writeCommit': {
        const write = this.open.get(id);
        if (!write) return { mutationId: null };
        this.#disk.rows.push(...write.rows);
        this.open.delete(id);
        this.#disk.writes.set(id, this.#disk.writes.size + 1);
        return { mutationId: this.#disk.writes.size };
      }
      case 'writeRollback':
        this.open.delete(id);
        return undefined;
      case 'findWrite':
        return this.#disk.writes.has(id) ? { mutationId: this.#disk.writes.get(id) } : null;
      case 'query':
        return { columns: [], rows: this.#disk.rows.map((row) => [row]) };
      case 'openLive':
        this.sessions.get(sessionId)?.emit({ type: 'live', liveId: id, delta: { version: 1, columns: [], runs: [] } });
        return { liveId: id, tablesRead: [] };
      case 'discardMutation':
        return undefined;
      default:
        throw new SyncError('misuse', `The fake engine has no ${method}.`);
    }
  }
}

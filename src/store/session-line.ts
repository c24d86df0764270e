import type { EngineConnection, EngineMethods } from '../client/engine-api.ts';
import { callMethod, engineMethodsOver, type MethodName } from '../client/rpc/methods.ts';
import type { WorkerPush } from '../client/worker-api.ts';
import { Emitter } from '../shared/emitter.ts';
import { SyncError } from '../shared/error.ts';

/** A session's line to its engine, wherever that runs, before and after it has opened. */
export interface SessionLine {
  readonly methods: EngineMethods;
  /** Begins to open the database; later calls do nothing. Every method begins it too. */
  open(): void;
  /** Resolves when the database is open; rejects when it cannot be opened. */
  readonly opened: Promise<void>;
  onPush(listener: (push: WorkerPush) => void): () => void;
  /** Has the leading tab let go of the database. @throws SyncError `misuse` where nobody could take over. */
  endLeadership(): Promise<void>;
  close(): Promise<void>;
}

/** An engine in this thread, with what closes its database. */
export interface InThreadEngine {
  readonly connection: EngineConnection;
  close(): Promise<void>;
}

/** A line to an engine in this thread: nothing of it is loaded before it is needed. */
export function inThreadLine(openEngine: () => Promise<InThreadEngine>): SessionLine {
  const pushes = new Emitter<WorkerPush>();
  let opening: Promise<InThreadEngine> | null = null;
  let isClosed = false;
  let settleOpened: (value: Promise<void>) => void = () => {};
  const opened = new Promise<void>((resolve) => {
    settleOpened = resolve;
  });
  opened.catch(() => {});

  const open = (): Promise<InThreadEngine> => {
    if (isClosed) return Promise.reject(new SyncError('closed', 'This session has been closed.'));
    if (!opening) {
      opening = openEngine();
      const connected = opening.then(({ connection }) => {
        connection.onPush((push) => pushes.emit(push));
        pushes.emit({ type: 'leadership', isLeader: true });
      });
      connected.catch((error: unknown) => pushes.emit({ type: 'trouble', error: opensNot(error).toJSON() }));
      settleOpened(connected);
    }
    return opening;
  };
  const call = async (method: MethodName, args: readonly unknown[]) =>
    callMethod((await open()).connection.methods, method, args);

  return {
    methods: engineMethodsOver(call),
    opened,
    open: () => void open().catch(() => {}),
    onPush: (listener) => pushes.subscribe(listener),
    async endLeadership() {
      throw new SyncError('misuse', 'The engine runs in this thread: no tab leads, and none could take over.');
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      const tooLate = Promise.reject(new SyncError('closed', 'This session was closed before its database was open.'));
      // Nobody sees it when the database has been open before.
      tooLate.catch(() => {});
      settleOpened(tooLate);
      const engine = await opening?.catch(() => null);
      await engine?.connection.close();
      await engine?.close();
      pushes.clear();
    },
  };
}

function opensNot(error: unknown): SyncError {
  return SyncError.from(error, 'storage', 'The local database cannot be opened');
}

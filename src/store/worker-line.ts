import { RpcClient } from '../client/rpc/client.ts';
import { engineMethodsOver } from '../client/rpc/methods.ts';
import { messagePort, type RpcPort } from '../client/rpc/port.ts';
import type { WorkerConfig, WorkerMethods, WorkerPush } from '../client/worker-api.ts';
import { Emitter } from '../shared/emitter.ts';
import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';
import { watchPageLifecycle } from './page-lifecycle.ts';
import type { SessionLine } from './session-line.ts';
import { WorkerWatch } from './worker-watch.ts';

/** A worker that has not left by then is ended as it is: what was acknowledged is on disk. */
const LEAVE_MS = 5_000;

/** A line to the worker of this page. Calls made before it has loaded wait in its queue. */
export function workerLine(spawn: () => Worker, config: WorkerConfig, runtime: Runtime): SessionLine {
  const worker = spawn();
  const line = portLine(
    messagePort(worker, () => worker.terminate()),
    config,
    runtime,
  );
  worker.addEventListener('error', ({ message }) => line.failed(loadsNot(message)));
  const stopWatching = watchPageLifecycle(line);
  return {
    ...line,
    close() {
      stopWatching();
      return line.close();
    },
  };
}

/** What a page does on its line besides calling: it is about to be frozen, is back, or has no worker after all. */
interface PortLine extends SessionLine {
  suspend(): void;
  wake(): void;
  /** Every call fails with this, unless the worker has opened: later errors are uncaught ones of single calls, and it lives on. */
  failed(reason: SyncError): void;
}

/** A line over a port, with a worker at its other end. */
export function portLine(port: RpcPort, config: WorkerConfig, runtime: Runtime): PortLine {
  const pushes = new Emitter<WorkerPush>();
  const client = new RpcClient(port, (push) => pushes.emit(push as WorkerPush));
  const watch = new WorkerWatch({
    runtime,
    isWaiting: () => client.openCount > 0,
    ping: () => void client.call('ping', []).catch(() => {}),
    onStall: (error) => pushes.emit({ type: 'stalled', error: error?.toJSON() ?? null }),
  });
  port.listen(() => watch.heard());
  const call = (method: string, args: readonly unknown[]) => {
    watch.called();
    return client.call(method, args);
  };
  const control = (method: keyof WorkerMethods, ...args: readonly unknown[]) => call(method, args);
  const opened = control('start', config).then(() => {});

  let hasOpened = false;
  opened.then(
    () => {
      hasOpened = true;
    },
    (error: unknown) => pushes.emit({ type: 'trouble', error: SyncError.from(error, 'storage', 'start').toJSON() }),
  );

  return {
    methods: engineMethodsOver(call),
    opened,
    open: () => {},
    onPush: (listener) => pushes.subscribe(listener),
    endLeadership: async () => void (await control('endLeadership')),
    suspend: () => void control('suspend').catch(() => {}),
    wake: () => void control('wake').catch(() => {}),
    failed(reason) {
      if (!hasOpened) client.close(reason);
    },
    async close() {
      watch.close();
      await Promise.race([control('leave').catch(() => {}), delay(runtime, LEAVE_MS)]);
      client.close(new SyncError('closed', 'This session has been closed.'));
      pushes.clear();
    },
  };
}

function delay(runtime: Runtime, ms: number): Promise<void> {
  return new Promise((resolve) => {
    runtime.setTimer(ms, resolve);
  });
}

function loadsNot(message: string | undefined): SyncError {
  return new SyncError(
    'storage',
    `The database worker cannot be loaded${message ? `: ${message}` : ''}. Check that the file is served and that the page's policy allows it, or pass createSync({ worker }).`,
  );
}

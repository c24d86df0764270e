import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';

/** A call may take this long before the worker is asked whether it is there: most take milliseconds, some wait for a network. */
const QUIET_MS = 5_000;
/** … and that may take so long: a query that reads everything keeps the thread busy, and is no reason for alarm. */
const ANSWER_MS = 10_000;
/** Before its first word it is being fetched, over whatever network there is. */
const LOADING_MS = 60_000;
/** A timer that comes this late was held up with the page: what the worker had to say may wait behind it. */
const LATE_MS = 1_000;

export interface WorkerWatchOptions {
  readonly runtime: Runtime;
  /** Whether calls wait for an answer. */
  readonly isWaiting: () => boolean;
  /** Asks the worker for a sign of life; whatever comes of it is told to `heard`. */
  readonly ping: () => void;
  /** The worker gives no sign of life; null: it does again. What it was asked still waits for it. */
  readonly onStall: (error: SyncError | null) => void;
}

/** Notices a worker that hangs: no promise of a call tells of it. Does nothing while nobody waits. */
export class WorkerWatch {
  readonly #options: WorkerWatchOptions;
  #heardAt: number;
  #hasLoaded = false;
  #isPinged = false;
  #isStalled = false;
  #cancel: (() => void) | null = null;

  constructor(options: WorkerWatchOptions) {
    this.#options = options;
    this.#heardAt = options.runtime.elapsed();
  }

  called(): void {
    if (this.#cancel || this.#isStalled) return;
    this.#heardAt = this.#options.runtime.elapsed();
    this.#arm(QUIET_MS);
  }

  heard(): void {
    this.#heardAt = this.#options.runtime.elapsed();
    this.#hasLoaded = true;
    this.#isPinged = false;
    if (!this.#isStalled) return;
    this.#isStalled = false;
    this.#options.onStall(null);
    this.#arm(QUIET_MS);
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #arm(ms: number): void {
    const { runtime } = this.#options;
    this.close();
    const dueAt = runtime.elapsed() + ms;
    this.#cancel = runtime.setTimer(ms, () => {
      this.#cancel = null;
      this.#look(runtime.elapsed() - dueAt > LATE_MS);
    });
  }

  #look(isLate: boolean): void {
    const { runtime, isWaiting, ping, onStall } = this.#options;
    if (!isWaiting()) {
      this.#isPinged = false;
      return;
    }
    const quietMs = runtime.elapsed() - this.#heardAt;
    if (this.#isPinged && !isLate) {
      this.#isStalled = true;
      return onStall(stalled(quietMs));
    }
    if (quietMs < QUIET_MS) return this.#arm(QUIET_MS - quietMs);
    this.#isPinged = true;
    ping();
    this.#arm(this.#hasLoaded ? ANSWER_MS : LOADING_MS);
  }
}

function stalled(quietMs: number): SyncError {
  const message =
    `The database worker has given no sign of life for ${Math.round(quietMs / 1000)} s: it is busy, or it hangs. ` +
    'What was acknowledged is safe; calls go on waiting for it. Reload the page if it does not come back.';
  return new SyncError('timeout', message, { details: { stalledMs: quietMs } });
}

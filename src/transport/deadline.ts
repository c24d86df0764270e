import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';

/**
 * When a call must end: by the caller's signal, by the end of the transport, or when nothing has been heard of the server
 * for too long. `signal` aborts with a SyncError as its reason.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #runtime: Runtime;
  readonly #timeoutMs: number;
  readonly #outer: readonly AbortSignal[];
  #cancelTimer: () => void;
  #movedAt: number;

  constructor({
    runtime,
    timeoutMs,
    signals,
  }: { runtime: Runtime; timeoutMs: number; signals: readonly AbortSignal[] }) {
    this.#runtime = runtime;
    this.#timeoutMs = timeoutMs;
    this.#outer = signals;
    this.#movedAt = runtime.elapsed();
    this.#cancelTimer = this.#startTimer();
    for (const signal of signals) {
      if (signal.aborted) this.#abort(signal.reason);
      else signal.addEventListener('abort', this.#onAbort, { once: true });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something arrived: the time begins anew. */
  extend(): void {
    this.#movedAt = this.#runtime.elapsed();
    this.#cancelTimer();
    this.#cancelTimer = this.#startTimer();
  }

  /** What `work` comes to, or the reason to give up, whichever is first: not everybody minds the signal. */
  race<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      work.then(resolve, reject);
    });
  }

  /** The way to the server has turned out to be dead. A call that has moved since `aliveAt` (monotonic clock) goes on. */
  pathDied(aliveAt: number, error: SyncError): void {
    if (this.#movedAt <= aliveAt) this.#controller.abort(error);
  }

  close(): void {
    this.#cancelTimer();
    for (const signal of this.#outer) signal.removeEventListener('abort', this.#onAbort);
  }

  #startTimer(): () => void {
    return this.#runtime.setTimer(this.#timeoutMs, () => {
      this.#controller.abort(new SyncError('timeout', `The server did not answer within ${this.#timeoutMs} ms.`));
    });
  }

  readonly #onAbort = (event: Event): void => {
    this.#abort((event.target as AbortSignal).reason);
  };

  #abort(reason: unknown): void {
    this.#controller.abort(abortError(reason));
  }
}

/** Why a call was given up. A SyncError as the reason of the signal stands for itself. */
export function abortError(reason: unknown): SyncError {
  return reason instanceof SyncError ? reason : new SyncError('aborted', 'The call was aborted.', { cause: reason });
}

import type { PushResponse } from '../protocol/messages/push.ts';
import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';
import { abortError } from './deadline.ts';
import type { Patience } from './patience.ts';

interface Pending {
  readonly resolve: (response: PushResponse) => void;
  readonly reject: (error: SyncError) => void;
}

/** The pushes of one channel that have no answer yet. */
export class PendingPushes {
  readonly #runtime: Runtime;
  readonly #patience: Patience;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #bytes = 0;

  constructor({ runtime, patience }: { runtime: Runtime; patience: Patience }) {
    this.#runtime = runtime;
    this.#patience = patience;
  }

  /** How much of it may still be on its way up. */
  get bytes(): number {
    return this.#bytes;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  wait(
    requestId: number,
    { bytes, signal }: { bytes: number; signal?: AbortSignal | undefined },
  ): Promise<PushResponse> {
    // While the line lives (the heartbeat sees to that) the server is at work on it.
    const startedAt = this.#runtime.elapsed();
    const timeoutMs = this.#patience.maxMs + this.#patience.uploadMs(bytes);
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      const onAbort = () => this.reject(requestId, abortError(signal?.reason));
      const cancelTimer = this.#runtime.setTimer(timeoutMs, () => {
        this.reject(requestId, new SyncError('timeout', `The push had no answer within ${timeoutMs} ms.`));
      });
      const settled = () => {
        cancelTimer();
        signal?.removeEventListener('abort', onAbort);
        this.#pending.delete(requestId);
        this.#bytes -= bytes;
      };
      this.#pending.set(requestId, {
        resolve: (response) => {
          settled();
          this.#patience.uploaded(this.#runtime.elapsed() - startedAt, bytes);
          resolve(response);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      signal?.addEventListener('abort', onAbort);
    });
  }

  /** An answer that nobody waits for any more is dropped. */
  resolve(requestId: number, response: PushResponse): void {
    this.#pending.get(requestId)?.resolve(response);
  }

  reject(requestId: number, error: SyncError): void {
    this.#pending.get(requestId)?.reject(error);
  }

  rejectAll(error: SyncError): void {
    for (const { reject } of [...this.#pending.values()]) reject(error);
  }
}

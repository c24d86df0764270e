import { SyncError } from '../../shared/error.ts';
import type { SyncKind } from '../engine-api.ts';
import type { SyncProgress, SyncRound } from '../types.ts';
import { abortError } from './abortable.ts';
import type { RunOptions } from './sync-loop.ts';

/** A round that someone asked for by hand and waits for. */
export interface Call {
  readonly kind: SyncKind;
  readonly tables: readonly string[];
  readonly onProgress: ((progress: SyncProgress) => void) | undefined;
  end(result: SyncRound | SyncError): void;
}

/** Those who wait for a round, in the order in which they came. */
export class Calls {
  #waiting: Call[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Queues a call; the promise ends with its round, or at once when its signal aborts. */
  add(
    kind: SyncKind,
    tables: readonly string[],
    options: RunOptions,
    onGone: (call: Call) => void,
  ): Promise<SyncRound> {
    const { signal, onProgress } = options;
    return new Promise<SyncRound>((resolve, reject) => {
      const call: Call = {
        kind,
        tables,
        onProgress,
        end(result) {
          signal?.removeEventListener('abort', onAbort);
          if (result instanceof SyncError) reject(result);
          else resolve(result);
        },
      };
      const onAbort = () => {
        this.#waiting = this.#waiting.filter((other) => other !== call);
        if (signal) call.end(abortError(signal));
        onGone(call);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(call);
    });
  }

  /** The next call, and those behind it that the same round serves. */
  take(): Call[] {
    const [first] = this.#waiting;
    if (!first) return [];
    const isOwn = first.kind === 'seed' || first.kind === 'hydrate';
    const taken = isOwn ? [first] : this.#waiting.filter((call) => call.kind === first.kind);
    this.#waiting = this.#waiting.filter((call) => !taken.includes(call));
    return taken;
  }

  /** Ends every waiting call with this error. */
  clear(error: SyncError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) call.end(error);
  }
}

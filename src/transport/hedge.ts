import type { Runtime } from '../shared/runtime.ts';
import { abortError } from './deadline.ts';

export interface HedgeOptions {
  readonly runtime: Runtime;
  /** After so long without an end it is tried once more, beside the first. */
  readonly afterMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Whether a call is slow or lost cannot be told: a second one is made beside it after a while, and the first that ends well counts
 * (Dean and Barroso, "The Tail at Scale", 2013). For calls that may be made twice. Rejects when all that were made have failed, with
 * the error of the last.
 */
export function hedged<T>(
  { runtime, afterMs, signal }: HedgeOptions,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const leave = new AbortController();
  const onAbort = () => leave.abort(abortError(signal?.reason));
  return new Promise<T>((resolve, reject) => {
    let openCount = 0;
    const end = (settle: () => void) => {
      cancelSecond();
      signal?.removeEventListener('abort', onAbort);
      settle();
      leave.abort();
    };
    const make = () => {
      openCount += 1;
      call(leave.signal).then(
        (value) => end(() => resolve(value)),
        (error: unknown) => {
          openCount -= 1;
          if (openCount === 0) end(() => reject(error));
        },
      );
    };
    const cancelSecond = runtime.setTimer(afterMs, make);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    make();
  });
}

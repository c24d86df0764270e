import { SyncError } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';

/** The promise, or the signal's reason as soon as it aborts: whoever does not listen to the signal is left behind. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(abortError(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const done = () => signal.removeEventListener('abort', onAbort);
    promise.then(resolve, reject).then(done, done);
  });
}

/** Resolves after `ms`; rejects with the signal's reason. */
export async function pause(ms: number, runtime: Runtime, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  let cancel = () => {};
  const elapsed = new Promise<void>((resolve) => {
    cancel = runtime.setTimer(ms, resolve);
  });
  try {
    await abortable(elapsed, signal);
  } finally {
    cancel();
  }
}

/** Why the signal aborted, as one of our errors. */
export function abortError(signal: AbortSignal): SyncError {
  return SyncError.from(signal.reason, 'aborted', 'The call was aborted');
}

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortError(signal);
}

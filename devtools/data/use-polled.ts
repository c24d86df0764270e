import { useEffect, useState } from 'react';
import { isOutOfSight } from './sight.ts';

export interface Polled<T> {
  /** What was told last; null before. */
  readonly value: T | null;
  /** Why it cannot be told at the moment. */
  readonly error: string | null;
}

/**
 * Asks again and again while it is shown, one question at a time, and not while nobody can see it. `ask` must keep its identity:
 * another one begins anew.
 */
export function usePolled<T>(ask: () => Promise<T>, everyMs: number): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({ value: null, error: null });
  useEffect(() => {
    let isMounted = true;
    let timer: ReturnType<typeof setTimeout>;
    const poll = async () => {
      if (!isOutOfSight()) {
        const next = await ask().then(
          (value): Polled<T> => ({ value, error: null }),
          (error: unknown): Polled<T> => ({
            value: null,
            error: error instanceof Error ? error.message : String(error),
          }),
        );
        if (!isMounted) return;
        // What was there stays while nothing better is known.
        setPolled((before) => (next.error === null ? next : { ...before, error: next.error }));
      }
      timer = setTimeout(poll, everyMs);
    };
    void poll();
    return () => {
      isMounted = false;
      clearTimeout(timer);
    };
  }, [ask, everyMs]);
  return polled;
}

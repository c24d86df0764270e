import { useEffect, useRef, useState } from 'react';

/**
 * What `fetch` last gave, null before. It is asked again when it or `trigger` changes, never twice at a time: on a busy app a
 * view falls behind a little instead of keeping the engine busy. A failure leaves what was there.
 */
export function useFetched<T>(fetch: () => Promise<T>, trigger?: unknown): T | null {
  const [fetched, setFetched] = useState<T | null>(null);
  const latest = useRef(fetch);
  const isRunning = useRef(false);
  const isStale = useRef(false);
  const isMounted = useRef(false);
  latest.current = fetch;
  useEffect(() => {
    isMounted.current = true;
    return () => {
      isMounted.current = false;
    };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: both say that there is something new to fetch
  useEffect(() => {
    isStale.current = true;
    if (isRunning.current) return;
    isRunning.current = true;
    void (async () => {
      while (isStale.current && isMounted.current) {
        isStale.current = false;
        const result = await latest.current().then(
          (value) => ({ value }),
          () => null,
        );
        if (result && isMounted.current) setFetched(result.value);
      }
      isRunning.current = false;
    })();
  }, [fetch, trigger]);
  return fetched;
}

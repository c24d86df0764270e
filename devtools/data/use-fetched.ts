import { useEffect, useRef, useState } from 'react';

/** How long a view rests between two fetches that only refresh what it shows. */
const REST_MS = 250;

/**
 * What `fetch` last gave, null before. Another `fetch` (another page, another filter) is asked at once; when only `trigger`
 * changes, the same one is asked again after a rest. Never two at a time: on a busy app a view falls behind a little
 * instead of keeping the engine busy. A failure leaves what was there.
 */
export function useFetched<T>(fetch: () => Promise<T>, trigger?: unknown): T | null {
  const [fetched, setFetched] = useState<T | null>(null);
  const [fetcher] = useState(() => new Fetcher<T>(setFetched));
  const isFirst = useRef(true);
  useEffect(() => {
    fetcher.use(fetch);
    return () => fetcher.stop();
  }, [fetcher, fetch]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it says that there is something new to fetch
  useEffect(() => {
    if (!isFirst.current) fetcher.refresh();
    isFirst.current = false;
  }, [fetcher, trigger]);
  return fetched;
}

/** Asks what it is told to ask, one call at a time. */
class Fetcher<T> {
  readonly #tell: (value: T) => void;
  #fetch: (() => Promise<T>) | null = null;
  #isRunning = false;
  #isStale = false;
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (value: T) => void) {
    this.#tell = tell;
  }

  use(fetch: () => Promise<T>): void {
    this.#fetch = fetch;
    this.#endRest();
    if (!this.#isRunning) void this.#run();
  }

  refresh(): void {
    this.#isStale = true;
    if (!this.#isRunning && this.#rest === undefined) void this.#run();
  }

  stop(): void {
    this.#fetch = null;
    this.#endRest();
  }

  async #run(): Promise<void> {
    const fetch = this.#fetch;
    if (!fetch) return;
    this.#isRunning = true;
    this.#isStale = false;
    const result = await fetch().then(
      (value) => ({ value }),
      () => null,
    );
    this.#isRunning = false;
    // Meanwhile something else is wanted, or nothing any more.
    if (this.#fetch !== fetch) return this.#run();
    if (result) this.#tell(result.value);
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      if (this.#isStale) void this.#run();
    }, REST_MS);
  }

  #endRest(): void {
    clearTimeout(this.#rest);
    this.#rest = undefined;
  }
}

/** What counts: the part of a limiter of `rate-limiter-flexible` that is used here. */
export interface RateLimiter {
  /** Rejects with `msBeforeNext` when there are no points left; with anything else when its store fails. */
  consume(key: string, points?: number): Promise<unknown>;
}

/**
 * Where calls are counted. `postgresRateLimits` of `tidemark/server/postgres` is one; any limiter of `rate-limiter-flexible` makes
 * another: `Object.assign(({ keyPrefix, points, duration }) => new RateLimiterRedis({ storeClient, … }), { close: () => … })`.
 */
export interface RateLimitStore {
  (options: { keyPrefix: string; points: number; duration: number }): RateLimiter;
  /** Called when the server has stopped. */
  close?(): Promise<void>;
}

/** How long to wait, of a call that was counted and is one too many; null for any other failure. */
export function msBeforeNext(refusal: unknown): number | null {
  const isRefusal = typeof refusal === 'object' && refusal !== null && 'msBeforeNext' in refusal;
  return isRefusal && typeof refusal.msBeforeNext === 'number' ? Math.max(1, Math.ceil(refusal.msBeforeNext)) : null;
}

import type { Runtime } from '../../shared/runtime.ts';
import type { Logger } from '../options.ts';
import { msBeforeNext, type RateLimiter } from './limiter.ts';

/** A store that answers later than this is down: calls wait for it, and there are many. */
const PATIENCE_MS = 500;
/** How long a store that failed is left alone. */
const RETRY_MS = 1_000;

export interface InsuredLimiterOptions {
  /** What it counts, for the log. */
  readonly name: string;
  readonly store: RateLimiter;
  /** Counts while the store is away. */
  readonly insurance: RateLimiter;
  readonly logger: Logger;
  readonly runtime: Runtime;
}

/**
 * A limiter over a store that may be away, or hang: meanwhile this node counts for itself, so that nobody is kept out and
 * nobody is let in without end.
 */
export class InsuredLimiter implements RateLimiter {
  readonly #options: InsuredLimiterOptions;
  #isDown = false;
  #tryAgainAt = 0;

  constructor(options: InsuredLimiterOptions) {
    this.#options = options;
  }

  async consume(key: string): Promise<void> {
    const { runtime, insurance } = this.#options;
    if (this.#isDown && runtime.elapsed() < this.#tryAgainAt) return void (await insurance.consume(key));
    try {
      await this.#ask(key);
    } catch (refusal) {
      if (msBeforeNext(refusal) !== null) {
        this.#answered();
        throw refusal;
      }
      this.#failed(refusal);
      await insurance.consume(key);
      return;
    }
    this.#answered();
  }

  async #ask(key: string): Promise<void> {
    const { runtime, store } = this.#options;
    const late = Promise.withResolvers<never>();
    const cancel = runtime.setTimer(PATIENCE_MS, () =>
      late.reject(new Error(`The store has not answered within ${PATIENCE_MS} ms.`)),
    );
    try {
      await Promise.race([store.consume(key), late.promise]);
    } finally {
      cancel();
    }
  }

  #failed(error: unknown): void {
    const { name, logger, runtime } = this.#options;
    this.#tryAgainAt = runtime.elapsed() + RETRY_MS;
    // Once, and not for every call of an hour.
    if (!this.#isDown) logger.error({ limit: name, error: String(error) }, 'the store of rate limits is down');
    this.#isDown = true;
  }

  #answered(): void {
    if (this.#isDown) this.#options.logger.info({ limit: this.#options.name }, 'the store of rate limits is back');
    this.#isDown = false;
  }
}

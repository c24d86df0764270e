import type { Runtime } from '../shared/runtime.ts';
import type { Logger, Retention } from './options.ts';
import type { ServerStorage } from './storage.ts';

const DAY_MS = 86_400_000;
const DEFAULT_AGE_MS = 30 * DAY_MS;
/** The parts of a mutation that was never completed. */
const PARTS_AGE_MS = 7 * DAY_MS;
/** How often, and how much at once: pruning never holds up a push for long. */
const INTERVAL_MS = 60_000;
const COMMITS_AT_ONCE = 5_000;

export interface RetentionOptions {
  readonly storage: ServerStorage;
  readonly retention: Retention;
  readonly runtime: Runtime;
  readonly logger: Logger | undefined;
}

/** Keeps the log within its bounds, a bounded step at a time. */
export class RetentionJob {
  readonly #options: RetentionOptions;
  #cancel: () => void = () => undefined;
  #running: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#schedule(INTERVAL_MS);
  }

  /** Prunes everything that is due. Returns the number of commits dropped. */
  async prune(): Promise<number> {
    let total = 0;
    for (let pruned = COMMITS_AT_ONCE; pruned === COMMITS_AT_ONCE && !this.#isClosed; total += pruned) {
      pruned = await this.#pruneOnce();
    }
    return total;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#running;
  }

  #schedule(ms: number): void {
    this.#cancel = this.#options.runtime.setTimer(ms, () => {
      this.#running = this.#step();
    });
  }

  async #step(): Promise<void> {
    const { logger } = this.#options;
    try {
      const pruned = await this.#pruneOnce();
      if (pruned > 0) logger?.info({ pruned }, 'log pruned');
      if (!this.#isClosed) this.#schedule(pruned === COMMITS_AT_ONCE ? 0 : INTERVAL_MS);
    } catch (error) {
      logger?.warn({ error: String(error) }, 'log could not be pruned');
      if (!this.#isClosed) this.#schedule(INTERVAL_MS);
    }
  }

  async #pruneOnce(): Promise<number> {
    const { storage, retention, runtime } = this.#options;
    const now = runtime.now();
    return storage.write(async (writer) => {
      const { head } = await writer.position();
      return writer.prune({
        beforeSeq: retention.maxCommits === undefined ? 0 : head - retention.maxCommits + 1,
        beforeAt: now - (retention.maxAgeMs ?? DEFAULT_AGE_MS),
        maxCommits: COMMITS_AT_ONCE,
        partsBeforeAt: now - PARTS_AGE_MS,
      });
    });
  }
}

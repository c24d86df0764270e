import type { Runtime } from '../../shared/runtime.ts';
import type { Position } from '../records.ts';
import type { Pool } from './connection.ts';

export interface WatcherOptions {
  readonly pool: Pool;
  readonly runtime: Runtime;
  readonly pollMs: number;
  /** Numbers what other programs have committed. */
  readonly number: () => Promise<void>;
  readonly onPosition: (position: Position) => void;
}

const STATE = `SELECT epoch, head, pruned_to, EXISTS (SELECT FROM tidemark.captured) FROM tidemark.state`;

/**
 * Hears of commits of other nodes and programs: by LISTEN, and by a timer beneath it, since a notification may be lost with
 * its connection. Whoever hears of changes without a number numbers them.
 */
export class Watcher {
  readonly #options: WatcherOptions;
  #cancelTimer: () => void = () => undefined;
  #stopListening: () => Promise<void> = async () => undefined;
  #running: Promise<void> | null = null;
  #isAskedAgain = false;
  #isClosed = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const check = () => this.#check();
    const { unlisten } = await this.#options.pool.listen('tidemark', check, check);
    this.#stopListening = unlisten;
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    await this.#running;
    await this.#stopListening().catch(() => undefined);
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#cancelTimer();
    this.#cancelTimer = this.#options.runtime.setTimer(this.#options.pollMs, () => this.#check());
  }

  /** One check at a time; what is heard meanwhile leads to one more. */
  #check(): void {
    if (this.#isClosed) return;
    this.#isAskedAgain = true;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#isAskedAgain && !this.#isClosed) {
      this.#isAskedAgain = false;
      // The database may be away for a while: the timer asks again.
      await this.#look().catch(() => undefined);
    }
    this.#running = null;
    this.#schedule();
  }

  async #look(): Promise<void> {
    const { pool, number, onPosition } = this.#options;
    let [row] = await pool.unsafe(STATE, [], { prepare: true }).values();
    if (row?.[3] === true) {
      await number();
      [row] = await pool.unsafe(STATE, [], { prepare: true }).values();
    }
    if (row) onPosition({ epoch: String(row[0]), head: Number(row[1]), prunedTo: Number(row[2]) });
  }
}

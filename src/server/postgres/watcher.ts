import type { Runtime } from '../../shared/runtime.ts';
import type { Position, Signal } from '../records.ts';
import type { Driver } from './pool.ts';

export interface WatcherOptions {
  /** A connection for listening, apart from those that work. */
  readonly listener: Driver;
  readonly runtime: Runtime;
  readonly pollMs: number;
  /** What this node says of its own commits, of which it need not hear. */
  readonly ownWord: string;
  /** Numbers what other programs have committed, and tells where the log stands and what other nodes have said. */
  readonly look: () => Promise<News>;
  readonly onNews: (news: News) => void;
}

export interface News {
  readonly position: Position;
  readonly signals: readonly Signal[];
}

/**
 * Hears of commits of other nodes and programs: by LISTEN, and by a timer beneath it, since a notification may be lost with
 * its connection. Whoever hears of changes without a number numbers them.
 */
export class Watcher {
  readonly #options: WatcherOptions;
  #cancelTimer: () => void = () => undefined;
  #running: Promise<void> | null = null;
  #isAskedAgain = false;
  #isClosed = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { listener, ownWord } = this.#options;
    const hear = (word: string) => word !== ownWord && this.#check();
    await listener.listen('tidemark', hear, () => this.#check());
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    await this.#running;
    await this.#options.listener.end({ timeout: 1 });
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
      await this.#options.look().then(this.#options.onNews, () => undefined);
    }
    this.#running = null;
    this.#schedule();
  }
}

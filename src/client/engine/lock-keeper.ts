import type { SyncErrorJson } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { LocalStore } from '../local-store.ts';
import type { Gate } from './gate.ts';

/** How soon a disk that refused is tried again. */
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 10_000;

export interface LockKeeperOptions {
  readonly store: LocalStore;
  readonly runtime: Runtime;
  readonly gate: Gate;
  /** Whether, and why, the data are shut now. */
  readonly locked: () => SyncErrorJson | null;
}

/**
 * Writes down that the data are shut, or open again, so that a restart without a network knows it. A full disk does not take it: it
 * is tried until it does, and in the meantime the engine goes by what it has been told.
 */
export class LockKeeper {
  readonly #options: LockKeeperOptions;
  #retryMs = FIRST_RETRY_MS;
  #cancelTimer: (() => void) | null = null;
  #isClosed = false;

  constructor(options: LockKeeperOptions) {
    this.#options = options;
  }

  /** To be called when it has changed. */
  keep(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const { gate, store, locked } = this.#options;
    // What holds at its turn, not what held when it got in line: there may be a wipe in between.
    gate
      .run(() => store.setLocked(locked()))
      .then(
        () => {
          this.#retryMs = FIRST_RETRY_MS;
        },
        () => this.#retry(),
      );
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
  }

  #retry(): void {
    if (this.#isClosed) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.runtime.setTimer(this.#retryMs, () => this.keep());
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }
}

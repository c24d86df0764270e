import type { Runtime } from '../shared/runtime.ts';

/** A ping goes out when nothing has come in for this long. */
export const QUIET_MS = 15_000;
/** The line is dead when nothing has come in for this long after a ping. */
export const ANSWER_MS = 10_000;

export interface HeartbeatOptions {
  readonly runtime: Runtime;
  readonly ping: () => void;
  /** Called once: the line is open in name only. */
  readonly onDead: () => void;
}

/** Finds out whether somebody is still at the other end: a connection can be gone without either side being told. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #heardAt: number;
  #cancelTimer: () => void;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#heardAt = options.runtime.elapsed();
    this.#cancelTimer = this.#wait(QUIET_MS);
  }

  /** Something arrived. Only notes the time: setting a timer for each frame would cost more than the frame. */
  heard(): void {
    this.#heardAt = this.#options.runtime.elapsed();
  }

  close(): void {
    this.#cancelTimer();
  }

  #wait(ms: number): () => void {
    return this.#options.runtime.setTimer(ms, () => this.#check());
  }

  #check(): void {
    const quietMs = this.#options.runtime.elapsed() - this.#heardAt;
    if (quietMs < QUIET_MS) {
      this.#cancelTimer = this.#wait(QUIET_MS - quietMs);
      return;
    }
    const pingedAt = this.#options.runtime.elapsed();
    this.#options.ping();
    this.#cancelTimer = this.#options.runtime.setTimer(ANSWER_MS, () => {
      if (this.#heardAt < pingedAt) this.#options.onDead();
      else this.#check();
    });
  }
}

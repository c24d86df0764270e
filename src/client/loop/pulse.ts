import type { Runtime } from '../../shared/runtime.ts';

/** Often enough for a person who waits, and nothing to a battery. */
export const PULSE_MS = 30_000;

/** Beats while the loop lives, apart from its schedule: what looks after forgotten work must not hang on the same timer. */
export class Pulse {
  readonly #runtime: Runtime;
  readonly #onBeat: (dueAt: number) => void;
  #cancel: (() => void) | null = null;

  /** `onBeat` gets when (monotonic clock) the beat was due. */
  constructor(runtime: Runtime, onBeat: (dueAt: number) => void) {
    this.#runtime = runtime;
    this.#onBeat = onBeat;
  }

  /** Beats from here on, or no more. */
  keep(isWanted: boolean): void {
    if (isWanted === (this.#cancel !== null)) return;
    if (isWanted) this.#arm();
    else this.#stop();
  }

  #arm(): void {
    const dueAt = this.#runtime.elapsed() + PULSE_MS;
    this.#cancel = this.#runtime.setTimer(PULSE_MS, () => {
      this.#arm();
      this.#onBeat(dueAt);
    });
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}

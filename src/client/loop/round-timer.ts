import type { Runtime } from '../../shared/runtime.ts';
import { Pulse } from './pulse.ts';
import { SleepWatch } from './sleep-watch.ts';

/** A timer may come this late on a busy machine, without having been lost. */
const LATE_MS = 5_000;

export interface RoundTimerOptions {
  readonly runtime: Runtime;
  /** The next round may be due: looks, and sets the timer anew. */
  readonly onDue: () => void;
  /** The machine has slept. Before `onDue`. */
  readonly onSlept: () => void;
  /** A beat of the pulse. `isLost`: no timer is set, or it should have come long ago. Before `onDue`. */
  readonly onBeat: (isLost: boolean) => void;
}

/** The one timer that begins rounds, and a pulse beside it, in case that timer is lost. */
export class RoundTimer {
  readonly #options: RoundTimerOptions;
  readonly #pulse: Pulse;
  readonly #sleep: SleepWatch;
  #cancel: (() => void) | null = null;
  /** On the monotonic clock; null while none is set. */
  #dueAt: number | null = null;

  constructor(options: RoundTimerOptions) {
    this.#options = options;
    this.#sleep = new SleepWatch(options.runtime);
    this.#pulse = new Pulse(options.runtime, (dueAt) => this.#beat(dueAt));
  }

  set(delayMs: number): void {
    const { runtime, onDue, onSlept } = this.#options;
    const dueAt = runtime.elapsed() + delayMs;
    this.#dueAt = dueAt;
    this.#cancel = runtime.setTimer(delayMs, () => {
      if (this.#sleep.hasSlept(dueAt)) onSlept();
      onDue();
    });
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#dueAt = null;
  }

  /** Whether the pulse beats. */
  watch(isWanted: boolean): void {
    this.#pulse.keep(isWanted);
  }

  /** Whether the machine has slept since this was last asked. */
  hasSlept(): boolean {
    return this.#sleep.hasSlept();
  }

  #beat(beatDueAt: number): void {
    const { runtime, onDue, onSlept, onBeat } = this.#options;
    if (this.#sleep.hasSlept(beatDueAt)) onSlept();
    else onBeat(this.#dueAt === null || runtime.elapsed() - this.#dueAt > LATE_MS);
    onDue();
  }
}

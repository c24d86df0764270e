import type { Runtime } from '../../../src/shared/runtime.ts';

/** One program on one machine: it has a wall clock of its own, can freeze, and dies with all its timers. */
export class Process implements Runtime {
  readonly #clock: Runtime;
  readonly #held: (() => void)[] = [];
  readonly #endings: (() => void)[] = [];
  skewMs: number;
  isDead = false;
  isFrozen = false;

  constructor(clock: Runtime, skewMs = 0) {
    this.#clock = clock;
    this.skewMs = skewMs;
  }

  now = (): number => Math.max(0, this.#clock.now() + this.skewMs);
  elapsed = (): number => this.#clock.elapsed();
  random = (): number => this.#clock.random();
  uuid = (): string => this.#clock.uuid();

  setTimer = (ms: number, run: () => void): (() => void) => {
    let isOff = false;
    const fire = () => {
      if (isOff || this.isDead) return;
      if (this.isFrozen) this.#held.push(fire);
      else this.#run(run);
    };
    const cancel = this.#clock.setTimer(ms, fire);
    return () => {
      isOff = true;
      cancel();
    };
  };

  /** Runs `act` now, or once the process goes on; never when it is dead. */
  whenAwake(act: () => void): void {
    if (this.isDead) return;
    if (this.isFrozen) this.#held.push(() => this.whenAwake(act));
    else this.#run(act);
  }

  /** What throws because the program died under it is nobody's concern. */
  #run(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!this.isDead) throw error;
    }
  }

  freezeFor(ms: number): void {
    this.isFrozen = true;
    this.#clock.setTimer(ms, () => this.thaw());
  }

  thaw(): void {
    if (this.isDead) return;
    this.isFrozen = false;
    for (const act of this.#held.splice(0)) act();
  }

  /** Runs `act` when the process dies. */
  onKill(act: () => void): void {
    this.#endings.push(act);
  }

  kill(): void {
    this.isDead = true;
    for (const act of this.#endings.splice(0)) act();
    this.#held.length = 0;
  }
}

import type { Runtime } from '../shared/runtime.ts';

/** How closely a line is watched. */
export interface HeartbeatPace {
  /** A ping goes out when nothing has come in for this long. */
  readonly quietMs: number;
  /** The line is dead when nothing has come in for this long after a ping. */
  readonly answerMs: number;
}

/** While somebody looks at the app, or works with it: a dead line is replaced before it is missed. */
export const ATTENDED: HeartbeatPace = { quietMs: 2_500, answerMs: 2_500 };
/** While every tab is hidden: cheap for the battery. */
export const UNATTENDED: HeartbeatPace = { quietMs: 20_000, answerMs: 10_000 };

/** A timer that comes later than this says that this thread was held up, and nothing about the line. */
const LATE_MS = 1_000;

export interface HeartbeatOptions {
  readonly runtime: Runtime;
  readonly pace: () => HeartbeatPace;
  /** What is on its way up may hold up a ping for so long. */
  readonly uploadMs: () => number;
  readonly ping: () => void;
  /** Called once: the line is open in name only. Nothing has been heard since `aliveAt` (monotonic clock). */
  readonly onDead: (aliveAt: number) => void;
}

interface Ping {
  readonly at: number;
  /** Only an answer proves that the server still hears us: a push is waiting behind it. */
  readonly needsAnswer: boolean;
}

/**
 * Finds out whether somebody is still at the other end: a connection can be gone without either side being told. Any frame
 * is a sign of life. But frames that come in do not show that ours arrive: after a push the server has to answer.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #heardAt: number;
  #answeredAt: number;
  /** Since when something was sent that the server has not answered to. */
  #owedAt: number | null = null;
  #ping: Ping | null = null;
  #dueAt = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#heardAt = options.runtime.elapsed();
    this.#answeredAt = this.#heardAt;
    this.#plan();
  }

  /** Something arrived. Only notes the time: setting a timer for each frame would cost more than the frame. */
  heard(): void {
    this.#heardAt = this.#options.runtime.elapsed();
  }

  /** The server has answered to something that we sent: both directions work. How long a ping took, if it was one. */
  answered(): number | null {
    const now = this.#options.runtime.elapsed();
    const pingedAt = this.#ping?.at;
    this.#heardAt = now;
    this.#answeredAt = now;
    this.#owedAt = null;
    return pingedAt === undefined ? null : now - pingedAt;
  }

  /** Something was sent that the server will answer to. */
  expects(): void {
    if (this.#owedAt !== null) return;
    this.#owedAt = this.#options.runtime.elapsed();
    if (!this.#ping) this.#plan();
  }

  /** Looks at once: somebody has come back who wants to know. */
  check(): void {
    if (!this.#ping) this.#sendPing(false);
    else this.#plan();
  }

  close(): void {
    this.#cancelTimer();
  }

  /** Sets the one timer to what comes first. */
  #plan(): void {
    const { runtime, pace, uploadMs } = this.#options;
    const { quietMs, answerMs } = pace();
    const quietSince = Math.min(this.#heardAt, this.#owedAt ?? this.#heardAt);
    const at = this.#ping ? this.#ping.at + answerMs + uploadMs() : quietSince + quietMs;
    this.#dueAt = Math.max(at, runtime.elapsed());
    this.#cancelTimer();
    this.#cancelTimer = runtime.setTimer(this.#dueAt - runtime.elapsed(), () => this.#due());
  }

  #due(): void {
    const now = this.#options.runtime.elapsed();
    if (this.#ping) return this.#judge(this.#ping, now - this.#dueAt > LATE_MS);
    const { quietMs } = this.#options.pace();
    const isOwed = this.#owedAt !== null && now - this.#owedAt >= quietMs;
    if (isOwed || now - this.#heardAt >= quietMs) this.#sendPing(isOwed);
    else this.#plan();
  }

  #sendPing(needsAnswer: boolean): void {
    this.#ping = { at: this.#options.runtime.elapsed(), needsAnswer };
    this.#options.ping();
    this.#plan();
  }

  #judge({ at, needsAnswer }: Ping, isLate: boolean): void {
    this.#ping = null;
    const signAt = needsAnswer ? this.#answeredAt : this.#heardAt;
    if (signAt >= at) this.#plan();
    // What arrived while the thread was held up has not been read yet.
    else if (isLate) this.#sendPing(needsAnswer);
    else this.#options.onDead(at);
  }
}

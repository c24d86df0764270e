import type { Runtime } from '../shared/runtime.ts';

/** How closely a line is watched. */
export interface HeartbeatPace {
  /** A ping goes out when nothing has come in for this long. */
  readonly quietMs: number;
  /** The line is dead when nothing has come in for this long after a ping … */
  readonly answerMs: number;
  /** … or, where it is known to be slow, for this long: until then it is only suspected. */
  readonly slowAnswerMs?: number;
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
  /** No answer yet, and the line is known to be slow: finds out by another way whether the server can be reached. */
  readonly onSuspect?: () => void;
  /** The suspicion was wrong. */
  readonly onAcquitted?: () => void;
  /** Called once: the line is open in name only. Nothing has been heard since `aliveAt` (monotonic clock). */
  readonly onDead: (aliveAt: number) => void;
}

interface Ping {
  readonly at: number;
  /** Only an answer proves that the server still hears us: a push is waiting behind it. */
  readonly needsAnswer: boolean;
  readonly isSuspect?: boolean;
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
  /** The one that is waited for. */
  #ping: Ping | null = null;
  /** When the last one went out that has had no pong. */
  #pingedAt: number | null = null;
  #dueAt = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#heardAt = options.runtime.elapsed();
    this.#answeredAt = this.#heardAt;
    this.#plan();
  }

  /** Something arrived. As a rule only notes the time: setting a timer for each frame would cost more than the frame. */
  heard(): void {
    this.#heardAt = this.#options.runtime.elapsed();
    this.#acquit();
  }

  /** The server has answered to something that we sent: both directions work. */
  answered(): void {
    const now = this.#options.runtime.elapsed();
    this.#heardAt = now;
    this.#answeredAt = now;
    this.#owedAt = null;
    this.#acquit();
  }

  /** The server has answered to a ping: how long that took; null when none is out. */
  ponged(): number | null {
    const pingedAt = this.#pingedAt;
    this.#pingedAt = null;
    this.answered();
    return pingedAt === null ? null : this.#heardAt - pingedAt;
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

  /**
   * The server has answered on another line, which began after this one had kept silent: whatever this one still owes would have
   * come before. Nothing, where it has spoken meanwhile.
   */
  outrun(): void {
    const ping = this.#ping;
    if (!ping?.isSuspect) return;
    this.#cancelTimer();
    this.#options.onDead(ping.at);
  }

  close(): void {
    this.#cancelTimer();
  }

  /** Sets the one timer to what comes first. */
  #plan(): void {
    const { runtime, pace, uploadMs } = this.#options;
    const { quietMs, answerMs, slowAnswerMs = answerMs } = pace();
    const quietSince = Math.min(this.#heardAt, this.#owedAt ?? this.#heardAt);
    const waitMs = this.#ping?.isSuspect ? slowAnswerMs : answerMs;
    const at = this.#ping ? this.#ping.at + waitMs + uploadMs() : quietSince + quietMs;
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
    this.#pingedAt = this.#ping.at;
    this.#options.ping();
    this.#plan();
  }

  /** What was waited for has come: a line that dies now is not to be found out only when this wait would have been over. */
  #acquit(): void {
    const ping = this.#ping;
    if (!ping || this.#signAt(ping) < ping.at) return;
    this.#ping = null;
    if (ping.isSuspect) this.#options.onAcquitted?.();
    this.#plan();
  }

  #signAt({ needsAnswer }: Ping): number {
    return needsAnswer ? this.#answeredAt : this.#heardAt;
  }

  #judge(ping: Ping, isLate: boolean): void {
    const { at, needsAnswer } = ping;
    const { answerMs, slowAnswerMs = answerMs } = this.#options.pace();
    this.#ping = null;
    // What arrived while the thread was held up has not been read yet.
    if (isLate) return this.#sendPing(needsAnswer);
    if (ping.isSuspect || slowAnswerMs <= answerMs) return this.#options.onDead(at);
    this.#ping = { ...ping, isSuspect: true };
    this.#options.onSuspect?.();
    this.#plan();
  }
}

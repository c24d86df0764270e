/** What any server answers to at once (a handshake, a ping) is given this long on a line that is not known to be slow. */
export const BRIEF_MS = 4_000;
/** … and at most this long on one that is: whoever needs more is not there for a person who waits. */
const BRIEF_MAX_MS = 10_000;
/** On a way that has just turned out to be dead: the connections that are kept for later are dead too. */
const SUSPECT_MS = 2_000;
/** How many times the usual answer may take before it counts as none. */
const SLACK = 3;
/** The slowest upload that is waited for while nothing better is known. Bytes per millisecond. */
const SLOWEST_UPLOAD = 16;
/** Smaller requests tell nothing of the speed of an upload. */
const TELLING_BYTES = 64 * 1024;

/**
 * How long to wait for the first sign of an answer before the connection counts as dead. Learns from what the line and
 * the server have shown: short where answers come fast, longer where they are slow, and longer with every time-out in
 * a row, so that a server under load is not asked the same again and again.
 */
export class Patience {
  readonly #maxMs: number;
  #briefAnswerMs = 0;
  #workAnswerMs = 0;
  #uploadSpeed = SLOWEST_UPLOAD;
  #timeoutCount = 0;
  #isSuspect = false;

  /** `maxMs`: never longer than this. */
  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }

  /** For what costs a server nothing: it does not grow with time-outs, so that one which is back is found soon. */
  get briefMs(): number {
    return Math.min(this.#maxMs, Math.max(BRIEF_MS, this.roundTripMs));
  }

  /** What a round trip may take on this line, as far as is known; 0 before the first. */
  get roundTripMs(): number {
    return Math.min(BRIEF_MAX_MS, SLACK * this.#briefAnswerMs);
  }

  /** For real work. The first time-out may be the connection's fault; each further one doubles the time. */
  get workMs(): number {
    const baseMs = Math.max(this.briefMs, SLACK * this.#workAnswerMs);
    return Math.min(this.#maxMs, baseMs * 2 ** Math.max(0, this.#timeoutCount - 1));
  }

  /** How long the next request may wait for the first sign of an answer. */
  silenceMs(kind: 'brief' | 'work'): number {
    const ms = kind === 'brief' ? this.briefMs : this.workMs;
    const isSuspect = this.#isSuspect;
    this.#isSuspect = false;
    return isSuspect ? Math.min(ms, Math.max(SUSPECT_MS, this.roundTripMs)) : ms;
  }

  /** A connection has turned out to be dead: the next one is not trusted either. */
  pathDied(): void {
    this.#isSuspect = true;
    // Or it was only slower than before, and what was on its way up took its time.
    this.#uploadSpeed = SLOWEST_UPLOAD;
  }

  /** The longest that anything is waited for. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /** What so many bytes may take on their way up, on top: uploads cannot be watched. */
  uploadMs(bytes: number): number {
    return Math.ceil(bytes / this.#uploadSpeed);
  }

  /** An answer to what costs a server nothing began to arrive after `ms`. */
  answered(ms: number): void {
    this.#briefAnswerMs = Math.max(ms, this.#briefAnswerMs / 2);
  }

  /** An answer to a request of `bytes` for real work began to arrive after `ms`. */
  worked(ms: number, bytes: number): void {
    this.#timeoutCount = 0;
    if (bytes >= TELLING_BYTES) this.uploaded(ms, bytes);
    else this.#workAnswerMs = Math.max(ms, this.#workAnswerMs / 2);
  }

  /** So many bytes had an answer after `ms`: the faster the line is, the sooner it shows that it is dead. */
  uploaded(ms: number, bytes: number): void {
    if (bytes >= TELLING_BYTES) this.#uploadSpeed = Math.max(SLOWEST_UPLOAD, bytes / Math.max(1, ms) / SLACK);
  }

  /** No answer to a request for real work began to arrive in time. */
  timedOut(): void {
    this.#timeoutCount += 1;
    this.#uploadSpeed = SLOWEST_UPLOAD;
  }
}

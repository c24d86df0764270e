import { SyncError } from '../../shared/error.ts';
import type { Identity } from '../service.ts';
import type { Edge } from './edge.ts';
import type { AuthInput } from './options.ts';

/** Timers hold at most about 24 days; and nobody asks for the time more often than this. */
const MAX_WAIT_MS = 86_400_000;
const MIN_WAIT_MS = 1_000;

export interface CallerOptions {
  readonly edge: Edge;
  readonly input: AuthInput;
  /** Who calls is still who it was; what they may see could have changed. */
  readonly onConfirmed: () => void;
  /** Who calls may no longer do so. */
  readonly onRefused: (error: unknown) => void;
}

/**
 * Who a long connection belongs to. `auth` is asked for anew now and then, at the moment the identity ends, and before a
 * call if that is due: a token may have been revoked, or expired.
 */
export class Caller {
  readonly #options: CallerOptions;
  #identity: Identity;
  #askedAt: number;
  #cancelTimer: () => void = () => {};
  #isClosed = false;

  private constructor(options: CallerOptions, identity: Identity) {
    this.#options = options;
    this.#identity = identity;
    this.#askedAt = options.edge.runtime.elapsed();
    this.#schedule();
  }

  /** @throws SyncError `needs-auth`, `forbidden`, `rate-limited` or `server`. */
  static async identify(options: CallerOptions): Promise<Caller> {
    return new Caller(options, await options.edge.authenticate(options.input));
  }

  /** As of the last time it was asked for. */
  get known(): Identity {
    return this.#identity;
  }

  /** The identity, asked for anew if that is due. */
  async current(): Promise<Identity> {
    const { runtime, limits } = this.#options.edge;
    const isFresh = runtime.elapsed() - this.#askedAt < limits.reauthMs && !this.#hasEnded();
    return isFresh ? this.#identity : this.#ask();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
  }

  async #ask(): Promise<Identity> {
    const { edge, input } = this.#options;
    const identity = await edge.authenticate(input);
    if (identity.id !== this.#identity.id) {
      throw new SyncError('needs-auth', 'The token of this connection now belongs to somebody else. Open a new one.');
    }
    this.#identity = identity;
    this.#askedAt = edge.runtime.elapsed();
    if (this.#hasEnded())
      throw new SyncError('needs-auth', 'The token of this connection has expired. Send a new one.');
    return identity;
  }

  #hasEnded(): boolean {
    return this.#msLeft() <= 0;
  }

  #msLeft(): number {
    const { expiresAt = Number.POSITIVE_INFINITY } = this.#identity;
    return expiresAt - this.#options.edge.runtime.now();
  }

  #schedule(): void {
    const { runtime, limits } = this.#options.edge;
    const againMs = Math.max(limits.reauthMs, MIN_WAIT_MS);
    const waitMs = Math.max(0, Math.min(this.#msLeft(), againMs, MAX_WAIT_MS));
    this.#cancelTimer = runtime.setTimer(waitMs, () => void this.#check());
  }

  async #check(): Promise<void> {
    try {
      await this.#ask();
      if (this.#isClosed) return;
      this.#schedule();
      this.#options.onConfirmed();
    } catch (error) {
      if (!this.#isClosed) this.#options.onRefused(error);
    }
  }
}

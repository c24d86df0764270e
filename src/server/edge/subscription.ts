import type { Cursor } from '../../core/change.ts';
import type { PullPage } from '../../protocol/messages/pull.ts';
import type { ServerFrame } from '../../protocol/messages/realtime.ts';
import { SyncError } from '../../shared/error.ts';

/** How often a slow socket is looked at, until it has taken what was sent. */
const DRAIN_CHECK_MS = 100;
/**
 * How long a client is left behind commits of which it sees nothing. It loses nothing by that; and when others commit is
 * not to be read off its own line.
 */
export const UNSEEN_MS = 30_000;

export interface SubscriptionOptions {
  /** Pulls the page that begins at a position. */
  readonly pull: (position: Position) => Promise<PullPage>;
  readonly send: (frame: ServerFrame) => void;
  /** Whether the socket holds more unsent bytes than it should. */
  readonly isFull: () => boolean;
  readonly setTimer: (ms: number, run: () => void) => () => void;
  readonly elapsed: () => number;
  /** So long after the first commit in it was heard of, a page goes out. */
  readonly onTold: (ms: number) => void;
  /** The newest commit, as far as known. */
  readonly head: () => number;
  readonly onError: (error: unknown) => void;
}

/** Where a client stands, and what it holds. */
export interface Position {
  readonly cursor: Cursor;
  readonly scopes: readonly string[];
  /** Scopes that it has left out, and goes on to. */
  readonly without?: readonly string[];
}

/**
 * What one socket follows. After each commit it pulls from where the client stands and sends what it got, chain by chain,
 * as long as each is one page and the scopes stay the same; otherwise, or when the socket is full, it sends a poke, and is
 * silent until the client has pulled by HTTP and subscribed again. Commits that hold nothing for the client move it on
 * only now and then. At most one pull runs at a time.
 */
export class Subscription {
  readonly #options: SubscriptionOptions;
  #position: Position | null = null;
  #isPulling = false;
  #isWoken = false;
  #cancelDrain: (() => void) | null = null;
  /** Where the client is: behind `#position` by commits of which it sees nothing. */
  #toldSeq = 0;
  /** Up to here it wants to be told: it has heard of this seq by itself. */
  #wantedSeq = 0;
  #cancelUnseen: (() => void) | null = null;
  #isOverdue = false;
  #heardAt: number | null = null;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /** Follows from here on, whatever was followed before. */
  start(position: Position): void {
    this.#dropUnseen();
    this.#position = position;
    this.#toldSeq = position.cursor.seq;
    this.wake();
  }

  /** The client has heard of this seq in the answer to a push: it waits until it is there. */
  wantSeq(seq: number): void {
    this.#wantedSeq = Math.max(this.#wantedSeq, seq);
    if (this.#cancelUnseen && this.#wantedSeq > this.#toldSeq) this.wake();
  }

  /** Something was committed. */
  committed(): void {
    this.#heardAt ??= this.#options.elapsed();
    this.wake();
  }

  /** There may be something new. Calls during a pull count as one. */
  wake(): void {
    this.#isWoken = true;
    if (!this.#isPulling) void this.#follow();
  }

  close(): void {
    this.#position = null;
    this.#isWoken = false;
    this.#dropUnseen();
    this.#cancelDrain?.();
    this.#cancelDrain = null;
  }

  async #follow(): Promise<void> {
    this.#isPulling = true;
    try {
      while (this.#isWoken && this.#position) {
        this.#isWoken = false;
        const heardAt = this.#heardAt;
        this.#heardAt = null;
        const hasTold = await this.#advance(this.#position);
        if (hasTold && heardAt !== null) this.#options.onTold(this.#options.elapsed() - heardAt);
      }
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#isPulling = false;
    }
  }

  /** Whether there were changes to tell. */
  async #advance(position: Position): Promise<boolean> {
    if (this.#options.isFull()) return this.#pokeOnceDrained();
    const page = await this.#pull(position);
    // Subscribed anew meanwhile: the page is for a position that no longer holds.
    if (this.#position !== position) return false;
    if (page === null || !isWhole(page, position)) return this.#poke();
    const { cursor } = page;
    if (cursor === null) return false;
    this.#position = { ...position, cursor };
    if (page.transactions.length > 0 || this.#isDue(cursor)) this.#tell(page, cursor);
    else if (cursor.seq > this.#toldSeq) this.#leaveBehind();
    if (cursor.seq < page.head) this.#isWoken = true;
    return page.transactions.length > 0;
  }

  /** Whether the client is to be moved on, though there is nothing for it to see. */
  #isDue({ seq }: Cursor): boolean {
    if (seq <= this.#toldSeq) return false;
    return this.#isOverdue || (this.#wantedSeq > this.#toldSeq && seq >= this.#wantedSeq);
  }

  /** For the client it begins where the client is: between there and its own beginning is nothing to see. */
  #tell(page: PullPage, cursor: Cursor): void {
    this.#dropUnseen();
    this.#options.send({ type: 'changes', page: { ...page, from: this.#toldSeq } });
    this.#toldSeq = cursor.seq;
  }

  #leaveBehind(): void {
    this.#cancelUnseen ??= this.#options.setTimer(UNSEEN_MS, () => {
      this.#isOverdue = true;
      this.wake();
    });
  }

  #dropUnseen(): void {
    this.#cancelUnseen?.();
    this.#cancelUnseen = null;
    this.#isOverdue = false;
  }

  /** null where only a pull by HTTP can tell the client what is the matter. */
  async #pull(position: Position): Promise<PullPage | null> {
    try {
      return await this.#options.pull(position);
    } catch (error) {
      if (error instanceof SyncError && (error.kind === 'epoch' || error.kind === 'resync')) return null;
      throw error;
    }
  }

  #poke(): false {
    this.#dropUnseen();
    this.#position = null;
    this.#options.send({ type: 'poke', head: this.#options.head() });
    return false;
  }

  /** A slow reader gets one small frame when it has caught up, and then pulls at its own pace. */
  #pokeOnceDrained(): false {
    this.#dropUnseen();
    this.#position = null;
    this.#cancelDrain?.();
    this.#cancelDrain = this.#options.setTimer(DRAIN_CHECK_MS, () => {
      this.#cancelDrain = null;
      if (this.#position !== null) return;
      if (this.#options.isFull()) this.#pokeOnceDrained();
      else this.#poke();
    });
    return false;
  }
}

/** Whether the page is a chain of its own, on top of what the client holds. */
function isWhole(page: PullPage, { cursor, scopes }: Position): boolean {
  if (page.resume !== null || page.snapshot.length > 0 || page.replaces.length > 0) return false;
  if (page.epoch !== cursor.epoch || page.from !== cursor.seq) return false;
  return page.scopes.length === scopes.length && page.scopes.every((scope) => scopes.includes(scope));
}

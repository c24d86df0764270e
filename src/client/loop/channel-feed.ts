import type { HandshakeResponse } from '../../protocol/messages/handshake.ts';
import type { PullPage } from '../../protocol/messages/pull.ts';
import type { SyncError } from '../../shared/error.ts';
import type { Transport } from '../../transport/transport.ts';
import { reconnectMs } from './backoff.ts';
import { checkProtocol, checkSubject, handshakeRequest } from './handshake.ts';
import type { Line } from './line.ts';
import { applyFrame } from './live-changes.ts';
import { nextStep } from './next-step.ts';
import type { Publisher } from './publisher.ts';
import { Realtime } from './realtime.ts';
import type { SyncLoopOptions } from './sync-loop.ts';

/** When the channel breaks, many devices may have lost it at once: they look after it one by one. */
const LOST_SPREAD_MS = 1_000;

export interface ChannelFeedOptions {
  readonly options: SyncLoopOptions;
  readonly transport: Transport;
  readonly line: Line;
  readonly publisher: Publisher;
  /** Whether a round is moving the cursor by HTTP. */
  readonly isPulling: () => boolean;
  readonly isClosed: () => boolean;
  readonly isAttended: () => boolean;
  /** There is something to pull that the channel does not bring. */
  readonly onPullWanted: (trigger: 'changes' | 'poke' | 'retry', delayMs: number) => void;
  /** The state of the channel has changed, or the cursor has moved. */
  readonly onMoved: () => void;
  readonly onConnectionChanged: () => void;
}

/** What the realtime channel brings, and what becomes of it. */
export class ChannelFeed {
  readonly #feed: ChannelFeedOptions;
  readonly #realtime: Realtime;
  /** Pokes in a row that were answered by a pull and changed nothing. */
  #idlePokes = 0;
  /** What was held when the last poke came. */
  #heldAtPoke = '';

  constructor(feed: ChannelFeedOptions) {
    this.#feed = feed;
    const { options, transport } = feed;
    this.#realtime = new Realtime({
      runtime: options.runtime,
      transport,
      handshake: () => handshakeRequest(options),
      isAttended: feed.isAttended,
      onOpen: (session) => this.#opened(session),
      onChanges: (page) => void this.#changes(page),
      onPoke: (head) => this.#poked(head),
      onLost: (error) => this.#lost(error),
      onStateChanged: feed.onConnectionChanged,
    });
  }

  get state() {
    return this.#realtime.state;
  }

  /** Whether what the server commits comes by itself. */
  get isLive(): boolean {
    return this.#realtime.isLive;
  }

  want(isWanted: boolean): void {
    this.#realtime.want(isWanted);
  }

  /** Somebody waits. */
  hurry(): void {
    this.#realtime.hurry();
  }

  /** Tells the server where this device stands now. */
  subscribe(): void {
    const { cursor, scopes, lacks } = this.#feed.options.store;
    if (cursor) this.#realtime.subscribe(cursor, scopes, lacks);
  }

  /** A channel is a session like any other: the same user, the same history, or none. */
  #opened(session: HandshakeResponse): void {
    const { options, line, onPullWanted, onMoved } = this.#feed;
    checkProtocol(session);
    checkSubject(options, session);
    const { cursor } = options.store;
    if (cursor && cursor.epoch !== session.epoch) {
      line.forget();
      onPullWanted('poke', 0);
      return;
    }
    line.open(session);
    this.subscribe();
    // It may have told of more than is here.
    onMoved();
  }

  async #changes(page: PullPage): Promise<void> {
    const { options, line, publisher, isPulling, isClosed, onPullWanted, onMoved } = this.#feed;
    line.noteHead(page.epoch, page.head);
    try {
      const frame = await options.exclusive(() => {
        if (isClosed()) return { outcome: 'known' as const };
        return applyFrame(options.store, page, { isPulling: isPulling(), now: options.runtime.now() });
      });
      if (frame.outcome === 'applied') publisher.applied(frame.result, frame.seq);
      if (frame.outcome === 'gap') onPullWanted('changes', 0);
      else onMoved();
    } catch {
      // Whatever is wrong with it, a pull shows it, with an error to tell and a retry.
      if (!isClosed()) onPullWanted('changes', 0);
    }
  }

  /** A server that pokes again and again, and has nothing to give, is not asked as fast as it answers. */
  #poked(head: number): void {
    const { options, line, isAttended, onPullWanted } = this.#feed;
    if (line.session) line.noteHead(line.session.epoch, head);
    const { cursor, scopes, lacks } = options.store;
    const held = JSON.stringify([cursor, scopes, lacks]);
    this.#idlePokes = held === this.#heldAtPoke ? this.#idlePokes + 1 : 0;
    this.#heldAtPoke = held;
    const facts = {
      failures: this.#idlePokes,
      retryAfterMs: 0,
      random: options.runtime.random(),
      isAttended: isAttended(),
    };
    onPullWanted('poke', this.#idlePokes === 0 ? 0 : reconnectMs(facts));
  }

  /** The network may be gone, or the server, or our right to be there: a round finds out. */
  #lost(error: SyncError | null): void {
    const { options, line, onPullWanted } = this.#feed;
    line.forget();
    // A server that stops or is busy may say when to come back.
    const retryAfterMs = error ? nextStep(error).retryAfterMs : 0;
    line.asked(retryAfterMs);
    onPullWanted('retry', retryAfterMs + Math.round(options.runtime.random() * LOST_SPREAD_MS));
  }
}

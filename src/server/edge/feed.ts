import type { HandshakeRequest, HandshakeResponse } from '../../protocol/messages/handshake.ts';
import type { ServerFrame } from '../../protocol/messages/realtime.ts';
import type { Identity, SyncService } from '../service.ts';
import { Caller } from './caller.ts';
import { declareLimits } from './declared-limits.ts';
import type { Edge } from './edge.ts';
import type { AuthInput } from './options.ts';
import { type Position, Subscription } from './subscription.ts';
import { checkVersions } from './versions.ts';

export interface FeedOptions {
  readonly edge: Edge;
  readonly input: AuthInput;
  readonly handshake: HandshakeRequest;
  readonly send: (frame: ServerFrame) => void;
  /** Whether more is waiting to be read than should be. */
  readonly isFull: () => boolean;
  /** The connection cannot go on. */
  readonly onError: (error: unknown) => void;
}

/** What a WebSocket and an event stream are alike in: a caller who is known, a handshake, and what is followed. */
export class Feed {
  readonly welcome: HandshakeResponse;
  readonly service: SyncService;
  readonly #caller: Caller;
  readonly #subscription: Subscription;
  readonly #stopListening: () => void;

  private constructor(caller: Caller, service: SyncService, welcome: HandshakeResponse, options: FeedOptions) {
    this.#caller = caller;
    this.service = service;
    this.welcome = welcome;
    this.#subscription = this.#follow(options);
    // The welcome tells of it.
    this.#subscription.wantSeq(welcome.head);
    this.#stopListening = service.onCommit(() => this.#subscription.committed());
  }

  /** Asks who calls and shakes hands. */
  static async open(options: FeedOptions): Promise<Feed> {
    const { edge, input, handshake, onError } = options;
    const service = await edge.service();
    let feed: Feed | null = null;
    const caller = await Caller.identify({ edge, input, onConfirmed: () => feed?.accessChanged(), onRefused: onError });
    try {
      checkVersions(handshake, edge.schemaVersion);
      const welcome = declareLimits(await service.handshake(caller.known, handshake), edge.limits);
      feed = new Feed(caller, service, welcome, options);
      return feed;
    } catch (error) {
      caller.close();
      throw error;
    }
  }

  get identity(): Identity {
    return this.#caller.known;
  }

  /** The identity, asked for anew if that is due. */
  currentIdentity(): Promise<Identity> {
    return this.#caller.current();
  }

  subscribe(position: Position): void {
    this.#subscription.start(position);
  }

  /** The client has been told of this seq, in the answer to a push. */
  wantSeq(seq: number): void {
    this.#subscription.wantSeq(seq);
  }

  /** What the caller may see could have changed: the next pull tells. */
  accessChanged(): void {
    this.#subscription.wake();
  }

  close(): void {
    this.#caller.close();
    this.#stopListening();
    this.#subscription.close();
  }

  #follow({ edge, handshake, send, isFull, onError }: FeedOptions): Subscription {
    const { clientId, schemaVersion, owner } = handshake;
    const { limits, runtime } = edge;
    return new Subscription({
      pull: async ({ cursor, scopes, without }) => {
        const leftOut = without ? { without: [...without], lacks: [...without] } : {};
        const request = { clientId, schemaVersion, cursor, scopes: [...scopes], ...leftOut, resume: null, owner };
        return this.service.pull(await this.#caller.current(), { ...request, maxBytes: limits.maxFrameBytes });
      },
      send,
      isFull,
      setTimer: runtime.setTimer,
      elapsed: runtime.elapsed,
      onTold: (ms) => edge.metrics?.told(ms),
      head: () => this.service.stats().head,
      onError,
    });
  }
}

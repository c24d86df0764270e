import type { HandshakeRequest, HandshakeResponse } from '../../protocol/messages/handshake.ts';
import type { PullPage } from '../../protocol/messages/pull.ts';
import { SyncError } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { RealtimeChannel, RealtimeEvent, Transport } from '../../transport/transport.ts';
import { type ChannelEvent, type ChannelState, channelTransition, initialChannelState } from './channel-machine.ts';
import { nextStep } from './next-step.ts';

/** The transport gives up sooner; this is for one that does not. */
const OPENING_MS = 60_000;
/** After this long the channel counts as reliable again. */
const PROVEN_MS = 10_000;

export interface RealtimeOptions {
  readonly runtime: Runtime;
  readonly transport: Transport;
  readonly handshake: () => HandshakeRequest;
  readonly isAttended: () => boolean;
  /** Decides whether the channel may stay: it throws where it may not. */
  readonly onOpen: (session: HandshakeResponse) => void;
  readonly onChanges: (page: PullPage) => void;
  readonly onPoke: (head: number) => void;
  readonly onLost: (error: SyncError | null) => void;
  readonly onStateChanged: () => void;
}

/** Keeps one channel open while it is wanted: interprets `channel-machine.ts`. */
export class Realtime {
  readonly #options: RealtimeOptions;
  #state: ChannelState = initialChannelState;
  #channel: RealtimeChannel | null = null;
  #isSubscribed = false;
  #cancelTimer: (() => void) | null = null;

  constructor(options: RealtimeOptions) {
    this.#options = options;
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** Whether what the server commits comes by itself. */
  get isLive(): boolean {
    return this.#state.name === 'open' && this.#isSubscribed;
  }

  want(isWanted: boolean): void {
    this.#dispatch({ name: isWanted ? 'want' : 'unwant' });
  }

  /** Somebody waits: cuts a rest short. */
  hurry(): void {
    this.#dispatch({ name: 'hurry' });
  }

  /** From here on, what happens after `cursor` is brought. */
  subscribe(cursor: { epoch: string; seq: number }, scopes: readonly string[], without: readonly string[]): void {
    if (this.#state.name !== 'open') return;
    this.#isSubscribed = true;
    this.#channel?.subscribe(cursor, [...scopes], [...without]);
  }

  #dispatch(event: ChannelEvent): void {
    const before = this.#state;
    this.#state = channelTransition(before, event);
    if (this.#state === before) return;
    this.#enter(before);
    this.#options.onStateChanged();
  }

  #enter(before: ChannelState): void {
    const state = this.#state;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (state.name === 'connecting') this.#connect();
    else if (state.name !== 'open') this.#drop();
    if (state.name === 'resting') this.#after(state.delayMs, { name: 'due' });
    if (state.name === 'open' && before.name === 'connecting') this.#after(PROVEN_MS, { name: 'proven' });
  }

  #after(ms: number, event: ChannelEvent): void {
    this.#cancelTimer = this.#options.runtime.setTimer(ms, () => this.#dispatch(event));
  }

  #connect(): void {
    const { transport, handshake, runtime } = this.#options;
    this.#cancelTimer = runtime.setTimer(OPENING_MS, () => this.#lose(null));
    const channel = transport.connect(handshake(), (event) => {
      // What an older channel still has to say is of no interest.
      if (this.#channel === channel) this.#hear(event);
    });
    this.#channel = channel;
  }

  #hear(event: RealtimeEvent): void {
    const { onChanges, onPoke } = this.#options;
    if (event.type === 'open') this.#opened(event.handshake);
    else if (event.type === 'changes') onChanges(event.page);
    else if (event.type === 'closed') this.#lose(event.error);
    else {
      // Nothing more comes before the next subscription.
      this.#isSubscribed = false;
      onPoke(event.head);
    }
  }

  #opened(session: HandshakeResponse): void {
    this.#dispatch({ name: 'opened' });
    try {
      this.#options.onOpen(session);
    } catch (thrown) {
      this.#lose(SyncError.from(thrown, 'forbidden', 'The channel was refused'));
    }
  }

  #lose(error: SyncError | null): void {
    const { runtime, isAttended, onLost } = this.#options;
    const retryAfterMs = error ? nextStep(error).retryAfterMs : 0;
    this.#dispatch({ name: 'lost', random: runtime.random(), retryAfterMs, isAttended: isAttended() });
    onLost(error);
  }

  #drop(): void {
    this.#isSubscribed = false;
    const channel = this.#channel;
    this.#channel = null;
    channel?.close();
  }
}

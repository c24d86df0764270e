import type { DevicesRequest, DevicesResponse } from '../../protocol/messages/devices.ts';
import type { HandshakeRequest, HandshakeResponse } from '../../protocol/messages/handshake.ts';
import type { PullPage, PullRequest } from '../../protocol/messages/pull.ts';
import type { PushRequest, PushResponse } from '../../protocol/messages/push.ts';
import { SyncError } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { Transport } from '../../transport/transport.ts';
import { abortable } from './abortable.ts';
import { nextStep } from './next-step.ts';

/**
 * The requests of one loop, and what they tell of the server: whether it can be reached, who we are to it, and how far
 * its log goes.
 */
export class Line {
  readonly #transport: Transport;
  readonly #runtime: Runtime;
  readonly #onHeard: () => void;
  #session: HandshakeResponse | null = null;
  #log: { readonly epoch: string; readonly head: number } | null = null;
  #isReachable: boolean | null = null;
  #asksUntil = 0;
  readonly #onOpen = new Set<(session: HandshakeResponse) => void>();

  /** `onHeard` is called whenever a request has ended, well or not. */
  constructor(transport: Transport, runtime: Runtime, onHeard: () => void) {
    this.#transport = transport;
    this.#runtime = runtime;
    this.#onHeard = onHeard;
  }

  /** What the last handshake said; null when there has to be one before the next request. */
  get session(): HandshakeResponse | null {
    return this.#session;
  }

  /** The history the server has last told of; null before it told of any. */
  get epoch(): string | null {
    return this.#log?.epoch ?? null;
  }

  /** The newest seq the server has told of. */
  get head(): number | null {
    return this.#log?.head ?? null;
  }

  /** Whether the last request reached the server; null before the first. */
  get isReachable(): boolean | null {
    return this.#isReachable;
  }

  /**
   * Asks who we are to the server. A channel that opens meanwhile tells the same: a request that is stuck on a dead
   * connection is left behind then.
   */
  async handshake(request: HandshakeRequest, signal: AbortSignal): Promise<HandshakeResponse> {
    const leave = new AbortController();
    const onAbort = () => leave.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    let onOpen = (_session: HandshakeResponse) => {};
    const opened = new Promise<HandshakeResponse>((resolve) => {
      onOpen = resolve;
    });
    this.#onOpen.add(onOpen);
    try {
      return await Promise.race([
        this.#ask(() => this.#transport.handshake(request, leave.signal), leave.signal),
        opened,
      ]);
    } finally {
      this.#onOpen.delete(onOpen);
      signal.removeEventListener('abort', onAbort);
      leave.abort();
    }
  }

  async push(request: PushRequest, signal: AbortSignal): Promise<PushResponse> {
    const response = await this.#ask(() => this.#transport.push(request, signal), signal);
    this.noteHead(response.epoch, response.head);
    return response;
  }

  async pull(request: PullRequest, signal: AbortSignal): Promise<PullPage> {
    const page = await this.#ask(() => this.#transport.pull(request, signal), signal);
    this.noteHead(page.epoch, page.head);
    return page;
  }

  devices(request: DevicesRequest, signal: AbortSignal): Promise<DevicesResponse> {
    return this.#ask(() => this.#transport.devices(request, signal), signal);
  }

  /** The server knows us under this session from here on. */
  open(session: HandshakeResponse): void {
    this.#session = session;
    this.#isReachable = true;
    this.noteHead(session.epoch, session.head);
    for (const tell of [...this.#onOpen]) tell(session);
  }

  /** The next request begins with a handshake: who we are, or which history it is, may have changed meanwhile. */
  forget(): void {
    this.#session = null;
  }

  /**
   * What was known of the log is of a history that is gone: a server that goes on from an old copy, and was not told to begin a new
   * epoch, has fewer commits under the same name.
   */
  startOver(): void {
    this.forget();
    this.#log = null;
  }

  /** When the server wants to hear of us again, as it has told (monotonic clock). Until then no request is sent. */
  get asksUntil(): number {
    return this.#asksUntil;
  }

  /** The server wants no request for so long. */
  asked(ms: number): void {
    if (ms > 0) this.#asksUntil = Math.max(this.#asksUntil, this.#runtime.elapsed() + ms);
  }

  /** A person asks: that goes before. */
  insist(): void {
    this.#asksUntil = 0;
  }

  /** The head of one history never falls; another history begins with its own. */
  noteHead(epoch: string, head: number): void {
    const known = this.#log?.epoch === epoch ? this.#log.head : 0;
    this.#log = { epoch, head: Math.max(known, head) };
  }

  async #ask<T>(send: () => Promise<T>, signal: AbortSignal): Promise<T> {
    this.#checkAsked();
    try {
      const response = await abortable(send(), signal);
      this.#isReachable = true;
      return response;
    } catch (thrown) {
      const error = SyncError.from(thrown, 'network', 'The request failed');
      const { phase, retryAfterMs } = nextStep(error);
      if (!signal.aborted) this.#isReachable = phase !== 'offline';
      this.asked(retryAfterMs);
      throw error;
    } finally {
      this.#onHeard();
    }
  }

  /** Also in the middle of a round: whoever looks for the mutation at fault tries several. */
  #checkAsked(): void {
    const retryAfterMs = this.#asksUntil - this.#runtime.elapsed();
    if (retryAfterMs <= 0) return;
    const message = `The server has asked for no request before ${Math.ceil(retryAfterMs)} ms from now.`;
    throw new SyncError('rate-limited', message, { details: { retryAfterMs } });
  }
}

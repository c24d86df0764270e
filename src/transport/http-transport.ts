import type { GenericSchema, InferOutput } from 'valibot';
import type { WireValue } from '../protocol/codec.ts';
import { LIMITS } from '../protocol/limits.ts';
import { devicesResponse } from '../protocol/messages/devices.ts';
import { type HandshakeRequest, handshakeResponse } from '../protocol/messages/handshake.ts';
import { pullPage } from '../protocol/messages/pull.ts';
import { type PushRequest, type PushResponse, pushResponse } from '../protocol/messages/push.ts';
import { encodeMessage } from '../protocol/parse.ts';
import { SyncError } from '../shared/error.ts';
import { type Runtime, systemRuntime } from '../shared/runtime.ts';
import { Channel } from './channel.ts';
import { Deadline } from './deadline.ts';
import { EventChannel } from './event-channel.ts';
import { hedged } from './hedge.ts';
import { pack } from './pack.ts';
import { BRIEF_MS, Patience } from './patience.ts';
import { type Fetch, post } from './post.ts';
import { pushEitherWay } from './push-either-way.ts';
import { type GetToken, withRefresh } from './token-source.ts';
import type { RealtimeChannel, RealtimeEvent, RealtimeListener, Transport } from './transport.ts';
import type { WebSocketConstructor, WebSocketLike } from './web-socket.ts';

export interface HttpTransportOptions {
  /**
   * Where the server lies, such as `https://example.org/sync`: `/v1/…` is put behind it. Absolute; a page resolves its own
   * relative one first, since a worker made from a blob has no base to resolve it against.
   */
  readonly url: string;
  readonly getToken?: GetToken;
  /** Default: the global one. */
  readonly fetch?: Fetch;
  /** Default: the global one. null: server-sent events instead. */
  readonly WebSocket?: WebSocketConstructor | null;
  readonly runtime?: Runtime;
  /**
   * The longest that the server may be silent during a call, in milliseconds. Where it answers fast, a connection that
   * is silent counts as dead long before (see `patience.ts`). Default: 30 s.
   */
  readonly timeoutMs?: number;
}

/** The {@link Transport} over HTTP, with a WebSocket as its channel, or server-sent events where none can be had. */
export function httpTransport(options: HttpTransportOptions): Transport {
  return new HttpTransport(options);
}

/** After so many WebSockets in a row that did not open, events are tried. */
const SOCKET_TRIES = 2;
/** And after so long a WebSocket again: it carries pushes too, and finds out sooner that a line is dead. */
const EVENTS_MS = 300_000;

class HttpTransport implements Transport {
  readonly #url: string;
  readonly #getToken: GetToken | undefined;
  readonly #fetch: Fetch;
  readonly #WebSocket: WebSocketConstructor | null;
  readonly #runtime: Runtime;
  readonly #patience: Patience;
  /** Requests that are on their way. */
  readonly #calls = new Set<Deadline>();
  readonly #closing = new AbortController();
  #maxFrameBytes: number = LIMITS.maxRequestBytes;
  #takesGzip = false;
  #channel: Channel | EventChannel | null = null;
  /** WebSockets that did not get as far as a welcome, one after the other, while requests did: something in the way may not let them pass. */
  #socketFailures = 0;
  /** Since the last of them. A server that is down answers nothing, and will be back with WebSockets. */
  #hasAnswered = true;
  #uploadBytes = 0;
  #isAttended = true;

  constructor(options: HttpTransportOptions) {
    this.#url = checkUrl(options.url);
    this.#getToken = options.getToken;
    // Called as a function of its own: the browser's fetch minds being a method of something else.
    this.#fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    this.#WebSocket = options.WebSocket === undefined ? globalWebSocket() : options.WebSocket;
    this.#runtime = options.runtime ?? systemRuntime;
    this.#patience = new Patience(options.timeoutMs ?? 30_000);
  }

  async handshake(request: HandshakeRequest, signal?: AbortSignal) {
    const call = { message: request, schema: handshakeResponse, isBrief: true };
    const ask = (one: AbortSignal | undefined) => this.#post('/v1/handshake', { ...call, signal: one });
    // On a line that was slow until now, one that is lost is not to be waited for as long as one that is slow.
    const isSlow = this.#patience.briefMs > BRIEF_MS;
    const response = await (isSlow ? hedged({ runtime: this.#runtime, afterMs: BRIEF_MS, signal }, ask) : ask(signal));
    this.#maxFrameBytes = response.limits.maxRequestBytes ?? this.#maxFrameBytes;
    this.#takesGzip = response.capabilities.includes('gzip');
    return response;
  }

  push(request: PushRequest, signal?: AbortSignal): Promise<PushResponse> {
    return pushEitherWay(request, {
      channel: this.#channel instanceof Channel ? this.#channel : null,
      maxBytes: this.#maxFrameBytes,
      signal,
      hasToken: this.#getToken !== undefined,
      byRequest: () => this.#post('/v1/push', { message: request, schema: pushResponse, signal }),
    });
  }

  pull(request: Parameters<Transport['pull']>[0], signal?: AbortSignal) {
    return this.#post('/v1/pull', { message: request, schema: pullPage, signal });
  }

  devices(request: Parameters<Transport['devices']>[0], signal?: AbortSignal) {
    return this.#post('/v1/devices', { message: request, schema: devicesResponse, signal });
  }

  connect(handshake: HandshakeRequest, listener: RealtimeListener): RealtimeChannel {
    this.#channel?.close();
    this.#channel = this.#prefersEvents()
      ? this.#openEvents(handshake, listener)
      : this.#openChannel(handshake, listener);
    return this.#channel;
  }

  #openChannel(handshake: HandshakeRequest, listener: RealtimeListener): Channel {
    let hasOpened = false;
    return new Channel({
      url: `${this.#url.replace(/^http/, 'ws')}/v1/ws`,
      openSocket: (url) => this.#openSocket(url),
      getToken: this.#getToken,
      runtime: this.#runtime,
      patience: this.#patience,
      isAttended: () => this.#isAttended,
      uploadMs: () => this.#patience.uploadMs(this.#uploadBytes),
      onSilent: (aliveAt) => this.#pathDied(aliveAt),
      handshake,
      listener: (event) => {
        this.#noteSocket(event, hasOpened);
        hasOpened = true;
        listener(event);
      },
    });
  }

  #openEvents(handshake: HandshakeRequest, listener: RealtimeListener): EventChannel {
    return new EventChannel({
      url: `${this.#url}/v1/events`,
      fetch: this.#fetch,
      getToken: this.#getToken,
      runtime: this.#runtime,
      isAttended: () => this.#isAttended,
      maxAgeMs: this.#WebSocket ? EVENTS_MS : Number.POSITIVE_INFINITY,
      handshake,
      listener: (event) => {
        // One WebSocket is tried before the next stream.
        if (event.type === 'closed') this.#socketFailures = SOCKET_TRIES - 1;
        listener(event);
      },
    });
  }

  /** Where WebSockets do not pass, events may. */
  #prefersEvents(): boolean {
    return this.#WebSocket === null || this.#socketFailures >= SOCKET_TRIES;
  }

  #noteSocket(event: RealtimeEvent, hasOpened: boolean): void {
    if (event.type === 'open') this.#socketFailures = 0;
    else if (event.type === 'closed' && event.error.kind === 'network' && !hasOpened) {
      if (this.#hasAnswered) this.#socketFailures += 1;
      this.#hasAnswered = false;
    }
  }

  attend(isAttended: boolean): void {
    const hasCome = isAttended && !this.#isAttended;
    this.#isAttended = isAttended;
    if (hasCome) this.#channel?.check();
  }

  close(): void {
    const reason = new SyncError('closed', 'The transport was closed.');
    this.#closing.abort(reason);
    this.#channel?.close(reason);
    this.#channel = null;
  }

  #openSocket(url: string): WebSocketLike {
    this.#closing.signal.throwIfAborted();
    if (this.#WebSocket) return new this.#WebSocket(url);
    throw new SyncError('network', 'There is no WebSocket here.');
  }

  async #post<S extends GenericSchema>(path: string, call: Call<S>): Promise<InferOutput<S>> {
    const message = encodeMessage(call.message);
    const packed = this.#takesGzip ? await pack(message) : null;
    const body = packed ?? message;
    return withRefresh(this.#getToken, async (askToken) => {
      // The app may have to sign somebody in for it: that is no silence of the server's.
      const token = await this.#within(this.#patience.maxMs, call, (deadline) => deadline.race(askToken()));
      return this.#send(path, call, { token, body, isPacked: packed !== null });
    });
  }

  async #send<S extends GenericSchema>(
    path: string,
    call: Call<S>,
    { token, body, isPacked }: { token: string | null; body: Uint8Array; isPacked: boolean },
  ): Promise<InferOutput<S>> {
    const patience = this.#patience;
    const startedAt = this.#runtime.elapsed();
    const silenceMs = patience.silenceMs(call.isBrief ? 'brief' : 'work');
    const answered = () => {
      this.#hasAnswered = true;
      const ms = this.#runtime.elapsed() - startedAt;
      if (call.isBrief) patience.answered(ms);
      else patience.worked(ms, body.length);
    };
    this.#uploadBytes += body.length;
    try {
      return await this.#within(silenceMs + patience.uploadMs(body.length), call, (deadline) => {
        const options = { fetch: this.#fetch, url: this.#url + path, token, body, isPacked, schema: call.schema };
        this.#calls.add(deadline);
        return deadline.race(post({ ...options, deadline, onAnswer: answered }));
      });
    } catch (error) {
      if (!call.isBrief && error instanceof SyncError && error.kind === 'timeout') patience.timedOut();
      throw error;
    } finally {
      this.#uploadBytes -= body.length;
    }
  }

  async #within<T>(
    timeoutMs: number,
    { signal }: { readonly signal: AbortSignal | undefined },
    run: (deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    const signals = signal ? [signal, this.#closing.signal] : [this.#closing.signal];
    const deadline = new Deadline({ runtime: this.#runtime, timeoutMs, signals });
    try {
      return await run(deadline);
    } finally {
      this.#calls.delete(deadline);
      deadline.close();
    }
  }

  /** What else is on its way over the same network would wait in vain. */
  #pathDied(aliveAt: number): void {
    const error = new SyncError('network', 'The connection is dead: the server answers on no line any more.');
    this.#patience.pathDied();
    for (const deadline of this.#calls) deadline.pathDied(aliveAt, error);
  }
}

interface Call<S extends GenericSchema> {
  readonly message: WireValue;
  readonly schema: S;
  readonly signal: AbortSignal | undefined;
  /** It costs the server nothing: who is there answers at once. */
  readonly isBrief?: boolean;
}

function checkUrl(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url.replace(/\/+$/, '');
  throw new SyncError(
    'misuse',
    `The url of the server must begin with http:// or https://; received ${JSON.stringify(url)}.`,
  );
}

function globalWebSocket(): WebSocketConstructor | null {
  // Its handlers are typed to get whole events; ours read one field of them.
  return 'WebSocket' in globalThis ? (globalThis.WebSocket as unknown as WebSocketConstructor) : null;
}

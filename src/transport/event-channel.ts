import type { Cursor } from '../core/change.ts';
import type { HandshakeRequest } from '../protocol/messages/handshake.ts';
import { type ServerFrame, serverFrame } from '../protocol/messages/realtime.ts';
import { encodeMessage, parseMessage } from '../protocol/parse.ts';
import { BEAT_HEADER, CONTENT_TYPE } from '../protocol/version.ts';
import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';
import type { Fetch } from './post.ts';
import { fromErrorMessage, fromResponse } from './server-error.ts';
import { readEvents } from './server-sent-events.ts';
import { askToken, type GetToken } from './token-source.ts';
import type { RealtimeChannel, RealtimeListener } from './transport.ts';

export interface EventChannelOptions {
  /** Of `/v1/events`. */
  readonly url: string;
  readonly fetch: Fetch;
  readonly getToken: GetToken | undefined;
  readonly runtime: Runtime;
  /** Ends by itself after this long, for something better to be tried. */
  readonly maxAgeMs: number;
  /** Whether somebody looks at the app: the line is watched more closely then. Default: yes. */
  readonly isAttended?: () => boolean;
  readonly handshake: HandshakeRequest;
  readonly listener: RealtimeListener;
}

/** The server sends something every ten seconds, if nothing else was agreed on: after this long the line is dead. */
const SILENT_MS = 25_000;
/** While somebody looks, a sign of life is asked for this often. */
const BEAT_MS = 2_500;
/** After so many times the agreed time without one, the line is dead. */
const SLACK = 2.5;
/** And so long may a stream take to open then. */
const OPENING_MS = 8_000;

interface Subscribe {
  readonly cursor: { readonly epoch: string; readonly seq: number };
  readonly scopes: readonly string[];
  readonly without: readonly string[];
}

function frameOf({ cursor, scopes, without }: Subscribe): Uint8Array {
  const leftOut = without.length > 0 ? { without: [...without] } : {};
  return encodeMessage({ type: 'subscribe', cursor: { ...cursor }, scopes: [...scopes], ...leftOut });
}

/**
 * The channel where a WebSocket cannot be had: server-sent events. It only brings; pushes go by requests of their own. Each
 * `subscribe` opens a stream in place of the last.
 */
export class EventChannel implements RealtimeChannel {
  readonly #options: EventChannelOptions;
  #state: RealtimeChannel['state'] = 'connecting';
  #stream = new AbortController();
  #cancelTimer: () => void = () => {};
  /** After so long without a sign of life the line is dead. */
  #silentMs = SILENT_MS;
  readonly #cancelAge: () => void;

  constructor(options: EventChannelOptions) {
    this.#options = options;
    this.#cancelAge =
      options.maxAgeMs === Number.POSITIVE_INFINITY
        ? () => {}
        : options.runtime.setTimer(options.maxAgeMs, () => {
            this.#fail(new SyncError('network', 'The event stream makes room for a WebSocket.'));
          });
    void this.#open(null);
  }

  get state(): RealtimeChannel['state'] {
    return this.#state;
  }

  subscribe({ epoch, seq }: Cursor, scopes: readonly string[], without: readonly string[] = []): void {
    if (this.#state === 'open') void this.#open({ cursor: { epoch, seq }, scopes, without });
  }

  /** Somebody has come back who wants to know whether the line lives. Where its signs are rare, a new one tells sooner. */
  check(): void {
    if (this.#silentMs > OPENING_MS)
      this.#fail(new SyncError('network', 'The event stream makes room for a livelier one.'));
  }

  close(): void {
    this.#state = 'closed';
    this.#cancelTimer();
    this.#cancelAge();
    this.#stream.abort();
  }

  async #open(subscribe: Subscribe | null): Promise<void> {
    this.#stream.abort();
    const stream = new AbortController();
    this.#stream = stream;
    this.#silentMs = this.#isAttended ? OPENING_MS : SILENT_MS;
    this.#heard();
    try {
      const response = await this.#request(subscribe, { signal: stream.signal, refresh: false });
      if (stream.signal.aborted) return;
      this.#silentMs = silenceOf(response);
      for await (const data of readEvents(response)) {
        if (stream.signal.aborted) return;
        this.#heard();
        if (data !== null) this.#handle(readFrame(data));
      }
      throw new SyncError('network', 'The event stream ended.');
    } catch (error) {
      if (!stream.signal.aborted) this.#fail(SyncError.from(error, 'network', 'The event stream broke'));
    }
  }

  /** Once more, with a new token, if the server refuses the first one. */
  async #request(subscribe: Subscribe | null, call: { signal: AbortSignal; refresh: boolean }): Promise<Response> {
    const { url, fetch, getToken, handshake } = this.#options;
    const token = await askToken(getToken, call.refresh);
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (token !== null) headers.authorization = `Bearer ${token}`;
    if (subscribe) headers['content-type'] = CONTENT_TYPE;
    const body = subscribe && frameOf(subscribe);
    const query = queryOf(handshake);
    if (this.#isAttended) query.set('beat', String(BEAT_MS));
    const response = await fetch(`${url}?${query}`, {
      method: body ? 'POST' : 'GET',
      headers,
      body: body as Uint8Array<ArrayBuffer> | null,
      signal: call.signal,
    });
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    if (response.ok && isStream) return response;
    if (response.status === 401 && getToken && !call.refresh)
      return this.#request(subscribe, { ...call, refresh: true });
    const isMessage = response.headers.get('content-type')?.startsWith(CONTENT_TYPE) ?? false;
    throw fromResponse(response, isMessage ? new Uint8Array(await response.arrayBuffer()) : null);
  }

  get #isAttended(): boolean {
    return this.#options.isAttended?.() ?? true;
  }

  #handle(frame: ServerFrame): void {
    const { listener } = this.#options;
    if (frame.type === 'changes') listener({ type: 'changes', page: frame.page });
    else if (frame.type === 'poke') listener({ type: 'poke', head: frame.head });
    else if (frame.type === 'error') throw fromErrorMessage(frame.error);
    else if (frame.type === 'welcome' && this.#state === 'connecting') {
      this.#state = 'open';
      listener({ type: 'open', handshake: frame.handshake });
    }
  }

  #heard(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.runtime.setTimer(this.#silentMs, () => {
      this.#fail(new SyncError('network', 'The server does not answer any more.'));
    });
  }

  #fail(error: SyncError): void {
    if (this.#state === 'closed') return;
    this.close();
    this.#options.listener({ type: 'closed', error });
  }
}

/** By how often the server says that it will give a sign of life. */
function silenceOf({ headers }: Response): number {
  const beatMs = Number(headers.get(BEAT_HEADER));
  return beatMs > 0 ? Math.min(SILENT_MS, SLACK * beatMs) : SILENT_MS;
}

function queryOf({ protocol, schemaVersion, clientId, capabilities, owner }: HandshakeRequest): URLSearchParams {
  const query = new URLSearchParams({ protocol: String(protocol), schemaVersion: String(schemaVersion), clientId });
  if (owner !== undefined) query.set('owner', owner);
  for (const one of capabilities) query.append('capability', one);
  return query;
}

function readFrame(data: string): ServerFrame {
  try {
    return parseMessage(
      serverFrame,
      Uint8Array.from(atob(data), (char) => char.charCodeAt(0)),
    );
  } catch (error) {
    throw new SyncError('server', `An event of the server cannot be read. ${String(error)}`, { cause: error });
  }
}

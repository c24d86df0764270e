import type { Cursor } from '../core/change.ts';
import type { HandshakeRequest } from '../protocol/messages/handshake.ts';
import type { PushRequest, PushResponse } from '../protocol/messages/push.ts';
import { type ClientFrame, type ServerFrame, serverFrame } from '../protocol/messages/realtime.ts';
import { encodeMessage, parseMessage } from '../protocol/parse.ts';
import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';
import { ATTENDED, Heartbeat, type HeartbeatPace, UNATTENDED } from './heartbeat.ts';
import { closedBy, Opening } from './opening.ts';
import type { Patience } from './patience.ts';
import { PendingPushes } from './pending-pushes.ts';
import { Probe } from './probe.ts';
import { fromErrorMessage } from './server-error.ts';
import { askToken, type GetToken } from './token-source.ts';
import type { RealtimeChannel, RealtimeListener } from './transport.ts';
import type { WebSocketLike } from './web-socket.ts';

export interface ChannelOptions {
  readonly url: string;
  readonly openSocket: (url: string) => WebSocketLike;
  readonly getToken: GetToken | undefined;
  readonly runtime: Runtime;
  /** How long the way to the welcome, and each push, may take. */
  readonly patience: Patience;
  /** Whether somebody looks at the app: the line is watched more closely then. Default: yes. */
  readonly isAttended?: () => boolean;
  /** What is on its way up beside this channel may hold up a ping for so long. */
  readonly uploadMs?: () => number;
  /** Nothing has come in since `aliveAt` (monotonic clock), and a ping had no answer. */
  readonly onSilent?: (aliveAt: number) => void;
  readonly handshake: HandshakeRequest;
  readonly listener: RealtimeListener;
}

/** One WebSocket to the server, from the hello to the end. */
export class Channel implements RealtimeChannel {
  readonly #options: ChannelOptions;
  readonly #pushes: PendingPushes;
  readonly #probe: Probe;
  #state: RealtimeChannel['state'] = 'connecting';
  #socket: WebSocketLike | null = null;
  #heartbeat: Heartbeat | null = null;
  #opening: Opening | null = null;
  #cancelToken: () => void;
  #isRefreshed = false;

  constructor(options: ChannelOptions) {
    const { runtime, patience } = options;
    this.#options = options;
    this.#pushes = new PendingPushes({ runtime, patience });
    this.#probe = new Probe({
      runtime,
      openSocket: () => options.openSocket(options.url),
      onReached: () => this.#heartbeat?.outrun(),
    });
    this.#cancelToken = runtime.setTimer(patience.maxMs, () => {
      this.#fail(new SyncError('network', `There was no token for the channel within ${patience.maxMs} ms.`));
    });
    void this.#dial();
  }

  get state(): RealtimeChannel['state'] {
    return this.#state;
  }

  subscribe({ epoch, seq }: Cursor, scopes: readonly string[], without: readonly string[] = []): void {
    if (this.#state !== 'open') return;
    const leftOut = without.length > 0 ? { without: [...without] } : {};
    this.#send(encodeFrame({ type: 'subscribe', cursor: { epoch, seq }, scopes: [...scopes], ...leftOut }));
  }

  /** null when the request does not fit into a frame. */
  push(
    request: PushRequest,
    options: { maxBytes: number; signal?: AbortSignal | undefined },
  ): Promise<PushResponse> | null {
    const requestId = this.#pushes.nextId();
    const frame = encodeFrame({ type: 'push', requestId, request });
    if (frame.length > options.maxBytes) return null;
    const response = this.#pushes.wait(requestId, { bytes: frame.length, signal: options.signal });
    this.#send(frame);
    this.#heartbeat?.expects();
    return response;
  }

  /** Finds out now whether the line still lives. */
  check(): void {
    this.#heartbeat?.check();
  }

  close(reason = new SyncError('network', 'The channel was closed.')): void {
    this.#end(reason);
  }

  /** Gets the token and opens the socket. Once more, with a new token, if the server refuses the first one. */
  async #dial(): Promise<void> {
    try {
      const token = await askToken(this.#options.getToken, this.#isRefreshed);
      if (this.#state !== 'closed') this.#open(token);
    } catch (error) {
      this.#fail(SyncError.from(error, 'network', 'The channel could not be opened'));
    }
  }

  #open(token: string | null): void {
    const { url, openSocket, handshake, patience, runtime } = this.#options;
    this.#cancelToken();
    this.#opening = new Opening({
      runtime,
      patience,
      openSocket: () => openSocket(url),
      greet: (socket) => socket.send(encodeFrame({ type: 'hello', token, handshake })),
      onMessage: (socket, data) => this.#receive(socket, data),
      onFailed: (error) => this.#fail(error),
    });
  }

  #send(frame: Uint8Array<ArrayBuffer>): void {
    this.#socket?.send(frame);
  }

  #receive(socket: WebSocketLike, data: unknown): void {
    this.#heartbeat?.heard();
    try {
      if (!(data instanceof ArrayBuffer))
        throw new SyncError('protocol', 'A text frame arrived; all frames are binary.');
      this.#handle(parseMessage(serverFrame, new Uint8Array(data)), socket);
    } catch (error) {
      this.#fail(new SyncError('server', `A frame of the server cannot be read. ${String(error)}`, { cause: error }));
    }
  }

  #handle(frame: ServerFrame, socket: WebSocketLike): void {
    switch (frame.type) {
      case 'welcome':
        return this.#welcome(frame, socket);
      case 'changes':
        return this.#options.listener({ type: 'changes', page: frame.page });
      case 'poke':
        return this.#options.listener({ type: 'poke', head: frame.head });
      case 'pushed':
        this.#heartbeat?.answered();
        return this.#pushes.resolve(frame.requestId, frame.response);
      case 'push-failed':
        this.#heartbeat?.answered();
        return this.#pushes.reject(frame.requestId, fromErrorMessage(frame.error));
      case 'pong':
        return this.#ponged();
      case 'error':
        return this.#refused(fromErrorMessage(frame.error));
    }
  }

  #welcome({ handshake }: Extract<ServerFrame, { type: 'welcome' }>, socket: WebSocketLike): void {
    const opening = this.#opening;
    if (!opening) return;
    this.#opening = null;
    this.#state = 'open';
    const { runtime, listener, patience, onSilent } = this.#options;
    patience.answered(opening.take(socket));
    this.#take(socket);
    this.#heartbeat = new Heartbeat({
      runtime,
      pace: () => this.#pace(),
      uploadMs: () => patience.uploadMs(this.#pushes.bytes) + (this.#options.uploadMs?.() ?? 0),
      ping: () => this.#send(encodeFrame({ type: 'ping', at: Math.max(0, Math.trunc(runtime.now())) })),
      onSuspect: () => this.#probe.start(),
      onAcquitted: () => this.#probe.close(),
      onDead: (aliveAt) => {
        onSilent?.(aliveAt);
        this.#fail(new SyncError('network', 'The server does not answer any more.'));
      },
    });
    listener({ type: 'open', handshake });
  }

  #take(socket: WebSocketLike): void {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket) this.#receive(socket, data);
    };
    socket.onclose = ({ code }) => {
      if (this.#socket === socket) this.#fail(closedBy(code));
    };
  }

  #pace(): HeartbeatPace {
    const { patience, isAttended } = this.#options;
    const pace = (isAttended?.() ?? true) ? ATTENDED : UNATTENDED;
    return { ...pace, slowAnswerMs: Math.max(pace.answerMs, patience.roundTripMs) };
  }

  #ponged(): void {
    const ms = this.#heartbeat?.ponged();
    if (typeof ms === 'number' && this.#pushes.bytes === 0) this.#options.patience.answered(ms);
  }

  /** The reason the server gives before it closes. */
  #refused(error: SyncError): void {
    const mayRefresh = this.#state === 'connecting' && !this.#isRefreshed && this.#options.getToken !== undefined;
    if (error.kind !== 'needs-auth' || !mayRefresh) return this.#fail(error);
    this.#isRefreshed = true;
    this.#opening?.close();
    this.#opening = null;
    void this.#dial();
  }

  #fail(error: SyncError): void {
    if (this.#state === 'closed') return;
    // Whether the server got the pushes is not known: the sender sends them again.
    this.#end(error.kind === 'needs-auth' ? error : lost(error));
    this.#options.listener({ type: 'closed', error });
  }

  #end(forPushes: SyncError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelToken();
    this.#opening?.close();
    this.#opening = null;
    this.#heartbeat?.close();
    this.#probe.close();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    this.#pushes.rejectAll(forPushes);
  }
}

function encodeFrame(frame: ClientFrame): Uint8Array<ArrayBuffer> {
  return encodeMessage(frame) as Uint8Array<ArrayBuffer>;
}

function lost(cause: SyncError): SyncError {
  return new SyncError('network', 'The channel ended before the answer came.', { cause });
}

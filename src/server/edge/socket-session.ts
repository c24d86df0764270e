import { type ClientFrame, clientFrame, type ServerFrame } from '../../protocol/messages/realtime.ts';
import { parseMessage } from '../../protocol/parse.ts';
import { SyncError } from '../../shared/error.ts';
import type { Edge } from './edge.ts';
import { encodeFrame } from './encode-frame.ts';
import { errorFields, publicError } from './errors.ts';
import { Feed } from './feed.ts';
import type { Session } from './sessions.ts';
import type { ServerSocket } from './socket.ts';
import { tokenOfProtocols } from './token.ts';

type Frame<T extends ClientFrame['type']> = Extract<ClientFrame, { type: T }>;

/** A socket that still sends may have this many times more unread than one that changes are sent to. */
const UNREAD_FACTOR = 16;

export interface SocketSessionOptions {
  readonly edge: Edge;
  readonly socket: ServerSocket;
  /** The request that opened the socket, where the runtime has it. */
  readonly request?: Request;
  readonly remoteAddress?: string | undefined;
  readonly onEnd: () => void;
}

/**
 * One WebSocket connection, from its hello to its end. Frames before the welcome, frames that are not valid and a second
 * hello end it; a push that fails does not. docs/protocol.md tells the rules.
 */
export class SocketSession implements Session {
  readonly #edge: Edge;
  readonly #socket: ServerSocket;
  readonly #request: Request | undefined;
  readonly #remoteAddress: string | undefined;
  readonly #onEnd: () => void;
  readonly #id: string;
  readonly #cancels: (() => void)[] = [];
  #state: 'new' | 'greeting' | 'open' | 'closed' = 'new';
  #feed: Feed | null = null;
  #clientId = '';
  #lastFrameAt: number;
  #pushes: Promise<void> = Promise.resolve();
  #waitingPushes = 0;

  constructor({ edge, socket, request, remoteAddress, onEnd }: SocketSessionOptions) {
    this.#edge = edge;
    this.#socket = socket;
    this.#request = request;
    this.#remoteAddress = remoteAddress;
    this.#onEnd = onEnd;
    this.#id = edge.runtime.uuid();
    this.#lastFrameAt = edge.runtime.elapsed();
    this.#cancels.push(edge.runtime.setTimer(edge.limits.helloMs, () => this.#checkHello()));
    socket.onClose(() => this.#end());
    socket.onMessage((frame) => this.#receive(frame));
  }

  get owner(): Session['owner'] {
    return this.#feed && { subject: this.#feed.identity.id, clientId: this.#clientId };
  }

  accessChanged(): void {
    this.#feed?.accessChanged();
  }

  wantSeq(seq: number): void {
    this.#feed?.wantSeq(seq);
  }

  /** Tells the client why, and closes. */
  close(thrown: unknown): void {
    if (this.#state === 'closed') return;
    const { body, status, isInternal } = publicError(thrown, this.#id);
    const fields = { socketId: this.#id, ...errorFields(thrown) };
    if (isInternal) this.#edge.logger.error(fields, 'socket failed');
    else this.#edge.logger.info(fields, 'socket closed');
    this.#send({ type: 'error', error: body });
    this.#socket.close(closeCode(status), body.kind);
    this.#end();
  }

  #end(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const cancel of this.#cancels) cancel();
    this.#feed?.close();
    this.#onEnd();
  }

  #checkHello(): void {
    if (this.#state !== 'open') this.close(new SyncError('protocol', 'No hello arrived in time.'));
    else this.#checkIdle();
  }

  /** A client that is there sends a ping now and then. */
  #checkIdle(): void {
    const { idleMs } = this.#edge.limits;
    const quietMs = this.#edge.runtime.elapsed() - this.#lastFrameAt;
    if (quietMs >= idleMs)
      return this.close(new SyncError('protocol', 'Nothing arrived for too long, not even a ping.'));
    this.#cancels[0] = this.#edge.runtime.setTimer(idleMs - quietMs, () => this.#checkIdle());
  }

  #receive(bytes: Uint8Array | string): void {
    if (this.#state === 'closed') return;
    this.#lastFrameAt = this.#edge.runtime.elapsed();
    try {
      this.#checkReading();
      this.#handle(this.#parse(bytes));
    } catch (error) {
      this.close(error);
    }
  }

  /** Answers to a client that never reads would pile up without end. */
  #checkReading(): void {
    if (this.#socket.bufferedAmount <= UNREAD_FACTOR * this.#edge.limits.maxBufferedBytes) return;
    throw new SyncError('rate-limited', 'Too much is waiting to be read on this socket.');
  }

  #parse(bytes: Uint8Array | string): ClientFrame {
    if (typeof bytes === 'string') throw new SyncError('protocol', 'Frames are binary; a text frame arrived.');
    const maxBytes = this.#edge.limits.maxRequestBytes;
    if (bytes.length > maxBytes) throw new SyncError('too-large', `A frame has at most ${maxBytes} bytes.`);
    return parseMessage(clientFrame, bytes, { maxBytes });
  }

  #handle(frame: ClientFrame): void {
    if (frame.type === 'hello') return this.#hello(frame);
    const feed = this.#feed;
    if (!feed) throw new SyncError('protocol', `The first frame must be a hello, and the next wait for the welcome.`);
    switch (frame.type) {
      case 'subscribe':
        return feed.subscribe(frame);
      case 'push':
        return this.#enqueue(feed, frame);
      case 'ping':
        return this.#send({ type: 'pong', at: frame.at });
    }
  }

  #hello(frame: Frame<'hello'>): void {
    if (this.#state !== 'new') throw new SyncError('protocol', 'A second hello arrived.');
    this.#state = 'greeting';
    this.#greet(frame).catch((error) => this.close(error));
  }

  async #greet({ token, handshake }: Frame<'hello'>): Promise<void> {
    const request = this.#request;
    const edge = this.#edge;
    await edge.rateLimits?.takeAddress(request, this.#remoteAddress);
    const feed = await Feed.open({
      edge,
      input: { token: token ?? tokenOfProtocols(request), ...(request ? { request } : {}) },
      handshake,
      send: (frame) => this.#send(frame),
      isFull: () => this.#socket.bufferedAmount > edge.limits.maxBufferedBytes,
      onError: (error) => this.close(error),
    });
    if (this.#state !== 'greeting') return feed.close();
    this.#feed = feed;
    this.#clientId = handshake.clientId;
    this.#state = 'open';
    this.#send({ type: 'welcome', handshake: feed.welcome });
    edge.logger.info({ socketId: this.#id, subject: feed.identity.id }, 'socket opened');
  }

  /** Pushes of one socket run one after the other: a later mutation must not overtake an earlier one. */
  #enqueue(feed: Feed, frame: Frame<'push'>): void {
    if (this.#waitingPushes >= this.#edge.limits.maxWaitingPushes) {
      return this.#refusePush(frame.requestId, new SyncError('rate-limited', 'Too many pushes wait on this socket.'));
    }
    this.#waitingPushes++;
    this.#pushes = this.#pushes.then(async () => {
      this.#waitingPushes--;
      if (this.#state === 'open') await this.#push(feed, frame);
    });
  }

  async #push(feed: Feed, { requestId, request }: Frame<'push'>): Promise<void> {
    try {
      const response = await this.#edge.run('push', async () => {
        await this.#edge.service();
        const identity = await feed.currentIdentity();
        await this.#edge.rateLimits?.takeIdentity(identity);
        return feed.service.push(identity, request);
      });
      this.#send({ type: 'pushed', requestId, response });
      feed.wantSeq(response.head);
      this.#edge.metrics?.pushed(request.mutations.length);
    } catch (error) {
      this.#refusePush(requestId, error);
      if (error instanceof SyncError && error.kind === 'needs-auth') this.close(error);
    }
  }

  #refusePush(requestId: number, thrown: unknown): void {
    const { body, isInternal } = publicError(thrown, this.#id);
    const fields = { socketId: this.#id, ...errorFields(thrown) };
    if (isInternal) this.#edge.logger.error(fields, 'push failed');
    else this.#edge.logger.warn(fields, 'push refused');
    this.#send({ type: 'push-failed', requestId, error: body });
  }

  #send(frame: ServerFrame): void {
    if (this.#state !== 'closed') this.#socket.send(encodeFrame(frame));
  }
}

/** WebSocket close codes (RFC 6455, section 7.4.1). */
function closeCode(status: number): number {
  if (status === 503) return 1001;
  if (status >= 500) return 1011;
  return status === 413 ? 1009 : 1008;
}

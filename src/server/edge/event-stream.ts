import { type HandshakeRequest, handshakeRequest } from '../../protocol/messages/handshake.ts';
import { type ClientFrame, clientFrame, type ServerFrame } from '../../protocol/messages/realtime.ts';
import { checkMessage, encodeMessage, parseMessage } from '../../protocol/parse.ts';
import { BEAT_HEADER, PROTOCOL_VERSION } from '../../protocol/version.ts';
import { SyncError } from '../../shared/error.ts';
import { readBody } from './body.ts';
import type { Edge } from './edge.ts';
import { errorFields, publicError } from './errors.ts';
import { Feed } from './feed.ts';
import type { Session } from './sessions.ts';
import { tokenOf } from './token.ts';

/** Something goes out at least this often, so that neither side nor a proxy takes a quiet line for a dead one … */
const KEEP_ALIVE_MS = 10_000;
/** … or as often as the client asks for, within bounds: while somebody looks, it wants to know sooner. */
const SHORTEST_BEAT_MS = 1_000;

/**
 * Server-sent events (HTML, section 9.2), for where a WebSocket cannot be had: who asks stands in the query, a `subscribe`
 * frame in the body of a POST or, in short, in the query too. Each event is one server frame, in base64.
 *
 * @throws SyncError before the stream begins; after that, the last event is an `error` frame.
 */
export async function openEventStream(edge: Edge, request: Request): Promise<Response> {
  const question = await readQuestion(edge, request);
  if (edge.sessions.count >= edge.limits.maxSockets) throw new SyncError('closed', 'There are too many connections.');
  const beatMs = beatOf(request);
  const stream = new EventStream(edge, beatMs);
  await stream.open({ request, ...question });
  return new Response(stream.body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      [BEAT_HEADER]: String(beatMs),
    },
  });
}

function beatOf(request: Request): number {
  const asked = Number(new URL(request.url).searchParams.get('beat'));
  return asked > 0 ? Math.min(KEEP_ALIVE_MS, Math.max(SHORTEST_BEAT_MS, asked)) : KEEP_ALIVE_MS;
}

type Subscribe = Extract<ClientFrame, { type: 'subscribe' }>;

interface Question {
  readonly handshake: HandshakeRequest;
  readonly subscribe: Subscribe | null;
}

async function readQuestion(edge: Edge, request: Request): Promise<Question> {
  const query = new URL(request.url).searchParams;
  const whole = (name: string, otherwise: number) => (query.has(name) ? Number(query.get(name)) : otherwise);
  const handshake = checkMessage(handshakeRequest, {
    protocol: whole('protocol', PROTOCOL_VERSION),
    schemaVersion: whole('schemaVersion', edge.schemaVersion),
    clientId: query.get('clientId') ?? undefined,
    capabilities: query.getAll('capability'),
    owner: query.get('owner') ?? undefined,
  });
  if (request.method !== 'POST') {
    const cursor = { epoch: query.get('epoch'), seq: whole('seq', 0) };
    const without = query.getAll('without');
    const leftOut = without.length > 0 ? { without } : {};
    const frame = { type: 'subscribe', cursor, scopes: query.getAll('scope'), ...leftOut };
    return { handshake, subscribe: query.has('epoch') ? asSubscribe(checkMessage(clientFrame, frame)) : null };
  }
  const maxBytes = edge.limits.maxRequestBytes;
  const frame = parseMessage(clientFrame, await readBody(request, maxBytes), { maxBytes });
  return { handshake, subscribe: asSubscribe(frame) };
}

function asSubscribe(frame: ClientFrame): Subscribe {
  if (frame.type === 'subscribe') return frame;
  throw new SyncError('protocol', `The body must be a subscribe frame; it is ${frame.type}.`);
}

/** One stream, from its welcome to its end. */
class EventStream implements Session {
  readonly body: ReadableStream<Uint8Array>;
  readonly #edge: Edge;
  readonly #id: string;
  readonly #beatMs: number;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #feed: Feed | null = null;
  #clientId = '';
  #cancelTimer: () => void = () => {};

  constructor(edge: Edge, beatMs: number) {
    this.#edge = edge;
    this.#beatMs = beatMs;
    this.#id = edge.runtime.uuid();
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#end(),
      },
      { highWaterMark: edge.limits.maxBufferedBytes, size: (chunk) => chunk?.byteLength ?? 0 },
    );
  }

  get owner(): Session['owner'] {
    return this.#feed && { subject: this.#feed.identity.id, clientId: this.#clientId };
  }

  async open({ request, handshake, subscribe }: Question & { request: Request }): Promise<void> {
    const edge = this.#edge;
    this.#feed = await Feed.open({
      edge,
      input: { token: tokenOf(request), request },
      handshake,
      send: (frame) => this.#send(frame),
      isFull: () => (this.#controller?.desiredSize ?? 0) <= 0,
      onError: (error) => this.close(error),
    });
    this.#clientId = handshake.clientId;
    edge.sessions.add(this);
    this.#send({ type: 'welcome', handshake: this.#feed.welcome });
    if (subscribe) this.#feed.subscribe(subscribe);
    this.#keepAlive();
    edge.logger.info({ socketId: this.#id, subject: this.#feed.identity.id }, 'event stream opened');
  }

  accessChanged(): void {
    this.#feed?.accessChanged();
  }

  wantSeq(seq: number): void {
    this.#feed?.wantSeq(seq);
  }

  close(thrown: unknown): void {
    if (!this.#controller) return;
    const { body, isInternal } = publicError(thrown, this.#id);
    const fields = { socketId: this.#id, ...errorFields(thrown) };
    if (isInternal) this.#edge.logger.error(fields, 'event stream failed');
    else this.#edge.logger.info(fields, 'event stream closed');
    this.#send({ type: 'error', error: body });
    const controller = this.#controller;
    this.#end();
    controller.close();
  }

  #keepAlive(): void {
    this.#cancelTimer = this.#edge.runtime.setTimer(this.#beatMs, () => {
      // A reader that takes nothing any more is not kept for ever.
      if ((this.#controller?.desiredSize ?? 0) < -this.#edge.limits.maxBufferedBytes) return this.#end();
      this.#write(': still here\n\n');
      this.#keepAlive();
    });
  }

  #send(frame: ServerFrame): void {
    this.#write(`event: ${frame.type}\ndata: ${toBase64(encodeMessage(frame))}\n\n`);
  }

  #write(text: string): void {
    this.#controller?.enqueue(new TextEncoder().encode(text));
  }

  #end(): void {
    this.#controller = null;
    this.#cancelTimer();
    this.#feed?.close();
    this.#edge.sessions.remove(this);
  }
}

const CHUNK_BYTES = 8_192;

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  }
  return btoa(text);
}

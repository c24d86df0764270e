import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { GenericSchema, InferOutput } from 'valibot';
import type { WireValue } from '../../protocol/codec.ts';
import { devicesRequest } from '../../protocol/messages/devices.ts';
import { handshakeRequest } from '../../protocol/messages/handshake.ts';
import { pullRequest } from '../../protocol/messages/pull.ts';
import { pushRequest } from '../../protocol/messages/push.ts';
import { encodeMessage, parseMessage } from '../../protocol/parse.ts';
import { BEAT_HEADER, CAPABILITIES, CONTENT_TYPE, PROTOCOL_VERSION } from '../../protocol/version.ts';
import { SyncError } from '../../shared/error.ts';
import type { Identity, ServerStats, SyncService } from '../service.ts';
import { readBody } from './body.ts';
import { chooseEncoding, compress } from './compression.ts';
import { declareLimits } from './declared-limits.ts';
import type { Edge } from './edge.ts';
import { errorFields, publicError } from './errors.ts';
import { openEventStream } from './event-stream.ts';
import { allowsOrigin } from './origin.ts';
import { routeOf } from './paths.ts';
import { tokenOf } from './token.ts';
import { checkVersions, PACKAGE_VERSION } from './versions.ts';

/** What a runtime knows of a call besides the request. */
export interface CallInfo {
  /** The address that the connection comes from, for rate limits. */
  readonly remoteAddress?: string;
}

type AppEnv = { Variables: { requestId: string }; Bindings: CallInfo };
type App = Hono<AppEnv>;
type AppContext = Context<AppEnv>;

/** The HTTP side: messages in, messages out, and a few JSON pages for people and probes. */
export function createApp(edge: Edge, stats: () => Promise<Stats>): App {
  const app: App = new Hono({ getPath: (request) => routeOf(new URL(request.url).pathname, edge.basePath) ?? '/' });
  app.use('*', identify(edge));
  if (edge.cors) app.use('*', corsOf(edge));
  app.onError((error, context) => fail(edge, context, error));
  app.notFound(() => {
    throw new SyncError('not-found', 'There is nothing at this path. The API lies under /v1.');
  });
  addMessages(app, edge);
  addPages(app, edge, stats);
  return app;
}

function addMessages(app: App, edge: Edge): void {
  const post = <S extends GenericSchema>(path: string, schema: S, run: Run<InferOutput<S>>) => {
    app.post(path, (context) =>
      edge.run(path.slice('/v1/'.length), () => answerMessage({ edge, context, schema, run })),
    );
    app.all(path, (context) => {
      context.header('allow', 'POST');
      return send(edge, context, { status: 405, message: { kind: 'protocol', message: 'This path takes POST only.' } });
    });
  };
  post('/v1/handshake', handshakeRequest, async (service, identity, request) => {
    checkVersions(request, edge.schemaVersion);
    return declareLimits(await service.handshake(identity, request), edge.limits);
  });
  post('/v1/pull', pullRequest, (service, identity, request) => service.pull(identity, request));
  post('/v1/push', pushRequest, async (service, identity, request) => {
    const response = await service.push(identity, request);
    edge.sessions.pushed({ subject: identity.id, clientId: request.clientId }, response.head);
    edge.metrics?.pushed(request.mutations.length);
    return response;
  });
  post('/v1/devices', devicesRequest, (service, identity, request) => service.devices(identity, request));
}

type Stats = ServerStats & { readonly socketCount: number };

function addPages(app: App, edge: Edge, stats: () => Promise<Stats>): void {
  app.get('/health', async (context) => {
    await edge.service();
    return context.json({ status: 'ok' });
  });
  // Whether the process runs; and whether it should be sent calls.
  app.get('/health/live', (context) => context.json({ status: 'ok' }));
  app.get('/health/ready', async (context) => {
    await (await edge.service()).check();
    return context.json({ status: 'ok' });
  });
  app.get('/metrics', async (context) => {
    await edge.checkMonitor({ token: tokenOf(context.req.raw), request: context.req.raw });
    const page = await edge.metrics?.page(await stats());
    if (!page) throw new SyncError('not-found', 'There are no metrics on this runtime.');
    return context.body(page.text, 200, { 'content-type': page.contentType, 'cache-control': 'no-store' });
  });
  app.get('/v1/version', (context) => {
    const { schemaVersion } = edge;
    const version = { name: 'tidemark', version: PACKAGE_VERSION, protocol: PROTOCOL_VERSION, schemaVersion };
    return context.json({ ...version, capabilities: CAPABILITIES });
  });
  app.get('/v1/stats', async (context) => {
    await edge.checkMonitor({ token: tokenOf(context.req.raw), request: context.req.raw });
    return context.json(await stats());
  });
  app.on(['GET', 'POST'], '/v1/events', async (context) => {
    const { env, req } = context;
    await edge.service();
    await edge.rateLimits?.takeAddress(req.raw, env?.remoteAddress);
    return openEventStream(edge, req.raw);
  });
  app.get('/v1/ws', (context) => {
    context.header('upgrade', 'websocket');
    const message = 'This path is for a WebSocket: send the headers of an upgrade.';
    return send(edge, context, { status: 426, message: { kind: 'protocol', message } });
  });
}

type Run<Request> = (service: SyncService, identity: Identity, request: Request) => Promise<WireValue>;

interface MessageCall<S extends GenericSchema> {
  readonly edge: Edge;
  readonly context: AppContext;
  readonly schema: S;
  readonly run: Run<InferOutput<S>>;
}

async function answerMessage<S extends GenericSchema>({ edge, context, schema, run }: MessageCall<S>) {
  const request = context.req.raw;
  const service = await edge.service();
  await edge.rateLimits?.takeAddress(request, context.env?.remoteAddress);
  const identity = await edge.authenticate({ token: tokenOf(request), request });
  await edge.rateLimits?.takeIdentity(identity);
  const bytes = await readBody(request, edge.limits.maxRequestBytes);
  const message = parseMessage(schema, bytes, { maxBytes: edge.limits.maxRequestBytes });
  return send(edge, context, { status: 200, message: await run(service, identity, message) });
}

/** No answer is a page: none is to be shown, framed, guessed at or referred from. */
const SECURITY_HEADERS = Object.entries({
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
});

function secure(headers: Headers): void {
  for (const [name, value] of SECURITY_HEADERS) headers.set(name, value);
}

/** Gives each request an id for the log, and logs how it went: neither payloads nor tokens. */
function identify(edge: Edge): MiddlewareHandler<AppEnv> {
  return async (context, next) => {
    const startedAt = edge.runtime.elapsed();
    context.set('requestId', edge.runtime.uuid());
    await next();
    secure(context.res.headers);
    const durationMs = Math.round(edge.runtime.elapsed() - startedAt);
    const { method, path } = context.req;
    const fields = { requestId: context.get('requestId'), method, path, status: context.res.status, durationMs };
    edge.logger.info(fields, 'request');
  };
}

function corsOf(edge: Edge): MiddlewareHandler {
  return cors({
    origin: (origin) => (allowsOrigin(edge.cors, origin) ? origin : null),
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['authorization', 'content-type', 'content-encoding'],
    exposeHeaders: ['retry-after', BEAT_HEADER],
    maxAge: edge.cors?.maxAgeSeconds ?? 86_400,
  });
}

function fail(edge: Edge, context: AppContext, thrown: unknown): Promise<Response> {
  const requestId = context.get('requestId');
  const { status, body, isInternal } = publicError(thrown, requestId);
  const fields = { requestId, status, ...errorFields(thrown) };
  if (isInternal) edge.logger.error(fields, 'request failed');
  else edge.logger.warn(fields, 'request refused');
  if (status === 401) context.header('www-authenticate', 'Bearer');
  if (body.retryAfterMs !== undefined) context.header('retry-after', String(Math.ceil(body.retryAfterMs / 1000)));
  return send(edge, context, { status, message: body });
}

interface Answer {
  readonly status: number;
  readonly message: WireValue;
}

async function send(edge: Edge, context: AppContext, { status, message }: Answer): Promise<Response> {
  const bytes = encodeAnswer(message);
  const headers = new Headers(context.res.headers);
  headers.set('content-type', CONTENT_TYPE);
  headers.set('cache-control', 'no-store');
  secure(headers);
  if (bytes.length < edge.limits.compressBytes) return new Response(bytes, { status, headers });
  headers.append('vary', 'accept-encoding');
  const encoding = chooseEncoding(context.req.raw.headers.get('accept-encoding'));
  if (encoding === null) return new Response(bytes, { status, headers });
  headers.set('content-encoding', encoding);
  return new Response(await compress(bytes, encoding), { status, headers });
}

/** An answer that does not fit is our fault, whatever kind the codec says. */
function encodeAnswer(message: WireValue): Uint8Array<ArrayBuffer> {
  try {
    return encodeMessage(message) as Uint8Array<ArrayBuffer>;
  } catch (error) {
    throw new SyncError('server', 'The answer could not be encoded.', { cause: error });
  }
}

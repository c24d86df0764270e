import { SyncError } from '../../shared/error.ts';
import { systemRuntime } from '../../shared/runtime.ts';
import { createSyncService } from '../create-service.ts';
import type { ServiceLimits, SyncServiceOptions } from '../options.ts';
import type { ServerStats, SyncService } from '../service.ts';
import { type CallInfo, createApp } from './app.ts';
import { Edge } from './edge.ts';
import { Metrics } from './metrics.ts';
import { type AuthFunction, type CorsOptions, type EdgeLimits, type MonitorFunction, silentLogger } from './options.ts';
import { mayOpenSocket } from './origin.ts';
import { routeOf } from './paths.ts';
import { type RateLimitOptions, RateLimits } from './rate-limit.ts';
import type { ServerSocket } from './socket.ts';
import { SocketSession } from './socket-session.ts';
import type { TracerLike } from './tracing.ts';

export interface SyncServerOptions extends Omit<SyncServiceOptions, 'limits'> {
  /** Left out, everybody is the same person, with the id `anonymous`. */
  readonly auth?: AuthFunction;
  /** Left out, pages of other origins cannot call. */
  readonly cors?: CorsOptions;
  /** The path the API lies under, such as `/sync`. Left out, it answers under any. */
  readonly basePath?: string;
  readonly limits?: Partial<ServiceLimits & EdgeLimits>;
  /**
   * Who may look at `/v1/stats` and `/metrics`: the bearer token of a monitoring system, or a function. Left out, whoever may read
   * every scope: totals over all tenants are nobody else's business.
   */
  readonly monitor?: string | MonitorFunction;
  /** How many calls are taken. Left out: as many as come; `{}` for the defaults. */
  readonly rateLimit?: RateLimitOptions;
  /** For OpenTelemetry: `trace.getTracer('tidemark')`. Each call gets a span, without payloads, tokens or subjects. */
  readonly tracer?: TracerLike;
}

/** What `GET /v1/stats` shows. */
export interface SyncServerStats extends ServerStats {
  readonly socketCount: number;
  /** Requests, and pushes by socket, since the start. */
  readonly requestCount: number;
}

export interface SyncServer {
  /** Largest request, and largest frame of a socket. Bytes. */
  readonly maxRequestBytes: number;
  /** Answers one request: a Web-standard handler for Hono, Node, Deno, Bun and Workers. Never throws. */
  fetch(request: Request, info?: CallInfo): Promise<Response>;
  /** The server without its edge, once its storage is open. Rejects if that failed. */
  service(): Promise<SyncService>;
  /** What to answer to a request that asks for a WebSocket and must not have it; null when it may. */
  refuseSocket(request: Request): Response | null;
  /** Takes over a WebSocket that the runtime has accepted. `request` is the one that opened it. */
  handleSocket(socket: ServerSocket, request?: Request, info?: CallInfo): void;
  stats(): Promise<SyncServerStats>;
  /**
   * To be called when what `access` says has changed, for one subject or for everyone: connected clients follow at once
   * instead of within `reauthMs`, on every node over the same database. Resolves once the others can hear of it; where the
   * storage fails, that is logged, and they follow in their time.
   */
  accessChanged(subject?: string): Promise<void>;
  /** Refuses new calls, lets running ones end, closes the sockets and then the storage. */
  close(): Promise<void>;
}

/**
 * Makes a sync server. Its storage opens at once; calls wait for it.
 *
 * @example
 * ```ts
 * const server = createSyncServer({
 *   schema,
 *   storage: sqliteStorage({ file: './tidemark.db' }),
 *   auth: async ({ token }) => (token ? await findSession(token) : null),
 *   access: (identity) => ({ read: ['main', `user:${identity.id}`], write: [`user:${identity.id}`] }),
 * });
 * export default { fetch: server.fetch };
 * ```
 */
export function createSyncServer(options: SyncServerOptions): SyncServer {
  return createServer(createSyncService(options), options);
}

/** Puts the edge in front of a service: HTTP and sockets. */
export function createServer(service: Promise<SyncService>, options: Omit<SyncServerOptions, 'storage'>): SyncServer {
  const { rateLimit, logger = silentLogger, runtime = systemRuntime } = options;
  const edge = new Edge({
    ...options,
    service,
    schemaVersion: options.schema.version,
    logger,
    metrics: new Metrics(logger),
    ...(rateLimit ? { rateLimits: new RateLimits(rateLimit, { logger, runtime }) } : {}),
    runtime,
  });
  const { sessions } = edge;
  // That it failed is told by whoever calls; without a listener Node would end the process.
  service.then(
    (started) => {
      started.onRevoke((clientId) => sessions.revoke(clientId));
      started.onAccessChange((subject) => sessions.accessChanged(subject));
    },
    () => {},
  );
  const stats = async () => {
    const counts = { socketCount: sessions.count, requestCount: edge.requestCount };
    return { ...(await edge.service()).stats(), ...counts };
  };
  const app = createApp(edge, stats);
  let closing: Promise<void> | null = null;

  async function close(): Promise<void> {
    const running = edge.stop();
    const reason = new SyncError('closed', 'The server is stopping.');
    await running;
    sessions.closeAll(reason);
    const started = await service.catch(() => null);
    await started?.close();
    await edge.rateLimits?.close();
    edge.logger.info({}, 'server stopped');
  }

  return {
    maxRequestBytes: edge.limits.maxRequestBytes,
    fetch: async (request, info) => app.fetch(request, { ...remoteAddressOf(info) }),
    service: () => service,
    stats,
    refuseSocket(request) {
      if (routeOf(new URL(request.url).pathname, options.basePath) !== '/v1/ws')
        return new Response(null, { status: 404 });
      if (edge.isClosing || sessions.count >= edge.limits.maxSockets) return new Response(null, { status: 503 });
      return mayOpenSocket(options.cors, request) ? null : new Response(null, { status: 403 });
    },
    handleSocket(socket, request, info) {
      const onEnd = () => sessions.remove(session);
      const session: SocketSession = new SocketSession({
        edge,
        socket,
        onEnd,
        ...(request ? { request } : {}),
        ...remoteAddressOf(info),
      });
      sessions.add(session);
      if (edge.isClosing) session.close(new SyncError('closed', 'The server is stopping.'));
    },
    async accessChanged(subject) {
      try {
        await (await edge.service()).accessChanged(subject);
      } catch (error) {
        edge.logger.warn({ error: String(error) }, 'other nodes were not told that access has changed');
      }
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Some runtimes hand their own environment to `fetch` as a second argument: only what is meant for us is taken. */
function remoteAddressOf(info: CallInfo | undefined): CallInfo {
  return typeof info?.remoteAddress === 'string' ? { remoteAddress: info.remoteAddress } : {};
}

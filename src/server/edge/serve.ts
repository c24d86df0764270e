import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { SyncError } from '../../shared/error.ts';
import { systemRuntime } from '../../shared/runtime.ts';
import type { Logger } from '../options.ts';
import type { CallInfo } from './app.ts';
import type { SyncServer } from './create-sync-server.ts';
import { nodeSocket } from './node-socket.ts';
import { silentLogger } from './options.ts';
import { SOCKET_PROTOCOL } from './token.ts';

export interface ServeOptions {
  /** Default: 8787. 0 takes any free port. */
  readonly port?: number;
  /** The address to listen at. Default: `127.0.0.1`, this machine alone; `0.0.0.0` for all of its networks. */
  readonly hostname?: string;
  /** How long `close()` waits for connections to end before it cuts them, in milliseconds. Default: 5 s. */
  readonly graceMs?: number;
  readonly logger?: Logger;
}

/** A server that listens. */
export interface RunningServer {
  /** Such as `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly port: number;
  /** Stops listening, lets running calls end, closes the sockets and the storage. */
  close(): Promise<void>;
}

/**
 * Listens on Node: HTTP, and WebSockets on the same port. Resolves once the storage is open and the port is bound; when it cannot be, the
 * server is closed.
 *
 * @throws SyncError `misuse` when the port cannot be bound; whatever opening the storage threw.
 * @example
 * ```ts
 * const running = await serve(server, { port: 8787 });
 * process.once('SIGTERM', () => running.close());
 * ```
 */
export async function serve(server: SyncServer, options: ServeOptions = {}): Promise<RunningServer> {
  await server.service();
  // Loaded here, so that importing the server elsewhere than on Node needs none of it.
  const [{ createServer }, { getRequestListener }, { WebSocketServer }] = await Promise.all([
    import('node:http'),
    import('@hono/node-server'),
    import('ws'),
  ]);
  const http = createServer(
    getRequestListener((request, { incoming }) => server.fetch(request, callInfo(incoming)), {
      overrideGlobalObjects: false,
    }),
  );
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: server.maxRequestBytes,
    perMessageDeflate: false,
    // A token among the offered ones must not be echoed.
    handleProtocols: (offered) => offered.has(SOCKET_PROTOCOL) && SOCKET_PROTOCOL,
  });
  const logger = options.logger ?? silentLogger;
  http.on('upgrade', (incoming, stream, head) => upgrade({ server, sockets, logger }, { incoming, stream, head }));
  await listen(http, options).catch(async (error) => {
    await server.close();
    throw error;
  });
  const { port, address, family } = http.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  logger.info({ url }, 'listening');
  let closing: Promise<void> | null = null;
  return {
    url,
    port,
    close() {
      closing ??= stop({ server, http, sockets, graceMs: options.graceMs ?? 5000 });
      return closing;
    },
  };
}

function listen(http: HttpServer, { port = 8787, hostname = '127.0.0.1' }: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another program listens there; choose another port' : error.message;
      reject(new SyncError('misuse', `Cannot listen at ${hostname}:${port}: ${why}.`, { cause: error }));
    });
    http.listen(port, hostname, resolve);
  });
}

interface UpgradeContext {
  readonly server: SyncServer;
  readonly sockets: WebSocketServer;
  readonly logger: Logger;
}

interface Upgrade {
  readonly incoming: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
}

function upgrade({ server, sockets, logger }: UpgradeContext, { incoming, stream, head }: Upgrade): void {
  // A peer that vanishes during the upgrade must not end the process.
  stream.on('error', (error) => logger.warn({ error: error.message }, 'upgrade failed'));
  const request = requestOf(incoming);
  const refusal = request ? server.refuseSocket(request) : new Response(null, { status: 400 });
  if (request && !refusal) {
    sockets.handleUpgrade(incoming, stream, head, (socket) =>
      server.handleSocket(nodeSocket(socket, logger), request, callInfo(incoming)),
    );
    return;
  }
  stream.end(`HTTP/1.1 ${refusal?.status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function callInfo(incoming: { readonly socket?: { readonly remoteAddress?: string | undefined } | null }): CallInfo {
  const remoteAddress = incoming.socket?.remoteAddress;
  return remoteAddress === undefined ? {} : { remoteAddress };
}

/** The request as the Web knows it; null when its target or host make no URL. */
function requestOf({ url = '/', headers }: IncomingMessage): Request | null {
  const target = `http://${headers.host ?? 'localhost'}${url}`;
  if (!url.startsWith('/') || !URL.canParse(target)) return null;
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return new Request(target, { headers: pairs as [string, string][] });
}

interface StopOptions {
  readonly server: SyncServer;
  readonly http: HttpServer;
  readonly sockets: WebSocketServer;
  readonly graceMs: number;
}

/** A connection that was busy when asked to end becomes idle later, and would then stay until its client goes. */
const IDLE_CHECK_MS = 20;

async function stop({ server, http, sockets, graceMs }: StopOptions): Promise<void> {
  const { setTimer } = systemRuntime;
  const closed = new Promise<void>((resolve) => http.close(() => resolve()));
  let cancelGrace = () => {};
  const overdue = new Promise<void>((resolve) => {
    cancelGrace = setTimer(graceMs, () => {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      resolve();
    });
  });
  // What does not end in time is not waited for: the process is to end, and pushes without an answer are sent again.
  await Promise.race([server.close(), overdue]);
  let cancelCheck = () => {};
  const closeIdle = () => {
    http.closeIdleConnections();
    cancelCheck = setTimer(IDLE_CHECK_MS, closeIdle);
  };
  closeIdle();
  await closed;
  cancelCheck();
  cancelGrace();
}

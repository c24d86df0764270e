/** A real server on a real port, and raw ways to talk to it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { WebSocket } from 'ws';
import { defineSchema, t, table } from '../../src/core/schema.ts';
import { decode, encode, type WireMap, type WireValue } from '../../src/protocol/codec.ts';
import type { ClientFrame } from '../../src/protocol/messages/realtime.ts';
import { createSyncServer, type SyncServer, type SyncServerOptions } from '../../src/server/edge/create-sync-server.ts';
import { type RunningServer, type ServeOptions, serve } from '../../src/server/edge/serve.ts';
import type { Logger } from '../../src/server/options.ts';
import { sqliteStorage } from '../../src/server/sqlite/index.ts';

export const schema = defineSchema({ version: 3, tables: { note: table({ id: t.text(), body: t.text() }) } });

export const hello = { protocol: 1, schemaVersion: 3, clientId: 'a', capabilities: [] };

export const pullFromStart = { clientId: 'a', schemaVersion: 3, cursor: null, scopes: [], resume: null };

export function push(mutationId: number, body: string, clientId = 'a') {
  const change = { table: 'note', key: [`${clientId}-${mutationId}`], op: 'put' as const, columns: { body } };
  const mutations = [{ mutationId, hlc: '018f3c5a7e000000', base: 0, changes: [change] }];
  return { clientId, schemaVersion: 3, mutations, decides: [] };
}

export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Harness {
  readonly server: SyncServer;
  readonly running: RunningServer;
  readonly log: LogLine[];
  /** Posts a message, or bytes as they are. */
  post(path: string, body: WireValue | Uint8Array | ReadableStream, headers?: Record<string, string>): Promise<Answer>;
  socket(options?: { path?: string; headers?: Record<string, string> }): Promise<TestSocket>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly message: WireMap;
}

const closing: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

export async function start(
  options: Partial<SyncServerOptions> = {},
  serveOptions: ServeOptions = {},
): Promise<Harness> {
  const log: LogLine[] = [];
  const logAs = (level: keyof Logger) => (fields: Readonly<Record<string, unknown>>, message: string) =>
    void log.push({ level, message, fields });
  const logger: Logger = { info: logAs('info'), warn: logAs('warn'), error: logAs('error') };
  const server = createSyncServer({ schema, storage: sqliteStorage({ file: ':memory:' }), logger, ...options });
  const running = await serve(server, { port: 0, logger, ...serveOptions });
  closing.push(() => running.close());
  return {
    server,
    running,
    log,
    async post(path, body, headers = {}) {
      const isRaw = body instanceof Uint8Array || body instanceof ReadableStream;
      const response = await fetch(running.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor', ...headers },
        body: isRaw ? (body as Uint8Array<ArrayBuffer>) : (encode(body) as Uint8Array<ArrayBuffer>),
        ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      return { status: response.status, headers: response.headers, message: decode(bytes) as WireMap };
    },
    async socket({ path = '/v1/ws', headers = {} } = {}) {
      const socket = new WebSocket(running.url.replace('http', 'ws') + path, { headers });
      closing.push(() => socket.terminate());
      const opened = new TestSocket(socket);
      await once(socket, 'open');
      return opened;
    },
  };
}

/** The client's end of a WebSocket, frame by frame. */
export class TestSocket {
  readonly socket: WebSocket;
  readonly #frames: WireMap[] = [];
  #closeCode: number | null = null;
  #wake: () => void = () => {};

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.#frames.push(decode(data) as WireMap);
      this.#wake();
    });
    socket.on('close', (code) => {
      this.#closeCode = code;
      this.#wake();
    });
    socket.on('error', () => {});
  }

  send(frame: ClientFrame | WireMap): void {
    this.socket.send(encode(frame));
  }

  async next(): Promise<WireMap> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame) return frame;
      if (this.#closeCode !== null) throw new Error(`The socket closed with ${this.#closeCode}.`);
      await this.#change();
    }
  }

  /** The next frame, once a hello has been said. */
  async greet(token: string | null = null, clientId = 'a'): Promise<WireMap> {
    this.send({ type: 'hello', token, handshake: { ...hello, clientId } });
    return this.next();
  }

  async closed(): Promise<number> {
    while (this.#closeCode === null) await this.#change();
    return this.#closeCode;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** A bare TCP connection to the server. */
export async function dial({ running }: Harness): Promise<Socket> {
  const socket = connect(running.port, '127.0.0.1');
  closing.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

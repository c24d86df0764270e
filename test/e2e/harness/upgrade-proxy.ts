import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** An HTTP proxy as some offices have one: it lets requests pass, and WebSockets only if it is told to. */
export class UpgradeProxy {
  letsUpgrade = false;
  /** Upgrades that were refused, and that passed. */
  refusedCount = 0;
  passedCount = 0;
  readonly #server: Server;
  readonly #target: URL;
  readonly #streams = new Set<ServerResponse>();
  readonly #sockets = new Set<Duplex>();

  constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((incoming, response) => this.#pass(incoming, response));
    this.#server.on('upgrade', (incoming, socket: Duplex, head: Buffer) => this.#upgrade(incoming, socket, head));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Event streams that are open. */
  get streamCount(): number {
    return this.#streams.size;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  /** Cuts the event streams, as a proxy does that has had enough of them. */
  cutStreams(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #pass(incoming: IncomingMessage, response: ServerResponse): void {
    const { hostname, port } = this.#target;
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, method, path, headers }, (answer) => {
      if (answer.headers['content-type']?.startsWith('text/event-stream')) this.#streams.add(response);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    const end = () => {
      this.#streams.delete(response);
      onward.destroy();
    };
    onward.on('error', () => response.destroy());
    response.on('close', end);
    incoming.pipe(onward);
  }

  #upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    if (!this.letsUpgrade) {
      this.refusedCount += 1;
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.passedCount += 1;
    const onward: Socket = connect(Number(this.#target.port), this.#target.hostname);
    onward.on('error', () => socket.destroy());
    const lines = incoming.rawHeaders.map((word, index) => word + (index % 2 === 0 ? ': ' : '\r\n')).join('');
    onward.write(`GET ${incoming.url} HTTP/1.1\r\n${lines}\r\n`);
    onward.write(head);
    onward.pipe(socket).pipe(onward);
    for (const one of [socket, onward]) {
      this.#sockets.add(one);
      one.on('close', () => this.#sockets.delete(one));
    }
  }
}

import { once } from 'node:events';
import { WebSocket } from 'ws';
import { encode } from '../../src/protocol/codec.ts';
import { clientFrame, type ServerFrame, serverFrame } from '../../src/protocol/messages/realtime.ts';
import { parseMessage } from '../../src/protocol/parse.ts';
import { FuzzFailure, HANG_MS } from './failure.ts';

/** The codes a server may close with for what a client did: ours, and those of `ws` for broken framing. */
const CLIENT_FAULTS = [1002, 1007, 1008, 1009];

/**
 * One WebSocket under fire: every frame of the server is valid, none blames the server, and a frame that is not valid gets
 * a typed error and a close. A ping behind each frame tells that the server still answers.
 */
export class FuzzSocket {
  readonly #socket: WebSocket;
  readonly #sent: Uint8Array[] = [];
  #pings = 0;
  #pongs = new Set<number>();
  #ended: ServerFrame | null = null;
  #closeCode: number | null = null;
  #failure: FuzzFailure | null = null;
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('close', (code) => {
      this.#closeCode = code;
      this.#wake();
    });
    socket.on('error', () => {});
  }

  static async open(url: string): Promise<FuzzSocket> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ws`);
    const opened = new FuzzSocket(socket);
    await once(socket, 'open', { signal: AbortSignal.timeout(HANG_MS) });
    return opened;
  }

  get sent(): readonly Uint8Array[] {
    return this.#sent;
  }

  get isOpen(): boolean {
    return this.#closeCode === null && this.#ended === null;
  }

  /** Sends a frame, and waits for what becomes of it. */
  async send(bytes: Uint8Array): Promise<void> {
    this.#sent.push(bytes);
    const at = ++this.#pings * 2 ** 33;
    this.#socket.send(bytes);
    this.#socket.send(encode({ type: 'ping', at }));
    await this.#until(() => this.#pongs.has(at) || this.#closeCode !== null);
    this.#pongs.clear();
    if (this.#closeCode === null) {
      if (!isFrame(bytes)) throw this.#fail('A frame that is not valid did not end the socket.');
    } else this.#checkEnd();
  }

  /** Sends a frame as the first one, without a ping, which would not be due. */
  async greet(bytes: Uint8Array): Promise<void> {
    this.#sent.push(bytes);
    let isWelcome = false;
    this.#onWelcome = () => {
      isWelcome = true;
    };
    this.#socket.send(bytes);
    await this.#until(() => isWelcome || this.#closeCode !== null);
    if (this.#closeCode !== null) this.#checkEnd();
    else if (!isFrame(bytes)) throw this.#fail('A hello that is not valid was welcomed.');
  }

  close(): void {
    this.#socket.terminate();
  }

  #onWelcome: () => void = () => {};

  #receive(data: Buffer): void {
    try {
      const frame = parseMessage(serverFrame, data);
      if (frame.type === 'pong') this.#pongs.add(frame.at);
      if (frame.type === 'welcome') this.#onWelcome();
      if (frame.type === 'error') this.#ended = frame;
      if ('error' in frame && frame.error.kind === 'server') {
        this.#failure ??= this.#fail(`The server blames itself: ${frame.error.message}`);
      }
    } catch (error) {
      this.#failure ??= this.#fail(`The server sent a frame that is not valid: ${error}`);
    }
    this.#wake();
  }

  #checkEnd(): void {
    const code = this.#closeCode ?? 0;
    if (!CLIENT_FAULTS.includes(code)) throw this.#fail(`The socket closed with ${code}.`);
    if (code >= 1008 && !this.#ended) throw this.#fail(`The socket closed with ${code} and no error frame.`);
  }

  async #until(isThere: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(HANG_MS);
    const timedOut = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    while (!isThere()) {
      if (this.#failure) throw this.#failure;
      if (signal.aborted) throw this.#fail(`The server did not answer within ${HANG_MS} ms.`);
      await Promise.race([timedOut, new Promise<void>((resolve) => (this.#wake = resolve))]);
    }
    if (this.#failure) throw this.#failure;
  }

  #fail(message: string): FuzzFailure {
    return new FuzzFailure('socket', [...this.#sent], message);
  }
}

function isFrame(bytes: Uint8Array): boolean {
  try {
    parseMessage(clientFrame, bytes);
    return true;
  } catch {
    return false;
  }
}

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { FrameReader } from './frames.ts';

/** `up` is towards the server. */
export type Direction = 'up' | 'down';

export interface Passing {
  readonly direction: Direction;
  /** The type of the message: `push`, `pushed`, … */
  readonly message: string;
}

/** A TCP proxy on loopback that can be told to misbehave. It reads along, and never changes a byte. */
export class TcpProxy {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #watchers = new Set<(passing: Passing) => void>();
  readonly #held = new Set<Direction>();
  #heldBytes = 0;

  /** @param target gives the port on loopback to connect to. */
  constructor(target: () => number) {
    this.#server = createServer((client) => {
      const link = new Link(client, connect(target(), '127.0.0.1'), this.#rules());
      this.#links.add(link);
      link.onClose = () => this.#links.delete(link);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many bytes have been swallowed so far. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /**
   * Told of each message before it is passed on downwards, and after it was passed on upwards: who holds `down` when an answer
   * comes keeps that very answer.
   */
  watch(watcher: (passing: Passing) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Nothing comes through in this direction any more, the end of a connection included; nobody is told. */
  hold(direction: Direction): void {
    this.#held.add(direction);
  }

  /** Ends all holding: what was swallowed arrives late (`deliver`), or never, and its connections are cut (`cut`). */
  release(how: 'deliver' | 'cut'): void {
    this.#held.clear();
    for (const link of [...this.#links]) {
      if (how === 'deliver') link.flush();
      else if (link.hasHeld) link.cut();
    }
  }

  /** Cuts all connections there are. New ones are let through. */
  cut(): number {
    const count = this.#links.size;
    for (const link of [...this.#links]) link.cut();
    return count;
  }

  /** Loses all connections there are without telling either side, as a router does that starts anew. New ones are let through. */
  forget(): number {
    for (const link of this.#links) link.forget();
    return this.#links.size;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  #rules(): LinkRules {
    return {
      isHeld: (direction, bytes) => {
        if (!this.#held.has(direction)) return false;
        this.#heldBytes += bytes;
        return true;
      },
      tell: (passing) => {
        for (const watcher of [...this.#watchers]) watcher(passing);
      },
    };
  }
}

interface LinkRules {
  readonly isHeld: (direction: Direction, bytes: number) => boolean;
  readonly tell: (passing: Passing) => void;
}

/** One connection through the proxy: two sockets. */
class Link {
  onClose: () => void = () => {};
  readonly #sockets: Readonly<Record<'client' | 'server', Socket>>;
  readonly #rules: LinkRules;
  readonly #readers = { up: new FrameReader(), down: new FrameReader() };
  readonly #queues: Record<Direction, Buffer[]> = { up: [], down: [] };
  readonly #ended = new Set<Direction>();
  #isForgotten = false;
  /** A push went up as a request of its own, as beside an event stream: what comes down next is its answer. */
  #awaitsAnswer = false;

  constructor(client: Socket, server: Socket, rules: LinkRules) {
    this.#sockets = { client, server };
    this.#rules = rules;
    this.#join('up', client);
    this.#join('down', server);
  }

  get hasHeld(): boolean {
    return this.#queues.up.length + this.#queues.down.length + this.#ended.size > 0;
  }

  flush(): void {
    for (const direction of ['up', 'down'] as const) {
      for (const chunk of this.#queues[direction].splice(0)) this.#to(direction).write(chunk);
      if (this.#ended.has(direction)) this.cut();
    }
  }

  forget(): void {
    this.#isForgotten = true;
    for (const direction of ['up', 'down'] as const) this.#queues[direction].length = 0;
    this.#ended.clear();
  }

  cut(): void {
    this.#sockets.client.destroy();
    this.#sockets.server.destroy();
    this.onClose();
  }

  #join(direction: Direction, from: Socket): void {
    from.setNoDelay(true);
    from.on('data', (chunk) => this.#pass(direction, chunk));
    // A close event follows, also when nothing listens at the other end.
    from.on('error', () => {});
    from.on('close', () => {
      if (this.#isForgotten) return;
      if (this.#rules.isHeld(direction, 0)) this.#ended.add(direction);
      else this.cut();
    });
  }

  /** No heed of a full buffer on the other side: what passes here is small. */
  #pass(direction: Direction, chunk: Buffer): void {
    if (this.#isForgotten) return;
    const messages = this.#readers[direction].read(chunk).map((message) => this.#nameOf(direction, message));
    const tell = () => {
      for (const message of messages) this.#rules.tell({ direction, message });
    };
    if (direction === 'down') tell();
    if (this.#rules.isHeld(direction, chunk.length)) this.#queues[direction].push(chunk);
    else this.#to(direction).write(chunk);
    if (direction === 'up') tell();
  }

  #nameOf(direction: Direction, message: string): string {
    const isAnswer = this.#awaitsAnswer && direction === 'down' && message === 'http';
    if (isAnswer || message === 'push') this.#awaitsAnswer = !isAnswer;
    return isAnswer ? 'pushed' : message;
  }

  #to(direction: Direction): Socket {
    return direction === 'up' ? this.#sockets.server : this.#sockets.client;
  }
}

import { connect, type Socket } from 'node:net';

/** What the harness says on the channel of the nodes, to learn that all that was said before has been heard. No node hears it. */
const MARK = 'simulation: so far';
export const MARK_SQL = `NOTIFY tidemark, '${MARK}'`;

/** What can be told of a connection by what goes over it. */
class Tap {
  /** What is to come, in this order; after the greeting it is ready. */
  readonly answers: ('ready' | 'described')[] = ['ready'];
  isInTransaction = false;
  isListening = false;
  marks = 0;
  pid = 0;
  readonly isOfNode: boolean;

  constructor(isOfNode: boolean) {
    this.isOfNode = isOfNode;
  }
}

/**
 * All connections to one database, and an eye on what goes over them: whether Postgres is at work for somebody. The protocol has
 * one ReadyForQuery for each Sync or simple query (https://www.postgresql.org/docs/current/protocol-flow.html).
 */
export class PostgresWire {
  readonly #host: string;
  readonly #port: number;
  readonly #taps = new Map<Socket, Tap>();
  readonly #waiting: (() => void)[] = [];
  #hasNews = false;
  #cut: { count: number; readonly arrives: boolean } | null = null;
  /** Grows with all that goes up or down. */
  messageCount = 0;
  /** Postgres' processes for connections that were broken. */
  readonly brokenPids: number[] = [];

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
  }

  /** For the `socket` option of the driver. */
  open(isOfNode: boolean): Promise<Socket> {
    const socket = connect(this.#port, this.#host);
    const tap = new Tap(isOfNode);
    this.#taps.set(socket, tap);
    this.#follow(socket, tap);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(socket);
      });
    });
  }

  /** Nobody waits for an answer of Postgres. */
  get isQuiet(): boolean {
    return this.#busy.length === 0;
  }

  /** A transaction is open and its program does nothing: it waits for time to pass, and others may wait for it. */
  get standsStill(): boolean {
    return [...this.#taps.values()].some(({ isInTransaction, answers }) => isInTransaction && answers.length === 0);
  }

  /** Postgres' processes that somebody waits for; 0 for a connection that is just made. */
  get busyPids(): number[] {
    return this.#busy.map(({ pid }) => pid);
  }

  get #busy(): Tap[] {
    return [...this.#taps.values()].filter(({ answers }) => answers.length > 0);
  }

  /** Something was committed since this was last asked: listeners may have to hear of it. */
  takeNews(): boolean {
    const hasNews = this.#hasNews;
    this.#hasNews = false;
    return hasNews && [...this.#taps.values()].some(({ isListening }) => isListening);
  }

  /** Resolves once something has come in. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves once each listener has heard the next mark, which `send` says, or is gone. */
  async marked(send: () => Promise<unknown>): Promise<void> {
    const awaited = [...this.#taps].filter(([, { isListening }]) => isListening);
    const before = awaited.map(([, { marks }]) => marks);
    await send();
    const isHeard = ([socket, tap]: [Socket, Tap], index: number) =>
      !this.#taps.has(socket) || tap.marks > (before[index] ?? 0);
    while (!awaited.every(isHeard)) await this.change();
  }

  /** Connections of nodes break, as when a proxy between them and the database is restarted. */
  cut(isHit: () => boolean): void {
    for (const [socket, tap] of [...this.#taps]) if (tap.isOfNode && isHit()) this.#break(socket, tap);
  }

  /** The n-th message of a node from now on is the last of its connection: whether it arrives or not. */
  cutAt(count: number, arrives: boolean): void {
    this.#cut = { count, arrives };
  }

  heal(): void {
    this.#cut = null;
  }

  #break(socket: Socket, { pid }: Tap): void {
    if (pid > 0) this.brokenPids.push(pid);
    socket.destroy();
  }

  #changed(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #follow(socket: Socket, tap: Tap): void {
    const sent = new Frames(true);
    const received = new Frames(false);
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    const emit = socket.emit.bind(socket) as (...args: unknown[]) => boolean;
    const replaced = socket as unknown as Record<'write' | 'emit', (...args: unknown[]) => boolean>;
    replaced.write = (...args) => {
      this.messageCount += 1;
      for (const frame of sent.push(args[0] as Buffer)) noteSent(tap, frame);
      if (!this.#isLast(tap)) return write(...args);
      if (this.#cut?.arrives) write(...args);
      this.#cut = null;
      this.#break(socket, tap);
      return true;
    };
    replaced.emit = (name, ...args) => {
      if (name === 'close') {
        this.#taps.delete(socket);
        // Whatever it was at may have been committed.
        this.#hasNews = true;
        this.#changed();
      }
      if (name !== 'data') return emit(name, ...args);
      const kept = received.push(args[0] as Buffer).filter((frame) => this.#isForDriver(tap, frame));
      const isHeard = kept.length > 0 && emit('data', Buffer.concat(kept));
      this.#changed();
      return isHeard;
    };
  }

  #isLast({ isOfNode, pid }: Tap): boolean {
    if (!this.#cut || !isOfNode || pid === 0) return false;
    this.#cut.count -= 1;
    return this.#cut.count <= 0;
  }

  #isForDriver(tap: Tap, frame: Buffer): boolean {
    this.messageCount += 1;
    const type = String.fromCharCode(frame[0] ?? 0);
    if (type === 'A' && frame.includes(MARK)) {
      tap.marks += 1;
      return false;
    }
    if (type === 'C' && frame.includes('COMMIT')) this.#hasNews = true;
    if (type === 'C' && frame.includes('LISTEN')) tap.isListening = true;
    if ('TnE'.includes(type) && tap.answers[0] === 'described') tap.answers.shift();
    if (type === 'K') tap.pid = frame.readInt32BE(5);
    if (type === 'Z') {
      tap.answers.shift();
      tap.isInTransaction = frame[5] !== 'I'.charCodeAt(0);
    }
    return true;
  }
}

function noteSent(tap: Tap, frame: Buffer): void {
  const type = String.fromCharCode(frame[0] ?? 0);
  if (type === 'Q' || type === 'S') tap.answers.push('ready');
  // A statement is described before it is run for the first time.
  if (type === 'H') tap.answers.push('described');
}

/** Cuts a stream into the messages of the protocol: a byte for the type and the length; the first one up has no type. */
class Frames {
  #rest: Buffer = Buffer.alloc(0);
  #isFirst: boolean;

  constructor(isUp: boolean) {
    this.#isFirst = isUp;
  }

  push(chunk: Uint8Array): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const frames: Buffer[] = [];
    for (;;) {
      const at = this.#isFirst ? 0 : 1;
      if (this.#rest.length < at + 4) return frames;
      const length = at + this.#rest.readInt32BE(at);
      if (this.#rest.length < length) return frames;
      // The first one is answered like any call: it counts from the beginning.
      frames.push(this.#isFirst ? Buffer.from([0]) : this.#rest.subarray(0, length));
      this.#rest = this.#rest.subarray(length);
      this.#isFirst = false;
    }
  }
}

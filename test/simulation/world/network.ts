import type { AuthFunction } from '../../../src/server/edge/options.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { Runtime } from '../../../src/shared/runtime.ts';
import { inProcessTransport } from '../../../src/testing/in-process-transport.ts';
import { memorySocketPair } from '../../../src/testing/memory-socket.ts';
import type { GetToken } from '../../../src/transport/token-source.ts';
import type { RealtimeChannel, Transport } from '../../../src/transport/transport.ts';
import type { WebSocketLike } from '../../../src/transport/web-socket.ts';
import type { Chance } from './chance.ts';
import type { Process } from './process.ts';
import type { Incarnation, Server } from './server.ts';

/** What goes wrong on the way between one client and the server. Shares are of all calls or frames. */
export interface Weather {
  dropShare: number;
  lostAnswerShare: number;
  duplicateShare: number;
  cutShare: number;
  maxDelayMs: number;
}

export const FAIR: Weather = { dropShare: 0, lostAnswerShare: 0, duplicateShare: 0, cutShare: 0, maxDelayMs: 0 };

interface Socket {
  cut(): void;
  /** The server forgets the socket, and the client is not told, ever. */
  halve(): void;
  heal(): void;
}

/** The line of one machine. It outlives the programs at both ends. */
export class Link {
  readonly runtime: Runtime;
  readonly chance: Chance;
  readonly sockets = new Set<Socket>();
  readonly #held: { isUp: boolean; send: () => void }[] = [];
  weather: Weather = { ...FAIR };
  /** The program dies as the n-th answer arrives. */
  dieIn = Number.POSITIVE_INFINITY;
  onDie: (process: Process) => void = () => {};
  isUpBlocked = false;
  isDownBlocked = false;
  #lastUpAt = 0;
  #lastDownAt = 0;

  constructor(runtime: Runtime, chance: Chance) {
    this.runtime = runtime;
    this.chance = chance;
  }

  get delayMs(): number {
    const { maxDelayMs } = this.weather;
    return maxDelayMs > 0 && this.chance.happens(0.7) ? this.chance.between(0, maxDelayMs) : 0;
  }

  /** A frame: late, but in order. In a partition it is held back, as TCP sends it again afterwards. */
  frame(isUp: boolean, send: () => void): void {
    if (isUp ? this.isUpBlocked : this.isDownBlocked) {
      this.#held.push({ isUp, send });
      return;
    }
    const now = this.runtime.elapsed();
    const at = Math.max(now + this.delayMs, isUp ? this.#lastUpAt : this.#lastDownAt);
    if (isUp) this.#lastUpAt = at;
    else this.#lastDownAt = at;
    if (at <= now) send();
    else this.runtime.setTimer(at - now, send);
  }

  unblock(): void {
    this.isUpBlocked = false;
    this.isDownBlocked = false;
    for (const { isUp, send } of this.#held.splice(0)) this.frame(isUp, send);
  }

  heal(): void {
    this.weather = { ...FAIR };
    this.dieIn = Number.POSITIVE_INFINITY;
    this.unblock();
    for (const socket of [...this.sockets]) socket.heal();
  }
}

const lost = () => new SyncError('network', 'Lost on the way.');

export interface LinkTransportOptions {
  readonly link: Link;
  readonly server: Server;
  readonly process: Process;
  readonly auth: AuthFunction;
  readonly getToken: GetToken;
}

/** The package's own transport and server edge, with the link in between. */
export class LinkTransport implements Transport {
  readonly #options: LinkTransportOptions;
  readonly #inner = new Map<Incarnation, Transport>();
  /** What the app gave last. */
  #token: string | null = null;
  #isClosed = false;

  constructor(options: LinkTransportOptions) {
    this.#options = options;
  }

  handshake: Transport['handshake'] = (request, signal) => this.#call((to) => to.handshake(request, signal), signal);
  pull: Transport['pull'] = (request, signal) => this.#call((to) => to.pull(request, signal), signal);
  devices: Transport['devices'] = (request, signal) => this.#call((to) => to.devices(request, signal), signal);

  push: Transport['push'] = (request, signal) => {
    const { link } = this.#options;
    // A copy that was under way all the time may arrive last, with the token of its time.
    if (link.chance.happens(link.weather.duplicateShare)) {
      const token = this.#token;
      link.runtime.setTimer(link.chance.between(0, 4_000), () => {
        const to = this.#to()?.to;
        if (!to) return;
        this.#transportTo(to, () => token)
          .push(request)
          .catch(() => {});
      });
    }
    return this.#call((to) => to.push(request, signal), signal);
  };

  connect: Transport['connect'] = (handshake, listener) => {
    const { link, process } = this.#options;
    const inner = link.isUpBlocked ? null : this.#to();
    if (inner) return inner.transport.connect(handshake, listener);
    const stub = { state: 'connecting' as RealtimeChannel['state'] };
    process.setTimer(link.chance.between(1, 1_000), () => {
      if (stub.state === 'closed') return;
      stub.state = 'closed';
      listener({ type: 'closed', error: lost() });
    });
    return {
      get state() {
        return stub.state;
      },
      subscribe() {},
      close() {
        stub.state = 'closed';
      },
    };
  };

  close(): void {
    this.#isClosed = true;
    for (const transport of this.#inner.values()) transport.close();
  }

  /** Where the balancer sends this call. */
  #to(): { transport: Transport; to: Incarnation } | null {
    const { server, process, getToken, link } = this.#options;
    const { nodes } = server;
    if (nodes.length === 0 || this.#isClosed || process.isDead) return null;
    const to = nodes.length === 1 ? nodes[0] : link.chance.of(nodes);
    if (!to) return null;
    const known = this.#inner.get(to);
    if (known) return { transport: known, to };
    for (const old of this.#inner.keys()) if (!nodes.includes(old)) this.#inner.delete(old);
    const transport = this.#transportTo(to, async (options) => {
      this.#token = await getToken(options);
      return this.#token;
    });
    this.#inner.set(to, transport);
    return { transport, to };
  }

  #transportTo(to: Incarnation, getToken: GetToken): Transport {
    const { process, auth } = this.#options;
    return inProcessTransport(to.service, auth, {
      schemaVersion: to.schema.version,
      runtime: process,
      getToken,
      socketPair: () => this.#socketPair(to),
    });
  }

  async #call<T>(send: (transport: Transport) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (this.#isClosed) throw new SyncError('closed', 'The transport was closed.');
    const answer = await this.#race(this.#travel(send), signal);
    if (this.#isClosed) throw new SyncError('closed', 'The transport was closed.');
    return answer;
  }

  async #travel<T>(send: (transport: Transport) => Promise<T>): Promise<T> {
    const { link } = this.#options;
    const { weather, chance } = link;
    if (chance.happens(weather.dropShare)) return this.#lose();
    await this.#wait(link.delayMs);
    const inner = link.isUpBlocked ? null : this.#to();
    if (!inner) return this.#lose();
    const answer = await this.#untilDeath(send(inner.transport), inner.to);
    if (link.isDownBlocked || chance.happens(weather.lostAnswerShare)) return this.#lose();
    await this.#wait(link.delayMs);
    link.dieIn -= 1;
    if (link.dieIn <= 0) {
      link.dieIn = Number.POSITIVE_INFINITY;
      link.onDie(this.#options.process);
    }
    return answer;
  }

  /** A server that dies takes its answers with it. */
  #untilDeath<T>(answer: Promise<T>, to: Incarnation): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (to.process.isDead) return reject(lost());
      const die = () => reject(lost());
      deaths(to).add(die);
      const settle = (act: () => void) => {
        deathsOf.get(to)?.delete(die);
        act();
      };
      answer.then(
        (value) => settle(() => (to.process.isDead ? die() : resolve(value))),
        (error) => settle(() => (to.process.isDead ? die() : reject(error))),
      );
    });
  }

  async #lose(): Promise<never> {
    await this.#wait(this.#options.link.chance.between(1, 2_000));
    throw lost();
  }

  #wait(ms: number): Promise<void> {
    const { process } = this.#options;
    // A frozen program hears the answer when it goes on.
    return new Promise((resolve) => {
      if (ms <= 0) process.whenAwake(resolve);
      else process.setTimer(ms, resolve);
    });
  }

  #race<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (!signal) return answer;
    answer.catch(() => {});
    return new Promise<T>((resolve, reject) => {
      const stop = () => reject(new SyncError('aborted', 'The call was aborted.', { cause: signal.reason }));
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  #socketPair(to: Incarnation): ReturnType<typeof memorySocketPair> {
    const { link, process } = this.#options;
    const real = memorySocketPair();
    const { chance } = link;
    let isHalf = false;
    let isOver = false;
    const client: WebSocketLike = {
      binaryType: 'arraybuffer',
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
      send: (bytes) => {
        const copy = bytes.slice();
        link.frame(true, () => {
          if (!isHalf && !to.process.isDead) real.client.send(copy);
        });
      },
      close: (code) => real.client.close(code),
    };
    const over = (code: number) => {
      if (isOver) return;
      isOver = true;
      link.sockets.delete(socket);
      process.whenAwake(() => client.onclose?.({ code }));
    };
    const socket: Socket = {
      cut: () => {
        real.client.close(1006);
        over(1006);
      },
      halve() {
        isHalf = true;
        real.client.close(1006);
      },
      // A router that forgot the connection does not remember it: the client has to find out by itself.
      heal() {
        if (!isHalf && to.process.isDead) over(1006);
      },
    };
    link.sockets.add(socket);
    // Nobody is there any more: refused at once.
    if (to.process.isDead) process.setTimer(chance.between(1, 20), () => over(1006));
    // A crash closes the connection, or is not noticed at all.
    deaths(to).add(() => {
      if (chance.happens(0.5)) socket.cut();
      else socket.halve();
    });
    real.client.onopen = (event) => link.frame(true, () => process.whenAwake(() => client.onopen?.(event)));
    real.client.onmessage = (event) => {
      link.frame(false, () => {
        if (isHalf || isOver || to.process.isDead) return;
        process.whenAwake(() => client.onmessage?.(event));
        if (chance.happens(link.weather.cutShare)) {
          if (chance.happens(0.3)) socket.halve();
          else socket.cut();
        }
      });
    };
    real.client.onclose = ({ code }) => {
      if (!isHalf) link.frame(false, () => over(code));
    };
    return { client, server: real.server };
  }
}

const deathsOf = new WeakMap<Incarnation, Set<() => void>>();

function deaths(to: Incarnation): Set<() => void> {
  const known = deathsOf.get(to) ?? new Set();
  deathsOf.set(to, known);
  return known;
}

/** To be called when a server program has died: its connections end. */
export function endConnections(to: Incarnation): void {
  for (const end of [...deaths(to)]) end();
  deathsOf.delete(to);
}

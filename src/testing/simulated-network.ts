import type { OnlineHint } from '../client/loop/sync-loop.ts';
import { Emitter } from '../shared/emitter.ts';
import { SyncError } from '../shared/error.ts';
import { type Runtime, systemRuntime } from '../shared/runtime.ts';
import type { RealtimeChannel, RealtimeListener, Transport } from '../transport/transport.ts';

/** What a network does to what is sent over it. */
export interface NetworkConditions {
  /** Nothing gets through, and open channels break. */
  readonly isOffline: boolean;
  /** How much longer each request takes, there and back, in milliseconds. */
  readonly latencyMs: number;
  /** The part of requests that is lost, 0 to 1: half of them before the server saw them, half of them after. */
  readonly lossRate: number;
}

export interface SimulatedNetworkOptions extends Partial<NetworkConditions> {
  /** Where time and chance come from. Default: the real ones; give a `manualRuntime()` to own them. */
  readonly runtime?: Runtime;
}

/** A network of a test: devices that use it see its conditions from the next request on. */
export interface SimulatedNetwork {
  readonly conditions: NetworkConditions;
  /** Changes these, and leaves the others. */
  set(conditions: Partial<NetworkConditions>): void;
  goOffline(): void;
  goOnline(): void;
}

const GOOD: NetworkConditions = { isOffline: false, latencyMs: 0, lossRate: 0 };

/**
 * A network to put between a {@link createTestSync} and its server.
 *
 * @example
 * ```ts
 * const network = simulateNetwork({ latencyMs: 200 });
 * const sync = createTestSync({ schema, server, network });
 * network.goOffline();
 * ```
 */
export function simulateNetwork(options: SimulatedNetworkOptions = {}): SimulatedNetwork {
  return new Network(options);
}

/** The part of it that only devices use. */
export class Network implements SimulatedNetwork {
  readonly #runtime: Runtime;
  readonly #changed = new Emitter<boolean>();
  readonly #breaks = new Set<() => void>();
  #conditions: NetworkConditions;
  #lossCount = 0;

  constructor({ runtime = systemRuntime, ...conditions }: SimulatedNetworkOptions) {
    this.#runtime = runtime;
    this.#conditions = checked({ ...GOOD, ...conditions });
  }

  get conditions(): NetworkConditions {
    return this.#conditions;
  }

  /** What a browser on this network would say of it. */
  get onlineHint(): OnlineHint {
    return {
      get: () => !this.#conditions.isOffline,
      subscribe: (listener) => this.#changed.subscribe(listener),
    };
  }

  set(conditions: Partial<NetworkConditions>): void {
    const wasOffline = this.#conditions.isOffline;
    this.#conditions = checked({ ...this.#conditions, ...conditions });
    const { isOffline } = this.#conditions;
    if (isOffline === wasOffline) return;
    if (isOffline) for (const breakOff of [...this.#breaks]) breakOff();
    this.#changed.emit(!isOffline);
  }

  goOffline(): void {
    this.set({ isOffline: true });
  }

  goOnline(): void {
    this.set({ isOffline: false });
  }

  /** The way to the server over this network. */
  over(transport: Transport): Transport {
    return {
      handshake: (request, signal) => this.#carry(() => transport.handshake(request, signal)),
      push: (request, signal) => this.#carry(() => transport.push(request, signal)),
      pull: (request, signal) => this.#carry(() => transport.pull(request, signal)),
      devices: (request, signal) => this.#carry(() => transport.devices(request, signal)),
      attend: (isAttended) => transport.attend?.(isAttended),
      connect: (handshake, listener) => this.#connect(transport, { handshake, listener }),
      close: () => transport.close(),
    };
  }

  async #carry<T>(call: () => Promise<T>): Promise<T> {
    await this.#travel();
    const isLost = this.#loses();
    // A lost answer is the hard case: the server has done what it was asked for.
    this.#lossCount += isLost ? 1 : 0;
    if (isLost && this.#lossCount % 2 === 1) throw lost();
    const answer = await call();
    await this.#travel();
    if (isLost) throw lost();
    return answer;
  }

  async #travel(): Promise<void> {
    const { latencyMs } = this.#conditions;
    if (latencyMs > 0) await new Promise<void>((arrive) => this.#runtime.setTimer(latencyMs / 2, arrive));
    if (this.#conditions.isOffline) throw new SyncError('network', 'The simulated network is offline.');
  }

  #loses(): boolean {
    return this.#conditions.lossRate > 0 && this.#runtime.random() < this.#conditions.lossRate;
  }

  #connect(
    transport: Transport,
    { handshake, listener }: { handshake: Parameters<Transport['connect']>[0]; listener: RealtimeListener },
  ): RealtimeChannel {
    let isOver = false;
    const channel = transport.connect(handshake, (event) => {
      if (isOver) return;
      if (event.type === 'closed') end();
      listener(event);
    });
    const breakOff = () => {
      if (isOver) return;
      end();
      channel.close();
      listener({ type: 'closed', error: new SyncError('network', 'The simulated network went offline.') });
    };
    const end = () => {
      isOver = true;
      this.#breaks.delete(breakOff);
    };
    this.#breaks.add(breakOff);
    // A port never calls back within the call.
    if (this.#conditions.isOffline) void Promise.resolve().then(breakOff);
    return {
      get state() {
        return isOver ? 'closed' : channel.state;
      },
      subscribe: (cursor, scopes, without) => channel.subscribe(cursor, scopes, without),
      close() {
        end();
        channel.close();
      },
    };
  }
}

function lost(): SyncError {
  return new SyncError('network', 'The simulated network lost the request or its answer.');
}

function checked(conditions: NetworkConditions): NetworkConditions {
  const { latencyMs, lossRate } = conditions;
  if (!(latencyMs >= 0)) throw new SyncError('misuse', `latencyMs must be 0 or more, received ${latencyMs}.`);
  if (!(lossRate >= 0 && lossRate <= 1))
    throw new SyncError('misuse', `lossRate must be 0 to 1, received ${lossRate}.`);
  return conditions;
}

import type { GenericSchema, InferOutput } from 'valibot';
import type { WireValue } from '../protocol/codec.ts';
import { LIMITS } from '../protocol/limits.ts';
import { devicesRequest, devicesResponse } from '../protocol/messages/devices.ts';
import { errorMessage } from '../protocol/messages/error.ts';
import { type HandshakeRequest, handshakeRequest, handshakeResponse } from '../protocol/messages/handshake.ts';
import { pullPage, pullRequest } from '../protocol/messages/pull.ts';
import { type PushRequest, pushRequest, pushResponse } from '../protocol/messages/push.ts';
import { encodeMessage, parseMessage } from '../protocol/parse.ts';
import { Edge } from '../server/edge/edge.ts';
import { publicError } from '../server/edge/errors.ts';
import { type AuthFunction, type EdgeLimits, silentLogger } from '../server/edge/options.ts';
import { SocketSession } from '../server/edge/socket-session.ts';
import { checkVersions } from '../server/edge/versions.ts';
import type { Identity, SyncService } from '../server/service.ts';
import { SyncError } from '../shared/error.ts';
import { type Runtime, systemRuntime } from '../shared/runtime.ts';
import { Channel } from '../transport/channel.ts';
import { Deadline } from '../transport/deadline.ts';
import { Patience } from '../transport/patience.ts';
import { pushEitherWay } from '../transport/push-either-way.ts';
import { fromErrorMessage } from '../transport/server-error.ts';
import { type GetToken, withRefresh } from '../transport/token-source.ts';
import type { RealtimeChannel, RealtimeListener, Transport } from '../transport/transport.ts';
import { memorySocketPair } from './memory-socket.ts';

export interface InProcessTransportOptions {
  /** `schema.version` of the server. */
  readonly schemaVersion: number;
  readonly getToken?: GetToken;
  readonly runtime?: Runtime;
  readonly timeoutMs?: number;
  readonly limits?: Partial<EdgeLimits>;
  /** Makes the two ends of a channel: for networks that lose and delay frames. Default: a {@link memorySocketPair}. */
  readonly socketPair?: typeof memorySocketPair;
}

/**
 * A {@link Transport} that calls a service of the same process: no network, no streams, no time but the runtime's. Every
 * message is still encoded, decoded and checked both ways, and the channel runs the server's own session.
 *
 * @param identity Who calls, or what decides that from the token, like the server's `auth`.
 * @example
 * ```ts
 * const transport = inProcessTransport(service, { id: 'ada' }, { schemaVersion: 1, runtime: manualRuntime() });
 * ```
 */
export function inProcessTransport(
  service: SyncService,
  identity: Identity | AuthFunction,
  options: InProcessTransportOptions,
): Transport {
  return new InProcessTransport(service, typeof identity === 'function' ? identity : () => identity, options);
}

class InProcessTransport implements Transport {
  readonly #edge: Edge;
  readonly #getToken: GetToken | undefined;
  readonly #runtime: Runtime;
  readonly #timeoutMs: number;
  readonly #socketPair: typeof memorySocketPair;
  readonly #closing = new AbortController();
  #channel: Channel | null = null;

  constructor(service: SyncService, auth: AuthFunction, options: InProcessTransportOptions) {
    this.#runtime = options.runtime ?? systemRuntime;
    this.#getToken = options.getToken;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#socketPair = options.socketPair ?? memorySocketPair;
    this.#edge = new Edge({
      service: Promise.resolve(service),
      schemaVersion: options.schemaVersion,
      auth,
      logger: silentLogger,
      runtime: this.#runtime,
      ...(options.limits ? { limits: options.limits } : {}),
    });
  }

  handshake(request: HandshakeRequest, signal?: AbortSignal) {
    const call = { message: request, request: handshakeRequest, response: handshakeResponse, signal };
    return this.#call(call, (service, identity, message) => {
      checkVersions(message, this.#edge.schemaVersion);
      return service.handshake(identity, message);
    });
  }

  push(request: PushRequest, signal?: AbortSignal) {
    const call = { message: request, request: pushRequest, response: pushResponse, signal };
    return pushEitherWay(request, {
      channel: this.#channel,
      maxBytes: LIMITS.maxRequestBytes,
      signal,
      hasToken: this.#getToken !== undefined,
      byRequest: () => this.#call(call, (service, identity, message) => service.push(identity, message)),
    });
  }

  pull(request: Parameters<Transport['pull']>[0], signal?: AbortSignal) {
    const call = { message: request, request: pullRequest, response: pullPage, signal };
    return this.#call(call, (service, identity, message) => service.pull(identity, message));
  }

  devices(request: Parameters<Transport['devices']>[0], signal?: AbortSignal) {
    const call = { message: request, request: devicesRequest, response: devicesResponse, signal };
    return this.#call(call, (service, identity, message) => service.devices(identity, message));
  }

  connect(handshake: HandshakeRequest, listener: RealtimeListener): RealtimeChannel {
    this.#channel?.close();
    this.#channel = new Channel({
      url: 'in-process:',
      openSocket: () => this.#openSocket(),
      getToken: this.#getToken,
      runtime: this.#runtime,
      patience: new Patience(this.#timeoutMs),
      handshake,
      listener,
    });
    return this.#channel;
  }

  close(): void {
    const reason = new SyncError('closed', 'The transport was closed.');
    this.#closing.abort(reason);
    this.#channel?.close(reason);
    this.#channel = null;
  }

  #openSocket() {
    this.#closing.signal.throwIfAborted();
    const { client, server } = this.#socketPair();
    new SocketSession({ edge: this.#edge, socket: server, onEnd: () => {} });
    return client;
  }

  #call<Q extends GenericSchema, A extends GenericSchema>(call: Call<Q, A>, run: Run<Q>): Promise<InferOutput<A>> {
    const signals = call.signal ? [call.signal, this.#closing.signal] : [this.#closing.signal];
    return withRefresh(this.#getToken, async (askToken) => {
      const deadline = new Deadline({ runtime: this.#runtime, timeoutMs: this.#timeoutMs, signals });
      try {
        const token = await deadline.race(askToken());
        deadline.signal.throwIfAborted();
        const answer = await deadline.race(this.#answer(encodeMessage(call.message), { call, run, token }));
        return parseMessage(call.response, answer);
      } finally {
        deadline.close();
      }
    });
  }

  /** The server's half: bytes in, bytes out, and errors as they would arrive. */
  async #answer<Q extends GenericSchema>(bytes: Uint8Array, { call, run, token }: Answer<Q>): Promise<Uint8Array> {
    try {
      const service = await this.#edge.service();
      const identity = await this.#edge.authenticate({ token });
      const { maxRequestBytes } = this.#edge.limits;
      if (bytes.length > maxRequestBytes) throw new SyncError('too-large', 'The request is too large.');
      const message = parseMessage(call.request, bytes);
      return encodeMessage(await this.#edge.run('push', () => run(service, identity, message)));
    } catch (error) {
      const { body, status } = publicError(error, this.#runtime.uuid());
      throw fromErrorMessage(parseMessage(errorMessage, encodeMessage(body)), { status });
    }
  }
}

interface Call<Q extends GenericSchema, A extends GenericSchema> {
  readonly message: WireValue;
  readonly request: Q;
  readonly response: A;
  readonly signal: AbortSignal | undefined;
}

type Run<Q extends GenericSchema> = (
  service: SyncService,
  identity: Identity,
  message: InferOutput<Q>,
) => Promise<WireValue>;

interface Answer<Q extends GenericSchema> {
  readonly call: Pick<Call<Q, GenericSchema>, 'request'>;
  readonly run: Run<Q>;
  readonly token: string | null;
}

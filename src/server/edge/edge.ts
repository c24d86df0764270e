import { LIMITS } from '../../protocol/limits.ts';
import { SyncError } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { Logger } from '../options.ts';
import type { Identity, SyncService } from '../service.ts';
import type { AuthFunction, AuthInput, CorsOptions, EdgeLimits } from './options.ts';

/** Who everyone is on a server without `auth`. */
const ANONYMOUS: Identity = Object.freeze({ id: 'anonymous' });

const DEFAULT_LIMITS: EdgeLimits = {
  maxRequestBytes: LIMITS.maxRequestBytes,
  compressBytes: 16 * 1024,
  maxFrameBytes: 256 * 1024,
  maxBufferedBytes: 1024 * 1024,
  helloMs: 10_000,
  idleMs: 60_000,
  reauthMs: 60_000,
  maxWaitingPushes: 32,
  maxSockets: 10_000,
};

export interface EdgeOptions {
  readonly service: Promise<SyncService>;
  readonly schemaVersion: number;
  readonly auth?: AuthFunction;
  readonly cors?: CorsOptions;
  readonly basePath?: string;
  readonly limits?: Partial<EdgeLimits>;
  readonly logger: Logger;
  readonly runtime: Runtime;
}

/** What HTTP and sockets share: the service, who calls, the bounds, and what is still running. */
export class Edge {
  readonly schemaVersion: number;
  readonly limits: EdgeLimits;
  readonly logger: Logger;
  readonly runtime: Runtime;
  readonly cors: CorsOptions | undefined;
  readonly basePath: string | undefined;
  readonly #service: Promise<SyncService>;
  readonly #auth: AuthFunction | undefined;
  readonly #running = new Set<Promise<unknown>>();
  #requestCount = 0;
  #isClosing = false;

  constructor(options: EdgeOptions) {
    this.schemaVersion = options.schemaVersion;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.logger = options.logger;
    this.runtime = options.runtime;
    this.cors = options.cors;
    this.basePath = options.basePath;
    this.#service = options.service;
    this.#auth = options.auth;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Requests and pushes by socket since the start. */
  get requestCount(): number {
    return this.#requestCount;
  }

  service(): Promise<SyncService> {
    if (this.#isClosing) throw new SyncError('closed', 'The server is stopping.');
    return this.#service;
  }

  async authenticate(input: AuthInput): Promise<Identity> {
    if (!this.#auth) return ANONYMOUS;
    const identity = await this.#ask(input);
    if (identity !== null) return identity;
    const what = input.token === null ? 'no token came with it' : 'its token is not valid, or no longer';
    throw new SyncError('needs-auth', `The request was refused: ${what}. Sign in and send a new token.`);
  }

  async #ask(input: AuthInput): Promise<Identity | null> {
    try {
      return (await this.#auth?.(input)) ?? null;
    } catch (error) {
      const isMeant = error instanceof SyncError && ['needs-auth', 'forbidden', 'rate-limited'].includes(error.kind);
      throw isMeant ? error : new SyncError('server', 'The auth function failed.', { cause: error });
    }
  }

  /** Runs a call that a graceful stop waits for. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    this.#requestCount++;
    const running = call();
    const quiet = running.catch(() => {});
    this.#running.add(quiet);
    try {
      return await running;
    } finally {
      this.#running.delete(quiet);
    }
  }

  /** Refuses new calls and resolves when those that run have ended. */
  async stop(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#running);
  }
}

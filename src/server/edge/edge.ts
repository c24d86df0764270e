import { ALL_SCOPES } from '../../core/scope.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { SyncError } from '../../shared/error.ts';
import { isName, MAX_NAME_LENGTH } from '../../shared/name.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { Logger } from '../options.ts';
import type { Identity, SyncService } from '../service.ts';
import type { Metrics } from './metrics.ts';
import type { AuthFunction, AuthInput, CorsOptions, EdgeLimits, MonitorFunction } from './options.ts';
import { ANONYMOUS, type RateLimits } from './rate-limit.ts';
import { Sessions } from './sessions.ts';
import { type TracerLike, traced } from './tracing.ts';

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
  readonly monitor?: string | MonitorFunction;
  readonly metrics?: Metrics;
  /** Left out: calls are not counted. */
  readonly rateLimits?: RateLimits;
  readonly tracer?: TracerLike;
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
  /** The connections that are open. */
  readonly sessions = new Sessions();
  readonly metrics: Metrics | undefined;
  readonly rateLimits: RateLimits | undefined;
  readonly #tracer: TracerLike | undefined;
  readonly #service: Promise<SyncService>;
  readonly #auth: AuthFunction | undefined;
  readonly #monitor: string | MonitorFunction | undefined;
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
    this.#monitor = options.monitor;
    this.#tracer = options.tracer;
    this.metrics = options.metrics;
    this.rateLimits = options.rateLimits;
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
    if (identity !== null && isName(identity.id)) return identity;
    if (identity !== null)
      throw new SyncError('server', `auth gave an id that is no name of 1 to ${MAX_NAME_LENGTH} characters.`);
    const what = input.token === null ? 'no token came with it' : 'its token is not valid, or no longer';
    throw new SyncError('needs-auth', `The request was refused: ${what}. Sign in and send a new token.`);
  }

  /** @throws SyncError `needs-auth` or `forbidden` for who may not see the figures of the whole server. */
  async checkMonitor(input: AuthInput): Promise<void> {
    if (await this.#mayMonitor(input)) return;
    const kind = input.token === null ? 'needs-auth' : 'forbidden';
    throw new SyncError(kind, 'These figures are for whoever may read every scope, or has the `monitor` token.');
  }

  async #mayMonitor(input: AuthInput): Promise<boolean> {
    if (typeof this.#monitor === 'function') return this.#monitor(input);
    if (this.#monitor !== undefined) return isSameSecret(input.token ?? '', this.#monitor);
    const scopes = await (await this.service()).scopes(await this.authenticate(input));
    return scopes.includes(ALL_SCOPES);
  }

  async #ask(input: AuthInput): Promise<Identity | null> {
    try {
      return (await this.#auth?.(input)) ?? null;
    } catch (error) {
      const isMeant = error instanceof SyncError && ['needs-auth', 'forbidden', 'rate-limited'].includes(error.kind);
      throw isMeant ? error : new SyncError('server', 'The auth function failed.', { cause: error });
    }
  }

  /** Runs a call that a graceful stop waits for, and that is measured. */
  async run<T>(name: string, call: () => Promise<T>): Promise<T> {
    this.#requestCount++;
    const startedAt = this.runtime.elapsed();
    const running = traced(this.#tracer, name, call);
    const quiet = running.then(
      () => 'ok',
      (error: unknown) => (error instanceof SyncError ? error.kind : 'server'),
    );
    this.#running.add(quiet);
    try {
      return await running;
    } finally {
      this.#running.delete(quiet);
      this.metrics?.called(name, await quiet, this.runtime.elapsed() - startedAt);
    }
  }

  /** Refuses new calls and resolves when those that run have ended. */
  async stop(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#running);
  }
}

/** Compares in a time that tells nothing but the length. */
function isSameSecret(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length;
  for (let index = 0; index < expected.length; index++) {
    difference |= (given.charCodeAt(index) || 0) ^ expected.charCodeAt(index);
  }
  return difference === 0;
}

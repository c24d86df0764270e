import type { OpenEngine } from '../client/open-engine.ts';
import { isMethodName } from '../client/rpc/methods.ts';
import type { RpcPort } from '../client/rpc/port.ts';
import { type RpcServer, serveRpc } from '../client/rpc/serve.ts';
import type { WorkerConfig, WorkerMethods, WorkerPush } from '../client/worker-api.ts';
import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';
import type { Locks } from './tabs/locks.ts';
import { LoneMembership } from './tabs/lone.ts';
import { Membership } from './tabs/membership.ts';
import { SessionRelay } from './tabs/relay.ts';

/** What a session's host needs from the worker it runs in. */
export interface HostEnvironment {
  /** The line to the page. */
  readonly page: RpcPort;
  readonly runtime: Runtime;
  /** What tabs share a database with; null where the browser has none of it. */
  readonly sharing: { readonly locks: Locks; readonly openChannel: (name: string) => RpcPort } | null;
  readonly openEngine: (config: WorkerConfig, lastTerm: number) => Promise<OpenEngine>;
}

/** Serves one page: takes its calls to the engine, in this worker or in another tab's. */
export function hostSession(environment: HostEnvironment): void {
  const host = new SessionHost(environment);
  host.serve();
}

class SessionHost {
  readonly #environment: HostEnvironment;
  readonly #relay: SessionRelay;
  readonly #control: WorkerMethods;
  #config: WorkerConfig | null = null;
  #membership: { close(): Promise<void>; endLeadership(): void } | null = null;
  #server: RpcServer | null = null;

  constructor(environment: HostEnvironment) {
    this.#environment = environment;
    this.#relay = new SessionRelay((push) => this.#push(push));
    this.#control = {
      start: (config) => this.#start(config),
      ping: async () => {},
      suspend: () => this.#leaveGroup(),
      wake: async () => this.#joinGroup(),
      endLeadership: async () => this.#membership?.endLeadership(),
      leave: () => this.#leave(),
    };
  }

  serve(): void {
    this.#server = serveRpc(this.#environment.page, (method, args) => this.#call(method, args));
  }

  #call(method: string, args: readonly unknown[]): Promise<unknown> {
    if (isMethodName(method)) return this.#relay.call(method, args);
    if (Object.hasOwn(this.#control, method)) {
      const run: (...args: never[]) => Promise<void> = this.#control[method as keyof WorkerMethods];
      return run(...(args as never[]));
    }
    return Promise.reject(new SyncError('protocol', `The worker has no method ${JSON.stringify(method)}.`));
  }

  async #start(config: WorkerConfig): Promise<void> {
    if (this.#config) throw new SyncError('misuse', 'This worker has been started already: each page needs its own.');
    this.#config = config;
    this.#joinGroup();
    // Any call waits for an engine and fails when there will be none.
    await this.#relay.call('findWrite', ['']);
  }

  #joinGroup(): void {
    const config = this.#config;
    if (!config || this.#membership) return;
    const { sharing, runtime, openEngine } = this.#environment;
    const options = {
      name: config.name,
      sessionId: config.sessionId,
      schemaVersion: config.schema.version,
      runtime,
      relay: this.#relay,
      openEngine: (lastTerm: number) => openEngine(config, lastTerm),
      onPush: (push: WorkerPush) => this.#push(push),
      onLeadership: (isLeader: boolean) => this.#push({ type: 'leadership', isLeader }),
      onTrouble: (error: SyncError | null) => this.#push({ type: 'trouble', error: error?.toJSON() ?? null }),
    };
    this.#membership = sharing ? new Membership({ ...options, ...sharing }) : new LoneMembership(options);
  }

  async #leaveGroup(): Promise<void> {
    const membership = this.#membership;
    this.#membership = null;
    this.#relay.disconnect();
    await membership?.close();
  }

  async #leave(): Promise<void> {
    this.#config = null;
    await this.#leaveGroup();
    this.#relay.fail(new SyncError('closed', 'This session has been closed.'));
  }

  #push(push: WorkerPush): void {
    this.#server?.push(push);
  }
}

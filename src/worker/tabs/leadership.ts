import type { EngineConnection, EnginePush } from '../../client/engine-api.ts';
import type { OpenEngine } from '../../client/open-engine.ts';
import { callMethod } from '../../client/rpc/methods.ts';
import type { RpcPort } from '../../client/rpc/port.ts';
import { serveRpc } from '../../client/rpc/serve.ts';
import { type HeldLock, holdLock, type Locks } from './locks.ts';
import type { SessionMessage, tabNames } from './messages.ts';
import type { Link } from './relay.ts';
import { sessionLine } from './session-line.ts';

export interface LeadershipOptions extends OpenEngine {
  readonly lock: HeldLock;
  readonly locks: Locks;
  readonly names: ReturnType<typeof tabNames>;
  readonly openChannel: (name: string) => RpcPort;
}

/**
 * One term of leadership: gives the sessions of other tabs a line to the engine in this worker. It holds a queued request
 * for each session's lock, so that it learns at once when a tab dies, and rolls back what that tab had open.
 */
export class Leadership {
  readonly term: number;
  readonly #options: LeadershipOptions;
  readonly #sessions = new Map<string, () => void>();

  constructor(options: LeadershipOptions) {
    this.term = options.term;
    this.#options = options;
  }

  /** The line of the session in this very worker. */
  connectOwn(sessionId: string, onPush: (push: EnginePush) => void): Link {
    const connection = this.#options.engine.connect(sessionId);
    const stop = connection.onPush(onPush);
    this.#sessions.set(sessionId, () => {
      stop();
      void connection.close().catch(() => {});
    });
    return { isOwn: true, call: (method, args) => this.#fenced(callMethod, connection, method, args) };
  }

  /** A session asks for a line. An earlier line of it ends: it has given up on that one. */
  welcome(sessionId: string, nonce: number): void {
    this.drop(sessionId);
    const { engine, names, openChannel, term } = this.#options;
    const channel = openChannel(names.sessionChannel(sessionId));
    channel.post({ to: 'session', term, welcome: nonce } satisfies SessionMessage);
    const connection = engine.connect(sessionId);
    const server = serveRpc(sessionLine(channel, 'session', term), (method, args) =>
      this.#fenced(callMethod, connection, method, args),
    );
    const stop = connection.onPush((push) => server.push(push));
    const stopWatching = this.#watch(sessionId);
    this.#sessions.set(sessionId, () => {
      stopWatching();
      stop();
      server.close();
      channel.close();
      void connection.close().catch(() => {});
    });
  }

  /** The session is gone: its live queries, watches and open write go. */
  drop(sessionId: string): void {
    const end = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    end?.();
  }

  /** Says nothing more to anyone, then closes the database. Calls in flight stay unanswered: the next leader has them. */
  async close(): Promise<void> {
    for (const sessionId of [...this.#sessions.keys()]) this.drop(sessionId);
    await this.#options.engine.close();
  }

  /** A leader that has lost its lock must not touch the database. */
  #fenced(
    call: typeof callMethod,
    { methods }: EngineConnection,
    name: string,
    args: readonly unknown[],
  ): Promise<unknown> {
    return this.#options.lock.isHeld ? call(methods, name, args) : new Promise(() => {});
  }

  #watch(sessionId: string): () => void {
    const waiting = new AbortController();
    holdLock(this.#options.locks, this.#options.names.sessionLock(sessionId), { signal: waiting.signal }).then(
      (lock) => {
        lock.release();
        if (!waiting.signal.aborted) this.drop(sessionId);
      },
      () => {},
    );
    return () => waiting.abort();
  }
}

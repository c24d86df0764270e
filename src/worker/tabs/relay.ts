import type { EnginePush } from '../../client/engine-api.ts';
import { CALL_FATES, type MethodName } from '../../client/rpc/methods.ts';
import { SyncError } from '../../shared/error.ts';

/** The way to an engine: in this worker, or in the leader's. */
export interface Link {
  /**
   * Whether the engine is in this worker. Its answers then come before anything else happens here: none can be lost.
   */
  readonly isOwn: boolean;
  readonly call: (method: MethodName, args: readonly unknown[]) => Promise<unknown>;
}

interface Call {
  readonly method: MethodName;
  readonly args: readonly unknown[];
  /** The link that has it; null while it waits for one. */
  link: Link | null;
  resolve(value: unknown): void;
  reject(error: SyncError): void;
}

/**
 * A session's calls, whoever leads. It hides a change of leader from the page: calls wait while there is no engine, go
 * to the next one, and are answered once. What a call in flight becomes is told by {@link CALL_FATES}.
 *
 * - A transaction that was open is gone with its engine; each later call of it fails as `interrupted`, so that
 *   no half of it runs on the next engine.
 * - A commit in flight is looked up: it is either found, or known never to have happened.
 * - Live queries and watches are opened anew.
 */
export class SessionRelay {
  readonly #calls = new Set<Call>();
  /** Transactions that an engine has begun, and those whose engine is gone. */
  readonly #openWrites = new Set<string>();
  readonly #lostWrites = new Set<string>();
  /** `openLive` and `watchRow` calls to repeat, by method and id. */
  readonly #subscriptions = new Map<string, { method: MethodName; args: readonly unknown[] }>();
  #link: Link | null = null;
  /** Why there is no engine, when it is known that none will come soon. */
  #trouble: SyncError | null = null;
  readonly #onPush: (push: EnginePush) => void;

  /** `onPush` hears of live queries that the next engine refuses. */
  constructor(onPush: (push: EnginePush) => void) {
    this.#onPush = onPush;
  }

  /** Calls the engine, now or when there is one. */
  call(method: MethodName, args: readonly unknown[]): Promise<unknown> {
    return method === 'writeOnce' && !this.#link?.isOwn ? this.#writeInSteps(args) : this.#ask(method, args);
  }

  #ask(method: MethodName, args: readonly unknown[]): Promise<unknown> {
    if (this.#trouble) return Promise.reject(this.#trouble);
    if (this.#isLost(method, args)) return Promise.reject(interrupted());
    return new Promise((resolve, reject) => {
      const call: Call = { method, args, link: null, resolve, reject };
      this.#remember(call);
      this.#calls.add(call);
      if (this.#link) this.#send(call, this.#link);
      else if (method === 'abortSync') this.#abortWaiting(call);
    });
  }

  /** There is an engine: what waits goes to it. */
  connect(link: Link): void {
    this.disconnect();
    this.#trouble = null;
    this.#link = link;
    const isAsked = new Set([...this.#calls].map((call) => subscriptionName(call.method, call.args)));
    for (const [name, { method, args }] of this.#subscriptions) {
      if (!isAsked.has(name))
        link.call(method, args).catch((error: unknown) => this.#refused(link, method, args, error));
    }
    for (const call of [...this.#calls]) this.#send(call, link);
  }

  /** The engine is gone; another will come. */
  disconnect(): void {
    this.#link = null;
    for (const writeId of this.#openWrites) this.#lostWrites.add(writeId);
    this.#openWrites.clear();
    for (const call of [...this.#calls]) this.#orphan(call);
  }

  /** No engine will come before something changes: every call fails with `error`, until `connect`. */
  fail(error: SyncError): void {
    this.disconnect();
    this.#trouble = error;
    for (const call of [...this.#calls]) this.#settle(call, () => call.reject(error));
  }

  /** The commit on its own, so that it can be looked up when its answer is lost on the way. */
  async #writeInSteps([writeId, ...rest]: readonly unknown[]): Promise<unknown> {
    try {
      const rowCount = await this.#ask('writeRun', [writeId, ...rest]);
      return { rowCount, ...((await this.#ask('writeCommit', [writeId])) as object) };
    } catch (error) {
      this.#ask('writeRollback', [writeId]).catch(() => {});
      throw error;
    }
  }

  #isLost(method: MethodName, args: readonly unknown[]): boolean {
    const fate = CALL_FATES[method];
    return (fate === 'write' || fate === 'commit') && this.#lostWrites.has(String(args[0]));
  }

  #remember({ method, args }: Call): void {
    const name = subscriptionName(method, args);
    if (isOpening(method)) this.#subscriptions.set(name, { method, args });
    if (method === 'closeLive' || method === 'unwatchRow') this.#subscriptions.delete(name);
    if (method === 'writeRollback') this.#lostWrites.delete(String(args[0]));
  }

  #send(call: Call, link: Link): void {
    const { method, args } = call;
    const isLookUp = method === 'writeCommit' && call.link !== null;
    if (CALL_FATES[method] === 'write') this.#openWrites.add(String(args[0]));
    call.link = link;
    link.call(isLookUp ? 'findWrite' : method, args).then(
      (value) => {
        if (isLookUp && value === null) this.#answer(call, link, () => call.reject(interrupted()));
        else this.#answer(call, link, () => call.resolve(value));
      },
      (error: unknown) =>
        this.#answer(call, link, () => {
          if (isOpening(method)) this.#subscriptions.delete(subscriptionName(method, args));
          call.reject(SyncError.from(error, 'storage', method));
        }),
    );
  }

  #refused(link: Link, method: MethodName, args: readonly unknown[], error: unknown): void {
    if (this.#link !== link || method !== 'openLive') return;
    const failure = SyncError.from(error, 'storage', 'A live query could not be opened again');
    this.#onPush({ type: 'live-error', liveId: String(args[0]), error: failure.toJSON() });
  }

  /** An answer counts only from the link that has the call now. */
  #answer(call: Call, link: Link, settle: () => void): void {
    if (this.#link !== link || call.link !== link) return;
    const fate = CALL_FATES[call.method];
    if (fate === 'commit' || call.method === 'writeRollback' || call.method === 'writeOnce') {
      this.#openWrites.delete(String(call.args[0]));
      this.#lostWrites.delete(String(call.args[0]));
    }
    this.#settle(call, settle);
  }

  #settle(call: Call, settle: () => void): void {
    if (this.#calls.delete(call)) settle();
  }

  /** The engine that had this call is gone. */
  #orphan(call: Call): void {
    const fate = CALL_FATES[call.method];
    if (call.link === null) {
      if (this.#isLost(call.method, call.args)) this.#settle(call, () => call.reject(interrupted()));
      return;
    }
    if (fate === 'end') this.#settle(call, () => call.resolve(undefined));
    else if (fate === 'write') this.#settle(call, () => call.reject(interrupted()));
    else if (fate === 'once') this.#settle(call, () => call.reject(unknownOutcome(call.method)));
  }

  /** A round that no engine has yet is aborted here. */
  #abortWaiting(abort: Call): void {
    for (const call of [...this.#calls]) {
      if (call.method !== 'runSync' || call.args[0] !== abort.args[0]) continue;
      this.#settle(call, () => call.reject(new SyncError('aborted', 'The sync was aborted before it began.')));
    }
    this.#settle(abort, () => abort.resolve(undefined));
  }
}

function isOpening(method: MethodName): boolean {
  return method === 'openLive' || method === 'watchRow';
}

function subscriptionName(method: MethodName, args: readonly unknown[]): string {
  const kind = method === 'openLive' || method === 'closeLive' ? 'live' : method.endsWith('Row') ? 'row' : method;
  return `${kind}:${String(args[0])}`;
}

function interrupted(): SyncError {
  return new SyncError('interrupted', 'The tab that holds the database went away; the transaction was not committed.');
}

function unknownOutcome(method: MethodName): SyncError {
  return new SyncError(
    'interrupted',
    `The tab that holds the database went away during ${method}: it may or may not have happened. Look, and do it again if need be.`,
  );
}

import type { AskAnswer, AskQuestion } from '../client/engine-api.ts';
import { toAppRows } from '../client/live/app-rows.ts';
import type { LiveQuery, Sync, SyncCallOptions, SyncOptions } from '../client/sync.ts';
import type { SyncEvent } from '../client/types.ts';
import type { WorkerPush } from '../client/worker-api.ts';
import { isWipedSince } from '../core/client-family.ts';
import { type Schema, tableOf } from '../core/schema.ts';
import { type InferQueryRow, type QueryInput, toStatement } from '../core/sql.ts';
import { toKey } from '../core/values.ts';
import { Emitter } from '../shared/emitter.ts';
import { SyncError } from '../shared/error.ts';
import { isName } from '../shared/name.ts';
import type { Runtime } from '../shared/runtime.ts';
import { SyncCalls } from './calls.ts';
import { checkedReason, checkedUnsent } from './check-calls.ts';
import { decide, type Resolvers } from './decide.ts';
import { createInspector } from './inspector.ts';
import { LiveQueries } from './live-queries.ts';
import { exportOutbox } from './outbox-export.ts';
import { type Attention, watchAttention } from './page-lifecycle.ts';
import { retryAll } from './retry-all.ts';
import { RowWatches } from './row-watches.ts';
import type { SessionLine } from './session-line.ts';
import { Settlements } from './settlements.ts';
import { createSyncMirror, type SyncMirror } from './sync-store.ts';
import { TokenDesk } from './token-desk.ts';
import { createWriter } from './write.ts';

export interface SyncHandleOptions<S extends Schema> {
  readonly options: SyncOptions<S>;
  readonly sessionId: string;
  readonly line: SessionLine;
  readonly runtime: Runtime;
}

/** The public `Sync` over a session's line. Everything it knows comes through that line. */
export function createSyncHandle<S extends Schema>(given: SyncHandleOptions<S>): Sync<S> {
  const parts = makeParts(given);
  const { line, mirror, lives, watches, settlements, calls, events, attention } = parts;
  const { schema, server } = given.options;
  const { methods } = line;
  line.onPush((push) => deliver(parts, push));

  const aboutFile = () => {
    const { clientId } = mirror.store.getState();
    return { clientId, schemaVersion: schema.version, exportedAt: given.runtime.now() };
  };
  const clientId = () => mirror.store.getState().clientId;
  /** An engine that goes away in the middle of it may have done it or not: the next one knows. */
  const wipe = async (dealtWith?: readonly number[]): Promise<void> => {
    const before = clientId();
    try {
      await methods.wipe(dealtWith);
    } catch (error) {
      if (!(error instanceof SyncError && error.kind === 'interrupted')) throw error;
      // Before it answers anything, it tells which database it has.
      await methods.findWrite('');
      if (!isWipedSince(before, clientId())) throw error;
    }
  };
  /** What is written between the export and the wipe makes it begin again. */
  const wipeExporting = async (): Promise<string> => {
    for (;;) {
      const { text, mutationIds } = await exportOutbox(methods, aboutFile());
      const isWiped = await wipe(mutationIds).then(() => true, orUnsentWork);
      if (isWiped) return text;
    }
  };
  const hasServer = server !== undefined;
  const write = createWriter({ schema, methods, runtime: given.runtime, settlements, hasServer, clientId });
  const round = (kind: 'sync' | 'push' | 'pull') => (options?: SyncCallOptions) => {
    parts.tokens.askAnew();
    return calls.run(kind, options);
  };

  const followScope = async (what: string, scope: string, isFollowed: boolean) => {
    calls.requireServer(what);
    if (!isName(scope)) throw new SyncError('invalid-value', 'A scope has 1 to 200 characters of valid Unicode.');
    await methods.followScope(scope, isFollowed);
  };

  return {
    schema,
    get ready() {
      line.open();
      return line.opened;
    },
    write,
    async query<Q extends QueryInput>(query: Q) {
      // The engine gives what the query selects; its type is what the query's author says.
      return toAppRows(schema, await methods.query(toStatement(query))) as InferQueryRow<Q>[];
    },
    liveQuery<Q extends QueryInput>(query: Q) {
      return lives.handle(toStatement(query)) as unknown as LiveQuery<InferQueryRow<Q>>;
    },
    rowStatus: (table, key) => watches.watch(table, toKey(tableOf(schema, table), key)),

    sync: round('sync'),
    push: round('push'),
    pull: round('pull'),
    seed: (tables, options) => calls.run('seed', { ...options, ...(tables ? { tables } : {}) }),
    hydrate: (tables, options) => calls.run('hydrate', { ...options, ...(tables ? { tables } : {}) }),
    pause: async (reason) => methods.pause(checkedReason(reason)),
    resume: async (reason) => methods.resume(checkedReason(reason)),

    outbox: {
      list: (query) => methods.listOutbox(query),
      count: (filter) => methods.countOutbox(filter),
      retry: async (mutationId) => void (await methods.retryMutation(mutationId)),
      discard: (mutationId) => methods.discardMutation(mutationId),
      edit: async (mutationId, changes) => void (await methods.editMutation(mutationId, changes)),
      export: async (call) => (await exportOutbox(methods, aboutFile(), call)).text,
      retryAll: (filter, call) => retryAll(methods, filter, call),
      async import(text, call = {}) {
        // Few apps ever need it: it comes when it does.
        const { importOutbox } = await import('./outbox-import.ts');
        const { runtime } = given;
        return importOutbox(text, { schema, write, methods, runtime, clientId: clientId(), hasServer, ...call });
      },
    },
    conflicts: {
      list: (filter) => methods.listConflicts(filter),
      resolve: async (id, resolution) => void (await methods.resolveConflict(id, resolution)),
      resolveAll: (resolution, filter) => methods.resolveConflicts(resolution, filter),
    },
    scopes: {
      subscribe: (scope) => followScope('scopes.subscribe()', scope, true),
      unsubscribe: (scope) => followScope('scopes.unsubscribe()', scope, false),
    },
    devices: {
      async list() {
        calls.requireServer('devices.list()');
        return methods.listDevices();
      },
      async rename(name) {
        calls.requireServer('devices.rename()');
        if (!isName(name))
          throw new SyncError('invalid-value', 'The name of a device has 1 to 200 characters of valid Unicode.');
        await methods.renameDevice(name);
      },
      async revoke(deviceId) {
        calls.requireServer('devices.revoke()');
        await methods.revokeDevice(deviceId);
      },
    },
    stats: () => methods.stats(),
    history: () => methods.history(),
    subscribe(listener) {
      line.open();
      return events.subscribe(listener);
    },
    store: mirror.store,
    inspect: createInspector({ line, lives, store: mirror.store }),
    async close() {
      attention.stop();
      lives.close();
      watches.close();
      await line.close();
      settlements.close();
      events.clear();
    },
    async wipe(options) {
      const unsent = checkedUnsent(options);
      const text = unsent === 'export' ? await wipeExporting() : null;
      if (unsent === 'refuse') await wipe([]);
      if (unsent === 'discard') await wipe();
      return text;
    },
  };
}

interface Parts {
  readonly line: SessionLine;
  readonly mirror: SyncMirror;
  readonly lives: LiveQueries;
  readonly watches: RowWatches;
  readonly settlements: Settlements;
  readonly calls: SyncCalls;
  readonly events: Emitter<SyncEvent>;
  readonly attention: Attention;
  readonly now: () => number;
  readonly tokens: TokenDesk;
  readonly answer: (question: AskQuestion) => Promise<AskAnswer>;
}

function makeParts<S extends Schema>({ options, sessionId, line, runtime }: SyncHandleOptions<S>): Parts {
  const { schema, server, resolvers = {} } = options;
  const { methods } = line;
  const tokens = new TokenDesk(server && ((how) => server.auth?.(how) ?? null));
  return {
    line,
    mirror: createSyncMirror(sessionId, runtime.now()),
    lives: new LiveQueries({ schema, methods, runtime }),
    watches: new RowWatches(methods, runtime),
    settlements: new Settlements(),
    calls: new SyncCalls({ schema, methods, hasServer: server !== undefined }),
    events: new Emitter(),
    attention: attentionOf(line),
    now: () => runtime.now(),
    tokens,
    async answer(question) {
      try {
        if (question.type === 'resolve') {
          return { type: 'resolve', resolution: await decide(schema, resolvers as Resolvers, question.conflict) };
        }
        return { type: 'token', token: await tokens.ask(question.refresh) };
      } catch (error) {
        return {
          type: 'failed',
          message: error instanceof Error ? error.message : String(error),
          isOffline: isOffline(error),
        };
      }
    },
  };
}

/** What `fetch` throws without a network, and our own words for it. */
function isOffline(error: unknown): boolean {
  if (error instanceof SyncError) return error.kind === 'network' || error.kind === 'timeout';
  return error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError');
}

/** Tells the engine whether this page can be seen. Not before it is open: any call would open it. */
function attentionOf({ methods, opened }: SessionLine): Attention {
  let isOpen = false;
  const attention = watchAttention((isVisible) => {
    if (isOpen) methods.attend(isVisible).catch(() => {});
  });
  opened.then(
    () => {
      isOpen = true;
      attention.again();
    },
    () => {},
  );
  return attention;
}

/** Brings a push to whom it concerns. */
function deliver(parts: Parts, push: WorkerPush): void {
  const { mirror, lives, watches, settlements, calls, line } = parts;
  switch (push.type) {
    case 'state':
      // Wiped, in whichever tab: mutations to come have the same numbers.
      leave(parts, push.state.clientId);
      announce(parts, mirror.apply(push.state));
      break;
    case 'settled':
      settlements.deliver(push.outcome);
      break;
    case 'live':
    case 'live-error':
      lives.deliver(push);
      break;
    case 'row-status':
      watches.deliver(push.watchId, push.status);
      break;
    case 'progress':
      calls.deliver(push.callId, push.progress);
      break;
    case 'ask':
      void parts.answer(push.question).then((answer) => line.methods.answer(push.askId, answer).catch(() => {}));
      break;
    case 'trouble':
    case 'stalled':
    case 'leadership':
      announce(parts, mirror.applySession(push, parts.now()));
      if (push.type === 'trouble' && push.error === null) void reconcile(parts).catch(() => {});
  }
}

/** `clientId`: of the local database from now on, where that is told. */
function leave({ mirror, settlements }: Parts, clientId: string | null | undefined): void {
  const before = mirror.store.getState().clientId;
  if (before !== null && isWipedSince(before, clientId)) settlements.discardAll(before);
}

/** There is a new engine: what was settled while there was none, nobody has told us. */
async function reconcile({ settlements, line, attention }: Parts): Promise<void> {
  attention.again();
  const waiting = settlements.waitingIds();
  if (waiting.length > 0) settlements.reconcile(await line.methods.outcomesOf(waiting));
}

function announce({ events }: Parts, fresh: readonly SyncEvent[]): void {
  for (const event of fresh) events.emit(event);
}

/** False for the error that says so; any other goes on. */
function orUnsentWork(error: unknown): false {
  if (error instanceof SyncError && error.kind === 'unsent-work') return false;
  throw error;
}

import type { ComposeOptions } from '../../../src/client/engine/compose.ts';
import { createEngine, type Engine } from '../../../src/client/engine/engine.ts';
import { createInstruments } from '../../../src/client/lab/instruments.ts';
import type { LocalStore } from '../../../src/client/local-store.ts';
import { createSyncLoop } from '../../../src/client/loop/create-sync-loop.ts';
import { createLocalStore } from '../../../src/client/store/create-local-store.ts';
import type { PullPage } from '../../../src/protocol/messages/pull.ts';
import type { PushRequest, PushResponse } from '../../../src/protocol/messages/push.ts';
import type { AccessLists } from '../../../src/server/options.ts';
import type { ServerStorage, StorageWriter } from '../../../src/server/storage.ts';
import type { Transport } from '../../../src/transport/transport.ts';
import type { ClientPlants } from './client.ts';
import type { Process } from './process.ts';
import type { PromiseName } from './violation.ts';

/** A mistake put in through the ports: the shipped code knows nothing of it. */
export interface Plant extends ClientPlants {
  readonly storage?: (storage: ServerStorage, process: Process) => ServerStorage;
  /** The programs of several nodes do not hear of each other's commits. */
  readonly isDeaf?: boolean;
  /** How far the server's clock is from the true time. */
  readonly serverSkewMs?: number;
  /** What the server takes somebody's access to be. */
  readonly access?: (lists: AccessLists, user: string) => AccessLists;
  /** The mistake holds a transaction open over time: who looks on reads beside it. */
  readonly needsFile?: boolean;
}

/** A mistake that the simulation must find, and which promises it breaks. */
export interface PlantedBug extends Plant {
  readonly name: string;
  readonly breaks: readonly PromiseName[];
}

/** Changes what a transaction of the server's storage does. */
export function inStorage(change: (real: StorageWriter) => Partial<StorageWriter>): NonNullable<Plant['storage']> {
  return (storage) => {
    const changed = (real: StorageWriter): StorageWriter => {
      const own = change(real) as Record<PropertyKey, unknown>;
      return new Proxy(real, {
        get(target, name: keyof StorageWriter) {
          const found = own[name] ?? target[name];
          return typeof found === 'function' ? found.bind(own[name] ? own : target) : found;
        },
      });
    };
    return withParts(storage, {
      read: (fn) => storage.read((reader) => fn(changed(reader as StorageWriter))),
      write: (fn) => storage.write((writer) => fn(changed(writer))),
    });
  };
}

/** The same object with some of its methods replaced. */
export function withParts<T extends object>(real: T, parts: Partial<T>): T {
  return new Proxy(real, {
    get(target, name) {
      if (Object.hasOwn(parts, name)) return parts[name as keyof T];
      const found: unknown = Reflect.get(target, name, target);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
}

/** Changes pages on their way to the client, pulled or told by the channel. */
export function inPages(change: (page: PullPage) => PullPage): NonNullable<Plant['transport']> {
  return (transport) =>
    withParts<Transport>(transport, {
      pull: async (request, signal) => change(await transport.pull(request, signal)),
      connect: (handshake, listener) =>
        transport.connect(handshake, (event) =>
          listener(event.type === 'changes' ? { type: 'changes', page: change(event.page) } : event),
        ),
    });
}

export function inPushes(
  change: (request: PushRequest, push: (request: PushRequest) => Promise<PushResponse>) => Promise<PushResponse>,
): NonNullable<Plant['transport']> {
  return (transport) =>
    withParts<Transport>(transport, {
      push: (request, signal) => change(request, (changed) => transport.push(changed, signal)),
    });
}

/** The engine around a store that is changed: what `composeEngine` does, with the store in between. */
export function withStore(change: (store: LocalStore) => Partial<LocalStore>): NonNullable<Plant['compose']> {
  return (options: ComposeOptions): Engine => {
    const { schema, database, runtime, createTransport, decides = [] } = options;
    const real = createLocalStore({ database, schema, runtime, hasServer: true, localSchema: [] });
    const store = withParts(real, change(real));
    return createEngine({
      schema,
      database,
      store,
      runtime,
      createLoop: (hooks) =>
        createSyncLoop({
          ...hooks,
          runtime,
          schema,
          store,
          transport: createTransport?.(hooks.token, createInstruments(runtime)) ?? null,
          autoSync: { intervalMs: 30_000, debounceMs: 50 },
          persisted: false,
          decides,
        }),
    });
  };
}

/** Every n-th time. */
export function every(count: number): () => boolean {
  let calls = 0;
  return () => {
    calls += 1;
    return calls % count === 0;
  };
}

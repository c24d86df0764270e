import type { LocalStore } from '../../../../../src/client/local-store.ts';
import { createSyncLoop } from '../../../../../src/client/loop/create-sync-loop.ts';
import type { SyncLoop, SyncLoopOptions } from '../../../../../src/client/loop/sync-loop.ts';
import { createLocalStore } from '../../../../../src/client/store/create-local-store.ts';
import type { ConflictPolicy } from '../../../../../src/core/policy.ts';
import { defineSchema, type Schema, t, table } from '../../../../../src/core/schema.ts';
import { createSyncService } from '../../../../../src/server/create-service.ts';
import type { Retention } from '../../../../../src/server/options.ts';
import type { SyncService } from '../../../../../src/server/service.ts';
import { sqliteStorage } from '../../../../../src/server/sqlite/index.ts';
import type { Cell } from '../../../../../src/shared/cell.ts';
import { SyncError } from '../../../../../src/shared/error.ts';
import type { LocalDatabase } from '../../../../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../../../../src/storage/sqlite-wasm/memory.ts';
import { inProcessTransport } from '../../../../../src/testing/in-process-transport.ts';
import { type ManualRuntime, manualRuntime } from '../../../../../src/testing/manual-runtime.ts';
import type { RealtimeChannel, RealtimeListener, Transport } from '../../../../../src/transport/transport.ts';
import { copyDatabase } from './copy-database.ts';
import { createGate } from './gate.ts';

export const trackerSchema = schemaWith('merge');

/** The tracker, with issues under this policy. */
export function schemaWith(conflict: ConflictPolicy) {
  const issue = { id: t.text(), title: t.text(), status: t.text().default('open'), votes: t.counter() };
  const comment = { id: t.text(), issue_id: t.text(), body: t.text() };
  return defineSchema({ version: 1, tables: { issue: table(issue, { conflict }), comment: table(comment) } });
}

/** One server and its devices on one clock, all real but the network and the disk. */
export interface World {
  readonly runtime: ManualRuntime;
  readonly service: SyncService;
  device(options?: Partial<SyncLoopOptions>): Promise<RealDevice>;
  /** What restoring a backup of a browser profile, or copying a machine, makes: the same local database once more. */
  clone(of: RealDevice, options?: Partial<SyncLoopOptions>): Promise<RealDevice>;
  /** Nothing fails any more. */
  heal(): void;
  /** From here on requests are lost before or after the server has seen them, late, or cut. */
  trouble(share: number): void;
  close(): Promise<void>;
}

export async function openWorld(
  seed: number,
  retention: Retention = {},
  schema: Schema = trackerSchema,
): Promise<World> {
  const runtime = manualRuntime({ seed });
  const service = await createSyncService({
    schema,
    storage: sqliteStorage({ file: ':memory:' }),
    runtime,
    retention,
  });
  const chaos: Chaos = { runtime, share: 0 };
  const devices: RealDevice[] = [];
  const open = (database: LocalDatabase, loopOptions: Partial<SyncLoopOptions>) => {
    const transport = new FaultyTransport(
      inProcessTransport(service, { id: 'ada' }, { schemaVersion: schema.version, runtime }),
      chaos,
    );
    const made = new RealDevice({ runtime, schema, transport, database, loopOptions });
    devices.push(made);
    return made;
  };
  return {
    runtime,
    service,
    device: async (options = {}) => open(await openMemoryDatabase(), options),
    clone: async (of, options = {}) => open(await copyDatabase(of.database), options),
    heal() {
      chaos.share = 0;
    },
    trouble(share) {
      chaos.share = share;
    },
    async close() {
      for (const device of devices) await device.close();
      await service.close();
    },
  };
}

export class RealDevice {
  readonly runtime: ManualRuntime;
  readonly schema: Schema;
  readonly transport: FaultyTransport;
  readonly database: LocalDatabase;
  readonly gate = createGate();
  readonly #loopOptions: Partial<SyncLoopOptions>;
  store: LocalStore;
  loop: SyncLoop;
  #writeCount = 0;

  constructor(parts: {
    runtime: ManualRuntime;
    schema?: Schema;
    transport: FaultyTransport;
    database: LocalDatabase;
    loopOptions: Partial<SyncLoopOptions>;
  }) {
    this.runtime = parts.runtime;
    this.schema = parts.schema ?? trackerSchema;
    this.transport = parts.transport;
    this.database = parts.database;
    this.#loopOptions = parts.loopOptions;
    this.store = this.#openStore();
    this.loop = this.#openLoop();
  }

  /** As after the death of the worker: the same database, everything else new. */
  async restart(): Promise<void> {
    await this.loop.close();
    this.store = this.#openStore();
    this.loop = this.#openLoop();
    this.loop.start();
  }

  async write(sql: string, parameters: readonly Cell[] = []): Promise<number | null> {
    this.#writeCount += 1;
    const writeId = `write-${this.#writeCount}`;
    const { mutationId } = await this.gate.exclusive(() => {
      this.store.beginWrite();
      this.store.runWrite(sql, parameters);
      return this.store.commitWrite({ writeId, now: this.runtime.now() });
    });
    this.loop.written();
    return mutationId;
  }

  rows(table: string): readonly (readonly Cell[])[] {
    return this.database.read(`SELECT * FROM ${table} ORDER BY id`).rows;
  }

  async close(): Promise<void> {
    await this.loop.close();
    this.transport.close();
  }

  #openStore(): LocalStore {
    const { database, runtime, schema } = this;
    return createLocalStore({ database, runtime, schema, hasServer: true });
  }

  #openLoop(): SyncLoop {
    return createSyncLoop({
      runtime: this.runtime,
      schema: this.schema,
      store: this.store,
      transport: this.transport,
      exclusive: this.gate.exclusive,
      autoSync: { intervalMs: 30_000, debounceMs: 50 },
      persisted: false,
      decides: [],
      resolve: async () => null,
      onEvent: () => {},
      onChanged: () => {},
      onSettled: () => {},
      onStateChanged: () => {},
      ...this.#loopOptions,
    });
  }
}

interface Chaos {
  readonly runtime: ManualRuntime;
  /** How many of the calls go wrong: 0 to 1. */
  share: number;
}

/** A transport whose calls get lost on the way there or back, are late, and whose channels break. */
export class FaultyTransport implements Transport {
  readonly #inner: Transport;
  readonly #chaos: Chaos;
  readonly requests: string[] = [];

  constructor(inner: Transport, chaos: Chaos) {
    this.#inner = inner;
    this.#chaos = chaos;
  }

  handshake: Transport['handshake'] = (...call) => this.#send('handshake', () => this.#inner.handshake(...call));
  push: Transport['push'] = (...call) => this.#send('push', () => this.#inner.push(...call));
  pull: Transport['pull'] = (...call) => this.#send('pull', () => this.#inner.pull(...call));
  devices: Transport['devices'] = (...call) => this.#send('devices', () => this.#inner.devices(...call));

  connect(handshake: Parameters<Transport['connect']>[0], listener: RealtimeListener): RealtimeChannel {
    const { runtime } = this.#chaos;
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      channel.close();
      listener({ type: 'closed', error: lost() });
    };
    const channel = this.#inner.connect(handshake, (event) => {
      if (isOver) return;
      if (event.type === 'closed') isOver = true;
      else if (this.#goesWrong()) return end();
      listener(event);
    });
    const cancel = this.#goesWrong() ? runtime.setTimer(runtime.random() * 3_000, end) : () => {};
    return {
      get state() {
        return channel.state;
      },
      subscribe: (cursor, scopes) => channel.subscribe(cursor, scopes),
      close() {
        isOver = true;
        cancel();
        channel.close();
      },
    };
  }

  close(): void {
    this.#inner.close();
  }

  #goesWrong(): boolean {
    return this.#chaos.runtime.random() < this.#chaos.share;
  }

  async #send<T>(what: string, call: () => Promise<T>): Promise<T> {
    this.requests.push(what);
    if (this.#goesWrong()) throw lost();
    if (this.#goesWrong()) await this.#late();
    const answer = await call();
    if (this.#goesWrong()) throw lost();
    return answer;
  }

  #late(): Promise<void> {
    const { runtime } = this.#chaos;
    return new Promise((resolve) => void runtime.setTimer(runtime.random() * 2_000, resolve));
  }
}

function lost(): SyncError {
  return new SyncError('network', 'lost on the way');
}

import { copyFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Schema } from '../../../src/core/schema.ts';
import { createSyncService } from '../../../src/server/create-service.ts';
import type { AccessLists, ValidateFunction } from '../../../src/server/options.ts';
import type { Position } from '../../../src/server/records.ts';
import type { SyncService } from '../../../src/server/service.ts';
import { sqliteStorage } from '../../../src/server/sqlite/index.ts';
import type { ServerStorage, StorageWriter } from '../../../src/server/storage.ts';
import type { Cell } from '../../../src/shared/cell.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { Runtime } from '../../../src/shared/runtime.ts';
import { type Ledger, observed, type WriteRecord } from './ledger.ts';
import { Process } from './process.ts';
import { schemas, TALLIES } from './schema.ts';

/** What a harness self-test may put in place of the server's parts. */
export interface ServerPlant {
  readonly storage?: (storage: ServerStorage, process: Process) => ServerStorage;
  readonly isDeaf?: boolean;
  readonly serverSkewMs?: number;
  /** What the server takes somebody's access to be. */
  readonly access?: (lists: AccessLists, user: string) => AccessLists;
}

export interface ServerOptions {
  readonly clock: Runtime;
  /** `:memory:` for histories in which the server neither crashes nor is restored. */
  readonly file: string;
  readonly access: (user: string) => AccessLists;
  readonly maxCommits: number | null;
  readonly pageBytes: number;
  /** How many programs serve one storage. */
  readonly nodeCount: number;
  readonly ledger: Ledger;
  /** A harness self-test puts a mistake here. */
  readonly plant?: ServerPlant;
}

export const refuseBadMemos: ValidateFunction = ({ values }) => {
  if (String(values.text ?? '').startsWith('bad')) throw new SyncError('rejected', 'No bad memos.');
};

/** One run of the server program, from its start to its crash. */
export interface Incarnation {
  readonly schema: Schema;
  readonly service: SyncService;
  readonly process: Process;
  readonly storage: ServerStorage;
  /** The same for an onlooker, who does not count as a call. */
  readonly disk: ServerStorage;
}

/** What goes wrong in the storage of the server. */
export interface StorageHazards {
  /** The n-th call from now on is the last of the program. */
  crashIn: number;
  /** The n-th call fails. */
  failIn: number;
  /** Each call inside a write takes up to this long. */
  maxSlowMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** The server machines: their common disk stays, the programs on it come and go. */
export class Server {
  readonly #options: ServerOptions;
  readonly hazards: StorageHazards = { crashIn: NEVER, failIn: NEVER, maxSlowMs: 0 };
  readonly #shared: SharedStorage;
  #starting: Promise<void> = Promise.resolve();
  #mustRenew = false;
  readonly #sleepers = new Set<() => void>();
  /** Of the app that is started next. */
  schemaVersion = 1;
  nodes: Incarnation[] = [];
  onCrash: (dead: Incarnation) => void = () => {};
  crashCount = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#shared = new SharedStorage(options.clock, () => sqliteStorage({ file: options.file }));
  }

  /** Any program that is up. */
  get current(): Incarnation | null {
    return this.nodes[0] ?? null;
  }

  start(): Promise<void> {
    this.#starting = this.#starting.then(() => this.#start());
    return this.#starting;
  }

  /** A program dies: nothing it was at goes on, and what was not committed is gone. */
  crash(node: Incarnation | null = this.current): void {
    if (!node || !this.nodes.includes(node)) return;
    this.nodes = this.nodes.filter((one) => one !== node);
    this.crashCount += 1;
    this.hazards.crashIn = NEVER;
    node.process.kill();
    this.#starting = this.#starting.then(() => node.storage.close());
    this.onCrash(node);
  }

  backup(): void {
    rmSync(this.#backup, { force: true });
    const database = new DatabaseSync(this.#options.file);
    database.prepare('VACUUM INTO ?').run(this.#backup);
    database.close();
    this.#options.ledger.copied();
  }

  /** From an old copy, as the guide says: a new epoch at once. */
  async restore({ onStopped, onCopied }: { onStopped: () => void; onCopied: () => void }): Promise<void> {
    for (const node of [...this.nodes]) this.crash(node);
    // In one go with the start: nobody starts on the old file in between.
    this.#starting = this.#starting.then(() => {
      this.#mustRenew = true;
      onStopped();
      for (const suffix of ['', '-wal', '-shm']) rmSync(this.#options.file + suffix, { force: true });
      copyFileSync(this.#backup, this.#options.file);
      onCopied();
    });
    await this.start();
  }

  /** Rows as stored, of these scopes (null: all), in key order. */
  async rows(table: string, scopes: readonly string[] | null): Promise<Cell[][]> {
    const { current } = this;
    const of = current?.schema.tables[table];
    if (!current || !of) throw new Error('The server is down.');
    return current.disk.read(async (reader) => {
      const found: Cell[][] = [];
      for (const scope of scopes ?? [null]) {
        const page = await reader.page({ table: of, scope, after: null, maxBytes: Number.MAX_SAFE_INTEGER });
        found.push(...page.rows);
      }
      return found;
    });
  }

  /** Of the file as it lies there. */
  entryIds(): string[] {
    const database = new DatabaseSync(this.#options.file);
    const rows = database.prepare('SELECT id FROM entry').all();
    database.close();
    return rows.map(({ id }) => String(id));
  }

  /** What there is from the beginning. */
  async seed(pairs: readonly string[]): Promise<void> {
    const service = this.current?.service;
    await service?.mutate(null, [
      ...TALLIES.map((id) => ({ table: 'tally', key: [id], op: 'put' as const, columns: { total: 0 } })),
      ...pairs.flatMap((id) =>
        ['left_half', 'right_half'].map((table) => ({ table, key: [id], op: 'put' as const, columns: { nonce: 's' } })),
      ),
    ]);
  }

  async close(): Promise<void> {
    for (const wake of this.#sleepers) wake();
    await this.#starting;
    for (const { process } of this.nodes) process.kill();
    for (const { storage } of this.nodes) await storage.close();
  }

  get #backup(): string {
    return `${this.#options.file}.backup`;
  }

  async #start(): Promise<void> {
    while (this.nodes.length < this.#options.nodeCount) await this.#startNode();
  }

  async #startNode(): Promise<void> {
    const { clock, access, maxCommits, pageBytes, plant = {}, ledger } = this.#options;
    const process = new Process(clock, plant.serverSkewMs);
    const schema = schemas[this.schemaVersion - 1] ?? schemas[0];
    const real = this.#shared.join();
    const planted = plant.storage?.(real, process) ?? real;
    const storage = mortal(
      { ...boundTo(planted), watch: plant.isDeaf ? () => {} : real.watch },
      {
        process,
        tick: () => this.#tick(process),
        dawdle: () => (this.hazards.maxSlowMs > 0 ? this.#sleep(clock.random() * this.hazards.maxSlowMs) : null),
        ledger,
      },
    );
    const service = await createSyncService({
      schema,
      storage,
      runtime: process,
      access: ({ id }) => plant.access?.(access(id), id) ?? access(id),
      limits: { pageBytes },
      ...(maxCommits === null ? {} : { retention: { maxCommits } }),
      validate: {
        memo: refuseBadMemos,
      },
    });
    if (this.#mustRenew) await service.renewEpoch();
    this.#mustRenew = false;
    this.nodes = [...this.nodes, { schema, service: observed(service, ledger, real), process, storage, disk: real }];
  }

  /** By the clock on the wall: the program may die meanwhile, and its transaction must end all the same. */
  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#sleepers.add(resolve);
      this.#options.clock.setTimer(ms, () => {
        this.#sleepers.delete(resolve);
        resolve();
      });
    });
  }

  #tick(process: Process): void {
    const node = this.nodes.find((one) => one.process === process);
    if (!node) return;
    this.hazards.crashIn -= 1;
    if (this.hazards.crashIn <= 0) this.crash(node);
    this.hazards.failIn -= 1;
    if (this.hazards.failIn > 0) return;
    this.hazards.failIn = NEVER;
    throw new SyncError('storage', 'The disk of the server has failed.');
  }
}

/**
 * One storage under several programs. A SQLite file has one server (its writers would wait for each other inside one
 * statement); what is shared here stands for the database server of a larger installation: writes are serialised, and each program
 * sees what the others have committed.
 */
class SharedStorage {
  readonly #make: () => ServerStorage;
  readonly #clock: Runtime;
  readonly #watchers = new Set<(position: Position) => void>();
  #real: ServerStorage | null = null;
  #userCount = 0;

  constructor(clock: Runtime, make: () => ServerStorage) {
    this.#clock = clock;
    this.#make = make;
  }

  join(): WatchedStorage {
    const isFirst = this.#real === null;
    const real = this.#real ?? this.#make();
    this.#real = real;
    this.#userCount += 1;
    let isOpen = true;
    let watcher: ((position: Position) => void) | null = null;
    return {
      open: (schema, epoch) => (isFirst ? real.open(schema, epoch) : Promise.resolve()),
      read: (fn) => real.read(fn),
      write: async (fn) => {
        const result = await real.write(fn);
        if (this.#userCount > 1) this.#tell(real);
        return result;
      },
      query: (statement) => real.query(statement),
      watch: (listener) => {
        watcher = listener;
        this.#watchers.add(listener);
      },
      close: async () => {
        if (isOpen) this.#userCount -= 1;
        isOpen = false;
        if (watcher) this.#watchers.delete(watcher);
        if (this.#userCount > 0 || this.#real !== real) return;
        this.#real = null;
        await real.close();
      },
    };
  }

  /** The programs hear of each other's commits a moment later, as by LISTEN and NOTIFY. */
  #tell(real: ServerStorage): void {
    this.#clock.setTimer(this.#clock.random() * 200, () => {
      if (this.#real !== real) return;
      real
        .read((reader) => reader.position())
        .then((position) => {
          for (const watcher of this.#watchers) watcher(position);
        })
        .catch(() => {});
    });
  }
}

/** A storage that tells of commits which other programs made. */
interface WatchedStorage extends ServerStorage {
  watch(listener: (position: Position) => void): void;
}

const crashed = () => new SyncError('storage', 'The server has crashed.');
const refused = <T>(): Promise<T> => Promise.reject(crashed());

function boundTo(storage: ServerStorage): ServerStorage {
  return {
    open: (schema, epoch) => storage.open(schema, epoch),
    read: (fn) => storage.read(fn),
    write: (fn) => storage.write(fn),
    query: (statement) => storage.query(statement),
    close: () => storage.close(),
  };
}

interface Mortality {
  readonly process: Process;
  readonly tick: () => void;
  /** Null: this call takes no time. */
  readonly dawdle: () => Promise<void> | null;
  readonly ledger: Ledger;
}

/** A storage that dies with its process: transactions are undone, and nobody hears of anything any more. */
function mortal(inner: WatchedStorage, { process, tick, dawdle, ledger }: Mortality): WatchedStorage {
  const alive = () => {
    if (process.isDead) throw crashed();
  };
  const handleOf = (handle: StorageWriter, record: WriteRecord | null): StorageWriter =>
    new Proxy(handle, {
      get(target, name: keyof StorageWriter) {
        // Some storages can do more than others.
        if (typeof target[name] !== 'function') return undefined;
        return (...args: never[]) => {
          alive();
          tick();
          alive();
          record?.note(name, args);
          const call = () => (target[name] as (...given: never[]) => unknown)(...args);
          const slept = record && dawdle();
          if (!slept) return call();
          return slept.then(() => {
            alive();
            return call();
          });
        };
      },
    });
  const end = async <T>(call: Promise<T>): Promise<T> => {
    const result = await call;
    alive();
    return result;
  };
  return {
    open: (schema, epoch) => inner.open(schema, epoch),
    read: (fn) =>
      process.isDead ? refused() : end(inner.read((reader) => fn(handleOf(reader as StorageWriter, null)))),
    write: async (fn) => {
      if (process.isDead) return refused();
      const record = ledger.begin();
      const result = await inner.write(async (writer) => {
        const made = await fn(handleOf(writer, record));
        alive();
        return made;
      });
      // It is committed, whether or not anybody lives to hear of it.
      ledger.committed(record);
      alive();
      return result;
    },
    query: (statement) => (process.isDead ? refused() : end(inner.query(statement))),
    watch: (listener) => {
      inner.watch((...news) => {
        if (!process.isDead) listener(...news);
      });
    },
    close: () => inner.close(),
  };
}

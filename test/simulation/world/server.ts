import type { Schema } from '../../../src/core/schema.ts';
import { createSyncService } from '../../../src/server/create-service.ts';
import type { AccessLists, ValidateFunction } from '../../../src/server/options.ts';
import type { LogEntry } from '../../../src/server/records.ts';
import type { SyncService } from '../../../src/server/service.ts';
import type { ServerStorage, StorageReader, StorageWriter } from '../../../src/server/storage.ts';
import type { Cell } from '../../../src/shared/cell.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { Runtime } from '../../../src/shared/runtime.ts';
import { type Ledger, observed, type WriteRecord } from './ledger.ts';
import { Process } from './process.ts';
import { schemas, TALLIES } from './schema.ts';
import type { ServerDisk, WatchedStorage } from './server-disk.ts';

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
  readonly disk: ServerDisk;
  readonly access: (user: string) => AccessLists;
  readonly maxCommits: number | null;
  readonly pageBytes: number;
  /** How many programs serve one storage. */
  readonly nodeCount: number;
  readonly ledger: Ledger;
  /** Other programs write to the same tables. */
  readonly hasOthers: boolean;
  /** Of what keeps a program from its work until somebody does something about it. */
  readonly onTrouble: (reason: SyncError) => void;
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
  #starting: Promise<void> = Promise.resolve();
  #mustRenew = false;
  /** Programs that have died, and still have the file open. */
  #dyingCount = 0;
  #startedVersion = 0;
  #read: { readonly moment: string; readonly rows: Map<string, Cell[][]> } = { moment: '', rows: new Map() };
  readonly #sleepers = new Set<() => void>();
  /** Of the app that is started next. */
  schemaVersion = 1;
  nodes: Incarnation[] = [];
  onCrash: (dead: Incarnation) => void = () => {};
  crashCount = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
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
    if (!node || !this.#kill(node)) return;
    this.#dyingCount += 1;
    this.#starting = this.#starting.then(async () => {
      await node.storage.close();
      this.#dyingCount -= 1;
    });
  }

  /** False: it was dead already. */
  #kill(node: Incarnation): boolean {
    if (!this.nodes.includes(node)) return false;
    this.nodes = this.nodes.filter((one) => one !== node);
    this.crashCount += 1;
    this.hazards.crashIn = NEVER;
    node.process.kill();
    this.onCrash(node);
    return true;
  }

  async backup(): Promise<void> {
    await this.#options.disk.backup();
    this.#options.ledger.copied();
  }

  /** From an old copy, as the guide says: a new epoch at once. */
  async restore({ onStopped, onCopied }: Record<'onStopped' | 'onCopied', () => Promise<void>>): Promise<void> {
    for (const node of [...this.nodes]) this.crash(node);
    // In one go with the start: nobody starts on the old data in between.
    this.#starting = this.#starting.then(async () => {
      this.#mustRenew = this.#options.disk.isKnownWhenRestored !== true;
      await this.#stopLate();
      await this.#options.disk.clear?.();
      await onStopped();
      await this.#options.disk.restore();
      await onCopied();
    });
    await this.start();
  }

  /** Who was on the way up when the others were stopped: nobody serves data while they are put back. */
  async #stopLate(): Promise<void> {
    for (const node of [...this.nodes]) {
      this.#kill(node);
      await node.storage.close();
    }
  }

  /** Rows as stored, of these scopes (null: all), in key order. */
  async rows(table: string, scopes: readonly string[] | null): Promise<Cell[][]> {
    const { current } = this;
    const of = current?.schema.tables[table];
    if (!current || !of) throw new Error('The server is down.');
    const rows = await this.#rowsOnce(table, scopes, () =>
      this.#look(current, async (reader) => {
        const found: Cell[][] = [];
        for (const scope of scopes ?? [null]) {
          const page = await reader.page({ table: of, scope, after: null, maxBytes: Number.MAX_SAFE_INTEGER });
          found.push(...page.rows);
        }
        return found;
      }),
    );
    return [...rows];
  }

  /** As an onlooker. Connections that were cut are found out as they are used. */
  async #look<T>({ disk }: Incarnation, fn: (reader: StorageReader) => Promise<T>): Promise<T> {
    for (let tries = 0; tries < 5; tries += 1) {
      const read = await disk.read(fn).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      if ('value' in read) return read.value;
      if (!this.#options.disk.isCommitted) throw read.error;
    }
    return disk.read(fn);
  }

  /** All devices are held against the same rows: they are read once in a moment. */
  async #rowsOnce(table: string, scopes: readonly string[] | null, read: () => Promise<Cell[][]>): Promise<Cell[][]> {
    const { clock, ledger } = this.#options;
    const moment = `${clock.elapsed()} ${ledger.generation} ${ledger.commits.length}`;
    if (this.#read.moment !== moment) this.#read = { moment, rows: new Map() };
    const name = `${table} ${scopes?.join()}`;
    const rows = this.#read.rows.get(name) ?? (await read());
    this.#read.rows.set(name, rows);
    return rows;
  }

  /** Takes down what other programs have committed. */
  async hearOthers(): Promise<void> {
    const { hasOthers, ledger } = this.#options;
    const { current } = this;
    if (hasOthers && current) ledger.learn(await this.#look(current, (reader) => logSince(reader, ledger.head)));
  }

  entryIds(): Promise<string[]> {
    return this.#options.disk.entryIds();
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

  /** A list is gone; its items are where they were. */
  async leave(id: string, owner: string): Promise<void> {
    const service = this.current?.service;
    const item = { title: 'left', note: null, votes: 0 };
    await service?.mutate(null, [
      { table: 'list', key: [id], op: 'put', columns: { name: id, owner } },
      { table: 'item', key: [id, 0], op: 'put', columns: item },
    ]);
    await service?.mutate(null, [{ table: 'list', key: [id], op: 'delete', columns: {} }]);
  }

  async close(): Promise<void> {
    for (const wake of this.#sleepers) wake();
    await this.#starting;
    for (const { process } of this.nodes) process.kill();
    for (const { storage } of this.nodes) await storage.close();
    await this.#options.disk.close();
  }

  async #start(): Promise<void> {
    while (this.nodes.length < this.#options.nodeCount) {
      if (await this.#startNode()) continue;
      // Whoever looks after it tries again.
      this.#options.clock.setTimer(500, () => void this.start());
      return;
    }
  }

  /** False: its connection to the database broke as it started, or a newer app is to be started in its place. */
  async #startNode(): Promise<boolean> {
    const { clock, access, maxCommits, pageBytes, plant = {}, ledger, hasOthers, onTrouble, disk } = this.#options;
    // The first one of a newer app makes the tables of all: nobody has the file open then.
    if (this.schemaVersion > this.#startedVersion && this.#dyingCount > 0) return false;
    this.#startedVersion = this.schemaVersion;
    const process = new Process(clock, plant.serverSkewMs);
    const schema = schemas[this.schemaVersion - 1] ?? schemas[0];
    const real = this.#options.disk.join(process);
    const planted = plant.storage?.(real, process) ?? real;
    const storage = mortal(
      { ...boundTo(planted), watch: plant.isDeaf ? () => {} : real.watch },
      {
        process,
        tick: () => this.#tick(process),
        dawdle: () => (this.hazards.maxSlowMs > 0 ? this.#sleep(clock.random() * this.hazards.maxSlowMs) : null),
        ledger,
        hasOthers,
        onTrouble,
        isCommitted: disk.isCommitted?.bind(disk),
      },
    );
    const made = createSyncService({
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
    const service = disk.isCommitted ? await made.catch(() => null) : await made;
    if (!service) {
      process.kill();
      await storage.close();
      return false;
    }
    // A newer app was released while it started.
    if (schema.version < this.schemaVersion) {
      process.kill();
      await storage.close();
      return false;
    }
    if (this.#mustRenew) await service.renewEpoch();
    this.#mustRenew = false;
    this.nodes = [...this.nodes, { schema, service: observed(service, ledger, real), process, storage, disk: real }];
    return true;
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

const crashed = () => new SyncError('storage', 'The server has crashed.');
const refused = <T>(): Promise<T> => Promise.reject(crashed());

async function logSince(reader: StorageReader, seq: number): Promise<LogEntry[]> {
  const { head } = await reader.position();
  if (head <= seq) return [];
  const after = { seq, n: Number.MAX_SAFE_INTEGER };
  const { entries } = await reader.log({ after, until: head, scopes: null, maxBytes: Number.MAX_SAFE_INTEGER });
  return entries;
}

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
  readonly hasOthers: boolean;
  readonly onTrouble: (reason: SyncError) => void;
  readonly isCommitted: ServerDisk['isCommitted'];
}

/** A storage that dies with its process: transactions are undone, and nobody hears of anything any more. */
function mortal(inner: WatchedStorage, options: Mortality): WatchedStorage {
  const { process, tick, dawdle, ledger, hasOthers, onTrouble, isCommitted } = options;
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
      let record = ledger.begin();
      const result = await inner
        .write(async (writer) => {
          // It may begin anew.
          record = ledger.begin();
          if (hasOthers) record.foreign = await logSince(writer, ledger.head);
          const made = await fn(handleOf(writer, record));
          alive();
          return made;
        })
        .catch(async (error: unknown) => {
          if (await isCommitted?.(record)) ledger.committed(record);
          throw error;
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
      }, onTrouble);
    },
    close: () => inner.close(),
  };
}

import { copyFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { createSyncService } from '../../../src/server/create-service.ts';
import type { AccessLists } from '../../../src/server/options.ts';
import type { SyncService } from '../../../src/server/service.ts';
import { sqliteStorage } from '../../../src/server/sqlite/index.ts';
import type { ServerStorage, StorageWriter } from '../../../src/server/storage.ts';
import type { Cell } from '../../../src/shared/cell.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { Runtime } from '../../../src/shared/runtime.ts';
import { Process } from './process.ts';
import { schema, TALLIES } from './schema.ts';

export interface ServerOptions {
  readonly clock: Runtime;
  /** `:memory:` for histories in which the server neither crashes nor is restored. */
  readonly file: string;
  readonly access: (user: string) => AccessLists;
  readonly maxCommits: number | null;
  readonly pageBytes: number;
  /** A harness self-test puts a mistake here. */
  readonly plant?: ((storage: ServerStorage, process: Process) => ServerStorage) | undefined;
}

/** One run of the server program, from its start to its crash. */
export interface Incarnation {
  readonly service: SyncService;
  readonly process: Process;
  readonly storage: ServerStorage;
  /** The same for an onlooker, who does not count as a call. */
  readonly disk: ServerStorage;
}

/** The server machine: its disk stays, the program on it comes and goes. */
export class Server {
  readonly #options: ServerOptions;
  #crashIn = Number.POSITIVE_INFINITY;
  #starting: Promise<void> = Promise.resolve();
  #mustRenew = false;
  current: Incarnation | null = null;
  onCrash: (dead: Incarnation) => void = () => {};
  crashCount = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    this.#starting = this.#starting.then(() => this.#start());
    return this.#starting;
  }

  /** The program dies: nothing it was at goes on, and what was not committed is gone. */
  crash(): void {
    const { current } = this;
    if (!current) return;
    this.current = null;
    this.crashCount += 1;
    this.#crashIn = Number.POSITIVE_INFINITY;
    current.process.kill();
    this.#starting = this.#starting.then(() => current.storage.close());
    this.onCrash(current);
  }

  /** Dies at the n-th call of its storage from now on: between any two awaits. */
  crashAfter(calls: number): void {
    this.#crashIn = calls;
  }

  backup(): void {
    rmSync(this.#backup, { force: true });
    const database = new DatabaseSync(this.#options.file);
    database.prepare('VACUUM INTO ?').run(this.#backup);
    database.close();
  }

  /** From an old copy, as the guide says: a new epoch at once. */
  async restore({ onStopped, onCopied }: { onStopped: () => void; onCopied: () => void }): Promise<void> {
    this.crash();
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
    const of = schema.tables[table];
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
    await this.#starting;
    this.current?.process.kill();
    await this.current?.storage.close();
  }

  get #backup(): string {
    return `${this.#options.file}.backup`;
  }

  async #start(): Promise<void> {
    if (this.current) return;
    const { clock, file, access, maxCommits, pageBytes, plant } = this.#options;
    const process = new Process(clock);
    const real = sqliteStorage({ file });
    const storage = mortal(plant?.(real, process) ?? real, process, () => this.#tick(process));
    const service = await createSyncService({
      schema,
      storage,
      runtime: process,
      access: ({ id }) => access(id),
      limits: { pageBytes },
      ...(maxCommits === null ? {} : { retention: { maxCommits } }),
      validate: {
        memo({ values }) {
          if (String(values.text ?? '').startsWith('bad')) throw new SyncError('rejected', 'No bad memos.');
        },
      },
    });
    if (this.#mustRenew) await service.renewEpoch();
    this.#mustRenew = false;
    this.current = { service, process, storage, disk: real };
  }

  #tick(process: Process): void {
    if (this.current?.process !== process) return;
    this.#crashIn -= 1;
    if (this.#crashIn <= 0) this.crash();
  }
}

const crashed = () => new SyncError('storage', 'The server has crashed.');
const refused = <T>(): Promise<T> => Promise.reject(crashed());

/** A storage that dies with its process: transactions are undone, and nobody hears of anything any more. */
function mortal(inner: ServerStorage, process: Process, tick: () => void): ServerStorage {
  const alive = () => {
    if (process.isDead) throw crashed();
  };
  const handleOf = (handle: StorageWriter): StorageWriter =>
    new Proxy(handle, {
      get(target, name: keyof StorageWriter) {
        return (...args: never[]) => {
          alive();
          tick();
          alive();
          return (target[name] as (...given: never[]) => unknown)(...args);
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
    read: (fn) => (process.isDead ? refused() : end(inner.read((reader) => fn(handleOf(reader as StorageWriter))))),
    write: (fn) =>
      process.isDead
        ? refused()
        : end(
            inner.write(async (writer) => {
              const result = await fn(handleOf(writer));
              alive();
              return result;
            }),
          ),
    query: (statement) => (process.isDead ? refused() : end(inner.query(statement))),
    close: () => inner.close(),
  };
}

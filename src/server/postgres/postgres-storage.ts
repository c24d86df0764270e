import type { Schema } from '../../core/schema.ts';
import type { Statement } from '../../core/sql.ts';
import { SyncError } from '../../shared/error.ts';
import { systemRuntime } from '../../shared/runtime.ts';
import { Lock } from '../lock.ts';
import type { Position, Signal } from '../records.ts';
import type { ServerStorage, StorageReader, StorageWriter } from '../storage.ts';
import { Altered, Binding } from './binding.ts';
import { connect, Transaction } from './connection.ts';
import { isDuplicate, isHeldUp, isLostRace, mayBeOfAltered, toSyncError } from './errors.ts';
import { PostgresHandle } from './handle.ts';
import type { PostgresStorageOptions } from './options.ts';
import { numberPlaceholders } from './placeholders.ts';
import { Pool } from './pool.ts';
import { numberCaptured } from './sequencer.ts';
import { SignalReader } from './signals.ts';
import { type News, Watcher } from './watcher.ts';

/**
 * Keeps the server's data in Postgres: over tables that are there already, with their own types, constraints and triggers,
 * and for several servers at once. Other programs may go on writing to them; their changes reach the clients like any other.
 * Tables that the schema names and the database lacks are created. What tidemark needs besides lies in schema `tidemark`.
 *
 * @example
 * ```ts
 * const server = createSyncServer({ schema, storage: postgresStorage({ url: process.env.DATABASE_URL }), auth });
 * ```
 */
export function postgresStorage(options: PostgresStorageOptions): ServerStorage {
  return new PostgresStorage(options);
}

interface Watching {
  readonly listener: (position: Position, signals: readonly Signal[]) => void;
  readonly onTrouble?: ((reason: SyncError) => void) | undefined;
}

/** What is known once the storage is open. */
interface Open {
  readonly pool: Pool;
  readonly schema: Schema;
  readonly watcher: Watcher;
  /** Anew whenever tables have been altered. */
  readonly binding: Binding;
}

const READ = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
const STATE = `SELECT epoch, head, pruned_to, epoch_from, schema_version, EXISTS (SELECT FROM tidemark.captured) FROM tidemark.state`;
/** How often a transaction begins anew that another program got in the way of. */
const MAX_ATTEMPTS = 10;
const MAX_HELD_UP = 2;

class PostgresStorage implements ServerStorage {
  readonly hasRowSecurity: boolean;
  readonly #options: PostgresStorageOptions;
  readonly #listeners: Watching[] = [];
  readonly #signals = new SignalReader();
  /** Writers of one node wait here, not each on a connection of its own. */
  readonly #writeLock = new Lock();
  readonly #running = new Set<Promise<unknown>>();
  /** Notified with each commit: other nodes look what there is, and this one knows. */
  readonly #word: string;
  /** Where the last commit of this node left the log. */
  #own: Position | null = null;
  #open: Open | null = null;
  #isClosed = false;

  constructor(options: PostgresStorageOptions) {
    this.#options = options;
    this.hasRowSecurity = options.rowSecurity !== undefined;
    this.#word = `commit ${(options.runtime ?? systemRuntime).uuid()}`;
  }

  async open(schema: Schema, epoch: string): Promise<void> {
    if (this.#open) throw new SyncError('misuse', 'This storage is open already: give each server its own.');
    const { url, schema: pgSchema = 'public', maxConnections = 10, driver = {}, installs = true } = this.#options;
    const { runtime = systemRuntime, pollMs = 1_000, wakesServers = true } = this.#options;
    const options = { url, schema: pgSchema, driver };
    const pool = new Pool(maxConnections, (onclose) => connect(options, onclose));
    try {
      const onTrouble = (reason: SyncError) => {
        for (const watching of this.#listeners) watching.onTrouble?.(reason);
      };
      const capture = { wakesServers };
      const database = { schema, pgSchema, epoch, installs, capture };
      const binding = await Binding.open({ ...database, pool, runtime, checkMs: pollMs, onTrouble });
      const watcher = new Watcher({
        listener: connect(options),
        runtime,
        pollMs,
        ownWord: this.#word,
        look: () => this.#look(),
        onNews: (news) => this.#tell(news),
      });
      this.#open = { pool, schema, binding, watcher };
      await watcher.start();
    } catch (error) {
      this.#open = null;
      await pool.end();
      throw toSyncError(error);
    }
  }

  watch(listener: Watching['listener'], onTrouble?: Watching['onTrouble']): void {
    this.#listeners.push({ listener, onTrouble });
  }

  read<T>(fn: (reader: StorageReader) => Promise<T>): Promise<T> {
    return this.#run(async (open) => {
      try {
        return await this.#readOnce(open, fn);
      } catch (error) {
        if (!(error instanceof BehindTables)) throw error;
        return this.#writeLock.run(() => this.#writeUntilDone(open, fn));
      }
    });
  }

  write<T>(fn: (writer: StorageWriter) => Promise<T>): Promise<T> {
    return this.#run((open) => this.#writeLock.run(() => this.#writeUntilDone(open, fn)));
  }

  query({ sql, parameters }: Statement): Promise<Record<string, unknown>[]> {
    return this.#run((open) =>
      this.#reading(open, (transaction) => transaction.objects(numberPlaceholders(sql), parameters)),
    );
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.allSettled([...this.#running]);
    await this.#open?.watcher.close();
    await this.#open?.pool.end();
  }

  #tellOwn(position: Position): void {
    this.#own = position;
    this.#tell({ position, signals: [] });
  }

  #tell({ position, signals }: News): void {
    for (const { listener } of this.#listeners) listener(position, signals);
  }

  #run<T>(call: (open: Open) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new SyncError('closed', 'The server storage has been closed.'));
    if (!this.#open)
      return Promise.reject(new SyncError('misuse', 'The server storage is not open: call open() first.'));
    const running = this.#runOn(this.#open, call);
    this.#running.add(running);
    const done = () => this.#running.delete(running);
    running.then(done, done);
    return running;
  }

  /** Once more, where somebody altered a table meanwhile and it still fits. */
  async #runOn<T>(open: Open, call: (open: Open) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await call(open);
      } catch (error) {
        if (!(error instanceof Altered)) throw error;
        if (attempt === MAX_ATTEMPTS) throw toSyncError(error);
        await open.binding.renew();
      }
    }
  }

  #readOnce<T>(open: Open, fn: (reader: StorageReader) => Promise<T>): Promise<T> {
    return this.#reading(open, async (transaction) => {
      // What the caller asks goes out with it, in one round.
      const state = readState(transaction);
      state.catch(() => undefined);
      const handle = this.#handle(open, transaction, state);
      try {
        return await fn(handle);
      } finally {
        handle.end();
      }
    });
  }

  async #reading<T>(open: Open, run: (transaction: Transaction) => Promise<T>): Promise<T> {
    const transaction = await Transaction.begin(open.pool, READ);
    try {
      const read = await run(transaction);
      // Nobody has to wait for its end.
      void transaction.rollback();
      return read;
    } catch (error) {
      await transaction.rollback();
      await checkAltered(transaction, open);
      throw error;
    }
  }

  async #look(): Promise<News> {
    const before = this.#own;
    const { state, signals } = await this.#run((open) =>
      this.#reading(open, async (transaction) => ({
        state: await readState(transaction),
        signals: await this.#signals.read(transaction),
      })),
    );
    // Where this fails, the timer asks again; what was said by others is said once.
    const position = await this.#keepUp(state).catch(() => state.position);
    // What was read may be older by now than what has been told.
    return { position: this.#own === before ? position : newer(position, this.#own), signals };
  }

  /** Numbers what others have written, and looks now and then whether the tables are still what they were. */
  async #keepUp({ position, hasCaptured }: State): Promise<Position> {
    await this.#run(async ({ binding }) => {
      if (!binding.fits) await binding.renew();
      else await binding.checkNowAndThen();
    });
    return hasCaptured ? this.write((writer) => writer.position()) : position;
  }

  async #writeUntilDone<T>(open: Open, fn: (writer: StorageWriter) => Promise<T>): Promise<T> {
    for (let attempt = 1, heldUp = 1; ; attempt += 1) {
      const transaction = await Transaction.begin(open.pool, this.#beginWrite());
      try {
        return await this.#writeOnce(open, transaction, fn);
      } catch (error) {
        await transaction.rollback();
        const { failure } = transaction;
        if (failure === null) throw error;
        await checkAltered(transaction, open);
        if (isHeldUp(failure)) {
          if (heldUp === MAX_HELD_UP) throw busy(error);
          heldUp += 1;
        } else if (transaction.isLost || attempt === MAX_ATTEMPTS || !mayRunAgain(failure, open))
          throw transaction.error ?? error;
      }
    }
  }

  /**
   * The snapshot is taken by the first statement after the lock: it holds everything that was numbered before, and rows that
   * another program changes later cannot be overwritten, because Postgres then ends this transaction.
   */
  #beginWrite(): string {
    const { lockTimeoutMs = 500, stalledMs = 30_000 } = this.#options;
    return `BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL idle_in_transaction_session_timeout = ${Math.trunc(stalledMs)};
      SET LOCAL lock_timeout = '60s'; LOCK TABLE tidemark.sequencer IN EXCLUSIVE MODE;
      SET LOCAL lock_timeout = '${Math.max(1, Math.trunc(lockTimeoutMs))}ms'; SET LOCAL tidemark.origin = 'push'`;
  }

  async #writeOnce<T>(open: Open, transaction: Transaction, fn: (writer: StorageWriter) => Promise<T>): Promise<T> {
    const state = await readState(transaction);
    checkVersion(open.schema, state.schemaVersion);
    if (state.hasCaptured) await open.binding.check(transaction);
    const numbering = { transaction, schema: open.schema, tables: open.binding.tables };
    const before = state.position.head;
    const head = state.hasCaptured ? await numberCaptured({ ...numbering, head: before, isOwn: false }) : before;
    const numbered = { ...state, position: { ...state.position, head }, hasCaptured: false };
    const handle = this.#handle(open, transaction, Promise.resolve(numbered));
    try {
      const result = await fn(handle);
      await handle.flush();
      const position = await handle.position();
      const own = handle.hasWritten
        ? numberCaptured({ ...numbering, head: position.head, isOwn: true })
        : Promise.resolve(position.head);
      const [, last] = await Promise.all([handle.written(), own]);
      const isNews = last > before || position.epoch !== state.position.epoch;
      if (isNews || handle.signalIds.length > 0)
        transaction.all(`SELECT pg_notify('tidemark', $1)`, [this.#word]).catch(() => undefined);
      await transaction.commit();
      this.#signals.skip(handle.signalIds);
      if (isNews) this.#tellOwn({ ...position, head: last });
      return result;
    } finally {
      handle.end();
    }
  }

  #handle(open: Open, transaction: Transaction, state: Promise<State>): PostgresHandle {
    return new PostgresHandle({
      transaction,
      schema: open.schema,
      tables: open.binding.tables,
      position: state.then(({ position }) => position),
      rowSecurity: this.#options.rowSecurity,
      beforePage: async (table) => {
        if ((await state).hasCaptured) throw new BehindTables();
        await open.binding.check(transaction, [table]);
      },
    });
  }
}

/** The tables hold changes that the log does not know yet: they are numbered first, and then read in the same snapshot. */
class BehindTables extends Error {}

/** Of what was read, and what this node committed meanwhile. Which of two epochs is the later one the next look will tell. */
function newer(position: Position, own: Position | null): Position {
  if (own === null) return position;
  return own.epoch !== position.epoch || own.head > position.head ? own : position;
}

interface State {
  readonly position: Position;
  readonly schemaVersion: number;
  readonly hasCaptured: boolean;
}

async function readState(transaction: Transaction): Promise<State> {
  const [epoch, head, prunedTo, from, schemaVersion, hasCaptured] = (await transaction.get(STATE)) ?? [];
  const epochFrom = from === null || from === undefined ? null : Number(from);
  return {
    position: { epoch: String(epoch), head: Number(head), prunedTo: Number(prunedTo), epochFrom },
    schemaVersion: Number(schemaVersion),
    hasCaptured: hasCaptured === true,
  };
}

/** Changes of columns that this node does not know would be numbered without them. */
function checkVersion({ version }: Schema, known: number): void {
  if (version >= known) return;
  throw new SyncError(
    'version',
    `This server has schema version ${version}, the database ${known}: restart it with the newer one.`,
  );
}

/** Lost against another transaction; with the other's changes numbered, the same mutations may be decided differently. */
function mayRunAgain(failure: NonNullable<Transaction['failure']>, { binding }: Open): boolean {
  if (isLostRace(failure)) return true;
  const { constraint } = failure;
  return isDuplicate(failure) && [...binding.tables.values()].some((of) => of.keyConstraint === constraint);
}

/** @throws Altered, where a statement failed because the tables are others by now. */
async function checkAltered({ failure, isLost }: Transaction, { binding }: Open): Promise<void> {
  if (failure && !isLost && mayBeOfAltered(failure)) await binding.checkNow();
}

function busy(cause: unknown): SyncError {
  return new SyncError(
    'server',
    'Another program holds a row that is to be written, in a transaction of its own. Try again later.',
    {
      cause,
    },
  );
}

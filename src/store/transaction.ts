import type { EngineMethods } from '../client/engine-api.ts';
import { toAppRows } from '../client/live/app-rows.ts';
import type { KeyInput } from '../client/sync.ts';
import { type Schema, tableOf } from '../core/schema.ts';
import { type QueryInput, type Statement, toStatement } from '../core/sql.ts';
import { SyncError } from '../shared/error.ts';
import { deleteStatement, existsStatement, insertStatements, updateStatement } from './row-sql.ts';

type AppValues = Readonly<Record<string, unknown>>;

export interface TransactionOptions {
  readonly schema: Schema;
  readonly methods: EngineMethods;
  readonly writeId: string;
}

/**
 * One run of a `write()` callback. The first statement opens the transaction in the engine; each is one message.
 * Also what the callback gets: typed by the schema as `WriteTransaction<S>`.
 */
export class Transaction {
  readonly #schema: Schema;
  readonly #methods: EngineMethods;
  readonly #writeId: string;
  readonly #running = new Set<Promise<unknown>>();
  #isUsed = false;
  #isOver = false;
  #isInterrupted = false;

  constructor({ schema, methods, writeId }: TransactionOptions) {
    this.#schema = schema;
    this.#methods = methods;
    this.#writeId = writeId;
  }

  /** Whether its engine went away: nothing was committed, and it may be run again. */
  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  async run(query: QueryInput): Promise<number> {
    return this.#write(toStatement(query));
  }

  async get(query: QueryInput): Promise<Record<string, unknown> | undefined> {
    return (await this.all(query))[0];
  }

  async all(query: QueryInput): Promise<Record<string, unknown>[]> {
    return toAppRows(this.#schema, await this.#read(toStatement(query)));
  }

  async insert(table: string, row: AppValues): Promise<void> {
    await this.insertMany(table, [row]);
  }

  async insertMany(table: string, rows: readonly AppValues[]): Promise<void> {
    await Promise.all(insertStatements(tableOf(this.#schema, table), rows).map((one) => this.#write(one)));
  }

  async update(table: string, key: KeyInput, values: AppValues): Promise<boolean> {
    const of = tableOf(this.#schema, table);
    const statement = updateStatement(of, key, values);
    if (statement) return (await this.#write(statement)) > 0;
    return (await this.#read(existsStatement(of, key))).rows.length > 0;
  }

  async delete(table: string, key: KeyInput): Promise<boolean> {
    return (await this.#write(deleteStatement(tableOf(this.#schema, table), key))) > 0;
  }

  /** Ends the callback's part: waits for the calls it did not await, and throws when one of them failed. */
  async finish(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  /** Resolves once durable; null when the callback wrote nothing. */
  async commit(): Promise<{ mutationId: number | null }> {
    if (!this.#isUsed) return { mutationId: null };
    try {
      return await this.#methods.writeCommit(this.#writeId);
    } catch (error) {
      this.#note(error);
      throw error;
    }
  }

  /** Undoes everything. Never rejects: an engine that is gone has rolled back. */
  async rollback(): Promise<void> {
    this.#isOver = true;
    if (this.#isUsed) await this.#methods.writeRollback(this.#writeId).catch(() => {});
  }

  #write(statement: Statement): Promise<number> {
    return this.#track(() => this.#methods.writeRun(this.#writeId, statement));
  }

  #read(statement: Statement) {
    return this.#track(() => this.#methods.writeRead(this.#writeId, statement));
  }

  #track<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isOver) {
      return Promise.reject(
        new SyncError('misuse', 'The transaction is over: await every tx call before the write() callback returns.'),
      );
    }
    this.#isUsed = true;
    const running = call();
    this.#running.add(running);
    running.then(
      () => this.#running.delete(running),
      (error: unknown) => {
        this.#note(error);
        this.#running.delete(running);
      },
    );
    return running;
  }

  #note(error: unknown): void {
    if (error instanceof SyncError && error.kind === 'interrupted') this.#isInterrupted = true;
  }
}

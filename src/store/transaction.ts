import type { CommittedWrite, EngineMethods } from '../client/engine-api.ts';
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
  /** Of the local database that it is meant for; null before that is known. */
  readonly clientId?: string | null;
}

/**
 * One run of a `write()` callback. The first statement opens the transaction in the engine; each is one message. A callback
 * that does nothing but return one statement, as `(tx) => tx.insert(…)`, is one message in all.
 * Also what the callback gets: typed by the schema as `WriteTransaction<S>`.
 */
export class Transaction {
  readonly #schema: Schema;
  readonly #methods: EngineMethods;
  readonly #writeId: string;
  readonly #clientId: string | null;
  readonly #running = new Set<Promise<unknown>>();
  /** What the callback was given before it returned: its promises, and how many statements stand behind them. */
  readonly #offered: unknown[] = [];
  #statementCount = 0;
  #readCount = 0;
  /** Statements wait for it: only when the callback has returned is it known whether there is but one. */
  readonly #begun: Promise<void>;
  #begin = () => {};
  #isOnly = false;
  #isOver = false;
  #isInterrupted = false;
  #committed: CommittedWrite | null = null;

  constructor({ schema, methods, writeId, clientId = null }: TransactionOptions) {
    this.#schema = schema;
    this.#methods = methods;
    this.#writeId = writeId;
    this.#clientId = clientId;
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  /** Whether its engine went away: nothing was committed, and it may be run again. */
  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  run(query: QueryInput): Promise<number> {
    return this.#offer(async () => this.#write(toStatement(query)));
  }

  async get(query: QueryInput): Promise<Record<string, unknown> | undefined> {
    return (await this.all(query))[0];
  }

  async all(query: QueryInput): Promise<Record<string, unknown>[]> {
    return toAppRows(this.#schema, await this.#read(toStatement(query)));
  }

  insert(table: string, row: AppValues): Promise<void> {
    return this.insertMany(table, [row]);
  }

  insertMany(table: string, rows: readonly AppValues[]): Promise<void> {
    return this.#offer(async () => {
      await Promise.all(insertStatements(tableOf(this.#schema, table), rows).map((one) => this.#write(one)));
    });
  }

  update(table: string, key: KeyInput, values: AppValues): Promise<boolean> {
    return this.#offer(async () => {
      const of = tableOf(this.#schema, table);
      const statement = updateStatement(of, key, values);
      if (statement) return (await this.#write(statement)) > 0;
      return (await this.#read(existsStatement(of, key))).rows.length > 0;
    });
  }

  delete(table: string, key: KeyInput): Promise<boolean> {
    return this.#offer(async () => (await this.#write(deleteStatement(tableOf(this.#schema, table), key))) > 0);
  }

  /** The callback has returned this, perhaps a promise that goes on. */
  returned(value: unknown): void {
    this.#isOnly =
      this.#statementCount === 1 && this.#readCount === 0 && this.#offered.length === 1 && this.#offered[0] === value;
    this.#isOver = this.#isOnly;
    this.#begin();
  }

  /** Ends the callback's part: waits for the calls it did not await, and throws when one of them failed. */
  async finish(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  /** Resolves once durable; null when the callback wrote nothing. */
  async commit(): Promise<CommittedWrite> {
    if (this.#committed) return this.#committed;
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
    this.#begin();
    if (this.#isUsed && !this.#isOnly) await this.#methods.writeRollback(this.#writeId).catch(() => {});
  }

  get #isUsed(): boolean {
    return this.#statementCount + this.#readCount > 0;
  }

  #offer<T>(call: () => Promise<T>): Promise<T> {
    const promise = call();
    this.#offered.push(promise);
    return promise;
  }

  #write(statement: Statement): Promise<number> {
    return this.#track(() => {
      this.#statementCount += 1;
      return this.#begun.then(() => this.#send(statement));
    });
  }

  async #send(statement: Statement): Promise<number> {
    if (!this.#isOnly) return this.#methods.writeRun(this.#writeId, statement, this.#clientId);
    const { rowCount, ...committed } = await this.#methods.writeOnce(this.#writeId, statement, this.#clientId);
    this.#committed = committed;
    return rowCount;
  }

  #read(statement: Statement) {
    return this.#track(() => {
      this.#readCount += 1;
      return this.#begun.then(() => this.#methods.writeRead(this.#writeId, statement, this.#clientId));
    });
  }

  #track<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isOver) {
      return Promise.reject(
        new SyncError('misuse', 'The transaction is over: await every tx call before the write() callback returns.'),
      );
    }
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

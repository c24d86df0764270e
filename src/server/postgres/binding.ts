import type { SyncError } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { BoundTable } from './bound-table.ts';
import { Transaction } from './connection.ts';
import { toSyncError } from './errors.ts';
import { type Bound, type OpenOptions, openDatabase } from './open.ts';
import type { Pool } from './pool.ts';
import { readShapes, shapesText } from './shapes.ts';

/** Somebody altered a table that the schema has: what was made for its columns holds no longer. */
export class Altered extends Error {}

export interface BindingOptions extends OpenOptions {
  readonly pool: Pool;
  readonly runtime: Pick<Runtime, 'elapsed'>;
  /** How often to look whether somebody altered a table. */
  readonly checkMs: number;
  /** Called once for each reason why schema and database do not fit. */
  readonly onTrouble: (reason: SyncError) => void;
}

/** For how long making triggers anew may keep the writers of a table waiting, while the server is at work. */
const RENEW_LOCK_TIMEOUT_MS = 1_000;

/**
 * The tables of the schema over those of the database, for as long as nobody alters them. When somebody has, they are bound
 * anew: types that still fit are taken over. Otherwise nothing can be read or written until they fit again, which is tried
 * now and then; what other programs write meanwhile waits to be numbered.
 */
export class Binding {
  readonly #options: BindingOptions;
  #bound: Bound;
  #trouble: SyncError | null = null;
  #renewing: Promise<void> | null = null;
  #checkedAt = 0;

  private constructor(options: BindingOptions, bound: Bound) {
    this.#options = options;
    this.#bound = bound;
  }

  static async open(options: BindingOptions): Promise<Binding> {
    return new Binding(options, await openDatabase(options.pool, options));
  }

  /**
   * By name, parents before the tables that refer to them.
   *
   * @throws SyncError the reason, while schema and database do not fit.
   */
  get tables(): ReadonlyMap<string, BoundTable> {
    if (this.#trouble) throw this.#trouble;
    return this.#bound.tables;
  }

  get fits(): boolean {
    return this.#trouble === null;
  }

  /** @throws Altered, when the tables (by default: all) are others in the eyes of this transaction. */
  async check(transaction: Transaction, tables?: readonly string[]): Promise<void> {
    const { schema, pgSchema } = this.#options;
    const { shapes } = this.#bound;
    const known = tables ? new Map([...shapes].filter(([name]) => tables.includes(name))) : shapes;
    if (shapesText(await readShapes(transaction, schema, pgSchema, tables)) !== shapesText(known)) throw new Altered();
  }

  async checkNowAndThen(): Promise<void> {
    const { runtime, checkMs } = this.#options;
    if (runtime.elapsed() - this.#checkedAt >= checkMs) await this.checkNow();
  }

  /** In a transaction of its own. */
  async checkNow(): Promise<void> {
    this.#checkedAt = this.#options.runtime.elapsed();
    const transaction = await Transaction.begin(this.#options.pool, 'BEGIN READ ONLY');
    try {
      await this.check(transaction);
    } finally {
      await transaction.rollback();
    }
  }

  /** @throws SyncError where the tables do not fit the schema any more, or could not be asked. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renew(): Promise<void> {
    try {
      this.#bound = await openDatabase(this.#options.pool, {
        ...this.#options,
        lockTimeoutMs: RENEW_LOCK_TIMEOUT_MS,
      });
      this.#trouble = null;
    } catch (thrown) {
      const error = toSyncError(thrown);
      if (error.kind === 'invalid-schema') this.#note(error);
      throw error;
    }
  }

  #note(trouble: SyncError): void {
    const isKnown = this.#trouble?.message === trouble.message;
    this.#trouble = trouble;
    if (!isKnown) this.#options.onTrouble(trouble);
  }
}

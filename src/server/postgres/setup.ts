import type { Schema } from '../../core/schema.ts';
import { bindTables } from './bound-table.ts';
import { readCatalog } from './catalog.ts';
import { connect, Transaction } from './connection.ts';
import { createTableSql } from './created-tables.ts';
import { toSyncError } from './errors.ts';
import { installSql, removeSql } from './install/index.ts';
import { Pool } from './pool.ts';

/** Which database to look at. */
export interface SetupOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** The schema of the user's tables. Default: `public`. */
  readonly schema?: string;
  /** As for `postgresStorage`. Default: true. */
  readonly wakesServers?: boolean;
}

/**
 * The SQL by which `postgresStorage` installs what it needs for a schema, in its order: to review, or to run by hand as the
 * owner of the tables. Running it twice changes nothing. Reads the database, and writes nothing.
 *
 * @throws SyncError `invalid-schema` where the schema does not fit the tables; `storage` when the database cannot be reached.
 */
export function planInstall(schema: Schema, options: SetupOptions): Promise<string[]> {
  const { schema: pgSchema = 'public', wakesServers = true } = options;
  return withDatabase(options, async (transaction) => {
    const names = Object.keys(schema.tables);
    const catalog = await readCatalog(transaction, pgSchema, names);
    const missing = Object.values(schema.tables).filter(({ name }) => !catalog.has(name));
    const created = missing.map((of) => createTableSql(of, pgSchema));
    for (const sql of created) await transaction.exec(sql);
    // The triggers are made from what the tables then are; the transaction is rolled back.
    const then = missing.length === 0 ? catalog : await readCatalog(transaction, pgSchema, names);
    return [...created, ...installSql(bindTables(schema, then, pgSchema).values(), { wakesServers })];
  });
}

/**
 * The SQL that takes everything of tidemark out of a database again. The user's tables stay, with their rows. Empty when
 * there is nothing of tidemark. Reads the database, and writes nothing.
 *
 * @throws SyncError `storage` when the database cannot be reached.
 */
export function planRemoval(options: SetupOptions): Promise<string[]> {
  const { schema = 'public' } = options;
  return withDatabase(options, async (transaction) => {
    const [found] = (await transaction.get(`SELECT to_regclass('tidemark.installed') IS NOT NULL`)) ?? [];
    if (found !== true) return [];
    const rows = await transaction.all('SELECT tbl FROM tidemark.installed ORDER BY tbl');
    return removeSql(
      schema,
      rows.map(([name]) => String(name)),
    );
  });
}

async function withDatabase<T>(
  { url, schema = 'public' }: SetupOptions,
  fn: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const pool = new Pool(1, (onclose) => connect({ url, schema, driver: {} }, onclose));
  try {
    const transaction = await Transaction.begin(pool, 'BEGIN');
    try {
      return await fn(transaction);
    } finally {
      await transaction.rollback();
    }
  } catch (error) {
    throw toSyncError(error);
  } finally {
    await pool.end();
  }
}

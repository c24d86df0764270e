import type { Schema } from '../../core/schema.ts';
import { SyncError } from '../../shared/error.ts';
import { type BoundTable, bindTables } from './bound-table.ts';
import { type Catalog, readCatalog } from './catalog.ts';
import { Transaction, textArray } from './connection.ts';
import { createTableSql, growTableSql } from './created-tables.ts';
import { type CaptureOptions, MIGRATIONS, tableSql } from './install/index.ts';
import { ownObjectsSql } from './install/own-objects.ts';
import type { Pool } from './pool.ts';

export interface OpenOptions {
  readonly schema: Schema;
  readonly pgSchema: string;
  readonly epoch: string;
  readonly installs: boolean;
  readonly capture: CaptureOptions;
}

/**
 * Holds the database against the schema, and brings it there as far as that is ours to do. Several nodes may start at once:
 * they do this one after the other, and the second finds nothing left to do.
 */
export async function openDatabase(pool: Pool, options: OpenOptions): Promise<ReadonlyMap<string, BoundTable>> {
  const origin = await originOf(pool);
  const transaction = await Transaction.begin(pool, 'BEGIN');
  try {
    await transaction.all(`SELECT pg_advisory_xact_lock(hashtextextended('tidemark', 0))`);
    await installOwnObjects(transaction, options);
    const tables = await installTables(transaction, options);
    await saveState(transaction, options, origin);
    await transaction.commit();
    return parentsFirst(tables);
  } catch (error) {
    await transaction.rollback();
    throw explain(transaction.error ?? error);
  }
}

/** Tells a database from its copies: a clone has another number, a restored server another timeline. */
async function originOf(pool: Pool): Promise<string> {
  const database = `(SELECT oid FROM pg_database WHERE datname = current_database())::text`;
  const server = `(SELECT system_identifier FROM pg_control_system())::text || ' '
    || (SELECT timeline_id FROM pg_control_checkpoint())::text`;
  const ask = async (sql: string) => {
    const transaction = await Transaction.begin(pool, 'BEGIN READ ONLY');
    try {
      return String((await transaction.get(sql))?.[0]);
    } finally {
      await transaction.rollback();
    }
  };
  // Not every role may ask the server for its number.
  return ask(`SELECT ${server} || ' ' || ${database}`).catch(() => ask(`SELECT ${database}`));
}

async function installOwnObjects(transaction: Transaction, { installs }: OpenOptions): Promise<void> {
  const exists = await transaction.get(`SELECT to_regclass('tidemark.migration') IS NOT NULL`);
  const known = exists?.[0] === true ? await transaction.get('SELECT max(version) FROM tidemark.migration') : undefined;
  const version = Number(known?.[0] ?? 0);
  if (version >= MIGRATIONS.length) return;
  if (!installs) {
    throw new SyncError(
      'invalid-schema',
      `The database has version ${version} of tidemark's own tables, and this server needs ${MIGRATIONS.length}: run \`npx tidemark init postgres\`.`,
    );
  }
  for (const sql of ownObjectsSql().slice(version)) await transaction.exec(sql);
}

async function installTables(transaction: Transaction, options: OpenOptions): Promise<ReadonlyMap<string, BoundTable>> {
  const { schema, pgSchema, installs, capture } = options;
  const names = Object.keys(schema.tables);
  if (installs) await createTables(transaction, options, await readCatalog(transaction, pgSchema, names));
  const tables = bindTables(schema, await readCatalog(transaction, pgSchema, names), pgSchema);
  const installed = await readInstalled(transaction, names);
  for (const [name, of] of tables) {
    const sql = tableSql(of, capture);
    if (installed.get(name)?.capture === sql) continue;
    if (!installs) {
      if (installed.has(name)) continue;
      throw new SyncError(
        'invalid-schema',
        `The table ${name} has no triggers of tidemark yet: run \`npx tidemark init postgres\`.`,
      );
    }
    await transaction.exec(sql);
    await saveInstalled(transaction, name, sql);
  }
  return tables;
}

/** Triggers are made anew only when they differ: that locks the table against writers for a moment. */
async function readInstalled(
  transaction: Transaction,
  names: readonly string[],
): Promise<ReadonlyMap<string, { capture: string; isCreated: boolean }>> {
  const sql = 'SELECT tbl, capture, is_created FROM tidemark.installed WHERE tbl = ANY ($1::text[])';
  const rows = await transaction.all(sql, [textArray(names)]);
  return new Map(
    rows.map(([name, capture, isCreated]) => [
      String(name),
      { capture: String(capture), isCreated: isCreated === true },
    ]),
  );
}

async function saveInstalled(transaction: Transaction, name: string, capture: string): Promise<void> {
  const sql = `INSERT INTO tidemark.installed (tbl, capture) VALUES ($1, $2)
    ON CONFLICT (tbl) DO UPDATE SET capture = excluded.capture`;
  await transaction.all(sql, [name, capture]);
}

async function createTables(
  transaction: Transaction,
  { schema, pgSchema }: OpenOptions,
  catalog: Catalog,
): Promise<void> {
  const installed = await readInstalled(transaction, Object.keys(schema.tables));
  for (const [name, of] of Object.entries(schema.tables)) {
    const found = catalog.get(name);
    if (!found) {
      await transaction.exec(createTableSql(of, pgSchema));
      await transaction.all(
        `INSERT INTO tidemark.installed VALUES ($1, '', true) ON CONFLICT (tbl) DO UPDATE SET is_created = true`,
        [name],
      );
    } else if (installed.get(name)?.isCreated) {
      for (const sql of growTableSql(of, found, pgSchema)) await transaction.exec(sql);
    }
  }
}

async function saveState(transaction: Transaction, { schema, epoch }: OpenOptions, origin: string): Promise<void> {
  const sql = `INSERT INTO tidemark.state (epoch, schema_version, origin) VALUES ($1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET schema_version = greatest(state.schema_version, excluded.schema_version),
      epoch = CASE WHEN state.origin = excluded.origin THEN state.epoch ELSE excluded.epoch END, origin = excluded.origin`;
  await transaction.all(sql, [epoch, schema.version, origin]);
}

/** Tables after those they refer to; those that refer to one another stay in the order of the schema. */
function parentsFirst(tables: ReadonlyMap<string, BoundTable>): ReadonlyMap<string, BoundTable> {
  const sorted = new Map<string, BoundTable>();
  const visiting = new Set<string>();
  const visit = (name: string, of: BoundTable) => {
    if (sorted.has(name) || visiting.has(name)) return;
    visiting.add(name);
    for (const parent of of.references) {
      const found = tables.get(parent);
      if (found) visit(parent, found);
    }
    sorted.set(name, of);
  };
  for (const [name, of] of tables) visit(name, of);
  return sorted;
}

/** Opening fails for people who set a server up: what they can do about it belongs to the message. */
function explain(error: unknown): unknown {
  if (!(error instanceof SyncError) || error.kind !== 'forbidden') return error;
  return new SyncError(
    'storage',
    'The role of the connection may not install what tidemark needs: it has to own the tables. ' +
      'Run `npx tidemark init postgres` as their owner, and open the storage with `installs: false`.',
    { cause: error.cause },
  );
}

import type { Schema } from '../../core/schema.ts';
import { SyncError } from '../../shared/error.ts';
import { type BoundTable, bindTables } from './bound-table.ts';
import { type Catalog, readCatalog } from './catalog.ts';
import { Transaction, textArray } from './connection.ts';
import { createTableSql, growTableSql } from './created-tables.ts';
import { beginEpoch } from './epoch.ts';
import { type CaptureOptions, MIGRATIONS, retypeKeySql, tableSql } from './install/index.ts';
import { ownObjectsSql } from './install/own-objects.ts';
import type { Pool } from './pool.ts';
import { hasNewContent, readShapes, type TableShape } from './shapes.ts';

export interface OpenOptions {
  readonly schema: Schema;
  readonly pgSchema: string;
  readonly epoch: string;
  readonly installs: boolean;
  readonly capture: CaptureOptions;
  /** For how long others may be kept waiting for a table that gets its triggers. Left out: as long as it takes. */
  readonly lockTimeoutMs?: number;
}

/** The tables, and what they were when they were bound. */
export interface Bound {
  readonly tables: ReadonlyMap<string, BoundTable>;
  readonly shapes: ReadonlyMap<string, TableShape>;
}

/**
 * Holds the database against the schema, and brings it there as far as that is ours to do. Several nodes may start at once:
 * they do this one after the other, and the second finds nothing left to do. The same again when tables have been altered.
 */
export async function openDatabase(pool: Pool, options: OpenOptions): Promise<Bound> {
  const origin = await originOf(pool);
  const { lockTimeoutMs = 0 } = options;
  const transaction = await Transaction.begin(pool, `BEGIN; SET LOCAL lock_timeout = ${lockTimeoutMs}`);
  try {
    await transaction.all(`SELECT pg_advisory_xact_lock(hashtextextended('tidemark', 0))`);
    const isAhead = await installOwnObjects(transaction, options);
    const isCopied = await isCopy(transaction, origin);
    const tables = await installTables(transaction, { ...options, isAhead, isCopied });
    await saveState(transaction, options, origin);
    const shapes = await readShapes(transaction, options.schema, options.pgSchema);
    await transaction.commit();
    return { tables: parentsFirst(tables), shapes };
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

/** Brings our own objects up to date. Returns whether a newer release has been here, and this one can work over what it left. */
async function installOwnObjects(transaction: Transaction, { installs }: OpenOptions): Promise<boolean> {
  const exists = await transaction.get(`SELECT to_regclass('tidemark.migration') IS NOT NULL`);
  const known = exists?.[0] === true ? await transaction.get('SELECT max(version) FROM tidemark.migration') : undefined;
  const version = Number(known?.[0] ?? 0);
  if (version > MIGRATIONS.length) await checkNewer(transaction, version);
  if (version >= MIGRATIONS.length) return version > MIGRATIONS.length;
  if (!installs) {
    throw new SyncError(
      'invalid-schema',
      `The database has version ${version} of tidemark's own tables, and this server needs ${MIGRATIONS.length}: run \`npx tidemark init postgres\`.`,
    );
  }
  for (const sql of ownObjectsSql().slice(version)) await transaction.exec(sql);
  return false;
}

/**
 * While a new release is rolled out its nodes and ours work side by side; what lies further ahead says so.
 *
 * @throws SyncError `version`.
 */
async function checkNewer(transaction: Transaction, version: number): Promise<void> {
  const sql = `SELECT bool_and(coalesce((to_jsonb(m) ->> 'oldest')::integer <= $1, false))
    FROM tidemark.migration m WHERE version > $1`;
  const [isForUs] = (await transaction.get(sql, [MIGRATIONS.length])) ?? [];
  if (isForUs === true) return;
  throw new SyncError(
    'version',
    `The database has version ${version} of tidemark's own tables, made by a newer release; this server knows ${MIGRATIONS.length}. ` +
      'Update this server, or bring back a copy of the database from before.',
    { details: { received: version, expected: MIGRATIONS.length } },
  );
}

/** A copy of a database begins a history of its own, in which nothing has to be told anew. */
async function isCopy(transaction: Transaction, origin: string): Promise<boolean> {
  const known = await transaction.get('SELECT origin FROM tidemark.state');
  return known !== undefined && known[0] !== origin;
}

interface InstallOptions extends OpenOptions {
  /** Our own objects are those of a newer release. */
  readonly isAhead: boolean;
  readonly isCopied: boolean;
}

async function installTables(
  transaction: Transaction,
  options: InstallOptions,
): Promise<ReadonlyMap<string, BoundTable>> {
  const { schema, pgSchema, installs, isCopied } = options;
  const names = Object.keys(schema.tables);
  const shapes = await readShapes(transaction, schema, pgSchema);
  if (installs) await createTables(transaction, options, await readCatalog(transaction, pgSchema, names));
  const tables = bindTables(schema, await readCatalog(transaction, pgSchema, names), pgSchema);
  const installed = await readInstalled(transaction, names);
  for (const [name, of] of tables) {
    const known = installed.get(name);
    const shape = shapes.get(name);
    const isAltered = Boolean(known?.shape && shape && hasNewContent(known.shape, shape));
    await installTable(transaction, of, { options, known, isAltered, isCaptured: shape?.isCaptured === true });
    if (isAltered && !isCopied) await transaction.all(MARK_STALE, [name]);
  }
  const now = await readShapes(transaction, schema, pgSchema);
  for (const [name, shape] of now) {
    await transaction.all('UPDATE tidemark.installed SET shape = $2 WHERE tbl = $1 AND shape IS DISTINCT FROM $2', [
      name,
      JSON.stringify(shape),
    ]);
  }
  return tables;
}

/** Whoever numbers this reads the whole table: what an ALTER TABLE did to its rows has been told to nobody. */
const MARK_STALE = `INSERT INTO tidemark.captured (tbl, op) VALUES ($1, 'S')`;

interface TableState {
  readonly options: InstallOptions;
  readonly known: Installed | undefined;
  readonly isAltered: boolean;
  readonly isCaptured: boolean;
}

/** Triggers are made anew only when they differ: that locks the table against writers for a moment. */
async function installTable(
  transaction: Transaction,
  of: BoundTable,
  { options: { installs, capture, isAhead }, known, isAltered, isCaptured }: TableState,
): Promise<void> {
  const { name } = of.table;
  const sql = tableSql(of, capture);
  if (!installs && (isAltered || !isCaptured)) throw notInstalled(name, known !== undefined);
  const isInstalled = isCaptured && !isAltered && (known?.capture === sql || !installs || isAhead);
  if (isInstalled && known) return;
  if (installs) await transaction.exec(isAltered ? `${sql}\n${retypeKeySql(of)}` : sql);
  await saveInstalled(transaction, name, sql);
}

function notInstalled(name: string, wasInstalled: boolean): SyncError {
  const what = wasInstalled
    ? `was altered since its triggers were made: run \`npx tidemark init postgres\` again, as its owner`
    : `has no triggers of tidemark yet: run \`npx tidemark init postgres\``;
  return new SyncError('invalid-schema', `The table ${name} ${what}.`);
}

interface Installed {
  readonly capture: string;
  readonly isCreated: boolean;
  /** null: it was installed before shapes were kept. */
  readonly shape: TableShape | null;
}

async function readInstalled(
  transaction: Transaction,
  names: readonly string[],
): Promise<ReadonlyMap<string, Installed>> {
  const sql = 'SELECT tbl, capture, is_created, shape FROM tidemark.installed WHERE tbl = ANY ($1::text[])';
  const rows = await transaction.all(sql, [textArray(names)]);
  return new Map(
    rows.map(([name, capture, isCreated, shape]) => [
      String(name),
      {
        capture: String(capture),
        isCreated: isCreated === true,
        shape: typeof shape === 'string' ? (JSON.parse(shape) as TableShape) : null,
      },
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
      // Somebody's own table that has gone, or has another name now: an empty one in its place would help nobody.
      if (installed.get(name)?.isCreated === false) continue;
      await transaction.exec(createTableSql(of, pgSchema));
      await transaction.all(
        `INSERT INTO tidemark.installed (tbl, capture, is_created) VALUES ($1, '', true)
          ON CONFLICT (tbl) DO UPDATE SET is_created = true`,
        [name],
      );
    } else if (installed.get(name)?.isCreated) {
      for (const sql of growTableSql(of, found, pgSchema)) await transaction.exec(sql);
    }
  }
}

/** A database that turns out to be a copy of another, or to have been set back, begins an epoch of its own. */
async function saveState(transaction: Transaction, { schema, epoch }: OpenOptions, origin: string): Promise<void> {
  const insert = `INSERT INTO tidemark.state (epoch, schema_version, origin) VALUES ($1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET schema_version = greatest(state.schema_version, excluded.schema_version)`;
  await transaction.all(insert, [epoch, schema.version, origin]);
  const known = await transaction.get('SELECT epoch, head, origin FROM tidemark.state');
  if (known === undefined || known[2] === origin) return;
  await beginEpoch(transaction, { epoch: String(known[0]), head: Number(known[1]) }, epoch);
  await transaction.all('UPDATE tidemark.state SET origin = $1', [origin]);
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

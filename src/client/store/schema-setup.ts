import { columnSql, createIndexSql, createTableSql } from '../../core/ddl.ts';
import type { Schema, Table } from '../../core/schema.ts';
import { quoteName } from '../../core/sql.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { LocalTables } from './local-table.ts';
import type { Meta } from './meta.ts';
import { rebuildTable } from './rebuild-table.ts';
import { recordSchema, recordTable, type SchemaRecord, stepTo, type TableRecord } from './schema-record.ts';

export interface SchemaSetup {
  /** Null when the database is new or its version is the same. */
  readonly migrated: { readonly from: number; readonly to: number } | null;
  /** Whether the tables differ from those the database had when it was opened last. */
  readonly isChanged: boolean;
  /** Tables that were created, rebuilt or got columns in a database that was there before. */
  readonly touched: readonly string[];
  /** Tables that localSchema made before the schema took them over: their rows were never sent. */
  readonly adopted: readonly string[];
  /** Confirmed rows or values were lost on the way: the server has to send them anew. */
  readonly isLossy: boolean;
}

/**
 * Brings the user's tables to the schema: new tables, columns and indexes in place, everything else by a rebuild that
 * copies what fits. The outbox is independent of the schema and stays as it is.
 */
export function setUpSchema(parts: {
  readonly database: LocalDatabase;
  readonly schema: Schema;
  readonly tables: LocalTables;
  readonly meta: Meta;
  /** Whether the server has a copy of what is confirmed here; without one, no row may be lost. */
  readonly hasServer: boolean;
}): SchemaSetup {
  const { database, schema, meta } = parts;
  const before = readRecord(meta);
  const touched: string[] = [];
  const adopted: string[] = [];
  let isLossy = false;
  for (const table of Object.values(schema.tables)) {
    const from = before?.tables[table.name] ?? existingTable(database, table.name);
    const step = stepTo(recordTable(table), from);
    if (step.kind !== 'none' && before) touched.push(table.name);
    if (from && !before?.tables[table.name]) adopted.push(table.name);
    if (step.kind === 'create') database.exec(createTableSql(table));
    if (step.kind === 'add') addColumns(database, table, step.columns);
    if (step.kind === 'rebuild' && from) isLossy = rebuildTable(database, table, from) || isLossy;
    for (const sql of createIndexSql(table)) database.exec(sql);
  }
  dropIndexes(database, schema);
  dropTables(parts, before);
  const after = recordSchema(schema);
  const text = JSON.stringify(after);
  if (text !== JSON.stringify(before)) meta.set('schema', text);
  const isMigrated = before !== null && before.version !== after.version;
  const migrated = isMigrated ? { from: before.version, to: after.version } : null;
  const isChanged = before !== null && text !== JSON.stringify(before);
  return { migrated, isChanged, touched, adopted, isLossy };
}

/** Runs the app's own SQL: FTS tables, views, triggers. */
export function runLocalSchema(database: LocalDatabase, statements: readonly string[]): void {
  for (const sql of statements) {
    try {
      database.exec(sql);
    } catch (error) {
      throw new SyncError('invalid-schema', `A statement of localSchema failed: ${String(error)}. It reads: ${sql}`, {
        cause: error,
      });
    }
  }
}

/** Rows of the server must never fail on a constraint of this device. */
export function refuseUniqueIndexes(database: LocalDatabase, tables: LocalTables): void {
  for (const name of tables.keys()) {
    const { rows } = database.read(`PRAGMA main.index_list(${quoteName(name)})`);
    for (const [, index, isUnique, origin] of rows) {
      if (isUnique !== 1 || origin === 'pk') continue;
      throw new SyncError(
        'invalid-schema',
        `${String(index)} makes ${name} unique on this device: rows of the server could not be applied. Use an index that is not unique.`,
      );
    }
  }
}

function readRecord(meta: Meta): SchemaRecord | null {
  const text = meta.text('schema');
  return text === null ? null : JSON.parse(text);
}

/** A table that is there without being ours: made by localSchema before the schema took it over. */
function existingTable(database: LocalDatabase, name: string): TableRecord | undefined {
  const { rows } = database.read(`PRAGMA main.table_info(${quoteName(name)})`);
  if (rows.length === 0) return undefined;
  const columns = rows.map(([, column, type, isRequired]) => [
    String(column),
    // Never equal to one of ours, so that it is rebuilt.
    { type: `${String(type)} of the app`, isNullable: isRequired === 0 },
  ]);
  return { columns: Object.fromEntries(columns), key: [] };
}

function addColumns(database: LocalDatabase, table: Table, columns: readonly string[]): void {
  for (const name of columns) {
    database.exec(`ALTER TABLE ${quoteName(table.name)} ADD COLUMN ${columnSql(table, name)}`);
  }
}

function dropIndexes(database: LocalDatabase, schema: Schema): void {
  const wanted = new Set(Object.values(schema.tables).flatMap(createIndexSql).map(indexOf));
  const { rows } = database.read(
    "SELECT name FROM sqlite_schema WHERE type = 'index' AND substr(name, 1, 16) = '_tidemark_index_'",
  );
  for (const [name] of rows) if (!wanted.has(String(name))) database.exec(`DROP INDEX ${quoteName(String(name))}`);
}

function indexOf(sql: string): string {
  return /EXISTS "([^"]+)"/.exec(sql)?.[1] ?? '';
}

/**
 * Confirmed rows of a dropped table are on the server. Without a server they are the only copy and stay where they
 * are.
 */
function dropTables(
  { database, schema, hasServer }: { database: LocalDatabase; schema: Schema; hasServer: boolean },
  before: SchemaRecord | null,
): void {
  if (!hasServer) return;
  for (const name of Object.keys(before?.tables ?? {})) {
    if (!Object.hasOwn(schema.tables, name)) database.exec(`DROP TABLE IF EXISTS ${quoteName(name)}`);
  }
}

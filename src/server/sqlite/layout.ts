import { columnSql, createIndexSql, createTableSql } from '../../core/ddl.ts';
import { columnOf, RESERVED_PREFIX, type Schema, type Table } from '../../core/schema.ts';
import { scopeColumn } from '../../core/scope.ts';
import { quoteName } from '../../core/sql.ts';
import { SQLITE_TYPES } from '../../core/values.ts';
import { SyncError } from '../../shared/error.ts';
import type { Connection } from './connection.ts';

/** Our own tables. Those of the user have no column of ours: what we know about a row lies in {@link versionTable}. */
const OWN_TABLES = `
  CREATE TABLE IF NOT EXISTS _tidemark_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS _tidemark_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS _tidemark_commit (
    seq INTEGER PRIMARY KEY, client_id TEXT, mutation_id INTEGER, hlc TEXT NOT NULL, at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS _tidemark_log (
    seq INTEGER NOT NULL, n INTEGER NOT NULL, scope TEXT NOT NULL, tbl TEXT NOT NULL, op TEXT NOT NULL, row BLOB NOT NULL,
    PRIMARY KEY (seq, n)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS _tidemark_log_scope ON _tidemark_log (scope, seq);
  CREATE TABLE IF NOT EXISTS _tidemark_outcome (
    client_id TEXT NOT NULL, mutation_id INTEGER NOT NULL, hlc TEXT NOT NULL, outcome TEXT NOT NULL, seq INTEGER, details BLOB,
    PRIMARY KEY (client_id, mutation_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS _tidemark_part (
    client_id TEXT NOT NULL, mutation_id INTEGER NOT NULL, part INTEGER NOT NULL, part_count INTEGER NOT NULL,
    at INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (client_id, mutation_id, part)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS _tidemark_device (
    client_id TEXT PRIMARY KEY, subject TEXT NOT NULL, name TEXT, first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL, is_revoked INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS _tidemark_device_subject ON _tidemark_device (subject);
`;

/** The table beside a user's table: for each key the scope and the stamps of its row, also after its deletion. */
export function versionTable(of: Table): string {
  return quoteName(`${RESERVED_PREFIX}row_${of.name}`);
}

/** Creates what is missing. Columns may be added in place; whatever else differs is refused. */
export function createTables(connection: Connection, schema: Schema): void {
  connection.exec(OWN_TABLES);
  for (const of of Object.values(schema.tables)) {
    createUserTable(connection, of);
    connection.exec(versionTableSql(of));
    const index = quoteName(`${RESERVED_PREFIX}scope_${of.name}`);
    connection.exec(`CREATE INDEX IF NOT EXISTS ${index} ON ${versionTable(of)} (_tidemark_scope)`);
    const tombstones = quoteName(`${RESERVED_PREFIX}tombstone_${of.name}`);
    connection.exec(
      `CREATE INDEX IF NOT EXISTS ${tombstones} ON ${versionTable(of)} (_tidemark_seq) WHERE _tidemark_is_deleted = 1`,
    );
  }
}

function versionTableSql(of: Table): string {
  const key = of.primaryKey.map((name) => `${quoteName(name)} ${SQLITE_TYPES[columnOf(of, name).kind]} NOT NULL`);
  return `CREATE TABLE IF NOT EXISTS ${versionTable(of)} (${key.join(', ')},
    _tidemark_scope TEXT NOT NULL, _tidemark_seq INTEGER NOT NULL, _tidemark_is_deleted INTEGER NOT NULL,
    _tidemark_stamp_seq INTEGER NOT NULL, _tidemark_stamp_hlc TEXT NOT NULL, _tidemark_stamp_client TEXT,
    _tidemark_overrides BLOB, _tidemark_image BLOB,
    PRIMARY KEY (${of.primaryKey.map(quoteName).join(', ')})) STRICT, WITHOUT ROWID`;
}

interface ExistingColumn {
  readonly type: string;
  readonly isRequired: boolean;
  readonly keyIndex: number;
}

type ExistingColumns = ReadonlyMap<string, ExistingColumn>;

function createUserTable(connection: Connection, of: Table): void {
  const existing = readColumns(connection, of);
  if (existing.size === 0) connection.exec(createTableSql(of));
  else migrate(connection, of, existing);
  for (const statement of createIndexSql(of)) connection.exec(statement);
  const column = scopeColumn(of);
  if (column === null) return;
  const index = quoteName(`${RESERVED_PREFIX}via_${of.name}_${column}`);
  connection.exec(`CREATE INDEX IF NOT EXISTS ${index} ON ${quoteName(of.name)} (${quoteName(column)})`);
}

function readColumns(connection: Connection, of: Table): ExistingColumns {
  const rows = connection.all(`SELECT name, type, "notnull", pk FROM pragma_table_info(?)`, [of.name]);
  return new Map(
    rows.map(([name, type, isRequired, pk]) => [
      String(name),
      { type: String(type), isRequired: isRequired === 1, keyIndex: Number(pk) },
    ]),
  );
}

function migrate(connection: Connection, of: Table, existing: ExistingColumns): void {
  const names = Object.keys(of.columns);
  for (const [name, found] of existing) if (names.includes(name)) checkColumn(of, name, found);
  for (const name of names) {
    if (existing.has(name)) continue;
    if (of.primaryKey.includes(name)) throw changed(of, name, 'is new in the primary key');
    connection.exec(`ALTER TABLE ${quoteName(of.name)} ADD COLUMN ${columnSql(of, name)}`);
  }
  const isTooStrict = names.some((name) => existing.get(name)?.isRequired && columnOf(of, name).isNullable);
  if (isTooStrict) rebuild(connection, of, existing);
}

/** SQLite cannot take a NOT NULL back in place. Columns the schema no longer names are kept. */
function rebuild(connection: Connection, of: Table, existing: ExistingColumns): void {
  const fresh = `${RESERVED_PREFIX}rebuilt_${of.name}`;
  connection.exec(createTableSql(of, fresh));
  const kept = [...existing].filter(([name]) => !Object.hasOwn(of.columns, name));
  for (const [name, { type }] of kept) {
    connection.exec(`ALTER TABLE ${quoteName(fresh)} ADD COLUMN ${quoteName(name)} ${type}`);
  }
  const names = [...Object.keys(of.columns), ...kept.map(([name]) => name)].map(quoteName).join(', ');
  connection.exec(`INSERT INTO ${quoteName(fresh)} (${names}) SELECT ${names} FROM ${quoteName(of.name)}`);
  connection.exec(`DROP TABLE ${quoteName(of.name)}`);
  connection.exec(`ALTER TABLE ${quoteName(fresh)} RENAME TO ${quoteName(of.name)}`);
}

function checkColumn(of: Table, name: string, found: ExistingColumn): void {
  const type = SQLITE_TYPES[columnOf(of, name).kind];
  if (found.type !== type) throw changed(of, name, `is ${found.type} in the database and ${type} in the schema`);
  if (found.keyIndex !== of.primaryKey.indexOf(name) + 1)
    throw changed(of, name, 'has another place in the primary key');
}

function changed(of: Table, column: string, what: string): SyncError {
  return new SyncError(
    'invalid-schema',
    `The server's table ${of.name} cannot be migrated in place: column ${column} ${what}. ` +
      'Only new columns and tables are added by themselves; copy the data into a table of another name.',
  );
}

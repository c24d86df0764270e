import { lastSeq } from '../../core/row-version.ts';
import { columnOf, type Table } from '../../core/schema.ts';
import { quoteName } from '../../core/sql.ts';
import { encode } from '../../protocol/codec.ts';
import type { Cell, Cells, RowKey } from '../../shared/cell.ts';
import type { RowRange, StoredRow } from '../storage.ts';
import { decodeStored, overridesFromBytes, overridesToBytes } from '../stored-form.ts';
import type { Connection, Taken } from './connection.ts';
import { versionTable } from './layout.ts';

/** The SQL of one table, made once. */
class TableSql {
  readonly read: string;
  readonly upsert: string;
  readonly remove: string;
  readonly upsertVersion: string;
  readonly #of: Table;

  constructor(of: Table) {
    this.#of = of;
    const name = quoteName(of.name);
    const key = of.primaryKey.map(quoteName);
    const values = of.valueColumns.map(quoteName);
    const all = [...key, ...values];
    const isKey = (table: string) => key.map((column) => `${table}.${column} = ?`).join(' AND ');
    this.read = `SELECT ${[...VERSION_COLUMNS.map((c) => `v.${c}`), ...values.map((c) => `t.${c}`)].join(', ')}
      FROM ${versionTable(of)} v LEFT JOIN ${name} t ON ${key.map((c) => `t.${c} = v.${c}`).join(' AND ')}
      WHERE ${isKey('v')}`;
    this.upsert = upsertSql(name, all, key);
    this.remove = `DELETE FROM ${name} WHERE ${isKey(name)}`;
    this.upsertVersion = upsertSql(versionTable(of), [...key, ...VERSION_COLUMNS], key);
  }

  page(range: { by: 'all' | 'scope' | 'others'; hasAfter: boolean }): string {
    const isScoped = range.by !== 'all';
    const key = this.#of.primaryKey.map((column) => `${isScoped ? 'v' : 't'}.${quoteName(column)}`);
    const columns = Object.keys(this.#of.columns).map((column) => `t.${quoteName(column)}`);
    const conditions = [
      ...(isScoped ? [`v._tidemark_scope ${IN_SCOPES[range.by]} AND v._tidemark_is_deleted = 0`] : []),
      ...(range.hasAfter ? [`(${key.join(', ')}) > (${key.map(() => '?').join(', ')})`] : []),
    ];
    return `SELECT ${columns.join(', ')} FROM ${this.#from(isScoped)}
      ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''} ORDER BY ${key.join(', ')}`;
  }

  keysWhere(column: string): string {
    return `SELECT ${this.#of.primaryKey.map(quoteName).join(', ')} FROM ${quoteName(this.#of.name)} WHERE ${quoteName(column)} = ?`;
  }

  #from(isScoped: boolean): string {
    const name = quoteName(this.#of.name);
    if (!isScoped) return `${name} t`;
    const on = this.#of.primaryKey.map(quoteName).map((column) => `t.${column} = v.${column}`);
    return `${versionTable(this.#of)} v CROSS JOIN ${name} t ON ${on.join(' AND ')}`;
  }
}

const IN_SCOPES = { all: '', scope: '= ?', others: 'NOT IN (SELECT value FROM json_each(?))' } as const;

const VERSION_COLUMNS = [
  '_tidemark_scope',
  '_tidemark_seq',
  '_tidemark_is_deleted',
  '_tidemark_stamp_seq',
  '_tidemark_stamp_hlc',
  '_tidemark_stamp_client',
  '_tidemark_overrides',
  '_tidemark_image',
] as const;

function upsertSql(table: string, columns: readonly string[], key: readonly string[]): string {
  const rest = columns.filter((column) => !key.includes(column));
  const update = rest.length > 0 ? `UPDATE SET ${rest.map((c) => `${c} = excluded.${c}`).join(', ')}` : 'NOTHING';
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT (${key.join(', ')}) DO ${update}`;
}

const cache = new WeakMap<Table, TableSql>();

function sqlOf(of: Table): TableSql {
  const known = cache.get(of) ?? new TableSql(of);
  cache.set(of, known);
  return known;
}

export function readRows(connection: Connection, of: Table, keys: readonly RowKey[]): (StoredRow | null)[] {
  const { read } = sqlOf(of);
  return keys.map((key) => {
    const cells = connection.get(read, key);
    return cells ? toStoredRow(of, key, cells) : null;
  });
}

function toStoredRow(of: Table, key: RowKey, cells: readonly Cell[]): StoredRow {
  const [scope, , isDeleted, seq, hlc, clientId, overrides, image] = cells;
  return {
    key,
    scope: String(scope),
    stamp: { seq: Number(seq), hlc: String(hlc), clientId: typeof clientId === 'string' ? clientId : null },
    overrides: overrides instanceof Uint8Array ? overridesFromBytes(overrides) : {},
    columns: isDeleted === 1 ? null : valueCells(of, cells.slice(VERSION_COLUMNS.length)),
    image: image instanceof Uint8Array ? (decodeStored(image) as Cells) : null,
  };
}

function valueCells(of: Table, cells: readonly Cell[]): Cells {
  return Object.fromEntries(of.valueColumns.map((name, index) => [name, cells[index] ?? null]));
}

export function writeRows(connection: Connection, of: Table, rows: readonly StoredRow[]): void {
  const sql = sqlOf(of);
  for (const row of rows) {
    if (row.columns === null) connection.run(sql.remove, row.key);
    else connection.run(sql.upsert, [...row.key, ...of.valueColumns.map((name) => row.columns?.[name] ?? null)]);
    connection.run(sql.upsertVersion, [...row.key, ...versionCells(row)]);
  }
}

function versionCells(row: StoredRow): Cell[] {
  const { stamp, overrides, image } = row;
  return [
    row.scope,
    lastSeq(row),
    row.columns === null ? 1 : 0,
    stamp.seq,
    stamp.hlc,
    stamp.clientId,
    overridesToBytes(overrides),
    image === null ? null : encode(image),
  ];
}

export function keysWhere(connection: Connection, of: Table, at: { column: string; value: Cell }): RowKey[] {
  return connection.all(sqlOf(of).keysWhere(columnOf(of, at.column) && at.column), [at.value]);
}

export function readPage(connection: Connection, range: RowRange): Taken {
  const { table, scope, except = [], after, maxBytes } = range;
  const by = scope !== null ? 'scope' : except.length > 0 ? 'others' : 'all';
  const statement = sqlOf(table).page({ by, hasAfter: after !== null });
  const of = { all: [], scope: [scope], others: [JSON.stringify(except)] }[by];
  const parameters = [...of, ...(after ?? [])];
  return connection.take(statement, parameters, { maxBytes, bytesOf: rowBytes });
}

/** About how many bytes a row takes on the wire. */
function rowBytes(row: readonly Cell[]): number {
  let bytes = 2;
  for (const cell of row) bytes += typeof cell === 'string' || cell instanceof Uint8Array ? cell.length + 2 : 6;
  return bytes;
}

export function countRows(
  connection: Connection,
  of: Table,
  { scopes, except }: { readonly scopes: readonly string[] | null; readonly except: readonly string[] },
): number {
  if (scopes === null && except.length === 0)
    return Number(connection.get(`SELECT count(*) FROM ${quoteName(of.name)}`)?.[0]);
  const sql = `SELECT count(*) FROM ${versionTable(of)}
    WHERE _tidemark_scope ${scopes === null ? 'NOT ' : ''}IN (SELECT value FROM json_each(?)) AND _tidemark_is_deleted = 0`;
  return Number(connection.get(sql, [JSON.stringify(scopes ?? except)])?.[0]);
}

export function heldScopes(connection: Connection, of: Table, scopes: readonly string[]): string[] {
  const sql = `SELECT s.value FROM json_each(?) s
    WHERE EXISTS (SELECT 1 FROM ${versionTable(of)} WHERE _tidemark_scope = s.value AND _tidemark_is_deleted = 0)`;
  return connection.all(sql, [JSON.stringify(scopes)]).map(([scope]) => String(scope));
}

/** Forgets tombstones older than what is left of the log. */
export function dropTombstones(connection: Connection, of: Table, prunedTo: number): void {
  connection.run(`DELETE FROM ${versionTable(of)} WHERE _tidemark_is_deleted = 1 AND _tidemark_seq <= ?`, [prunedTo]);
}

import type { ColumnKind, Schema, Table } from '../../core/schema.ts';
import type { Statement } from '../../core/sql.ts';
import { type Cell, keyText, type RowKey } from '../../shared/cell.ts';

/** The one row that a query can depend on. */
export interface PointRead {
  readonly table: string;
  /** As in `ChangedRows`. */
  readonly key: string;
}

/** `SELECT … FROM table WHERE a = ? AND b = ?`, and nothing that could read more than that row. */
const SHAPE =
  /^\s*SELECT\s+(?<columns>[^()]*?)\s+FROM\s+(?<table>"[^"]+"|\w+)\s+WHERE\s+(?<where>[^()]*?)\s*(?:LIMIT\s+1\s*)?;?\s*$/i;
const EQUALS = /^(?:"(?<quoted>[^"]+)"|(?<plain>\w+))\s*=\s*\?$/;

const TEXT_KINDS: readonly ColumnKind[] = ['text', 'uuid', 'timestamp', 'date', 'decimal'];
const INTEGER_KINDS: readonly ColumnKind[] = ['integer', 'bigint', 'boolean'];

/** The row a query asks for by its whole primary key; null when that cannot be told for certain. */
export function pointRead(schema: Schema, { sql, parameters }: Statement): PointRead | null {
  const { columns, table, where } = SHAPE.exec(sql)?.groups ?? {};
  if (columns === undefined || table === undefined || where === undefined || /\bselect\b/i.test(columns)) return null;
  const name = table.replaceAll('"', '');
  const of = Object.hasOwn(schema.tables, name) ? schema.tables[name] : undefined;
  const key = of && keyOf(of, where, parameters);
  return key ? { table: name, key: keyText(key) } : null;
}

function keyOf(of: Table, where: string, parameters: readonly Cell[]): RowKey | null {
  const terms = where.split(/\s+AND\s+/i);
  const names = terms.map((term) => {
    const match = EQUALS.exec(term.trim())?.groups;
    return match?.quoted ?? match?.plain;
  });
  if (terms.length !== of.primaryKey.length || parameters.length !== terms.length) return null;
  const key = of.primaryKey.map((column) => parameters[names.indexOf(column)]);
  return key.every((cell, index) => isOfKind(of.columns[of.primaryKey[index] ?? '']?.kind, cell))
    ? (key as RowKey)
    : null;
}

/** Whether SQLite compares this parameter with such a column as it is: `'5'` would find the integer 5. */
function isOfKind(kind: ColumnKind | undefined, cell: Cell | undefined): boolean {
  if (kind === undefined || cell === undefined) return false;
  if (TEXT_KINDS.includes(kind)) return typeof cell === 'string';
  return (
    INTEGER_KINDS.includes(kind) && (Number.isSafeInteger(cell) || typeof cell === 'bigint') && !Object.is(cell, -0)
  );
}

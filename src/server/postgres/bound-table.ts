import { type Column, columnOf, type Schema, type Table } from '../../core/schema.ts';
import { quoteName } from '../../core/sql.ts';
import type { Cell, Cells, RowKey } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { Catalog, PgTable } from './catalog.ts';
import { canHold, type PgType, readCell, readSql, writeSql, writeText } from './types.ts';

/** One column of the schema with the type it has in Postgres. */
export interface BoundColumn {
  readonly name: string;
  /** Quoted. */
  readonly sql: string;
  readonly column: Column;
  readonly type: PgType;
  /** Whether a push may write it. */
  readonly isWritten: boolean;
}

/** A table of the schema over its table in Postgres. */
export class BoundTable {
  readonly table: Table;
  /** With its schema, quoted. */
  readonly sql: string;
  /** The table beside it that has scope and stamps of each row. */
  readonly versionSql: string;
  readonly key: readonly BoundColumn[];
  readonly values: readonly BoundColumn[];
  /** All columns in the order of the schema. */
  readonly all: readonly BoundColumn[];
  readonly keyConstraint: string | null;
  /** Tables its foreign keys refer to. */
  readonly references: readonly string[];

  constructor(of: Table, found: PgTable, schema: string) {
    const bind = (name: string): BoundColumn => bindColumn(of, found, name);
    this.table = of;
    this.sql = `${quoteName(schema)}.${quoteName(of.name)}`;
    this.versionSql = versionTable(of.name);
    this.key = of.primaryKey.map(bind);
    this.values = of.valueColumns.map(bind);
    this.all = Object.keys(of.columns).map(bind);
    this.keyConstraint = found.keyConstraint;
    this.references = found.references;
  }

  /** `a.k1 = b.k1 AND …` */
  joinOnKey(a: string, b: string): string {
    return this.key.map(({ sql }) => `${a}.${sql} = ${b}.${sql}`).join(' AND ');
  }

  /** The key of a row of texts that begin with it. */
  readKey(texts: readonly unknown[], from = 0): RowKey {
    return this.key.map(({ column, type }, index) => readCell(column, type, asText(texts[from + index])));
  }

  readValues(texts: readonly unknown[], from: number): Cells {
    const cells: Record<string, Cell> = {};
    this.values.forEach(({ name, column, type }, index) => {
      cells[name] = readCell(column, type, asText(texts[from + index]));
    });
    return cells;
  }

  /** The column of this name. */
  column(name: string): BoundColumn {
    columnOf(this.table, name);
    return this.all.find((column) => column.name === name) as BoundColumn;
  }

  textOf({ type }: BoundColumn, cell: Cell): string | null {
    return writeText(type, cell);
  }

  cellOf({ column, type }: BoundColumn, text: string | null): Cell {
    return readCell(column, type, text);
  }

  /** One text array per key column, for `unnest`. */
  keyTexts(keys: readonly RowKey[]): (string | null)[][] {
    return this.key.map(({ type }, index) => keys.map((key) => writeText(type, key[index] ?? null)));
  }
}

export function asText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export const readAs = (column: BoundColumn, from: string): string => readSql(column.type, `${from}.${column.sql}`);
export const writeAs = (column: BoundColumn, text: string): string => writeSql(column.type, text);

const MAX_NAME = 63;

/** `tidemark.row_<table>`; a long name keeps its beginning, and its length tells two of them apart by a checksum. */
export function versionTable(name: string): string {
  return `tidemark.${quoteName(ownName('row', name))}`;
}

export function ownName(prefix: string, name: string): string {
  const plain = `${prefix}_${name}`;
  if (plain.length <= MAX_NAME) return plain;
  let sum = 0;
  for (const char of name) sum = (Math.imul(sum, 31) + (char.codePointAt(0) ?? 0)) >>> 0;
  return `${plain.slice(0, MAX_NAME - 9)}_${sum.toString(16).padStart(8, '0')}`;
}

function bindColumn(of: Table, found: PgTable, name: string): BoundColumn {
  const column = columnOf(of, name);
  const existing = found.columns.get(name);
  if (!existing) throw unfit(of, name, 'is not in the database: add it there, or take it out of the schema');
  const { type, isNullable, isGenerated } = existing;
  if (!canHold(column.kind, type))
    throw unfit(of, name, `is ${type.name} in the database and ${column.kind} in the schema`);
  if (isNullable && !column.isNullable) {
    throw unfit(of, name, 'may be null in the database: say .nullable() in the schema, or set it NOT NULL there');
  }
  return { name, sql: quoteName(name), column, type, isWritten: !isGenerated || of.primaryKey.includes(name) };
}

/**
 * Holds a schema against the tables it is to run over.
 *
 * @throws SyncError `invalid-schema`, naming table and column.
 */
export function bindTables(schema: Schema, catalog: Catalog, pgSchema: string): ReadonlyMap<string, BoundTable> {
  const bound = new Map<string, BoundTable>();
  for (const of of Object.values(schema.tables)) {
    const found = catalog.get(of.name);
    if (!found) throw new SyncError('invalid-schema', `The database has no table ${pgSchema}.${of.name}.`);
    const key = [...found.primaryKey].sort().join(', ');
    if (key !== [...of.primaryKey].sort().join(', ')) {
      throw unfit(
        of,
        of.primaryKey.join(', '),
        `is the key in the schema, and (${found.primaryKey.join(', ')}) in the database`,
      );
    }
    bound.set(of.name, new BoundTable(of, found, pgSchema));
  }
  return bound;
}

function unfit(of: Table, column: string, what: string): SyncError {
  return new SyncError(
    'invalid-schema',
    `The schema does not fit the table ${of.name} in Postgres: column ${column} ${what}.`,
  );
}

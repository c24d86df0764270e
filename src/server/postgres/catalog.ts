import { quoteName } from '../../core/sql.ts';
import { type Transaction, textArray } from './connection.ts';
import type { PgType } from './types.ts';

/** A column as the catalogue has it. */
export interface PgColumn {
  readonly type: PgType;
  readonly isNullable: boolean;
  /** The database fills it: a generated column, or an identity that takes no value. */
  readonly isGenerated: boolean;
}

/** A table as the catalogue has it. */
export interface PgTable {
  readonly name: string;
  readonly columns: ReadonlyMap<string, PgColumn>;
  readonly primaryKey: readonly string[];
  /** The name of the constraint behind the primary key. */
  readonly keyConstraint: string | null;
  /** The tables its foreign keys refer to. */
  readonly references: readonly string[];
}

export type Catalog = ReadonlyMap<string, PgTable>;

/** Reads what the database says about these tables of a schema; tables that it does not have are left out. */
export async function readCatalog(
  transaction: Transaction,
  schema: string,
  names: readonly string[],
): Promise<Catalog> {
  const parameters = [schema, textArray(names)];
  const [columns, keys, references] = await Promise.all([
    transaction.all(COLUMNS, parameters),
    transaction.all(KEYS, parameters),
    transaction.all(REFERENCES, parameters),
  ]);
  const tables = new Map<string, PgTable & { columns: Map<string, PgColumn> }>();
  for (const [table, column, typeSchema, type, isArray, isNullable, isGenerated] of columns) {
    const name = String(table);
    const known = tables.get(name) ?? emptyTable(name, keys, references);
    tables.set(name, known);
    known.columns.set(String(column), {
      type: {
        name: String(type),
        sql: `${quoteName(String(typeSchema))}.${quoteName(String(type))}`,
        isArray: isArray === true,
      },
      isNullable: isNullable === true,
      isGenerated: isGenerated === true,
    });
  }
  return tables;
}

type Rows = Awaited<ReturnType<Transaction['all']>>;

function emptyTable(name: string, keys: Rows, references: Rows): PgTable & { columns: Map<string, PgColumn> } {
  const own = keys.filter(([table]) => table === name);
  return {
    name,
    columns: new Map(),
    primaryKey: own.map(([, , column]) => String(column)),
    keyConstraint: own[0] ? String(own[0][1]) : null,
    references: references.filter(([table]) => table === name).map(([, other]) => String(other)),
  };
}

const COLUMNS = `
  SELECT c.relname, a.attname, bn.nspname, b.typname, b.typcategory = 'A' AND b.typelem <> 0,
    NOT (a.attnotnull OR t.typnotnull), a.attgenerated <> '' OR a.attidentity = 'a'
  FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
    JOIN pg_catalog.pg_namespace bn ON bn.oid = b.typnamespace
  WHERE n.nspname = $1 AND c.relname = ANY ($2::text[]) AND c.relkind IN ('r', 'p')
  ORDER BY c.relname, a.attnum`;

const KEYS = `
  SELECT c.relname, k.conname, a.attname
  FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY u(attnum, i)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum
  WHERE n.nspname = $1 AND c.relname = ANY ($2::text[]) AND k.contype = 'p'
  ORDER BY c.relname, u.i`;

const REFERENCES = `
  SELECT DISTINCT c.relname, f.relname
  FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
  WHERE n.nspname = $1 AND c.relname = ANY ($2::text[]) AND f.relname = ANY ($2::text[]) AND k.contype = 'f'`;

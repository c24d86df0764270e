import type { Schema } from '../../core/schema.ts';
import { type Transaction, textArray } from './connection.ts';
import { CAPTURE_TRIGGER_NAME } from './install/index.ts';

/** What of a table its triggers and our statements were made for: only the columns that the schema has. */
export interface TableShape {
  /** By name: which column it is, and of what type. null: there is none of this name. */
  readonly columns: Readonly<Record<string, string | null>>;
  /** Whether what is written to it is captured. */
  readonly isCaptured: boolean;
}

/** The shapes as they are now; tables that are not there are left out. One statement, for it is asked often. */
export async function readShapes(
  transaction: Transaction,
  schema: Schema,
  pgSchema: string,
  tables: readonly string[] = Object.keys(schema.tables),
): Promise<ReadonlyMap<string, TableShape>> {
  const rows = await transaction.all(SHAPES, [pgSchema, textArray(tables), CAPTURE_TRIGGER_NAME]);
  return new Map(
    rows.map(([table, columns, isCaptured]) => {
      const found = JSON.parse(String(columns)) as Record<string, string>;
      const wanted = Object.keys(schema.tables[String(table)]?.columns ?? {}).sort();
      const own = wanted.map((name) => [name, Object.hasOwn(found, name) ? found[name] : null]);
      return [String(table), { columns: Object.fromEntries(own), isCaptured: isCaptured === true }];
    }),
  );
}

/**
 * The number of a column tells it from another that has come to its name. All columns of a table are read at once: to look up each
 * by its name takes five times as long.
 */
const SHAPES = `
  SELECT c.relname, json_object_agg(a.attname, a.attnum || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN '' ELSE '?' END)::text,
    EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND g.tgname = $3 AND g.tgenabled <> 'D')
  FROM pg_catalog.pg_namespace n
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = ANY ($2::name[]) AND c.relkind IN ('r', 'p')
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE n.nspname = $1
  GROUP BY c.oid, c.relname ORDER BY c.relname`;

/** One text for all of them, to be compared. */
export function shapesText(shapes: ReadonlyMap<string, TableShape>): string {
  return JSON.stringify([...shapes]);
}

/**
 * Whether rows may hold something else than what was told of them: a column became another or changed its type, or the
 * table was written to without its trigger. Whether a column may be null does not matter, nor do columns new to the schema.
 */
export function hasNewContent(known: TableShape, now: TableShape): boolean {
  const isOther = (name: string) => withoutNull(known.columns[name]) !== withoutNull(now.columns[name]);
  return (
    !now.isCaptured || Object.keys(now.columns).some((name) => Object.hasOwn(known.columns, name) && isOther(name))
  );
}

function withoutNull(column: string | null | undefined): string | null {
  return column?.replace(/\?$/, '') ?? null;
}

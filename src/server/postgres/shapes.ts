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
): Promise<ReadonlyMap<string, TableShape>> {
  const wanted = Object.values(schema.tables).flatMap((of) => Object.keys(of.columns).map((name) => [of.name, name]));
  const parameters = [
    pgSchema,
    textArray(wanted.map(([table = '']) => table)),
    textArray(wanted.map(([, column = '']) => column)),
    CAPTURE_TRIGGER_NAME,
  ];
  const rows = await transaction.all(SHAPES, parameters);
  return new Map(
    rows.map(([table, columns, isCaptured]) => [
      String(table),
      { columns: JSON.parse(String(columns)) as TableShape['columns'], isCaptured: isCaptured === true },
    ]),
  );
}

/** The number of a column tells it from another that has come to its name. */
const SHAPES = `
  SELECT w.tbl, json_object_agg(w.col, a.attnum || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN '' ELSE '?' END
      ORDER BY w.col)::text,
    EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND g.tgname = $4 AND g.tgenabled <> 'D')
  FROM unnest($2::text[], $3::text[]) w(tbl, col)
    JOIN pg_catalog.pg_namespace n ON n.nspname = $1
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.tbl AND c.relkind IN ('r', 'p')
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = w.col AND NOT a.attisdropped
  GROUP BY w.tbl, c.oid ORDER BY w.tbl`;

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

import type { Cell } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';
import { toParameter } from './values.ts';

/** SQL text with its parameters: what {@link sql} makes. `Row` is the type of the rows it reads. */
export interface SqlQuery<Row = Record<string, unknown>> {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Only for types. */
  readonly _row?: Row;
}

/** A Kysely query, or anything with its `compile()`. */
export interface CompilableQuery {
  compile(): { readonly sql: string; readonly parameters: readonly unknown[] };
}

/** A Drizzle query, or anything with its `toSQL()`. */
export interface ToSqlQuery {
  toSQL(): { readonly sql: string; readonly params: readonly unknown[] };
}

/** Whatever names a query: a `sql` template, `{ sql, parameters }`, a Kysely or a Drizzle query. */
export type QueryInput<Row = unknown> = SqlQuery<Row> | CompilableQuery | ToSqlQuery;

/** The row type of a query: from `sql<Row>`, or from what the builder's `execute()` promises. */
export type InferQueryRow<Q> = Q extends { execute(...args: never[]): Promise<readonly (infer Row)[]> }
  ? Row
  : Q extends SqlQuery<infer Row>
    ? KnownRow<Row>
    : Record<string, unknown>;

/** `{ sql, parameters }` written by hand says nothing of its rows. */
type KnownRow<Row> = unknown extends Row ? Record<string, unknown> : Row;

/** A query ready for SQLite. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly Cell[];
}

class Fragment<Row> implements SqlQuery<Row> {
  readonly sql: string;
  readonly parameters: readonly unknown[];

  constructor(text: string, parameters: readonly unknown[]) {
    this.sql = text;
    this.parameters = parameters;
  }
}

/**
 * A query with parameters: values become `?`, nested `sql` fragments are inlined.
 *
 * @example
 * ```ts
 * const open = sql`status = ${'open'}`;
 * const query = sql<{ id: string }>`SELECT id FROM issue WHERE ${open} ORDER BY ${sql.identifier('created_at')}`;
 * ```
 */
export function sql<Row = Record<string, unknown>>(
  strings: TemplateStringsArray,
  ...values: readonly unknown[]
): SqlQuery<Row> {
  let text = strings[0] ?? '';
  const parameters: unknown[] = [];
  values.forEach((value, index) => {
    if (value instanceof Fragment) {
      text += value.sql;
      parameters.push(...value.parameters);
    } else {
      text += '?';
      parameters.push(value);
    }
    text += strings[index + 1] ?? '';
  });
  return new Fragment<Row>(text, parameters);
}

/** A table or column name, quoted. */
sql.identifier = (name: string): SqlQuery => new Fragment(quoteName(name), []);

/** SQL text as it is. Never give it what a user typed. */
sql.raw = (text: string): SqlQuery => new Fragment(text, []);

/** Values or fragments with a separator between them: `WHERE id IN (${sql.join(ids)})`. */
sql.join = (items: readonly unknown[], separator = ', '): SqlQuery => {
  const parts = items.map((item) => (item instanceof Fragment ? item : new Fragment('?', [item])));
  return new Fragment(
    parts.map((part) => part.sql).join(separator),
    parts.flatMap((part) => part.parameters),
  );
};

/**
 * A query input as SQL text and cells.
 *
 * @throws SyncError `invalid-query` when it is none, `invalid-value` when a parameter has no place in SQLite.
 */
export function toStatement(query: QueryInput): Statement {
  const { text, parameters } = textAndParameters(query);
  if (text.trim() === '') throw new SyncError('invalid-query', 'The query is empty.');
  return { sql: text, parameters: parameters.map(toParameter) };
}

function textAndParameters(query: QueryInput): { text: string; parameters: readonly unknown[] } {
  if (typeof query === 'object' && query !== null) {
    if ('sql' in query && typeof query.sql === 'string') return { text: query.sql, parameters: query.parameters ?? [] };
    if ('compile' in query && typeof query.compile === 'function') {
      const compiled = query.compile();
      return { text: compiled.sql, parameters: compiled.parameters };
    }
    if ('toSQL' in query && typeof query.toSQL === 'function') {
      const made = query.toSQL();
      return { text: made.sql, parameters: made.params };
    }
  }
  throw new SyncError(
    'invalid-query',
    `A query must be sql\`…\`, { sql, parameters }, or have compile() or toSQL(); received ${typeof query}.`,
  );
}

/** A name for use in SQL text. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

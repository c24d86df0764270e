import type { CatalogueTable } from '../catalogue.ts';
import { and, type Condition, condition, renumber, type Term } from './condition.ts';
import { printExpression } from './expression.ts';
import { classOf, isSame, type Simple, toCondition } from './simplify.ts';

/** A question to the tables: the values of one column for which the caller may see a row. */
export interface GroupQuery {
  /** The value stands in this column. */
  readonly select: Term;
  readonly of: Simple;
}

/** Where the id of whoever asks goes in the text of a query. */
export const CALLER = '§caller§';

/** Which values of `column` of row 0 the condition admits; null where it asks row 0 for anything else. */
export function groupQuery(of: Simple, column: string): GroupQuery | null {
  const linked = classOf(of, { row: 0, column });
  const select = linked?.terms.find(({ row }) => row !== 0);
  if (!select || linked?.isCaller || of.hasMore || !isAboutCaller(of)) return null;
  const asksMore =
    [...of.nulls, ...of.locals].some(({ row }) => row === 0) ||
    of.classes.some(({ terms }) => terms.some((term) => term.row === 0 && term.column !== column));
  return asksMore ? null : { select, of };
}

/** The same as a question to the table itself, by its key. */
export function ownQuery(of: Simple, key: string): GroupQuery | null {
  return of.hasMore || !isAboutCaller(of) ? null : { select: { row: 0, column: key }, of };
}

function isAboutCaller({ classes }: Simple): boolean {
  return classes.some(({ isCaller }) => isCaller);
}

/** The condition that a column is among what the query gives; `next` numbers the rows of the query. */
export function isAmong({ select, of }: GroupQuery, on: Term, next: () => number): Condition {
  const numbers = new Map<number, number>();
  const to = (row: number): number => {
    const number = numbers.get(row) ?? next();
    numbers.set(row, number);
    return number;
  };
  const inner = renumber(toCondition(rowsOfQuery({ select, of })), to);
  return and(inner, condition([], [{ kind: 'link', a: on, b: { row: to(select.row), column: select.column } }]));
}

/** The condition without row 0, which stands for the value alone, unless the question is about the table itself. */
function rowsOfQuery({ select, of }: GroupQuery): Simple {
  if (select.row === 0) return of;
  const classes = of.classes.map((one) => ({ ...one, terms: one.terms.filter(({ row }) => row !== 0) }));
  return { ...of, rows: new Map([...of.rows].filter(([row]) => row !== 0)), classes };
}

/** The only other row that the query reads, where the caller stands in a column of it and nothing else is asked. */
export function plainRow(query: GroupQuery, tables: ReadonlyMap<string, CatalogueTable>) {
  const { rows, classes, nulls, locals } = rowsOfQuery(query);
  const [entry] = rows;
  const callers = classes.find(({ isCaller }) => isCaller)?.terms ?? [];
  const [user] = callers;
  const table = entry && tables.get(entry[1]);
  const isPlain = rows.size === 1 && nulls.length === 0 && locals.length === 0 && callers.length === 1;
  return isPlain && table && user ? { table, group: query.select.column, user: user.column } : null;
}

/** The query in SQL, with {@link CALLER} for the caller's id. What is null is nobody's group. */
export function printGroupQuery(query: GroupQuery, tables: ReadonlyMap<string, CatalogueTable>): string {
  const { rows, classes, nulls, locals } = rowsOfQuery(query);
  const names = new Map<number, string>();
  for (const [row, table] of rows) {
    const isTaken = [...names.values()].includes(table);
    names.set(row, isTaken ? `${table}_${names.size + 1}` : table);
  }
  const column = (row: number, name: string) =>
    rows.size === 1 ? identifier(name) : `${identifier(names.get(row) ?? '')}.${identifier(name)}`;
  const term = (of: Term) => column(of.row, of.column);
  const from = [...rows].map(([row, table]) =>
    names.get(row) === table ? identifier(table) : `${identifier(table)} ${identifier(names.get(row) ?? '')}`,
  );
  const equal = classes.flatMap(({ terms, isCaller }) => {
    const [first, ...rest] = terms;
    if (!first) return [];
    return isCaller
      ? terms.map((one) => `${term(one)} = ${CALLER}`)
      : rest.map((one) => `${term(first)} = ${term(one)}`);
  });
  const selected = tables.get(rows.get(query.select.row) ?? '');
  const mayBeNull = selected?.columns.some(({ name, isNullable }) => isNullable && name === query.select.column);
  const isCompared = classes.some(({ terms }) => terms.length > 1 && terms.some((one) => isSame(one, query.select)));
  const more = [
    ...(mayBeNull && !isCompared ? [`${term(query.select)} IS NOT NULL`] : []),
    ...nulls.map((one) => `${term(one)} IS NULL`),
    ...locals.map(({ expression }) => printExpression(expression, ([row, name]) => column(Number(row), name ?? ''))),
  ];
  return `SELECT ${term(query.select)} AS id FROM ${from.join(', ')} WHERE ${[...equal, ...more].join(' AND ')}`;
}

/** A name in SQL. */
export function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

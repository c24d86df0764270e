import { nameOf, type SqlToken, tokenize } from './sql-tokens.ts';

/** `SELECT columns FROM table [WHERE …] [ORDER BY columns] [LIMIT n]`, in its parts. */
export interface WindowShape {
  readonly table: string;
  /** What the table is called in the query, as written. */
  readonly alias: string;
  readonly select: string;
  readonly from: string;
  readonly where: string | null;
  readonly order: readonly OrderTerm[];
  /** The `ORDER BY …` and `LIMIT …` as written. */
  readonly rest: string;
  /** A number, or the position of the parameter that holds it. */
  readonly limit: { readonly value: number } | { readonly parameter: number } | null;
  readonly whereParameterCount: number;
}

export interface OrderTerm {
  readonly column: string;
  readonly isDescending: boolean;
}

/** With one of these, a result depends on more than its rows one by one, or on more than the data. */
export const FORBIDDEN_WORDS: ReadonlySet<string> = new Set(
  (
    'WITH DISTINCT ALL GROUP HAVING WINDOW OVER FILTER UNION INTERSECT EXCEPT JOIN NATURAL OFFSET COLLATE NULLS INDEXED MATCH EXISTS ' +
    'RANDOM RANDOMBLOB CURRENT_TIME CURRENT_DATE CURRENT_TIMESTAMP CHANGES TOTAL_CHANGES LAST_INSERT_ROWID RAISE'
  ).split(' '),
);
/** Functions that tell the time when they are given none. */
const CLOCKS = new Set(['DATE', 'TIME', 'DATETIME', 'JULIANDAY', 'UNIXEPOCH', 'STRFTIME', 'TIMEDIFF']);

/** The parts of a query of this form; null for every other one. */
export function windowShape(sql: string): WindowShape | null {
  const tokens = tokenize(sql);
  if (tokens.at(-1)?.text === ';') tokens.pop();
  if (tokens[0]?.text !== 'SELECT' || !tokens.every((token, index) => isPlain(token, index, tokens))) return null;
  const clauses = splitClauses(tokens);
  if (!clauses) return null;
  const source = sourceOf(clauses.from, sql);
  const order = orderOf(clauses.order, sql);
  const whereParameterCount = countParameters(clauses.where);
  const limit = limitOf(clauses.limit, whereParameterCount);
  if (!source || !order || limit === undefined || clauses.select.some(({ text }) => '(?'.includes(text))) return null;
  return {
    ...source,
    select: textOf(clauses.select, sql),
    from: textOf(clauses.from, sql),
    where: clauses.where.length === 0 ? null : textOf(clauses.where, sql),
    order,
    rest: clauses.restAt === null ? '' : sql.slice(clauses.restAt, tokens.at(-1)?.to),
    limit,
    whereParameterCount,
  };
}

function isPlain({ kind, text }: SqlToken, index: number, tokens: readonly SqlToken[]): boolean {
  const next = tokens[index + 1];
  if (kind === 'word') {
    if (FORBIDDEN_WORDS.has(text) || (text === 'SELECT' && index > 0)) return false;
    if (CLOCKS.has(text)) return next?.text !== '(';
    // `IN other` reads a whole table.
    return text !== 'IN' || next?.text === '(';
  }
  // Numbered and named parameters may stand anywhere; only `?` keeps its order.
  if (kind !== 'symbol') return true;
  const isNumbered = text === '?' && next?.kind === 'literal' && next.from === tokens[index]?.to;
  return !':@$;'.includes(text) && !isNumbered;
}

interface Clauses {
  readonly select: readonly SqlToken[];
  readonly from: readonly SqlToken[];
  readonly where: readonly SqlToken[];
  readonly order: readonly SqlToken[];
  readonly limit: readonly SqlToken[];
  /** Where `ORDER BY` or `LIMIT` begins. */
  readonly restAt: number | null;
}

function splitClauses(tokens: readonly SqlToken[]): Clauses | null {
  const outer = outerWords(tokens);
  const from = outer.get('FROM');
  if (from === undefined) return null;
  // A clause that is missing is empty, and lies where the next one begins.
  const limit = outer.get('LIMIT') ?? tokens.length;
  const order = outer.get('ORDER') ?? limit;
  const where = outer.get('WHERE') ?? order;
  const hasOrder = order < limit;
  if (!(from < where && where <= order && order <= limit) || (hasOrder && tokens[order + 1]?.text !== 'BY'))
    return null;
  return {
    select: tokens.slice(1, from),
    from: tokens.slice(from + 1, where),
    where: tokens.slice(where + 1, order),
    order: hasOrder ? tokens.slice(order + 2, limit) : [],
    limit: tokens.slice(limit + 1),
    restAt: tokens[order]?.from ?? null,
  };
}

/** Where each word that stands outside of parentheses comes first. */
function outerWords(tokens: readonly SqlToken[]): Map<string, number> {
  const found = new Map<string, number>();
  let depth = 0;
  tokens.forEach(({ kind, text }, index) => {
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
    if (kind === 'word' && depth === 0 && !found.has(text)) found.set(text, index);
  });
  return found;
}

function sourceOf(tokens: readonly SqlToken[], sql: string): { table: string; alias: string } | null {
  const names = tokens.filter(({ text }, index) => !(index === 1 && text === 'AS'));
  const [table, alias = table] = names;
  if (!table || !alias || names.length > 2 || tokens.length > 3 || !names.every(isName)) return null;
  return { table: nameOf(table, sql), alias: sql.slice(alias.from, alias.to) };
}

function orderOf(tokens: readonly SqlToken[], sql: string): OrderTerm[] | null {
  if (tokens.length === 0) return [];
  const terms = splitByComma(tokens).map((term) => orderTerm(term, sql));
  return terms.some((term) => term === null) ? null : (terms as OrderTerm[]);
}

/** `[table.]column [ASC | DESC]`. */
function orderTerm(term: readonly SqlToken[], sql: string): OrderTerm | null {
  const direction =
    term.at(-1)?.kind === 'word' && ['ASC', 'DESC'].includes(term.at(-1)?.text ?? '') ? term.at(-1)?.text : '';
  const path = direction ? term.slice(0, -1) : term;
  const column = path.at(-1);
  const isPath = path.length === 1 || (path.length === 3 && path[1]?.text === '.' && path[0] && isName(path[0]));
  if (!column || !isPath || !isName(column)) return null;
  return { column: nameOf(column, sql), isDescending: direction === 'DESC' };
}

function limitOf(tokens: readonly SqlToken[], parameter: number): WindowShape['limit'] | undefined {
  const [token] = tokens;
  if (!token) return null;
  if (tokens.length > 1) return undefined;
  if (token.text === '?') return { parameter };
  return /^\d+$/.test(token.text) ? { value: Number(token.text) } : undefined;
}

function splitByComma(tokens: readonly SqlToken[]): SqlToken[][] {
  const parts: SqlToken[][] = [[]];
  for (const token of tokens) {
    if (token.text === ',') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

function countParameters(tokens: readonly SqlToken[]): number {
  return tokens.filter(({ text }) => text === '?').length;
}

function isName({ kind }: SqlToken): boolean {
  return kind === 'word' || kind === 'name';
}

function textOf(tokens: readonly SqlToken[], sql: string): string {
  return sql.slice(tokens[0]?.from, tokens.at(-1)?.to);
}

/** An expression of SQL, as far as row policies need it. What the parser does not know makes the whole of it `unknown`. */
export type Expression =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** `['tasks', 'org_id']`, or `['org_id']`. */
  | { readonly kind: 'column'; readonly path: readonly string[] }
  /** A string, a number or NULL, as it was written. */
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'binary'; readonly op: string; readonly left: Expression; readonly right: Expression }
  /** `IS NULL`, `IS NOT TRUE`, …: what stands behind IS. */
  | { readonly kind: 'is'; readonly of: Expression; readonly what: string }
  | { readonly kind: 'cast'; readonly of: Expression; readonly type: string }
  | { readonly kind: 'list'; readonly isArray: boolean; readonly items: readonly Expression[] }
  | { readonly kind: 'exists'; readonly query: Query }
  /** `left IN (SELECT …)`, and the same as `= ANY`. */
  | { readonly kind: 'in'; readonly left: Expression; readonly query: Query }
  /** `left = ANY (array)`, and `left IN (…)`. */
  | { readonly kind: 'any'; readonly left: Expression; readonly of: Expression }
  /** A subselect that stands for one value. */
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'unknown' };

/** A SELECT without grouping and set operations. */
export interface Query {
  readonly columns: readonly Expression[];
  readonly from: readonly Source[];
  /** WHERE and the conditions of its joins. */
  readonly where: Expression;
  /** Whether only one of its rows counts. */
  readonly isLimited: boolean;
}

/** A table in FROM. */
export interface Source {
  readonly schema: string | null;
  readonly table: string;
  readonly alias: string;
}

export const UNKNOWN: Expression = { kind: 'unknown' };
export const TRUE: Expression = { kind: 'boolean', value: true };

/** Both, or all, of them. */
export function both(...parts: readonly Expression[]): Expression {
  const rest = parts.filter((part) => part.kind !== 'boolean' || !part.value);
  const [only] = rest;
  return rest.length === 1 && only ? only : rest.length === 0 ? TRUE : { kind: 'and', parts: rest };
}

/** The expression without the casts around it. */
export function uncast(of: Expression): Expression {
  return of.kind === 'cast' ? uncast(of.of) : of;
}

/** Every column that stands in it, outside of subselects; null where there is a subselect or something unknown. */
export function columnsOf(of: Expression): (readonly string[])[] | null {
  const all = (parts: readonly Expression[]) => {
    const found = parts.map(columnsOf);
    return found.includes(null) ? null : found.flatMap((one) => one ?? []);
  };
  switch (of.kind) {
    case 'column':
      return [of.path];
    case 'boolean':
    case 'literal':
      return [];
    case 'and':
    case 'or':
      return all(of.parts);
    case 'not':
    case 'is':
    case 'cast':
      return columnsOf(of.of);
    case 'call':
      return all(of.args);
    case 'binary':
      return all([of.left, of.right]);
    case 'any':
      return all([of.left, of.of]);
    case 'list':
      return all(of.items);
    default:
      return null;
  }
}

/** Every function that is called in it, outside of subselects. */
export function callsOf(of: Expression): string[] {
  switch (of.kind) {
    case 'and':
    case 'or':
      return of.parts.flatMap(callsOf);
    case 'not':
    case 'is':
    case 'cast':
      return callsOf(of.of);
    case 'call':
      return [of.name, ...of.args.flatMap(callsOf)];
    case 'binary':
      return [of.left, of.right].flatMap(callsOf);
    case 'any':
      return [of.left, of.of].flatMap(callsOf);
    case 'list':
      return of.items.flatMap(callsOf);
    default:
      return [];
  }
}

/** The expression in SQL again, its columns as `column` names them. */
export function printExpression(of: Expression, column: (path: readonly string[]) => string): string {
  const print = (one: Expression) => printExpression(one, column);
  const list = (items: readonly Expression[]) => items.map(print).join(', ');
  switch (of.kind) {
    case 'and':
    case 'or':
      return `(${of.parts.map(print).join(of.kind === 'and' ? ' AND ' : ' OR ')})`;
    case 'not':
      return `NOT ${print(of.of)}`;
    case 'boolean':
      return String(of.value);
    case 'column':
      return column(of.path);
    case 'literal':
      return of.text;
    case 'call':
      return `${of.name}(${list(of.args)})`;
    case 'binary':
      return `(${print(of.left)} ${of.op} ${print(of.right)})`;
    case 'is':
      return `${print(of.of)} IS ${of.what}`;
    case 'cast':
      return `${print(of.of)}::${of.type}`;
    case 'any':
      // Constants in a list take the type of what they are compared with; in an array they would be texts.
      return isPlainList(of.of)
        ? `${print(of.left)} IN (${list(of.of.items)})`
        : `${print(of.left)} = ANY (${print(of.of)})`;
    case 'list':
      return of.isArray ? `ARRAY[${list(of.items)}]` : `(${list(of.items)})`;
    default:
      return '…';
  }
}

function isPlainList(of: Expression): of is Extract<Expression, { kind: 'list' }> {
  return of.kind === 'list' && of.items.length > 0 && of.items.every(({ kind }) => kind === 'literal');
}

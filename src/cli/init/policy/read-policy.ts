import type { Catalogue, CatalogueTable } from '../catalogue.ts';
import { isClaims, isCounting, isLiteral, roleComparison } from './claims.ts';
import { type Atom, and, type Condition, condition, mapColumns, type Term } from './condition.ts';
import { callsOf, columnsOf, type Expression, type Query, type Source, uncast } from './expression.ts';
import { type FunctionBody, readFunction } from './function-body.ts';
import { type Environment, type Frame, find, inside, type Placed } from './names.ts';
import { isOneRow } from './one-row.ts';
import { parseExpression } from './parse.ts';
import { plainForm } from './plain-form.ts';

/** More alternatives than this are not worth telling apart. */
const MAX_ALTERNATIVES = 64;
/** Functions that call functions, and so on. */
const MAX_DEPTH = 8;

/** Functions that answer from their arguments alone. */
const PLAIN_FUNCTIONS = new Set(
  'lower upper coalesce nullif now length char_length cardinality btrim concat'.split(' '),
);

/** Reads policies as alternatives: a row may be read where one of them is true of it. */
export class PolicyReader {
  readonly #catalogue: Catalogue;
  readonly #tables: ReadonlyMap<string, CatalogueTable>;
  /** The table of each row that has a number. */
  readonly #tableOf = new Map<number, string>();
  #rows = 0;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
    this.#tables = new Map(catalogue.tables.map((table) => [table.name, table]));
  }

  /** What the text of a policy on `table` asks. What cannot be read is an alternative with an atom `other`. */
  read(text: string, table: string): Condition[] {
    const env: Environment = {
      frames: [[{ alias: table, table, row: 0 }]],
      parameters: new Map(),
      routine: null,
      depth: 0,
      isDefiner: false,
    };
    this.#tableOf.set(0, table);
    return this.#alternatives(parseExpression(text), env).map((one) => and(condition([[0, table]], []), one));
  }

  /** A number for one more row. */
  nextRow(): number {
    this.#rows += 1;
    return this.#rows;
  }

  #alternatives(of: Expression, env: Environment): Condition[] {
    switch (of.kind) {
      case 'boolean':
        return of.value ? [condition([], [])] : [];
      case 'and':
        return of.parts.map((part) => this.#alternatives(part, env)).reduce(product);
      case 'or':
        return bounded(of.parts.flatMap((part) => this.#alternatives(part, env)));
      case 'not':
        return this.#negated(of.of, env);
      case 'cast':
        return this.#alternatives(of.of, env);
      case 'exists':
        return this.#existing(of.query, env, () => TRUE_CONDITION);
      case 'in':
        return this.#inQuery(of.left, of.query, env);
      case 'query':
        return this.#valueOfQuery(of.query, env);
      case 'any':
        return this.#amongst(of, env);
      case 'is':
        return this.#is(of, env);
      case 'binary':
        if (of.op !== '=') return this.#plain(of, env);
        if (of.right.kind === 'boolean')
          return this.#alternatives(of.right.value ? of.left : { kind: 'not', of: of.left }, env);
        return this.#equal([of.left, env], [of.right, env]);
      case 'call':
        return this.#call(of, env);
      default:
        return this.#plain(of, env);
    }
  }

  #negated(of: Expression, env: Environment): Condition[] {
    const not = (part: Expression): Expression => ({ kind: 'not', of: part });
    if (of.kind === 'not') return this.#alternatives(of.of, env);
    if (of.kind === 'boolean') return of.value ? [] : [TRUE_CONDITION];
    if (of.kind === 'and') return this.#alternatives({ kind: 'or', parts: of.parts.map(not) }, env);
    if (of.kind === 'or') return this.#alternatives({ kind: 'and', parts: of.parts.map(not) }, env);
    return this.#plain(not(of), env);
  }

  /** One or more rows of the query's tables for which it is true, and `also`. */
  #existing(query: Query, env: Environment, also: (inner: Environment) => Condition[] | Condition): Condition[] {
    const inner = this.#enter(query.from, env);
    if (!inner) return OTHER;
    const { frame, condition: rows, environment } = inner;
    const more = also(environment);
    const found = product(this.#alternatives(query.where, environment), Array.isArray(more) ? more : [more]);
    return frame.length === 0 ? found : product([rows], found);
  }

  #enter(from: readonly Source[], env: Environment) {
    const frame: Frame[] = [];
    for (const { schema, table, alias } of from) {
      if (!this.#tables.has(table) || (schema !== null && schema !== this.#catalogue.schema)) return null;
      const row = this.nextRow();
      this.#tableOf.set(row, table);
      frame.push({ alias, table, row });
    }
    const guarded = frame.filter(({ table }) => !env.isDefiner && !isOpen(this.#tables.get(table)));
    return {
      frame,
      condition: condition(
        frame.map(({ row, table }) => [row, table]),
        [],
        guarded.map(({ row }) => row),
      ),
      environment: { ...env, frames: [frame, ...env.frames] },
    };
  }

  #inQuery(left: Expression, query: Query, env: Environment): Condition[] {
    const [column] = query.columns;
    if (!column || query.columns.length !== 1 || !this.#countsWhole(query)) return OTHER;
    return this.#existing(query, env, (inner) => this.#equal([left, env], [column, inner]));
  }

  /** A subselect that is true or false itself. */
  #valueOfQuery(query: Query, env: Environment): Condition[] {
    const [column] = query.columns;
    if (!column || query.columns.length !== 1 || !this.#countsWhole(query)) return OTHER;
    // `SELECT count(*) > 0 FROM …` asks whether there is a row.
    if (isCounting(column)) return this.#existing(query, env, () => TRUE_CONDITION);
    return this.#existing(query, env, (inner) => this.#alternatives(column, inner));
  }

  /** All of its rows count, or there is only one. */
  #countsWhole(query: Query): boolean {
    return !query.isLimited || query.columns.some(isCounting) || isOneRow(query, this.#tables);
  }

  #amongst(of: Extract<Expression, { kind: 'any' }>, env: Environment): Condition[] {
    const list = uncast(of.of);
    if (list.kind === 'list') {
      const items = list.items;
      if ([of.left, ...items].some((one) => this.#isCaller(one, env)))
        return bounded(items.flatMap((item) => this.#equal([of.left, env], [item, env])));
    }
    return this.#plain(of, env);
  }

  #is(of: Extract<Expression, { kind: 'is' }>, env: Environment): Condition[] {
    if (of.what === 'TRUE') return this.#alternatives(of.of, env);
    if (this.#isCaller(of.of, env)) return of.what === 'NOT NULL' ? [TRUE_CONDITION] : of.what === 'NULL' ? [] : OTHER;
    const constant = this.#constant(of.of, env);
    if (constant !== null && of.what.endsWith('NULL'))
      return (constant === 'NULL') === (of.what === 'NULL') ? [TRUE_CONDITION] : [];
    const operand = this.#operand(of.of, env);
    if (of.what === 'NULL' && operand.kind === 'term') return [atom({ kind: 'null', of: operand.term })];
    return this.#plain(of, env);
  }

  #call({ name, args }: Extract<Expression, { kind: 'call' }>, env: Environment): Condition[] {
    const [first, second] = args;
    if (name === 'coalesce' && args.length === 2 && first && second?.kind === 'boolean' && !second.value)
      return this.#alternatives(first, env);
    const body = this.#body(name, env);
    return body
      ? this.#valueOfQuery(body.query, inside(body, args, env))
      : this.#plain({ kind: 'call', name, args }, env);
  }

  /** `a = b`, each in its own surroundings. */
  #equal(left: Placed, right: Placed): Condition[] {
    const [a, b] = [this.#operand(...left), this.#operand(...right)];
    if (a.kind === 'caller' && b.kind === 'caller') return [TRUE_CONDITION];
    const isRole = roleComparison(left[0], right[0]);
    if (isRole !== null) return isRole ? [TRUE_CONDITION] : [];
    if ([left, right].some((one) => this.#constant(...one) === 'NULL')) return [];
    if (a.kind === 'query') return this.#equalsQuery(right, a);
    if (b.kind === 'query') return this.#equalsQuery(left, b);
    if (a.kind === 'term' && b.kind === 'caller') return [atom({ kind: 'caller', of: a.term })];
    if (a.kind === 'caller' && b.kind === 'term') return [atom({ kind: 'caller', of: b.term })];
    if (a.kind === 'term' && b.kind === 'term' && a.term.row !== b.term.row)
      return [atom({ kind: 'link', a: a.term, b: b.term })];
    const [x, y] = [this.#resolve(...left), this.#resolve(...right)];
    return x && y ? this.#placed({ kind: 'binary', op: '=', left: x, right: y }) : OTHER;
  }

  #equalsQuery(other: Placed, { query, env }: Extract<Operand, { kind: 'query' }>): Condition[] {
    const [column] = query.columns;
    if (!column || query.columns.length !== 1 || !this.#countsWhole(query)) return OTHER;
    return this.#existing(query, env, (inner) => this.#equal(other, [column, inner]));
  }

  /** A question that is not about who somebody is: to be asked of one row, or not understood. */
  #plain(of: Expression, env: Environment): Condition[] {
    const resolved = this.#resolve(of, env);
    return resolved ? this.#placed(resolved) : OTHER;
  }

  #placed(expression: Expression): Condition[] {
    return placed(plainForm(expression, ([row, column]) => this.#typeOf(Number(row), column)));
  }

  #typeOf(row: number, column: string | undefined): string | null {
    const found = this.#tables.get(this.#tableOf.get(row) ?? '')?.columns.find(({ name }) => name === column);
    return found && !found.isArray ? found.type : null;
  }

  /** The text of a constant, perhaps one that a function is called with; null for what is none. */
  #constant(of: Expression, env: Environment): string | null {
    const value = uncast(of);
    if (value.kind === 'literal') return value.text;
    const found = value.kind === 'column' ? find(this.#tables, value.path, env) : null;
    return found?.kind === 'given' ? this.#constant(found.expression, found.env) : null;
  }

  #operand(of: Expression, env: Environment): Operand {
    const value = uncast(of);
    if (this.#isCaller(value, env)) return { kind: 'caller' };
    if (value.kind === 'column') {
      const found = find(this.#tables, value.path, env);
      if (found?.kind === 'term') return found;
      return found ? this.#operand(found.expression, found.env) : { kind: 'other' };
    }
    if (value.kind === 'query')
      return value.query.from.length === 0 && value.query.columns[0]
        ? this.#operand(value.query.columns[0], env)
        : { kind: 'query', query: value.query, env };
    if (value.kind !== 'call') return { kind: 'other' };
    const body = this.#body(value.name, env);
    return body
      ? this.#operand({ kind: 'query', query: body.query }, inside(body, value.args, env))
      : { kind: 'other' };
  }

  #isCaller(of: Expression, env: Environment): boolean {
    const value = uncast(of);
    if (value.kind === 'query')
      return (
        value.query.from.length === 0 &&
        value.query.columns[0] !== undefined &&
        this.#isCaller(value.query.columns[0], env)
      );
    if (value.kind === 'binary') return value.op === '->>' && isLiteral(value.right, 'sub') && isClaims(value.left);
    if (value.kind === 'column') {
      const found = find(this.#tables, value.path, env);
      return found?.kind === 'given' && this.#isCaller(found.expression, found.env);
    }
    if (value.kind !== 'call') return false;
    if (value.name === 'nullif' || value.name === 'coalesce')
      return value.args.every((arg) => this.#isCaller(arg, env) || isLiteral(arg, '') || isLiteral(arg, null));
    if (value.name === 'current_setting') return isLiteral(value.args[0], 'request.jwt.claim.sub');
    if (value.name === 'auth.uid' || value.name === 'auth.user_id') return true;
    const body = this.#body(value.name, env);
    const [column] = body?.query.columns ?? [];
    return (
      body !== null &&
      column !== undefined &&
      body.query.from.length === 0 &&
      this.#isCaller(column, inside(body, value.args, env))
    );
  }

  /** The function's body, where it is one question to the tables. */
  #body(name: string, env: Environment): FunctionBody | null {
    const text = env.depth < MAX_DEPTH ? this.#catalogue.functions.get(name) : undefined;
    return text === undefined ? null : readFunction(text);
  }

  /** The expression with `[row, column]` for its columns; null for what has subselects, or asks who the caller is. */
  #resolve(of: Expression, env: Environment): Expression | null {
    if (this.#isCaller(of, env) || !callsOf(of).every((name) => PLAIN_FUNCTIONS.has(name))) return null;
    return mapColumns(of, (path) => {
      const found = find(this.#tables, path, env);
      if (found?.kind === 'term') return { kind: 'column', path: [String(found.term.row), found.term.column] };
      return found ? this.#resolve(found.expression, found.env) : null;
    });
  }
}

/** Everybody reads all of its rows. */
function isOpen(table: CatalogueTable | undefined): boolean {
  if (!table?.isSecured) return true;
  const reading = table.policies.filter(({ command }) => command === 'all' || command === 'select');
  const isForAll = ({ roles, using }: CatalogueTable['policies'][number]) =>
    (roles.includes('public') || roles.includes('authenticated')) && using === 'true';
  return reading.some((one) => one.isPermissive && isForAll(one)) && reading.every((one) => one.isPermissive);
}

type Operand =
  | { readonly kind: 'caller' | 'other' }
  | { readonly kind: 'term'; readonly term: Term }
  | { readonly kind: 'query'; readonly query: Query; readonly env: Environment };

const TRUE_CONDITION: Condition = condition([], []);
const OTHER: Condition[] = [atom({ kind: 'other' })];

function atom(one: Atom): Condition {
  return condition([], [one]);
}

function product(a: readonly Condition[], b: readonly Condition[]): Condition[] {
  return bounded(a.flatMap((one) => b.map((other) => and(one, other))));
}

function bounded(alternatives: Condition[]): Condition[] {
  return alternatives.length > MAX_ALTERNATIVES ? OTHER : alternatives;
}

/** A question whose columns are all of one row is that row's; one of several rows is none we can ask later. */
function placed(expression: Expression): Condition[] {
  const rows = new Set((columnsOf(expression) ?? []).map(([row]) => row));
  const [row] = rows;
  return rows.size === 1 && row !== undefined ? [atom({ kind: 'local', row: Number(row), expression })] : OTHER;
}

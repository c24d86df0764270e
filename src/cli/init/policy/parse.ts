import { both, type Expression, type Query, type Source, TRUE, UNKNOWN } from './expression.ts';
import { type Token, tokens } from './tokens.ts';

/** Reads an expression as Postgres prints it, or as people write it. What it cannot read whole is `unknown`. */
export function parseExpression(text: string): Expression {
  return whole(text, (parser) => parser.expression()) ?? UNKNOWN;
}

/** Reads a SELECT; null for one that is more than {@link Query} can say. */
export function parseQuery(text: string): Query | null {
  return whole(text, (parser) => parser.query());
}

function whole<T>(text: string, read: (parser: Parser) => T): T | null {
  const found = tokens(text);
  if (!found) return null;
  const parser = new Parser(found);
  try {
    const result = read(parser);
    parser.skip(';');
    return parser.isAtEnd ? result : null;
  } catch (error) {
    if (error instanceof NotRead) return null;
    throw error;
  }
}

/** Here the parser gives up: the text is beyond it. */
class NotRead extends Error {}

/** Words that end an expression or a name where an alias could stand. */
const RESERVED = new Set(
  'where on join inner left right full cross natural using group order limit offset union intersect except having and or not is in from select as case when then else end for fetch window lateral returning'.split(
    ' ',
  ),
);

const END: Token = { kind: 'end', text: '' };
const COMPARISONS = new Set(['=', '<', '>', '<=', '>=', '<>', '!=']);
const OPERATORS = new Set(
  ['->>', '->', '#>>', '#>', '@>', '<@', '||', '&&', '~~', '~~*', '!~~', '!~~*', '~', '~*', '!~', '!~*'].concat([
    '+',
    '-',
    '*',
    '/',
    '%',
    '^',
    '?',
    '|',
    '&',
    '#',
  ]),
);

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(found: readonly Token[]) {
    this.#tokens = found;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  skip(...texts: readonly string[]): boolean {
    const isThere = texts.every((text, index) => isText(this.#peek(index), text));
    if (isThere) this.#at += texts.length;
    return isThere;
  }

  expression(): Expression {
    const parts = [this.#and()];
    while (this.skip('or')) parts.push(this.#and());
    const [only] = parts;
    return parts.length === 1 && only ? only : { kind: 'or', parts };
  }

  query(): Query {
    this.#want('select');
    this.skip('distinct');
    const columns = [this.#selected()];
    while (this.skip(',')) columns.push(this.#selected());
    const from: Source[] = [];
    const conditions: Expression[] = [];
    if (this.skip('from')) {
      this.#joined(from, conditions);
      while (this.skip(',')) this.#joined(from, conditions);
    }
    if (this.skip('where')) conditions.push(this.expression());
    const isLimited = this.skip('limit', '1');
    return { columns, from, where: both(...conditions), isLimited };
  }

  #selected(): Expression {
    if (this.skip('*')) return { kind: 'literal', text: '*' };
    const of = this.expression();
    if (this.skip('as')) this.#name();
    else if (this.#isAlias()) this.#name();
    return of;
  }

  #joined(from: Source[], conditions: Expression[]): void {
    // Postgres prints chains of joins in parentheses.
    if (this.skip('(')) {
      this.#joined(from, conditions);
      this.#want(')');
    } else this.#table(from);
    for (;;) {
      if (this.skip('cross', 'join')) this.#table(from);
      else if (this.skip('inner', 'join') || this.skip('join')) {
        if (this.skip('(')) {
          this.#joined(from, conditions);
          this.#want(')');
        } else this.#table(from);
        conditions.push(this.#joinCondition(from));
      } else return;
    }
  }

  #joinCondition(from: readonly Source[]): Expression {
    if (this.skip('on')) return this.expression();
    this.#want('using');
    this.#want('(');
    const names = [this.#name()];
    while (this.skip(',')) names.push(this.#name());
    this.#want(')');
    const [left, right] = from.slice(-2);
    return both(
      ...names.map(
        (name): Expression => ({
          kind: 'binary',
          op: '=',
          left: { kind: 'column', path: [left?.alias ?? '', name] },
          right: { kind: 'column', path: [right?.alias ?? '', name] },
        }),
      ),
    );
  }

  #table(from: Source[]): void {
    this.skip('only');
    const path = this.#path();
    const [table = '', schema = null] = path.toReversed();
    if (isText(this.#peek(), '(')) throw new NotRead();
    this.skip('as');
    from.push({ schema, table, alias: this.#isAlias() ? this.#name() : table });
  }

  #and(): Expression {
    const parts = [this.#not()];
    while (this.skip('and')) parts.push(this.#not());
    const [only] = parts;
    return parts.length === 1 && only ? only : { kind: 'and', parts };
  }

  #not(): Expression {
    return this.skip('not') ? { kind: 'not', of: this.#not() } : this.#is();
  }

  #is(): Expression {
    let of = this.#comparison();
    while (this.skip('is')) {
      const isNot = this.skip('not') ? 'NOT ' : '';
      const word = this.#next().text;
      if (!['null', 'true', 'false'].includes(word)) throw new NotRead();
      of = { kind: 'is', of, what: `${isNot}${word.toUpperCase()}` };
    }
    return of;
  }

  #comparison(): Expression {
    let left = this.#operation();
    for (;;) {
      const { kind, text } = this.#peek();
      if (kind === 'sign' && COMPARISONS.has(text)) {
        this.#at += 1;
        left = this.skip('any') ? this.#any(left, text) : { kind: 'binary', op: text, left, right: this.#operation() };
      } else if (this.skip('not', 'in')) left = { kind: 'not', of: this.#in(left) };
      else if (this.skip('in')) left = this.#in(left);
      else return left;
    }
  }

  #any(left: Expression, op: string): Expression {
    if (op !== '=') throw new NotRead();
    this.#want('(');
    // `= ANY (ARRAY(SELECT …))` and `= ANY (SELECT …)` ask for the same.
    const query = this.#subquery() ?? this.#arrayOfQuery();
    if (query) {
      this.#want(')');
      return { kind: 'in', left, query };
    }
    const of = this.expression();
    this.#want(')');
    return { kind: 'any', left, of };
  }

  #arrayOfQuery(): Query | null {
    if (!(isText(this.#peek(), 'array') && isText(this.#peek(1), '('))) return null;
    this.#at += 2;
    const query = this.query();
    this.#want(')');
    return query;
  }

  #subquery(): Query | null {
    return isText(this.#peek(), 'select') ? this.query() : null;
  }

  #in(left: Expression): Expression {
    this.#want('(');
    const query = this.#subquery();
    const items = query ? [] : this.#items(')');
    if (query) this.#want(')');
    return query ? { kind: 'in', left, query } : { kind: 'any', left, of: { kind: 'list', isArray: true, items } };
  }

  /** Everything that binds tighter than a comparison: never taken apart, so its order is left as it comes. */
  #operation(): Expression {
    let left = this.#cast();
    for (;;) {
      const { kind, text } = this.#peek();
      if (kind !== 'sign' || !OPERATORS.has(text)) return left;
      this.#at += 1;
      left = { kind: 'binary', op: text, left, right: this.#cast() };
    }
  }

  #cast(): Expression {
    let of = this.#primary();
    for (;;) {
      if (this.skip('::')) of = { kind: 'cast', of, type: this.#type() };
      else if (this.skip('at', 'time', 'zone'))
        of = { kind: 'binary', op: 'AT TIME ZONE', left: of, right: this.#primary() };
      else return of;
    }
  }

  #type(): string {
    let type = this.#path().map(quoted).join('.');
    for (const words of [['varying'], ['precision'], ['with', 'time', 'zone'], ['without', 'time', 'zone']])
      if (this.skip(...words)) type += ` ${words.join(' ')}`;
    if (this.skip('('))
      type += `(${this.#items(')')
        .map((one) => (one.kind === 'literal' ? one.text : ''))
        .join(', ')})`;
    while (this.skip('[', ']')) type += '[]';
    return type;
  }

  #primary(): Expression {
    if (this.skip('(')) return this.#parenthesised();
    const { kind, text } = this.#peek();
    if (kind === 'string' || kind === 'number') {
      this.#at += 1;
      return text.startsWith('$') ? { kind: 'column', path: [text] } : { kind: 'literal', text };
    }
    if (this.skip('-')) {
      const of = this.#primary();
      return of.kind === 'literal' ? { kind: 'literal', text: `-${of.text}` } : UNKNOWN;
    }
    if (this.skip('true')) return TRUE;
    if (this.skip('false')) return { kind: 'boolean', value: false };
    if (this.skip('null')) return { kind: 'literal', text: 'NULL' };
    if (this.skip('exists')) return this.#exists();
    if (this.skip('array', '[')) return { kind: 'list', isArray: true, items: this.#items(']') };
    return this.#named();
  }

  #parenthesised(): Expression {
    const query = this.#subquery();
    if (query) {
      this.#want(')');
      return { kind: 'query', query };
    }
    const items = this.#items(')');
    const [only] = items;
    return items.length === 1 && only ? only : { kind: 'list', isArray: false, items };
  }

  #exists(): Expression {
    this.#want('(');
    const query = this.query();
    this.#want(')');
    return { kind: 'exists', query };
  }

  #named(): Expression {
    const { kind, text } = this.#peek();
    if (kind === 'name' && RESERVED.has(text)) throw new NotRead();
    const path = this.#path();
    if (!this.skip('(')) return { kind: 'column', path };
    const args = this.skip('*', ')') ? [] : this.#items(')');
    return { kind: 'call', name: path.map(quoted).join('.'), args };
  }

  #items(end: string): Expression[] {
    const items: Expression[] = [];
    if (this.skip(end)) return items;
    do {
      // A named argument, `f(role => 'x')`, is nothing we can match.
      items.push(this.#subquery() ? UNKNOWN : this.expression());
    } while (this.skip(','));
    this.#want(end);
    return items;
  }

  #path(): string[] {
    const path = [this.#name()];
    while (this.skip('.')) path.push(this.skip('*') ? '*' : this.#name());
    return path;
  }

  #isAlias(): boolean {
    const { kind, text } = this.#peek();
    return kind === 'quoted' || (kind === 'name' && !RESERVED.has(text));
  }

  #name(): string {
    const { kind, text } = this.#next();
    if (kind !== 'name' && kind !== 'quoted') throw new NotRead();
    return text;
  }

  #want(text: string): void {
    if (!this.skip(text)) throw new NotRead();
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? END;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }
}

function isText({ kind, text }: Token, wanted: string): boolean {
  return kind !== 'quoted' && kind !== 'string' && text === wanted;
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

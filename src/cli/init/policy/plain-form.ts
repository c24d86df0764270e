import { type Expression, uncast } from './expression.ts';

/** The type of a column; null for what is no column whose type is known. */
export type TypeOf = (path: readonly string[]) => string | null;

/**
 * The same question in the one form that all ways of writing it have. Postgres prints policies with the type of every constant
 * (`role = ANY (ARRAY['owner'::member_role])`); people write functions without (`role in ('owner')`). Without a type, a constant
 * has that of the column beside it, so the text may be asked of the database as it is.
 */
export function plainForm(of: Expression, typeOf: TypeOf): Expression {
  const plain = (one: Expression) => plainForm(one, typeOf);
  switch (of.kind) {
    case 'and':
    case 'or':
      return { ...of, parts: of.parts.map(plain) };
    case 'not':
    case 'cast':
      return { ...of, of: plain(of.of) };
    case 'is':
      return of.what === 'TRUE' ? plain(of.of) : { ...of, of: plain(of.of) };
    case 'binary':
      return comparison(of, typeOf);
    case 'any':
      return amongst(of, typeOf);
    default:
      return of;
  }
}

function comparison(of: Extract<Expression, { kind: 'binary' }>, typeOf: TypeOf): Expression {
  const op = of.op === '!=' ? '<>' : of.op;
  if (op !== '=' && op !== '<>') return of;
  const [left, right] = uncast(of.left).kind === 'column' ? [of.left, of.right] : [of.right, of.left];
  if (right.kind === 'boolean') return right.value === (op === '=') ? left : { kind: 'not', of: left };
  const bare = bareColumn(left, typeOf);
  const constant = bare && bareConstant(right, bare.type);
  return constant ? { kind: 'binary', op, left: bare.column, right: constant } : { ...of, op };
}

function amongst(of: Extract<Expression, { kind: 'any' }>, typeOf: TypeOf): Expression {
  const list = uncast(of.of);
  const bare = bareColumn(of.left, typeOf);
  if (list.kind !== 'list' || !bare) return of;
  const items = list.items.flatMap((item) => bareConstant(item, bare.type) ?? []);
  const [only] = items;
  if (items.length !== list.items.length || only === undefined) return of;
  if (items.length === 1) return { kind: 'binary', op: '=', left: bare.column, right: only };
  return { kind: 'any', left: bare.column, of: { kind: 'list', isArray: true, items } };
}

/** A column without the cast that says nothing: `(code)::text` of a varchar. One cast to text is compared as text. */
function bareColumn(of: Expression, typeOf: TypeOf): { readonly column: Expression; readonly type: string } | null {
  const column = uncast(of);
  const type = column.kind === 'column' ? typeOf(column.path) : null;
  if (type === null) return null;
  if (of.kind !== 'cast') return { column, type };
  if (!isText(of.type)) return null;
  return { column: isText(type) ? column : of, type: 'text' };
}

/** A constant whose type is that of the column beside it. */
function bareConstant(of: Expression, type: string): Expression | null {
  if (of.kind === 'literal') return of;
  if (of.kind !== 'cast') return null;
  const own = nameOfType(of.type);
  const fits = own === nameOfType(type) || (isText(own) && isText(type));
  return fits ? bareConstant(of.of, type) : null;
}

const isText = (type: string) => ['text', 'varchar'].includes(nameOfType(type));

function nameOfType(type: string): string {
  const last = /(?:^|\.)("(?:[^"]|"")+"|[^.]+)$/.exec(type)?.[1] ?? type;
  const name = last.replaceAll('"', '').replace(/\(\d+\)$/, '');
  return name === 'character varying' ? 'varchar' : name;
}

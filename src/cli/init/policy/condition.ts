import type { Expression } from './expression.ts';

/** A column of one of the rows that a condition speaks of. Row 0 is the row that the policy is about. */
export interface Term {
  readonly row: number;
  readonly column: string;
}

export type Atom =
  | { readonly kind: 'link'; readonly a: Term; readonly b: Term }
  /** The column equals the caller's id. */
  | { readonly kind: 'caller'; readonly of: Term }
  | { readonly kind: 'null'; readonly of: Term }
  /** A question to one row alone; its columns have the path `[row, column]`. */
  | { readonly kind: 'local'; readonly row: number; readonly expression: Expression }
  /** Anything else: claims of the token, the time, what could not be read. */
  | { readonly kind: 'other' };

/** Rows that have to be there, and what has to be true of them, all at once. */
export interface Condition {
  /** The table of each row. */
  readonly rows: ReadonlyMap<number, string>;
  /** Rows that are read under the policies of their own table. */
  readonly guarded: ReadonlySet<number>;
  readonly atoms: readonly Atom[];
}

/** All of both. Their rows have different numbers, but for row 0. */
export function and(a: Condition, b: Condition): Condition {
  return {
    rows: new Map([...a.rows, ...b.rows]),
    guarded: a.guarded.union(b.guarded),
    atoms: [...a.atoms, ...b.atoms],
  };
}

/** A condition of these parts. */
export function condition(
  rows: Iterable<readonly [number, string]>,
  atoms: readonly Atom[],
  guarded: Iterable<number> = [],
): Condition {
  return { rows: new Map(rows), guarded: new Set(guarded), atoms };
}

/** The rows that an atom speaks of. */
export function rowsOf(atom: Atom): number[] {
  if (atom.kind === 'link') return [atom.a.row, atom.b.row];
  if (atom.kind === 'local') return [atom.row];
  return atom.kind === 'other' ? [] : [atom.of.row];
}

/** The same with other numbers for its rows. */
export function renumber({ rows, guarded, atoms }: Condition, to: (row: number) => number): Condition {
  return {
    rows: new Map([...rows].map(([row, table]) => [to(row), table])),
    guarded: new Set([...guarded].map(to)),
    atoms: atoms.map((atom) => renumberAtom(atom, to)),
  };
}

function renumberAtom(atom: Atom, to: (row: number) => number): Atom {
  const term = ({ row, column }: Term) => ({ row: to(row), column });
  switch (atom.kind) {
    case 'link':
      return { kind: 'link', a: term(atom.a), b: term(atom.b) };
    case 'local':
      return { kind: 'local', row: to(atom.row), expression: renumberColumns(atom.expression, to) };
    case 'other':
      return atom;
    default:
      return { kind: atom.kind, of: term(atom.of) };
  }
}

/** The expression with other numbers in the paths of its columns. */
export function renumberColumns(of: Expression, to: (row: number) => number): Expression {
  return mapColumns(of, (path) => ({ kind: 'column', path: [String(to(Number(path[0]))), path[1] ?? ''] })) ?? of;
}

/** The expression with something else in the place of each column; null where `change` gives null, or for a subselect. */
export function mapColumns(of: Expression, change: (path: readonly string[]) => Expression | null): Expression | null {
  const one = (part: Expression) => mapColumns(part, change);
  const all = (parts: readonly Expression[]): Expression[] | null => {
    const changed = parts.flatMap((part) => one(part) ?? []);
    return changed.length === parts.length ? changed : null;
  };
  switch (of.kind) {
    case 'column':
      return change(of.path);
    case 'boolean':
    case 'literal':
      return of;
    case 'and':
    case 'or': {
      const parts = all(of.parts);
      return parts && { ...of, parts };
    }
    case 'not':
    case 'is':
    case 'cast': {
      const inner = one(of.of);
      return inner && { ...of, of: inner };
    }
    case 'call': {
      const args = all(of.args);
      return args && { ...of, args };
    }
    case 'list': {
      const items = all(of.items);
      return items && { ...of, items };
    }
    case 'binary': {
      const [left, right] = [one(of.left), one(of.right)];
      return left && right && { ...of, left, right };
    }
    case 'any': {
      const [left, inner] = [one(of.left), one(of.of)];
      return left && inner && { ...of, left, of: inner };
    }
    default:
      return null;
  }
}

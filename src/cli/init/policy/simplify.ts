import type { CatalogueTable } from '../catalogue.ts';
import { type Atom, type Condition, renumberColumns, type Term } from './condition.ts';
import { type Expression, printExpression } from './expression.ts';

/** Columns that are equal to each other, and perhaps to the caller's id. */
export interface Class {
  readonly terms: readonly Term[];
  readonly isCaller: boolean;
}

/** A condition with its equalities gathered. */
export interface Simple {
  readonly rows: ReadonlyMap<number, string>;
  readonly guarded: ReadonlySet<number>;
  readonly classes: readonly Class[];
  readonly nulls: readonly Term[];
  readonly locals: readonly { readonly row: number; readonly expression: Expression }[];
  /** Something in it could not be read. */
  readonly hasMore: boolean;
}

type Tables = ReadonlyMap<string, CatalogueTable>;

/**
 * Gathers what is equal, makes one row of two that have the same key, and leaves out rows that a foreign key says are there.
 * Null for what can never be true.
 */
export function simplify(of: Condition, tables: Tables): Simple | null {
  let simple: Simple = {
    rows: of.rows,
    guarded: of.guarded,
    classes: classesOf(of.atoms),
    nulls: of.atoms.flatMap((atom) => (atom.kind === 'null' ? [atom.of] : [])),
    locals: of.atoms.flatMap((atom) => (atom.kind === 'local' ? [{ row: atom.row, expression: atom.expression }] : [])),
    hasMore: of.atoms.some((atom) => atom.kind === 'other'),
  };
  for (;;) {
    const next = mergeTwins(simple, tables) ?? leaveOutParent(simple, tables);
    if (!next) break;
    simple = next;
  }
  // What is equal to something is not null.
  return simple.nulls.some((term) => classOf(simple, term)) ? null : simple;
}

/** The same as a list of what has to be true. */
export function toCondition({ rows, guarded, classes, nulls, locals, hasMore }: Simple): Condition {
  const equal = classes.flatMap(({ terms, isCaller }): Atom[] => {
    const [first, ...rest] = terms;
    if (!first) return [];
    const links = rest.map((b): Atom => ({ kind: 'link', a: first, b }));
    return isCaller ? [...links, { kind: 'caller', of: first }] : links;
  });
  const atoms: Atom[] = [
    ...equal,
    ...nulls.map((of): Atom => ({ kind: 'null', of })),
    ...locals.map((one): Atom => ({ kind: 'local', ...one })),
    ...(hasMore ? [{ kind: 'other' } as const] : []),
  ];
  return { rows, guarded, atoms };
}

/** The class of a column; undefined where nothing is asked to equal it. */
export function classOf({ classes }: Simple, term: Term): Class | undefined {
  return classes.find(({ terms }) => terms.some((one) => isSame(one, term)));
}

export function isSame(a: Term, b: Term): boolean {
  return a.row === b.row && a.column === b.column;
}

function classesOf(atoms: readonly Atom[]): Class[] {
  let classes: Class[] = [];
  for (const atom of atoms) {
    const terms = atom.kind === 'link' ? [atom.a, atom.b] : atom.kind === 'caller' ? [atom.of] : [];
    if (terms.length > 0) classes = join(classes, { terms, isCaller: atom.kind === 'caller' });
  }
  return classes;
}

/** Adds a class, and makes one of all that share a column with it, or equal the caller too. */
function join(classes: readonly Class[], added: Class): Class[] {
  const touches = (one: Class) =>
    (one.isCaller && added.isCaller) || one.terms.some((a) => added.terms.some((b) => isSame(a, b)));
  const touched = [added, ...classes.filter(touches)];
  const terms = touched.flatMap((one) => one.terms);
  const distinct = terms.filter((term, index) => terms.findIndex((other) => isSame(other, term)) === index);
  return [
    ...classes.filter((one) => !touches(one)),
    { terms: distinct, isCaller: touched.some((one) => one.isCaller) },
  ];
}

/** Two rows of a table with the same key are one. */
function mergeTwins(of: Simple, tables: Tables): Simple | null {
  for (const [a, table] of of.rows) {
    const key = tables.get(table)?.key ?? [];
    for (const [b, other] of of.rows) {
      if (b === 0 || a >= b || other !== table || key.length === 0) continue;
      const isTwin = key.every((column) => {
        const found = classOf(of, { row: a, column });
        return found !== undefined && found === classOf(of, { row: b, column });
      });
      if (isTwin) return moveRow(of, b, a);
    }
  }
  return null;
}

function moveRow(of: Simple, from: number, to: number): Simple {
  const move = (term: Term): Term => (term.row === from ? { row: to, column: term.column } : term);
  const moved = of.classes.map((one) => ({ ...one, terms: one.terms.map(move) }));
  const locals = of.locals.map((one) =>
    one.row === from ? { row: to, expression: renumberColumns(one.expression, () => to) } : one,
  );
  return {
    ...of,
    ...withoutRow(of, from),
    classes: moved.reduce<Class[]>((all, one) => join(all, one), []),
    nulls: of.nulls.map(move),
    locals: distinctLocals(locals),
  };
}

function distinctLocals(locals: Simple['locals']): Simple['locals'] {
  const texts = locals.map((one) => localText(one, (row) => String(row)));
  return locals.filter((_, index) => texts.indexOf(texts[index] ?? '') === index);
}

/** The text of a question to one row, its row named by `name`. */
export function localText({ expression }: Simple['locals'][number], name: (row: number) => string): string {
  return printExpression(expression, ([row, column]) => `${name(Number(row))}.${column}`);
}

function withoutRow({ rows, guarded }: Simple, row: number): Pick<Simple, 'rows' | 'guarded'> {
  return {
    rows: new Map([...rows].filter(([one]) => one !== row)),
    guarded: new Set([...guarded].filter((one) => one !== row)),
  };
}

/** A row that is asked for nothing but to be what a foreign key refers to is there. */
function leaveOutParent(of: Simple, tables: Tables): Simple | null {
  for (const [row, table] of of.rows) {
    // Under policies of its own, it may be there and not be seen.
    if (row === 0 || of.guarded.has(row)) continue;
    if (of.nulls.some((term) => term.row === row) || of.locals.some((one) => one.row === row)) continue;
    const used = of.classes.flatMap(({ terms }) => terms.filter((term) => term.row === row));
    if (used.length === 0 || !isReferred(of, tables, { row, table, used })) continue;
    const classes = of.classes
      .map((one) => ({ ...one, terms: one.terms.filter((term) => term.row !== row) }))
      .filter(({ terms, isCaller }) => terms.length > 1 || (isCaller && terms.length === 1));
    return { ...of, ...withoutRow(of, row), classes };
  }
  return null;
}

interface Asked {
  readonly row: number;
  readonly table: string;
  readonly used: readonly Term[];
}

function isReferred(of: Simple, tables: Tables, { row, table, used }: Asked): boolean {
  return [...of.rows].some(([other, name]) => {
    if (other === row) return false;
    return (tables.get(name)?.foreignKeys ?? []).some(
      (key) =>
        key.table === table &&
        used.every(({ column }) => key.referenced.includes(column)) &&
        key.referenced.every((column, index) => {
          const found = classOf(of, { row, column });
          return found !== undefined && found === classOf(of, { row: other, column: key.columns[index] ?? '' });
        }),
    );
  });
}

/**
 * Whether a row for which `strong` is true is one for which `weak` is: each row of `weak` is found among those of `strong`,
 * its row 0 at `row`.
 */
export function implies(strong: Simple, weak: Simple, row = 0): boolean {
  if (weak.hasMore) return false;
  const rows = [...weak.rows.keys()].filter((one) => one !== 0);
  return place(strong, weak, rows, new Map([[0, row]]));
}

function place(strong: Simple, weak: Simple, rest: readonly number[], to: ReadonlyMap<number, number>): boolean {
  const [row, ...others] = rest;
  if (row === undefined) return holds(strong, weak, to);
  for (const [candidate, table] of strong.rows)
    if (table === weak.rows.get(row) && place(strong, weak, others, new Map([...to, [row, candidate]]))) return true;
  return false;
}

function holds(strong: Simple, weak: Simple, to: ReadonlyMap<number, number>): boolean {
  const put = ({ row, column }: Term): Term => ({ row: to.get(row) ?? row, column });
  const areEqual = weak.classes.every(({ terms, isCaller }) => {
    const found = terms.map((term) => classOf(strong, put(term)));
    const [first] = found;
    const isOne = new Set(terms.map((term) => JSON.stringify(put(term)))).size === 1;
    if (first === undefined) return isOne && !isCaller;
    return found.every((one) => one === first) && (!isCaller || first.isCaller);
  });
  const known = strong.locals.map((one) => localText(one, String));
  return (
    areEqual &&
    weak.nulls.every((term) => strong.nulls.some((one) => isSame(one, put(term)))) &&
    weak.locals.every((one) => known.includes(localText(one, (row) => String(to.get(row) ?? row))))
  );
}

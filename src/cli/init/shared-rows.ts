import type { FlagValue, SharedWhen } from 'tidemark/core';
import type { CatalogueColumn, CatalogueTable } from './catalogue.ts';
import type { Expression } from './policy/expression.ts';
import type { Simple } from './policy/simplify.ts';
import { type Alternative, PUBLIC } from './scope-parts.ts';

/** The first of these alternatives that shows rows to everybody for what stands in one of their columns. */
export function sharedRows(table: CatalogueTable, alternatives: readonly Alternative[]): SharedWhen | undefined {
  return alternatives.flatMap(({ of }) => sharedWhen(table, of) ?? [])[0];
}

/** Whether the alternative says the same as the rule. */
export function isSharing(table: CatalogueTable, of: Simple, shared: SharedWhen | undefined): boolean {
  return shared !== undefined && JSON.stringify(sharedWhen(table, of)) === JSON.stringify(shared);
}

/** `is_public`, `status = 'published'`, `sharing <> 'private'`, and nothing else; null for everything else. */
function sharedWhen(table: CatalogueTable, { rows, classes, nulls, locals, hasMore }: Simple): SharedWhen | null {
  const [local] = locals;
  const asksMore = hasMore || rows.size > 1 || classes.length + nulls.length > 0 || locals.length !== 1;
  return asksMore || local === undefined || local.row !== 0 ? null : readFlag(table, local.expression);
}

function readFlag(table: CatalogueTable, of: Expression): SharedWhen | null {
  if (of.kind === 'column') return flag(table, of, { is: [true] });
  if (of.kind === 'not') {
    const inner = readFlag(table, of.of);
    if (of.of.kind === 'column') return flag(table, of.of, { is: [false] });
    return inner?.is ? { column: inner.column, isNot: inner.is, scope: inner.scope } : null;
  }
  if (of.kind === 'binary' && of.op === '=') return flag(table, of.left, { is: valuesOf([of.right]) });
  if (of.kind === 'binary' && of.op === '<>') return flag(table, of.left, { isNot: valuesOf([of.right]) });
  if (of.kind === 'any' && of.of.kind === 'list') return flag(table, of.left, { is: valuesOf(of.of.items) });
  return null;
}

type Values = { readonly is: readonly FlagValue[] } | { readonly isNot: readonly FlagValue[] };

function flag(table: CatalogueTable, of: Expression, values: Values): SharedWhen | null {
  const name = of.kind === 'column' ? of.path[1] : undefined;
  const column = table.columns.find((one) => one.name === name && !one.isHidden && !one.isArray);
  const type = column && flagType(column);
  const all = 'is' in values ? values.is : values.isNot;
  const fits = type !== undefined && all.length > 0 && all.every((one) => typeof one === type);
  return column && fits && /^[A-Za-z_]\w*$/.test(column.name)
    ? { column: column.name, ...values, scope: PUBLIC }
    : null;
}

/** What a device compares as Postgres does. */
function flagType({ type, kind }: CatalogueColumn): 'boolean' | 'number' | 'string' | undefined {
  if (type === 'bool') return 'boolean';
  if (type === 'int2' || type === 'int4') return 'number';
  return type === 'text' || type === 'varchar' || kind === 'enum' ? 'string' : undefined;
}

/** The constants; none where one of them is something else. */
function valuesOf(items: readonly Expression[]): FlagValue[] {
  const values = items.flatMap((item): FlagValue[] => {
    if (item.kind !== 'literal') return [];
    const text = /^'((?:[^']|'')*)'$/.exec(item.text)?.[1];
    if (text !== undefined) return [text.replaceAll("''", "'")];
    return /^-?\d{1,15}$/.test(item.text) ? [Number(item.text)] : [];
  });
  return values.length === items.length ? values : [];
}

/** The rule as a question to the row of this number. */
export function sharedExpression({ column: name, is, isNot }: SharedWhen, row: number): Expression {
  const column: Expression = { kind: 'column', path: [String(row), name] };
  const items = (is ?? isNot).map(
    (value): Expression => ({
      kind: 'literal',
      text: typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value),
    }),
  );
  const [only] = items;
  if (is && typeof is[0] === 'boolean') return is[0] ? column : { kind: 'not', of: column };
  if (only && items.length === 1) return { kind: 'binary', op: is ? '=' : '<>', left: column, right: only };
  const among: Expression = { kind: 'any', left: column, of: { kind: 'list', isArray: true, items } };
  return is ? among : { kind: 'not', of: among };
}

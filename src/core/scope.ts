import type { Cell, Cells, RowKey } from '../shared/cell.ts';
import { columnOf, type FlagValue, type Schema, type SharedWhen, type Table } from './schema.ts';
import { toCell } from './values.ts';

/** Stands for every scope, in access lists and in cursors. */
export const ALL_SCOPES = '*';

/** What a row tells about its scope: its name, or the parent row that has it. */
export type ScopeSource =
  | { readonly kind: 'scope'; readonly scope: string }
  | { readonly kind: 'parent'; readonly table: string; readonly key: RowKey }
  /** A child without a parent (its `via` column is null): it belongs nowhere. */
  | { readonly kind: 'none' };

/** Where the scope of a row comes from. `columns` are its non-key columns. */
export function scopeSource(of: Table, row: { readonly key: RowKey; readonly columns: Cells }): ScopeSource {
  const rule = of.scope;
  if (typeof rule === 'string') return { kind: 'scope', scope: rule };
  if ('by' in rule) {
    if (rule.sharedWhen && isShared(of, rule.sharedWhen, rowCell(of, row, rule.sharedWhen.column)))
      return { kind: 'scope', scope: rule.sharedWhen.scope };
    const cell = rowCell(of, row, rule.by);
    return { kind: 'scope', scope: cell === null ? (rule.whenNull ?? rule.kind) : scopeName(rule.kind, cell) };
  }
  const cell = rowCell(of, row, rule.via);
  return cell === null ? { kind: 'none' } : { kind: 'parent', table: rule.table, key: [cell] };
}

function isShared(of: Table, { column, is, isNot }: SharedWhen, cell: Cell): boolean {
  if (cell === null) return false;
  const among = (values: readonly FlagValue[]) => values.some((value) => flagCell(of, column, value) === cell);
  return is === undefined ? !among(isNot) : among(is);
}

/** A value of `sharedWhen` as a row has it. */
export function flagCell(of: Table, column: string, value: FlagValue): Cell {
  return toCell(columnOf(of, column), value, `${of.name}.${column}`);
}

/** The name of a scope of this kind. */
export function scopeName(kind: string, value: Cell): string {
  return `${kind}:${value instanceof Uint8Array ? hex(value) : String(value)}`;
}

/** The column that a row's own scope, or its parent, is named by; null where every row has the same. */
export function scopeColumn(of: Table): string | null {
  const rule = of.scope;
  if (typeof rule === 'string') return null;
  return 'by' in rule ? rule.by : rule.via;
}

/** Every column that the scope of the table's rows depends on. */
export function scopeColumns(of: Table): string[] {
  const column = scopeColumn(of);
  const rule = of.scope;
  const flag = typeof rule === 'object' && 'by' in rule ? rule.sharedWhen?.column : undefined;
  return [column, flag].flatMap((one) => one ?? []);
}

/** A table whose rows take their scope from a parent row, through this column. */
export interface ChildTable {
  readonly table: Table;
  readonly via: string;
}

/** The tables whose rows take their scope from rows of `parent`. */
export function childTables(schema: Schema, parent: string): ChildTable[] {
  return Object.values(schema.tables).flatMap((table) => {
    const rule = table.scope;
    if (typeof rule === 'string' || 'by' in rule || rule.table !== parent) return [];
    return [{ table, via: rule.via }];
  });
}

/** One cell of a row, whether it is part of the key or not. */
export function rowCell(of: Table, row: { readonly key: RowKey; readonly columns: Cells }, column: string): Cell {
  const index = of.primaryKey.indexOf(column);
  return (index >= 0 ? row.key[index] : row.columns[column]) ?? null;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

import type { InspectedRow } from '../../../src/client/inspection.ts';
import type { ColumnKind, Table } from '../../../src/core/schema.ts';
import { fromCell } from '../../../src/core/values.ts';
import { type Cell, sameCell } from '../../../src/shared/cell.ts';
import { keyWords } from '../../data/change-diff.ts';
import type { Row } from '../../data/export-text.ts';
import type { GridColumn } from '../../ui/data-grid.tsx';

/** One column of a row, here and as the server has confirmed it. Undefined: that side has no such row. */
export interface ColumnSides {
  readonly name: string;
  readonly here: unknown;
  readonly confirmed: unknown;
  readonly isChanged: boolean;
}

/** A row column by column, in app values. */
export function sidesOf(of: Table, columns: readonly string[], row: InspectedRow): ColumnSides[] {
  return columns.map((name, index) => columnSides(of, row, { name, index }));
}

export function columnSides(
  of: Table,
  { key, cells, confirmed }: InspectedRow,
  { name, index }: { readonly name: string; readonly index: number },
): ColumnSides {
  // Of a row that is deleted here the key is still known.
  const here = cells ? cells[index] : key[index];
  const there = confirmed?.state === 'exists' ? confirmed.cells[index] : undefined;
  const isChanged = confirmed?.state === 'exists' && (cells === null || !sameCell(here ?? null, there ?? null));
  return { name, here: appValue(of, name, here), confirmed: appValue(of, name, there), isChanged };
}

/** A cell that is not what its column promises is shown as it is. */
function appValue(of: Table, name: string, cell: Cell | undefined): unknown {
  const kind = of.columns[name]?.kind;
  if (cell === undefined || kind === undefined) return cell;
  try {
    return fromCell(kind, cell);
  } catch {
    return cell;
  }
}

/** Rows as they are here, for a file. */
export function exportRows(of: Table, columns: readonly string[], rows: readonly InspectedRow[]): Row[] {
  return rows
    .filter(({ cells }) => cells !== null)
    .map((row) => Object.fromEntries(sidesOf(of, columns, row).map(({ name, here }) => [name, here])));
}

export function rowName(of: Table, row: InspectedRow): string {
  return keyWords({ version: 0, tables: { [of.name]: of } }, { table: of.name, key: row.key });
}

const WIDTHS: Readonly<Record<ColumnKind, number>> = {
  text: 190,
  uuid: 130,
  integer: 90,
  bigint: 120,
  real: 100,
  boolean: 76,
  timestamp: 190,
  date: 100,
  json: 170,
  blob: 140,
  decimal: 100,
  counter: 90,
};

const NUMBERS: readonly (ColumnKind | undefined)[] = ['integer', 'bigint', 'real', 'decimal', 'counter'];

/** The state of the row, then its columns. */
export function gridColumns(of: Table, names: readonly string[]): GridColumn[] {
  const columns = names.map((name): GridColumn => {
    const kind = of.columns[name]?.kind;
    const width = Math.max(WIDTHS[kind ?? 'text'], 28 + 8 * (name.length + (kind?.length ?? 0)));
    return { name, width, note: kind ?? 'unknown', isNumber: NUMBERS.includes(kind) };
  });
  return [{ name: 'state', width: 92 }, ...columns];
}

/**
 * One value as SQLite stores it and as it travels on the wire: the common currency of capture, outbox,
 * protocol and storage. An integer is a `number` inside ±2^53 and a `bigint` outside (int64).
 */
export type Cell = null | number | bigint | string | Uint8Array;

/** Cells by column name. */
export type Cells = Readonly<Record<string, Cell>>;

/** The primary key of a row: its cells in the order of the table's `primaryKey`. */
export type RowKey = readonly Cell[];

/** Equality as SQLite's `IS`, except that an integer never equals a text and −0 differs from 0. */
export function sameCell(a: Cell, b: Cell): boolean {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && sameBytes(a, b);
  return Object.is(a, b);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/**
 * A row key as one text, equal for equal keys only: for maps and for our own tables.
 * Text cells are written as JSON; other kinds carry a mark, so that 1, 1n and "1" do not meet by accident
 * (1 and 1n are the same integer and do).
 */
export function keyText(key: RowKey): string {
  const [first] = key;
  if (key.length === 1 && typeof first === 'string') return JSON.stringify(first);
  return `[${key.map(cellText).join(',')}]`;
}

function cellText(cell: Cell): string {
  if (cell === null) return 'null';
  if (typeof cell === 'string') return JSON.stringify(cell);
  if (cell instanceof Uint8Array) return `x${Array.from(cell, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  return String(cell);
}

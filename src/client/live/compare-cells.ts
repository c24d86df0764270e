import type { Cell } from '../../shared/cell.ts';

/** The order in which SQLite sorts cells without a collation: NULL, numbers, text by code point, blobs. */
export function compareCells(a: Cell, b: Cell): number {
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0) return rank;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  // Numbers and bigints compare exactly with each other.
  return a === null || b === null ? 0 : a < b ? -1 : a > b ? 1 : 0;
}

function rankOf(cell: Cell): number {
  if (cell === null) return 0;
  if (typeof cell === 'string') return 2;
  return cell instanceof Uint8Array ? 3 : 1;
}

/** JavaScript compares UTF-16 units: only surrogates, which stand for the highest code points, are out of place there. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  let at = 0;
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
  if (isSurrogate(left) !== isSurrogate(right) && left >= 0xd800 && right >= 0xd800) return isSurrogate(left) ? 1 : -1;
  return a < b ? -1 : 1;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

import type { AppRow } from '../client/live/app-rows.ts';

/**
 * A whole result that was read anew, with every row that was there before replaced by its old object (wherever it
 * stood). The old list itself when nothing changed.
 */
export function shareRows(previous: readonly AppRow[], next: readonly AppRow[]): readonly AppRow[] {
  const known = new Map<string, AppRow[]>();
  for (const row of previous) {
    const text = rowText(row);
    const same = known.get(text);
    if (same) same.push(row);
    else known.set(text, [row]);
  }
  const shared = next.map((row) => known.get(rowText(row))?.shift() ?? row);
  const isSame = shared.length === previous.length && shared.every((row, index) => row === previous[index]);
  return isSame ? previous : shared;
}

/** Equal for equal rows only. */
function rowText(row: AppRow): string {
  return JSON.stringify(row, (_name, value: unknown) => {
    if (typeof value === 'bigint') return { $bigint: String(value) };
    if (value instanceof Uint8Array) return { $bytes: Array.from(value) };
    if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
      return { $number: Object.is(value, -0) ? '-0' : String(value) };
    }
    return value;
  });
}

import { type Cell, sameCell } from '../../shared/cell.ts';
import type { LiveRun } from '../engine-api.ts';

type Row = readonly Cell[];
type Rows = readonly Row[];

/**
 * The new rows as runs of old rows and fresh rows; null when nothing changed. A row is the old one when all its cells are equal,
 * wherever it stands now. `keyColumns` (positions; may be empty) only make finding it cheaper.
 */
export function diffRows(previous: Rows, next: Rows, keyColumns: readonly number[]): LiveRun[] | null {
  const head = commonHead(previous, next);
  if (head === previous.length && head === next.length) return null;
  const tail = commonTail(previous, next, head);
  const runs = new RunList();
  runs.addOld(0, head);
  const finder = new RowFinder(previous, { from: head, to: previous.length - tail, keyColumns });
  let expected = head;
  for (let index = head; index < next.length - tail; index++) {
    const row = next[index] ?? [];
    const found = finder.take(row, expected);
    if (found < 0) runs.addFresh(row);
    else runs.addOld(found, 1);
    if (found >= 0) expected = found + 1;
  }
  runs.addOld(previous.length - tail, tail);
  return runs.list;
}

class RunList {
  readonly list: LiveRun[] = [];
  #old: { from: number; count: number } | null = null;
  #fresh: Row[] | null = null;

  addOld(from: number, count: number): void {
    if (count === 0) return;
    if (this.#old && this.#old.from + this.#old.count === from) {
      this.#old.count += count;
      return;
    }
    this.#old = { from, count };
    this.#fresh = null;
    this.list.push(this.#old);
  }

  addFresh(row: Row): void {
    if (this.#fresh === null) {
      this.#fresh = [];
      this.list.push({ rows: this.#fresh });
      this.#old = null;
    }
    this.#fresh.push(row);
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly keyColumns: readonly number[];
}

/** Finds each old row of a range once. The index is built when the first row is not where it is expected. */
class RowFinder {
  readonly #rows: Rows;
  readonly #range: Range;
  readonly #taken = new Set<number>();
  #byKey: Map<string, number[]> | undefined;

  constructor(rows: Rows, range: Range) {
    this.#rows = rows;
    this.#range = range;
  }

  /** The position of this row in the old result, or -1. */
  take(row: Row, expected: number): number {
    const found = this.#isFree(expected, row) ? expected : this.#search(row);
    if (found >= 0) this.#taken.add(found);
    return found;
  }

  #search(row: Row): number {
    this.#byKey ??= this.#index();
    const candidates = this.#byKey.get(hint(row, this.#range.keyColumns)) ?? [];
    return candidates.find((at) => this.#isFree(at, row)) ?? -1;
  }

  #isFree(at: number, row: Row): boolean {
    if (at < this.#range.from || at >= this.#range.to || this.#taken.has(at)) return false;
    return sameRow(this.#rows[at] ?? [], row);
  }

  #index(): Map<string, number[]> {
    const byKey = new Map<string, number[]>();
    for (let at = this.#range.from; at < this.#range.to; at++) {
      const key = hint(this.#rows[at] ?? [], this.#range.keyColumns);
      const same = byKey.get(key);
      if (same) same.push(at);
      else byKey.set(key, [at]);
    }
    return byKey;
  }
}

/** Equal for equal rows; different for most others. */
function hint(row: Row, keyColumns: readonly number[]): string {
  const [first] = keyColumns;
  if (first === undefined) return row.map(String).join('\0');
  if (keyColumns.length === 1) return String(row[first]);
  return keyColumns.map((column) => String(row[column])).join('\0');
}

function commonHead(a: Rows, b: Rows): number {
  const end = Math.min(a.length, b.length);
  let count = 0;
  while (count < end && sameRow(a[count] ?? [], b[count] ?? [])) count++;
  return count;
}

function commonTail(a: Rows, b: Rows, head: number): number {
  const end = Math.min(a.length, b.length) - head;
  let count = 0;
  while (count < end && sameRow(a[a.length - 1 - count] ?? [], b[b.length - 1 - count] ?? [])) count++;
  return count;
}

export function sameRow(a: Row, b: Row): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    const [left, right] = [a[index] ?? null, b[index] ?? null];
    // Most cells are equal texts and numbers; only −0, 0 and bytes need the closer look.
    if (left === right && left !== 0) continue;
    if (!sameCell(left, right)) return false;
  }
  return true;
}

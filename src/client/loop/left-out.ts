import type { Mutation } from '../../core/change.ts';
import { type Cell, keyText } from '../../shared/cell.ts';

/**
 * Mutations that may go without those left out, in the order of the list: they touch none of the rows of those left out
 * before them, and no value in them names one of those rows. What stays behind for that keeps others behind in turn.
 */
export function apartFrom<M extends Mutation>(mutations: readonly M[], leftOut: ReadonlyMap<number, unknown>): M[] {
  const apart: M[] = [];
  const rows = new Set<string>();
  const keys = new Set<string>();
  for (const mutation of mutations) {
    if (!leftOut.has(mutation.mutationId) && isApart(mutation, rows, keys)) apart.push(mutation);
    else {
      for (const change of mutation.changes) {
        rows.add(rowOf(change));
        for (const cell of change.key) keys.add(textOf(cell));
      }
    }
  }
  return apart;
}

function isApart(mutation: Mutation, rows: ReadonlySet<string>, keys: ReadonlySet<string>): boolean {
  return mutation.changes.every(
    (change) =>
      !rows.has(rowOf(change)) &&
      !change.key.some((cell) => keys.has(textOf(cell))) &&
      !Object.values(change.columns).some((cell) => cell !== null && keys.has(textOf(cell))),
  );
}

function rowOf({ table, key }: Mutation['changes'][number]): string {
  return `${table} ${keyText(key)}`;
}

/** Equal for cells that a reference could meet by: 1, 1n and "1" are taken for the same. */
function textOf(cell: Cell): string {
  return cell instanceof Uint8Array ? keyText([cell]) : String(cell);
}

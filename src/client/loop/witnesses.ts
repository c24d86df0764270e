import type { Mutation } from '../../core/change.ts';
import { type Cell, keyText } from '../../shared/cell.ts';

/** How many others are tried before the server is taken to be at fault. */
const MAX_WITNESSES = 4;

/**
 * Mutations that may go before the first one in the list without breaking any order: they touch none of the rows of those
 * before them, and no value in them names one of those rows.
 */
export function witnesses<M extends Mutation>(mutations: readonly M[]): M[] {
  const found: M[] = [];
  const rows = new Set<string>();
  const keys = new Set<string>();
  for (const [index, mutation] of mutations.entries()) {
    if (index > 0 && isApart(mutation, rows, keys)) found.push(mutation);
    if (found.length === MAX_WITNESSES) break;
    for (const change of mutation.changes) {
      rows.add(rowOf(change));
      for (const cell of change.key) keys.add(textOf(cell));
    }
  }
  return found;
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

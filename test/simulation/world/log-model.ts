import type { Table } from '../../../src/core/schema.ts';
import type { LogEntry } from '../../../src/server/records.ts';
import { type Cell, type Cells, keyText } from '../../../src/shared/cell.ts';
import { show } from './show.ts';

interface ModelRow {
  readonly cells: Cells;
  readonly scope: string;
}

/** The rows of the database after each commit, worked out from the log alone: an implementation of its own, in one page. */
export class LogModel {
  readonly #commits: readonly (readonly LogEntry[])[];
  readonly #tables = new Map<string, Map<string, ModelRow>>();
  #applied = 0;
  seq = 0;

  /** Grows with the list. */
  constructor(commits: readonly (readonly LogEntry[])[]) {
    this.#commits = commits;
  }

  /** Moves on to a seq. False when it lies behind. */
  moveTo(seq: number): boolean {
    if (seq < this.seq) return false;
    for (let next = this.#commits[this.#applied]; next; next = this.#commits[this.#applied]) {
      if ((next[0]?.commit.seq ?? 0) > seq) break;
      for (const entry of next) this.#apply(entry);
      this.#applied += 1;
    }
    this.seq = seq;
    return true;
  }

  /** Those in these scopes (null: in all), by the text of their keys. */
  rows({ name, columns }: Table, scopes: ReadonlySet<string> | null = null): Map<string, Cell[]> {
    const names = Object.keys(columns);
    const found = new Map<string, Cell[]>();
    for (const [id, { cells, scope }] of this.#tables.get(name) ?? []) {
      if (scopes === null || scopes.has(scope))
        found.set(
          id,
          names.map((column) => cells[column] ?? null),
        );
    }
    return found;
  }

  /** Where a row is; undefined when there is none. */
  scopeOf(table: string, key: readonly Cell[]): string | undefined {
    return this.#tables.get(table)?.get(keyText(key))?.scope;
  }

  /** Whether anybody ever wrote this value into this column (by number) of this row; a value nobody gave is null. */
  hasBeen({ name, columns, primaryKey }: Table, key: readonly Cell[], column: number, value: Cell): boolean {
    if (value === null || column < primaryKey.length) return true;
    const id = keyText(key);
    const of = Object.keys(columns)[column] ?? '';
    const isIt = (entry: LogEntry) =>
      entry.table === name && keyText(entry.key) === id && show(entry.columns[of]) === show(value);
    return this.#commits.some((entries) => entries.some(isIt));
  }

  #apply({ table, key, op, columns, scope }: LogEntry): void {
    const rows = this.#tables.get(table) ?? new Map<string, ModelRow>();
    this.#tables.set(table, rows);
    const id = keyText(key);
    const cells = op === 'patch' ? rows.get(id)?.cells : keyCells(table, key);
    if (op === 'delete') rows.delete(id);
    else rows.set(id, { cells: { ...cells, ...columns }, scope });
  }
}

/** The key columns, by the tables of the simulation: `item` has two. */
function keyCells(table: string, key: LogEntry['key']): Cells {
  return table === 'item' ? { list_id: key[0] ?? null, n: key[1] ?? null } : { id: key[0] ?? null };
}

import type { Decision } from '../../core/decide.ts';
import { overrideStamps, type Stamp } from '../../core/row-version.ts';
import type { Table } from '../../core/schema.ts';
import { type Cells, keyText, type RowKey } from '../../shared/cell.ts';
import type { Commit, LogEntry } from '../records.ts';
import type { StoredRow } from '../storage.ts';
import type { WorkingSet } from './working-set.ts';

/** A row as one mutation leaves it. */
export interface StagedRow {
  readonly table: Table;
  readonly before: StoredRow | null;
  after: StoredRow;
  /** The columns it set; null when the row is new or gone. */
  readonly patched: Cells | null;
  /** Whether `after.scope` has been worked out. */
  hasScope: boolean;
}

/** The effects of one mutation, over the rows of its transaction. Dropped as a whole when the mutation does not apply. */
export class StagedRows {
  readonly set: WorkingSet;
  readonly #rows = new Map<Table, Map<string, StagedRow>>();

  constructor(set: WorkingSet) {
    this.set = set;
  }

  find(table: Table, key: RowKey): StagedRow | undefined {
    return this.#rows.get(table)?.get(keyText(key));
  }

  /** The row as this mutation sees it. */
  async row(table: Table, key: RowKey): Promise<StoredRow | null> {
    return this.find(table, key)?.after ?? (await this.set.row(table, key));
  }

  add(row: StagedRow): void {
    const rows = this.#rows.get(row.table) ?? new Map<string, StagedRow>();
    this.#rows.set(row.table, rows.set(keyText(row.after.key), row));
  }

  /** What others are to hang below is written before them. */
  addFirst(row: StagedRow): void {
    const others = [...this.#rows].filter(([table]) => table !== row.table);
    const rows = this.#rows.get(row.table) ?? new Map<string, StagedRow>();
    this.#rows.clear();
    for (const [table, known] of [[row.table, rows.set(keyText(row.after.key), row)], ...others] as const)
      this.#rows.set(table, known);
  }

  remove({ table, after }: StagedRow): void {
    this.#rows.get(table)?.delete(keyText(after.key));
  }

  all(): StagedRow[] {
    return [...this.#rows.values()].flatMap((rows) => [...rows.values()]);
  }

  /** Hands everything over to the transaction as one commit. */
  commit(commit: Commit): void {
    const staged = this.all();
    const entries: LogEntry[] = [];
    for (const row of staged) {
      for (const entry of entriesOf(row)) entries.push({ ...entry, commit, n: entries.length });
    }
    this.set.commit(
      staged.map((row) => [row.table, row.after] as const),
      entries,
    );
  }
}

/** What the log says about a row. One that changed its scope leaves the old one and arrives in the new one. */
function entriesOf({ table, before, after, patched }: StagedRow): Omit<LogEntry, 'commit' | 'n'>[] {
  const row = { table: table.name, key: after.key };
  const wasIn = before && before.columns !== null ? before.scope : null;
  const leave = { ...row, scope: wasIn ?? '', op: 'delete', columns: {} } as const;
  if (after.columns === null) return wasIn === null ? [] : [leave];
  const arrive = { ...row, scope: after.scope, op: 'put', columns: after.columns } as const;
  if (wasIn === null) return [arrive];
  if (wasIn !== after.scope) return [leave, arrive];
  return [{ ...row, scope: after.scope, op: 'patch', columns: patched ?? after.columns }];
}

/** A decision as the row it leaves behind. */
export function stagedRow(
  table: Table,
  rows: { key: RowKey; before: StoredRow | null },
  decision: Extract<Decision, { kind: 'put' | 'patch' | 'delete' }>,
  stamp: Stamp,
): StagedRow {
  const { key, before } = rows;
  const scope = before?.scope ?? '';
  const fresh = { key, scope, stamp, overrides: {} };
  if (decision.kind === 'delete') {
    const after = { ...fresh, columns: null, image: before?.columns ?? null };
    return { table, before, after, patched: null, hasScope: true };
  }
  if (decision.kind === 'put' || !before?.columns) {
    const after = { ...fresh, columns: decision.columns, image: null };
    return { table, before, after, patched: null, hasScope: false };
  }
  const after = {
    ...overrideStamps(before, Object.keys(decision.columns), stamp),
    key,
    scope,
    columns: { ...before.columns, ...decision.columns },
    image: null,
  };
  return { table, before, after, patched: decision.columns, hasScope: false };
}

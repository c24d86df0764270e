import { overrideStamps, type Stamp } from '../../core/row-version.ts';
import type { Cells, RowKey } from '../../shared/cell.ts';
import type { LogEntry } from '../records.ts';
import type { StoredRow } from '../storage.ts';
import type { BoundTable } from './bound-table.ts';
import type { CapturedChange } from './captured.ts';

/** The net effect of one foreign transaction on one row. */
export interface Effect {
  readonly of: BoundTable;
  readonly key: RowKey;
  /** The row as the transaction left it; null: it is gone. */
  readonly columns: Cells | null;
  /** What a row held that is gone now. */
  readonly image: Cells | null;
  /** The columns that have changed; null: the whole row is new. */
  readonly changed: ReadonlySet<string> | null;
  /** The row is told anew, and nobody is said to have changed it. */
  readonly isRetold?: boolean;
}

/** An effect, and another change on top of it. */
export function addChange(
  effect: Effect | undefined,
  change: Extract<CapturedChange, { readonly changed: unknown }>,
): Effect {
  const { of, key, columns } = change;
  if (change.op === 'delete') return { of, key, columns: null, image: columns, changed: null };
  if (change.op === 'insert') return { of, key, columns, image: null, changed: null };
  if (effect && effect.changed === null) return { of, key, columns, image: null, changed: null };
  return { of, key, columns, image: null, changed: new Set([...(effect?.changed ?? []), ...change.changed]) };
}

/** The row that an effect leaves behind; null when there is nothing to tell. */
export function rowAfter(
  { key, columns, image, changed, isRetold = false }: Effect,
  { before, stamp, scope }: { before: StoredRow | null; stamp: Stamp; scope: string },
): StoredRow | null {
  const fresh = { key, stamp, overrides: {} };
  if (columns === null) return before?.columns ? { ...fresh, scope: before.scope, columns, image } : null;
  if (before?.columns && isRetold) return { ...before, key, scope, columns };
  if (!before?.columns || changed === null) return { ...fresh, scope, columns, image: null };
  if (changed.size === 0 && scope === before.scope) return null;
  return { ...before, ...overrideStamps(before, [...changed], stamp), key, scope, columns };
}

export type Entry = Omit<LogEntry, 'commit' | 'n'>;

/** What the log says of it: one that changes its scope leaves the old and arrives in the new one. */
export function entriesOf(
  of: BoundTable,
  before: StoredRow | null,
  after: StoredRow,
  changed: Effect['changed'],
): Entry[] {
  const row = { table: of.table.name, key: after.key };
  const leave = before?.columns ? [{ ...row, scope: before.scope, op: 'delete', columns: {} } as const] : [];
  if (after.columns === null) return leave;
  const arrive = { ...row, scope: after.scope, op: 'put', columns: after.columns } as const;
  if (!before?.columns || before.scope !== after.scope) return [...leave, arrive];
  if (changed === null) return [arrive];
  const columns = Object.fromEntries([...changed].map((name) => [name, after.columns?.[name] ?? null]));
  return [{ ...row, scope: after.scope, op: 'patch', columns }];
}

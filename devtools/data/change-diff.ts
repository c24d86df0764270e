import type { Change, ChangeOp } from '../../src/core/change.ts';
import type { Schema } from '../../src/core/schema.ts';
import { cellValue, valueText } from './value-text.ts';

/** One column of a change: what the writer saw, and what it wrote. `undefined`: no value on that side. */
export interface ColumnDiff {
  readonly column: string;
  readonly before: unknown;
  readonly after: unknown;
  /** For counters: what was added. */
  readonly increment: number | null;
}

/** A change column by column, in the order of the schema. */
export function changeDiff(schema: Schema, change: Change): ColumnDiff[] {
  return columnNames(schema, change).map((column) => {
    const place = { table: change.table, column };
    const before = cellValue(schema, place, change.old?.[column]);
    const increment = change.counters?.[column] ?? null;
    if (increment === null) {
      return { column, before, after: cellValue(schema, place, change.columns[column]), increment };
    }
    return { column, before, after: before === undefined ? undefined : Number(before) + increment, increment };
  });
}

/** The same columns on their way back: what discarding the change restores. */
export function undoDiff(schema: Schema, change: Change): ColumnDiff[] {
  return changeDiff(schema, change).map(({ column, before, after, increment }) => ({
    column,
    before: after,
    after: before,
    increment: increment === null ? null : -increment,
  }));
}

function columnNames(schema: Schema, change: Change): string[] {
  const touched = new Set([
    ...Object.keys(change.columns),
    ...Object.keys(change.counters ?? {}),
    ...(change.op === 'patch' ? [] : Object.keys(change.old ?? {})),
  ]);
  const known = Object.keys(schema.tables[change.table]?.columns ?? {}).filter((name) => touched.has(name));
  return [...known, ...[...touched].filter((name) => !known.includes(name))];
}

/** What a change does, as a verb; a put over a row it saw replaces that row. */
export function opWords(change: Pick<Change, 'op' | 'old'>): string {
  const words: Readonly<Record<ChangeOp, string>> = {
    put: change.old ? 'replace' : 'insert',
    patch: 'update',
    delete: 'delete',
  };
  return words[change.op];
}

export function undoWords(change: Pick<Change, 'op' | 'old'>): string {
  const words: Readonly<Record<ChangeOp, string>> = {
    put: change.old ? 'The earlier row comes back' : 'The row is removed again',
    patch: 'The columns go back',
    delete: 'The row comes back',
  };
  return words[change.op];
}

/** `c1f0…` or `issue_id=…, label=bug` for composite keys. */
export function keyWords(schema: Schema, change: Pick<Change, 'table' | 'key'>): string {
  const names = schema.tables[change.table]?.primaryKey ?? [];
  if (change.key.length === 1) return valueText(change.key[0]);
  return change.key.map((cell, index) => `${names[index] ?? index}=${valueText(cell)}`).join(', ');
}

/** A mutation in one line: `update issue c1f0…: title, status`, `insert 2 rows, update 1 row`. */
export function changesWords(schema: Schema, changes: readonly Change[]): string {
  const [first] = changes;
  if (!first) return 'no changes';
  if (changes.length > 1) return summary(changes);
  const columns = changeDiff(schema, first).map((diff) => diff.column);
  return first.op === 'patch' ? `${opWords(first)} ${columns.join(', ')}` : opWords(first);
}

function summary(changes: readonly Change[]): string {
  const counts = new Map<string, number>();
  for (const change of changes) counts.set(opWords(change), (counts.get(opWords(change)) ?? 0) + 1);
  return [...counts].map(([verb, count]) => `${verb} ${count} ${count === 1 ? 'row' : 'rows'}`).join(', ');
}

import type { Schema } from '../../core/schema.ts';
import { SyncError } from '../../shared/error.ts';
import type { ReadColumn } from '../../storage/local-database.ts';
import type { LiveDelta, LiveRun } from '../engine-api.ts';
import { type AppRow, type RowReader, rowReader } from './app-rows.ts';

/** A live result on the page. */
export interface LiveRows {
  readonly version: number;
  readonly columns: readonly ReadColumn[];
  readonly rows: readonly AppRow[];
  /** Kept beside the columns it was made from. */
  readonly read: RowReader;
}

/**
 * The result after a delta. Rows that did not change are the same objects as before.
 *
 * @throws SyncError `protocol` when a delta is missing between: then the query must be opened anew.
 */
export function applyDelta(schema: Schema, previous: LiveRows | null, delta: LiveDelta): LiveRows {
  // Version 1 tells everything: it also answers a query that was opened again.
  const base = delta.version === 1 ? null : previous;
  if ((base?.version ?? 0) + 1 !== delta.version) {
    throw new SyncError('protocol', `A live result is at version ${base?.version ?? 0} and received ${delta.version}.`);
  }
  const columns = delta.columns ?? base?.columns ?? [];
  const read = delta.columns || !base ? rowReader(schema, columns) : base.read;
  const old = base?.rows ?? [];
  return { version: delta.version, columns, read, rows: delta.runs.flatMap((run) => rowsOf(run, old, read)) };
}

function rowsOf(run: LiveRun, old: readonly AppRow[], read: RowReader): readonly AppRow[] {
  return 'rows' in run ? run.rows.map(read) : old.slice(run.from, run.from + run.count);
}

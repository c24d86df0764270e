import type { BoundTable } from '../bound-table.ts';
import { CAPTURE_TRIGGER_NAME, type CaptureOptions, captureSql, removeCaptureSql } from './capture-sql.ts';
import { ownObjectsSql } from './own-objects.ts';
import { retypeKeySql, versionTableSql } from './version-sql.ts';

export { MIGRATIONS } from './own-objects.ts';
export type { CaptureOptions };
export { CAPTURE_TRIGGER_NAME, retypeKeySql };

/** What one user table needs beside it: the table of its rows' versions, and its triggers. */
export function tableSql(of: BoundTable, options: CaptureOptions): string {
  return `${versionTableSql(of)}\n${captureSql(of, options)}`;
}

/**
 * Everything tidemark puts into a database, as SQL to review, or to run by hand with more rights than the server has. Safe to
 * run twice. It changes no row and no column of the user's tables: it adds triggers to them, and the rest lies in schema `tidemark`.
 */
export function installSql(tables: Iterable<BoundTable>, options: CaptureOptions): string[] {
  return [...ownObjectsSql(), ...[...tables].map((of) => tableSql(of, options))];
}

/** Takes everything away again. The user's tables stay as they are, with the rows as they are. */
export function removeSql(pgSchema: string, tables: Iterable<string>): string[] {
  return [...[...tables].map((name) => removeCaptureSql(pgSchema, name)), 'DROP SCHEMA IF EXISTS tidemark CASCADE;'];
}

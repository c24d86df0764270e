import type { Table } from '../../core/schema.ts';
import { ALL_SCOPES } from '../../core/scope.ts';
import { quoteName } from '../../core/sql.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { ChangeCollector } from './changed-rows.ts';
import type { Images } from './images.ts';
import { advance } from './images.ts';
import type { LocalTable, LocalTables } from './local-table.ts';
import type { Overlay } from './overlay.ts';
import type { PendingRows } from './pending-rows.ts';
import type { RowRef } from './row-access.ts';
import { readRow, writeRow } from './row-access.ts';
import { scopeSql } from './scope-sql.ts';

/** The scopes of a database, or of `*` all but some. */
interface HeldScopes {
  readonly held: readonly string[];
  readonly lacked: readonly string[];
}

/** What was held before and is not after. */
export function droppedScopes(before: HeldScopes, after: HeldScopes): string[] {
  if (!after.held.includes(ALL_SCOPES)) return before.held.filter((scope) => !after.held.includes(scope));
  if (!before.held.includes(ALL_SCOPES)) return [];
  return after.lacked.filter((scope) => !before.lacked.includes(scope));
}

/**
 * Takes the rows of scopes away that the caller may no longer read, or does not want. Scopes are those of the confirmed rows, so pending
 * changes step aside while the rows are chosen; they stay in the outbox and lie on top again afterwards.
 *
 * @throws SyncError `resync` where the scope of a row cannot be told any more.
 */
export function dropScopes(parts: {
  readonly database: LocalDatabase;
  readonly tables: LocalTables;
  readonly rows: PendingRows;
  readonly images: Images;
  readonly overlay: Overlay;
  readonly changed: ChangeCollector;
  readonly dropped: readonly string[];
  readonly kept: readonly string[];
  /** The chain brings every row anew: none stays that is here now. */
  readonly isFresh: boolean;
}): void {
  const { database, tables, images, overlay, changed, dropped, kept, isFresh } = parts;
  if (dropped.length === 0) return;
  const pending = coveredRows(parts);
  for (const { of, row } of pending) writeConfirmed(database, images, of, row);
  if (!isFresh) refuseOrphans(database, tables);
  for (const of of childrenFirst(tables)) {
    const [list, not] = dropped.includes(ALL_SCOPES) ? [kept, 'NOT '] : [dropped, ''];
    const marks = list.map(() => '?').join(', ');
    const scope = scopeSql(of.table, tables, 't0');
    const sql = `DELETE FROM ${quoteName(of.name)} AS t0 WHERE ${scope} ${not}IN (${marks})`;
    if (database.run(sql, list) > 0) changed.addAll(of.name);
  }
  for (const { of, row } of pending) {
    const isLeft = readRow(database, of, row.key) !== null;
    const image = images.get(row.table, row.keyText);
    if (!isLeft && image?.exists) images.set(row.table, row.keyText, advance(image, null));
    overlay.show(row, changed);
  }
}

/**
 * A row whose parent was deleted stays in the scope it had, and only the server knows which that was. It must not stay here if
 * that is one of the lost, nor go if it is not.
 */
function refuseOrphans(database: LocalDatabase, tables: LocalTables): void {
  for (const of of tables.values()) {
    if (typeof of.table.scope === 'string' || 'by' in of.table.scope) continue;
    const sql = `SELECT 1 FROM ${quoteName(of.name)} AS t0 WHERE ${scopeSql(of.table, tables, 't0')} IS NULL LIMIT 1`;
    if (database.read(sql).rows.length === 0) continue;
    throw new SyncError(
      'resync',
      `The access has changed, and rows of ${of.name} have lost their parent: which of them may stay, only a snapshot tells.`,
    );
  }
}

interface CoveredRow {
  readonly of: LocalTable;
  readonly row: RowRef;
}

function coveredRows({
  tables,
  rows,
  overlay,
}: {
  tables: LocalTables;
  rows: PendingRows;
  overlay: Overlay;
}): CoveredRow[] {
  return [...tables.values()].flatMap((of) =>
    [...rows.of(of.name)]
      .filter(([text, { key }]) => key.length === of.keys.length && overlay.covers(of.name, text))
      .map(([text, { key }]) => ({ of, row: { table: of.name, key, keyText: text } })),
  );
}

function writeConfirmed(database: LocalDatabase, images: Images, of: LocalTable, row: RowRef): void {
  const image = images.get(row.table, row.keyText);
  if (image?.exists) writeRow(database, of, { key: row.key, columns: image.columns });
  else database.run(of.deleteSql, row.key);
}

/** Tables whose scope is that of a parent come before it. */
function childrenFirst(tables: LocalTables): LocalTable[] {
  const depth = ({ scope }: Table): number => {
    if (typeof scope === 'string' || 'by' in scope) return 0;
    const parent = tables.get(scope.table);
    return parent ? 1 + depth(parent.table) : 0;
  };
  return [...tables.values()].sort((a, b) => depth(b.table) - depth(a.table));
}

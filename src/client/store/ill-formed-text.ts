import { quoteName } from '../../core/sql.ts';
import type { Cell } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { NetEffect } from './capture.ts';

/** What a decoder of UTF-8 makes of bytes that are none. It is a character of its own, too. */
const REPLACEMENT = '\uFFFD';

/**
 * SQL can make text of any bytes (`CAST(x'ff' AS TEXT)`, `char(55296)`). What is no UTF-8 is read as another text than the table holds, so
 * devices would never agree on it. Asked of the table is only what looks like it.
 *
 * @throws SyncError `invalid-value`.
 */
export function refuseIllFormedText(database: LocalDatabase, { of, key, after }: NetEffect): void {
  if (after === null || !(after.some(isSuspect) || key.some(isSuspect))) return;
  const cells = [...key, ...after];
  const columns = of.columns.filter((_, index) => index < key.length || isSuspect(cells[index]));
  const same = columns.map((name) => `${quoteName(name)} IS ?`).join(' AND ');
  const parameters = columns.map((name) => cells[of.columns.indexOf(name)] ?? null);
  if (database.read(`SELECT 1 FROM ${quoteName(of.name)} WHERE ${same}`, parameters).rows.length > 0) return;
  throw new SyncError(
    'invalid-value',
    `A row of ${of.name} received text that is not valid UTF-8: SQL can make it of bytes, and it cannot be synced. Nothing was written.`,
  );
}

function isSuspect(cell: Cell | undefined): boolean {
  return typeof cell === 'string' && cell.includes(REPLACEMENT);
}

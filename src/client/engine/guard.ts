import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase, StatementInfo } from '../../storage/local-database.ts';

/** Pragmas that only tell something. */
const READING_PRAGMA =
  /^\s*PRAGMA\s+(?:\w+\.)?(?:table_info|table_xinfo|table_list|index_list|index_info|index_xinfo|function_list|pragma_list|collation_list|compile_options|data_version|page_count|page_size|freelist_count|foreign_key_list|integrity_check|quick_check)\b[^=]*$/i;

/**
 * Passes a statement that reads, for `query` and live queries.
 *
 * @throws SyncError `invalid-query`.
 */
export function guardRead(database: LocalDatabase, sql: string): StatementInfo {
  const info = database.analyze(sql);
  guardControl(sql, info);
  if (!info.isReadOnly) throw refused(sql, 'it writes; run it inside write()');
  return info;
}

function guardControl(sql: string, { control }: StatementInfo): void {
  if (control === 'schema') {
    throw refused(
      sql,
      'tables are changed through the schema; views, triggers and search tables belong into localSchema',
    );
  }
  if (control === 'transaction') throw refused(sql, 'write() opens and ends the transaction');
  if (control === 'attach') throw refused(sql, 'there is one database');
  if (control === 'pragma' && !READING_PRAGMA.test(sql)) throw refused(sql, 'settings are not the app’s to change');
}

function refused(sql: string, why: string): SyncError {
  return new SyncError('invalid-query', `This statement cannot be run: ${why}. It was: ${sql}`);
}

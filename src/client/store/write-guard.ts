import { RESERVED_PREFIX } from '../../core/schema.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase, StatementInfo } from '../../storage/local-database.ts';

const MOST_KNOWN = 1_000;

/** Savepoints are the user's own affair; the transaction around them is ours. */
const SAVEPOINT = /^(\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(SAVEPOINT|RELEASE|ROLLBACK(\s+TRANSACTION)?\s+TO)\b/i;

/**
 * Lets through what may run inside `write()`: statements that read and write rows of the app's tables. Whatever would
 * end the transaction, change the schema or touch our own tables is refused before it runs.
 *
 * @throws SyncError `misuse`.
 */
export function createWriteGuard(database: LocalDatabase): (sql: string) => StatementInfo {
  const known = new Map<string, StatementInfo>();
  return (sql) => {
    const before = known.get(sql);
    if (before) return before;
    const info = database.analyze(sql);
    checkControl(sql, info);
    checkTables(sql, info);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(sql, info);
    return info;
  };
}

function checkControl(sql: string, { control }: StatementInfo): void {
  if (control === null || (control === 'transaction' && SAVEPOINT.test(sql))) return;
  const reason = {
    transaction: 'write() is the transaction: it commits when its callback returns and rolls back when it throws',
    schema: 'the schema changes by defineSchema and localSchema only',
    attach: 'no other database can take part in a write',
    pragma: 'settings of the database are not part of a write',
  }[control];
  throw new SyncError('misuse', `This cannot run inside write(): ${reason}. Received: ${sql.trim().slice(0, 200)}`);
}

function checkTables(sql: string, { directWrites }: StatementInfo): void {
  const own = directWrites.find((name) => name.toLowerCase().startsWith(RESERVED_PREFIX));
  if (own === undefined) return;
  throw new SyncError('misuse', `The table ${own} belongs to tidemark: write() cannot change it. Received: ${sql}`);
}

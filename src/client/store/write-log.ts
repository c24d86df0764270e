import type { LocalDatabase } from '../../storage/local-database.ts';

/** How many writes are remembered at least, beside those in the outbox. */
const KEPT_WRITES = 4_096;

/** Whether this write was committed, and what it became. */
export function findWrite(database: LocalDatabase, writeId: string): { mutationId: number | null } | null {
  const [row] = database.read(
    `SELECT mutation_id FROM _tidemark_outbox WHERE write_id = ?1
     UNION ALL SELECT mutation_id FROM _tidemark_write WHERE write_id = ?1 LIMIT 1`,
    [writeId],
  ).rows;
  if (row === undefined) return null;
  return { mutationId: typeof row[0] === 'number' ? row[0] : null };
}

/** Notes a write that queued nothing. Those in the outbox are noted when they leave it. */
export function logWrite(database: LocalDatabase, writeId: string): void {
  database.run('INSERT INTO _tidemark_write (write_id) VALUES (?)', [writeId]);
}

/**
 * Forgets the oldest. Not at each write: in between the log grows by a few bytes for each. The last mutation is never forgotten, however
 * many writes that queued nothing came after it: its number and its stamp must not be given again.
 */
export function trimWrites(database: LocalDatabase): void {
  database.run(
    `DELETE FROM _tidemark_write WHERE n <= (SELECT max(n) FROM _tidemark_write) - ${KEPT_WRITES}
     AND mutation_id IS NOT (SELECT max(mutation_id) FROM _tidemark_write WHERE mutation_id IS NOT NULL)`,
  );
}

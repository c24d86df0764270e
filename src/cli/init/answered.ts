import type postgres from 'postgres';
import type { Catalogue } from './catalogue.ts';
import { CALLER } from './policy/group-query.ts';
import { type Proposal, propose } from './propose.ts';

/**
 * A proposal whose every query the database answers: each is planned once, as nobody, and one that is refused is left out with all
 * that would have rested on it. A server whose access function fails lets nobody in.
 */
export async function proposeAnswered(db: postgres.Sql, catalogue: Catalogue): Promise<Proposal> {
  const refused = new Set<string>();
  for (;;) {
    const proposal = propose(catalogue, refused);
    const before = refused.size;
    for (const { sql } of proposal.memberships)
      if (sql !== null && !(await isAnswered(db, sql, catalogue.schema))) refused.add(sql);
    if (refused.size === before) return proposal;
  }
}

async function isAnswered(db: postgres.Sql, query: string, schema: string): Promise<boolean> {
  const asking = db.begin(async (transaction) => {
    // As the server has it.
    await transaction`SELECT set_config('search_path', ${`"${schema.replaceAll('"', '""')}", extensions`}, true)`;
    await transaction.unsafe(`EXPLAIN ${query.replaceAll(CALLER, 'NULL')}`);
  });
  return asking.then(
    () => true,
    (error: unknown) => {
      // A connection that is lost says nothing about the query.
      if (error instanceof Error && 'severity' in error) return false;
      throw error;
    },
  );
}

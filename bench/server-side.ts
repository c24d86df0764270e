import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createSyncServer } from 'tidemark/server';
import { sqliteStorage } from 'tidemark/server/sqlite';
import { createTableSql } from '../src/core/ddl.ts';
import { alternate, type Measure, measure } from './measure.ts';
import { pushBody, pushRequest } from './push-body.ts';
import { benchSchema, ISSUE_COLUMNS, makeIssues } from './schema.ts';

const BATCH = 500;
const BATCH_COUNT = 20;

/** Mutations per second into the durable server, through its fetch handler, against a bare insert with one commit per batch. */
export async function pushThroughput(): Promise<Measure> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
  let run = 0;
  const file = (kind: string) => join(folder, `${kind}-${run}.db`);
  const runs = await alternate(
    async () => {
      const server = createSyncServer({ schema: benchSchema, storage: sqliteStorage({ file: file('server') }) });
      const bodies = Array.from({ length: BATCH_COUNT }, (_, batch) => pushBody(batch, BATCH));
      await server.fetch(pushRequest(pushBody(BATCH_COUNT, BATCH)));
      const startedAt = performance.now();
      for (const body of bodies) {
        const answer = await server.fetch(pushRequest(body));
        if (!answer.ok) throw new Error(`The push failed with ${answer.status}.`);
        await answer.arrayBuffer();
      }
      const seconds = (performance.now() - startedAt) / 1_000;
      await server.close();
      run += 1;
      return (BATCH * BATCH_COUNT) / seconds;
    },
    async () => bareInserts(file('bare')),
  );
  rmSync(folder, { recursive: true, force: true });
  return measure('push-throughput', 'mutations/s', {
    ...runs,
    note: `batches of ${BATCH}, synchronous=FULL on both sides`,
  });
}

function bareInserts(path: string): number {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
  database.exec(createTableSql(benchSchema.tables.issue));
  const marks = ISSUE_COLUMNS.map(() => '?').join(', ');
  const statement = database.prepare(`INSERT INTO issue (${ISSUE_COLUMNS.join(', ')}) VALUES (${marks})`);
  const startedAt = performance.now();
  for (let batch = 0; batch < BATCH_COUNT; batch += 1) {
    database.exec('BEGIN IMMEDIATE');
    for (const row of makeIssues(batch * BATCH, BATCH)) statement.run(...Object.values(row));
    database.exec('COMMIT');
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  database.close();
  return (BATCH * BATCH_COUNT) / seconds;
}

/** What push, pull and scopes promise over SQLite holds over Postgres: the same tests, each on databases of its own. */
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Schema } from '../../../src/core/schema.ts';
import { postgresStorage } from '../../../src/server/postgres/index.ts';
import type { ServerStorage } from '../../../src/server/storage.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';
import { backWith } from '../../unit/server/support/backing.ts';
import { manualRuntime, schema } from '../../unit/server/support/fixture.ts';
import '../../unit/server/batches.test.ts';
import '../../unit/server/deleted-parents.test.ts';
import '../../unit/server/pull.test.ts';
import '../../unit/server/pull-outcomes.test.ts';
import '../../unit/server/push.test.ts';
import '../../unit/server/push-waiting.test.ts';
import '../../unit/server/scopes.test.ts';

/** Holds the tables and all that is installed beside them: a copy is quicker than another installation. */
let template: TestDatabase;
const used: { readonly storage: ServerStorage; readonly database: TestDatabase }[] = [];

function over({ url }: TestDatabase): ServerStorage {
  // Nothing happens here that a test has not done: its clock never looks for news.
  return postgresStorage({ url, maxConnections: 2, runtime: manualRuntime() });
}

async function newStorage(): Promise<ServerStorage> {
  const database = await createDatabase(undefined, new URL(template.url).pathname.slice(1));
  const storage = over(database);
  used.push({ storage, database });
  return storage;
}

beforeAll(async () => {
  template = await createDatabase();
  const storage = over(template);
  await storage.open(schema as Schema, 'epoch-of-the-template');
  await storage.close();
  // The copies have a history of their own, and none before it.
  await template.sql.unsafe('DELETE FROM tidemark.state');
  await template.sql.end();
  backWith({ newStorage, share: 0.1 });
});
afterEach(async () => {
  for (const { storage, database } of used.splice(0)) {
    await storage.close();
    await database.drop();
  }
});
afterAll(() => template.drop());

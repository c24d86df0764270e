import { expect, test } from 'vitest';
import { postgresStorage } from '../../../src/server/postgres/index.ts';
import { SharedReads } from '../../../src/server/shared-reads.ts';
import { createDatabase } from '../../support/postgres.ts';
import { ENTRIES } from './entries.ts';

test('a statement that fails aborts the transaction of all, and only its own read fails', async () => {
  const database = await createDatabase();
  const storage = postgresStorage({ url: database.url });
  await storage.open(ENTRIES, 'epoch');
  const reads = new SharedReads(storage);
  const read = (clientId: string) => reads.read((reader) => reader.device(clientId));
  // Postgres has no text with a NUL in it.
  const settled = await Promise.allSettled([read('a'), read('\0'), read('b'), read('c')]);
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  await storage.close();
  await database.drop();
});

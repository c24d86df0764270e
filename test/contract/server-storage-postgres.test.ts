import { afterAll, beforeAll } from 'vitest';
import { postgresStorage } from '../../src/server/postgres/index.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { runServerStorageContract } from './server-storage-suite.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

runServerStorageContract('Postgres', async () => ({
  connect: () => postgresStorage({ url: database.url, maxConnections: 3 }),
  isDurable: true,
  holdsNul: false,
  remove: database.reset,
}));

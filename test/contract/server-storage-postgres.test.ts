import { postgresStorage } from '../../src/server/postgres/index.ts';
import { createDatabase } from '../support/postgres.ts';
import { runServerStorageContract } from './server-storage-suite.ts';

runServerStorageContract('Postgres', async () => {
  const database = await createDatabase();
  return {
    connect: () => postgresStorage({ url: database.url }),
    isDurable: true,
    holdsNul: false,
    remove: database.drop,
  };
});

import { expect, test } from 'vitest';
import { createDatabase, startPostgres } from '../../support/postgres.ts';

test('a test gets an empty database of its own', async () => {
  const database = await createDatabase();
  try {
    await database.sql`CREATE TABLE note (text text)`;
    await database.connect()`INSERT INTO note VALUES ('naïve 🌊')`;
    expect([...(await database.sql`SELECT text FROM note`)]).toEqual([{ text: 'naïve 🌊' }]);
  } finally {
    await database.drop();
  }
});

test('a server of its own has what was committed after it was killed', { timeout: 60_000 }, async () => {
  const server = await startPostgres({ isSynced: true });
  try {
    const before = await createDatabase(server);
    await before.sql`CREATE TABLE note (text text)`;
    await before.sql`INSERT INTO note VALUES ('kept')`;
    await server.kill();
    await server.restart();
    expect([...(await before.connect()`SELECT text FROM note`)]).toEqual([{ text: 'kept' }]);
    await before.drop();
  } finally {
    await server.close();
  }
});

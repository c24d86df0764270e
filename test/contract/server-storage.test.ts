import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteStorage } from '../../src/server/sqlite/index.ts';
import { runServerStorageContract } from './server-storage-suite.ts';

runServerStorageContract('a SQLite file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-storage-'));
  return {
    connect: () => sqliteStorage({ file: join(folder, 'made', 'server.db') }),
    isDurable: true,
    holdsNul: true,
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

runServerStorageContract('SQLite in memory', async () => ({
  connect: () => sqliteStorage({ file: ':memory:' }),
  isDurable: false,
  holdsNul: true,
  remove: async () => undefined,
}));

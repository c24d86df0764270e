import type { LocalDatabase } from '../local-database.ts';
import { configure } from './configure.ts';
import { SqliteWasmDatabase } from './database.ts';
import { loadSqlite } from './module.ts';

/** A new, empty database in memory: in Node, in tests, and where a browser gives no disk. */
export async function openMemoryDatabase(): Promise<LocalDatabase> {
  const module = await loadSqlite();
  const connection = new module.sqlite3.oo1.DB(':memory:', 'c');
  const db = Number(connection.pointer);
  const database = new SqliteWasmDatabase(module, {
    kind: 'memory',
    persisted: false,
    db,
    close: () => connection.close(),
  });
  configure(database);
  return database;
}

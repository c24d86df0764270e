import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { CliError } from './io.ts';

/** What a server's SQLite file holds, read beside the server, which may be running. Writes nothing. */
export async function inspectFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  try {
    return readFile(database, path);
  } catch (error) {
    throw error instanceof CliError ? error : new CliError(`${path} cannot be read: ${error}`, { cause: error });
  } finally {
    database.close();
  }
}

function readFile(database: DatabaseSync, path: string) {
  const names = tableNames(database);
  if (!names.includes('_tidemark_meta')) throw new CliError(`${path} is not the database of a tidemark server.`);
  const meta = new Map(
    database
      .prepare('SELECT name, value FROM _tidemark_meta')
      .all()
      .map(({ name, value }) => [name, value]),
  );
  const own = names.filter((name) => !/^(_tidemark_|sqlite_)/.test(name));
  return {
    file: path,
    bytes: statSync(path).size,
    epoch: meta.get('epoch') ?? 'unknown',
    head: Number(meta.get('head') ?? 0),
    'commits kept': count(database, '_tidemark_commit'),
    'log entries': count(database, '_tidemark_log'),
    devices: count(database, '_tidemark_device'),
    rows: Object.fromEntries(own.map((name) => [name, count(database, name)])),
  };
}

function tableNames(database: DatabaseSync): string[] {
  const sql = `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`;
  return database
    .prepare(sql)
    .all()
    .map(({ name }) => String(name));
}

function count(database: DatabaseSync, table: string): number {
  const row = database.prepare(`SELECT count(*) AS n FROM "${table.replaceAll('"', '""')}"`).get();
  return Number(row?.n ?? 0);
}

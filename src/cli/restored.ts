import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSyncServer } from 'tidemark/server';
import { sqliteStorage } from 'tidemark/server/sqlite';
import { parseOptions } from './arguments.ts';
import { CliError, type CliIo } from './io.ts';
import { loadSchema } from './load-module.ts';

/** `tidemark restored`: says of a SQLite file that it was put back from a copy, so that no device goes on as if nothing had happened. */
export async function restoredCommand(args: readonly string[], io: CliIo): Promise<number> {
  const { schema, file } = parseOptions(args, {
    schema: { type: 'string' },
    file: { type: 'string', default: './tidemark.db' },
  });
  if (schema === undefined) throw new CliError('restored needs --schema FILE.\nSee: tidemark help');
  const path = resolve(io.cwd, file);
  if (!existsSync(path)) throw new CliError(`There is no file ${path}.`);
  const server = createSyncServer({ schema: await loadSchema(schema, io.cwd), storage: sqliteStorage({ file: path }) });
  try {
    const epoch = await (await server.service()).renewEpoch();
    io.print(`${path} has begun a new history: ${epoch}. Devices fetch everything anew, and keep their unsent work.`);
  } finally {
    await server.close();
  }
  return 0;
}

/**
 * The sync server of the scenarios, as a process of its own, so that it can be killed like one.
 * Configured by the environment; prints one JSON line once it listens.
 */
import { SyncError } from 'tidemark/core';
import { createSyncServer, serve } from 'tidemark/server';
import { sqliteStorage } from 'tidemark/server/sqlite';
import { type SchemaName, schemas } from './schemas.ts';

const { SCHEMA, FILE, PORT } = process.env as Record<string, string>;

const server = createSyncServer({
  schema: schemas[SCHEMA as SchemaName],
  storage: sqliteStorage({ file: FILE ?? ':memory:' }),
  cors: { origins: '*' },
  // The token is the person.
  auth: ({ token }) => ({ id: token ?? 'nobody' }),
  validate: {
    task: (change: { values: Readonly<Record<string, unknown>> }) => {
      if (change.values.title === 'forbidden') throw new SyncError('rejected', 'No task may be called "forbidden".');
    },
  },
});
const running = await serve(server, { port: Number(PORT ?? 0), hostname: '127.0.0.1' });
process.once('SIGTERM', () => void running.close());
console.log(JSON.stringify({ url: running.url }));

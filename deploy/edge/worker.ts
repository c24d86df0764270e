/**
 * A whole sync server for a runtime that speaks `Request` and `Response` and lets TCP out, such as Deno Deploy or Bun, over
 * Postgres: `deno serve --allow-net --allow-env worker.ts`. Nothing of Node's HTTP server or `ws` is loaded; clients follow
 * changes by server-sent events.
 */
import process from 'node:process';
import { createSyncServer, jwtAuth } from 'tidemark/server';
import { postgresStorage } from 'tidemark/server/postgres';
import { schema } from './schema.ts';

const server = createSyncServer({
  schema,
  // Few connections per instance: such runtimes start many.
  storage: postgresStorage({ url: required('DATABASE_URL'), maxConnections: 3 }),
  auth: jwtAuth({ secret: required('JWT_SECRET') }),
  access: ({ id }) => ({ read: [`user:${id}`], write: [`user:${id}`] }),
});

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`Set the variable ${name}.`);
  return value;
}

export default {
  fetch: (request: Request): Response | Promise<Response> => server.fetch(request),
};

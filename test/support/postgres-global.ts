import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import type { PostgresServer } from './postgres-server.ts';

/** Vitest's global setup: a run that asks for Postgres gets one server for all its files, any other pays nothing. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let starting: Promise<PostgresServer> | undefined;
  const broker = createServer(async (_request, response) => {
    try {
      // Imported late: most runs need no Postgres.
      starting ??= import('./postgres-server.ts').then(({ startPostgres }) => startPostgres());
      response.end((await starting).url());
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
  project.provide('postgresBroker', `http://127.0.0.1:${(broker.address() as AddressInfo).port}`);
  return async () => {
    broker.close();
    const server = await starting?.catch(() => undefined);
    await server?.close();
  };
}

import postgres from 'postgres';
import { postgresStorage } from '../../../src/server/postgres/index.ts';
import { manualRuntime } from '../../../src/testing/manual-runtime.ts';
import type { PostgresSource } from '../world/postgres-disk.ts';
import { schemas } from '../world/schema.ts';

/** Makes the database that histories are begun with copies of: a copy is quicker than another installation. */
export async function createSource(url: string): Promise<PostgresSource> {
  const template = `simulation_${process.pid}`;
  const admin = postgres(url, { max: 1, onnotice: () => undefined });
  await admin.unsafe(`CREATE DATABASE ${template}`);
  await admin.end();
  const own = new URL(url);
  own.pathname = `/${template}`;
  const storage = postgresStorage({ url: own.href, maxConnections: 2, runtime: manualRuntime() });
  await storage.open(schemas[0], 'epoch-of-the-template');
  await storage.close();
  const sql = postgres(own.href, { max: 1, onnotice: () => undefined });
  // The copies have a history of their own, and none before it.
  await sql.unsafe('DELETE FROM tidemark.state');
  await sql.end();
  return { url, template };
}

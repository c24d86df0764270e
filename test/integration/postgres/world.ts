import { makeHlc } from '../../../src/core/hlc.ts';
import type { Schema } from '../../../src/core/schema.ts';
import { createSyncService } from '../../../src/server/create-service.ts';
import type { SyncServiceOptions } from '../../../src/server/options.ts';
import { type PostgresStorageOptions, postgresStorage } from '../../../src/server/postgres/index.ts';
import type { SyncService } from '../../../src/server/service.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';
import { ModelClient } from '../../unit/server/support/model-client.ts';

/** A database that belongs to somebody else, and servers over it. */
export interface World {
  readonly database: TestDatabase;
  /** One more node. */
  node(options?: Partial<SyncServiceOptions>, storage?: Partial<PostgresStorageOptions>): Promise<SyncService>;
  close(): Promise<void>;
}

/** Creates the user's tables, which are there before tidemark. */
export async function createWorld(schema: Schema, tables: string): Promise<World> {
  const database = await createDatabase();
  await database.sql.unsafe(tables);
  const nodes: SyncService[] = [];
  return {
    database,
    node: async (options = {}, storage = {}) => {
      const made = postgresStorage({ url: database.url, maxConnections: 4, ...storage });
      const service = await createSyncService({ schema, storage: made, ...options });
      nodes.push(service);
      return service;
    },
    close: async () => {
      await Promise.all(nodes.map((node) => node.close()));
      await database.drop();
    },
  };
}

/** Everything that other programs have committed by now has a number when this resolves. */
export async function numberNow(service: SyncService): Promise<void> {
  await service.prune();
}

/** A client that has pulled everything. */
export async function pulled(service: SyncService, schema: Schema, subject = 'ana'): Promise<ModelClient> {
  const client = new ModelClient({ service, schema, identity: { id: subject } });
  await client.pullAll();
  return client;
}

/** A stamp later than everything the test's clock has seen. */
export const lateHlc = (): string => makeHlc(Date.now() + 1_000, 0);

/** Resolves once a node has heard of a commit from `head` on. */
export function heard(service: SyncService, head: number): Promise<void> {
  return new Promise((resolve) => {
    if (service.stats().head >= head) return resolve();
    const stop = service.onCommit((now) => {
      if (now < head) return;
      stop();
      resolve();
    });
  });
}

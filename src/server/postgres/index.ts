/**
 * `tidemark/server/postgres`: the server's data in Postgres, over the tables that are there.
 *
 * @module
 */
export type { ServerStorage } from '../storage.ts';
export type { PostgresStorageOptions, RowSecurityOptions } from './options.ts';
export { postgresStorage } from './postgres-storage.ts';
export { type PostgresRateLimitOptions, postgresRateLimits } from './rate-limits.ts';
export { planInstall, planRemoval, type SetupOptions } from './setup.ts';

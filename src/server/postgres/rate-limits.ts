import { RateLimiterPostgres } from 'rate-limiter-flexible';
import { systemRuntime } from '../../shared/runtime.ts';
import type { RateLimitStore } from '../edge/limiter.ts';
import { connect } from './connection.ts';
import { Pool } from './pool.ts';

const MAX_WAIT_MS = 2_000;

/** Where {@link postgresRateLimits} counts. */
export interface PostgresRateLimitOptions {
  /** `postgres://user:password@host:port/database`, with what `tidemark` has installed there. Directly, or through a session pooler. */
  readonly url: string;
  /** Connections of this node. Default: 2. */
  readonly maxConnections?: number;
  /** Further options of the driver, such as `ssl`. */
  readonly driver?: Readonly<Record<string, unknown>>;
}

/**
 * Lets several nodes count calls together, in a table of schema `tidemark` that is not logged: after a crash of the database it
 * is empty. Costs two short writes for every call; what is over its limit is refused from memory. On connections of its own,
 * so that a flood does not wait behind the work it holds up.
 *
 * @example
 * ```ts
 * const url = process.env.DATABASE_URL;
 * createSyncServer({ schema, storage: postgresStorage({ url }), rateLimit: { store: postgresRateLimits({ url }) } });
 * ```
 */
export function postgresRateLimits({ url, maxConnections = 2, driver = {} }: PostgresRateLimitOptions): RateLimitStore {
  const options = { url, schema: 'tidemark', driver: { connect_timeout: 5, ...driver } };
  const pool = new Pool(maxConnections, (onclose) => connect(options, onclose));
  const storeClient = { query: (query: Query) => ask(pool, query) };
  const store: RateLimitStore = ({ keyPrefix, points, duration }) =>
    new RateLimiterPostgres({
      storeClient,
      storeType: 'client',
      schemaName: 'tidemark',
      tableName: 'rate_limit',
      tableCreated: true,
      keyPrefix,
      points,
      duration,
      // Whoever is over the limit is known for as long as that holds: the flood does not reach the database.
      inMemoryBlockOnConsumed: points + 1,
    });
  return Object.assign(store, { close: () => pool.end() });
}

interface Query {
  readonly text: string;
  readonly values?: readonly (string | number | null)[];
}

/** What the limiter asks of another driver, `pg`. A connection that does not answer is not used again. */
async function ask(pool: Pool, { text, values = [] }: Query) {
  const connection = await pool.take();
  const late = Promise.withResolvers<never>();
  const cancel = systemRuntime.setTimer(MAX_WAIT_MS, () => late.reject(new Error('The database does not answer.')));
  try {
    const query = connection.sql.unsafe(text, values.map(storable), { prepare: true }).execute();
    const rows = await Promise.race([query, late.promise]);
    return { rows, rowCount: rows.count };
  } catch (error) {
    connection.isLost = true;
    throw error;
  } finally {
    cancel();
    pool.give(connection);
  }
}

/** Postgres takes no U+0000: a caller with one in their name would else have the store taken for broken, for everybody. */
function storable<T>(value: T): T | string {
  return typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value;
}

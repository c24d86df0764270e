import type { Schema } from '../core/schema.ts';
import { createSyncService } from '../server/create-service.ts';
import type { AccessFunction, ValidateFunction } from '../server/options.ts';
import type { SyncService } from '../server/service.ts';
import type { Runtime } from '../shared/runtime.ts';
import { memoryStorage } from './memory-storage.ts';
import { putsOf, type TestRows } from './test-rows.ts';

export interface TestServerOptions<S extends Schema = Schema> {
  readonly schema: S;
  /** What it holds from the beginning. */
  readonly rows?: TestRows<S>;
  /** As for `createSyncServer`. Default: everybody may read and write everything. */
  readonly access?: AccessFunction;
  /** As for `createSyncServer`, by table: throw to reject a mutation. */
  readonly validate?: Readonly<Record<string, ValidateFunction>>;
  /** Its clock. Default: the real one. */
  readonly runtime?: Runtime;
}

/** A sync server in this process, without a network. */
export interface TestServer<S extends Schema = Schema> {
  readonly schema: S;
  /** Resolves when it has opened, with its rows in it. */
  readonly ready: Promise<SyncService>;
  /** Writes rows as the server's own program would: as one commit of no device. */
  put(rows: TestRows<S>): Promise<void>;
  close(): Promise<void>;
}

/**
 * The real server (its decisions, its log, its access checks) over a database in memory, for {@link createTestSync}. It
 * runs in Node and in browsers.
 *
 * @example
 * ```ts
 * const server = createTestServer({ schema, rows: { issue: [{ id: 'a', title: 'Gulls' }] } });
 * const [mine, theirs] = [createTestSync({ schema, server }), createTestSync({ schema, server })];
 * ```
 */
export function createTestServer<S extends Schema>(options: TestServerOptions<S>): TestServer<S> {
  const { schema, rows = {}, access, validate, runtime } = options;
  const ready = createSyncService({
    schema,
    storage: memoryStorage(),
    ...(access ? { access } : {}),
    ...(validate ? { validate } : {}),
    ...(runtime ? { runtime } : {}),
  }).then(async (service) => {
    await put(service, rows);
    return service;
  });
  // Whoever uses it hears of it.
  ready.catch(() => undefined);

  async function put(service: SyncService, more: TestRows<S>): Promise<void> {
    const changes = putsOf(schema, more);
    if (changes.length > 0) await service.mutate(null, changes);
  }
  return {
    schema,
    ready,
    put: async (more) => put(await ready, more),
    close: async () => (await ready).close(),
  };
}

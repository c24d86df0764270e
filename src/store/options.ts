import { schemaToWire } from '../client/schema-wire.ts';
import type { SyncOptions } from '../client/sync.ts';
import type { WorkerConfig } from '../client/worker-api.ts';
import { type Schema, tableOf } from '../core/schema.ts';
import { SyncError } from '../shared/error.ts';
import { isName, MAX_NAME_LENGTH } from '../shared/name.ts';
import { decidedTables } from './decide.ts';

const DEFAULT_NAME = 'tidemark';
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/**
 * Checks what JavaScript callers may get wrong.
 *
 * @throws SyncError `misuse`, or `not-found` for a table that the schema does not have.
 */
export function checkOptions(options: SyncOptions): void {
  const { schema, server, storage, autoSync, resolvers, localSchema, deviceName } = options;
  if (typeof schema?.tables !== 'object' || typeof schema.version !== 'number') {
    throw misuse('schema must come from defineSchema()', schema);
  }
  if (server && (typeof server.url !== 'string' || server.url === '')) {
    throw misuse('server.url must be the address of the sync server', server.url);
  }
  if (server?.auth !== undefined && typeof server.auth !== 'function') {
    throw misuse('server.auth must be a function that returns the token', server.auth);
  }
  if (storage && storage.kind !== 'opfs' && storage.kind !== 'memory') {
    throw misuse("storage.kind must be 'opfs' or 'memory'", storage.kind);
  }
  if (storage?.name !== undefined && !NAME.test(storage.name)) {
    throw misuse('storage.name must be 1 to 64 letters, digits, _ . or -, the first a letter or digit', storage.name);
  }
  if (deviceName !== undefined && !isName(deviceName)) {
    throw misuse(`deviceName must be 1 to ${MAX_NAME_LENGTH} characters of valid Unicode`, deviceName);
  }
  if (autoSync) checkAutoSync(autoSync);
  for (const table of Object.keys(resolvers ?? {})) tableOf(schema, table);
  if (localSchema?.some((sql) => typeof sql !== 'string')) throw misuse('localSchema must be SQL texts', localSchema);
}

function checkAutoSync({ intervalMs, debounceMs }: Exclude<SyncOptions['autoSync'], false | undefined>): void {
  for (const [name, value] of Object.entries({ intervalMs, debounceMs })) {
    if (value === undefined || (Number.isFinite(value) && value >= 0)) continue;
    throw misuse(`autoSync.${name} must be a number of milliseconds from 0`, value);
  }
}

/** The options as plain data for the engine. `page`: the address that relative URLs start from, null without one. */
export function toConfig(
  options: SyncOptions,
  session: { readonly sessionId: string; readonly kind: 'opfs' | 'memory'; readonly page: string | null },
): WorkerConfig {
  const { schema, server, storage, autoSync, resolvers, localSchema, deviceName } = options;
  return {
    sessionId: session.sessionId,
    name: storage?.name ?? DEFAULT_NAME,
    kind: storage?.kind ?? session.kind,
    schema: schemaToWire(schema),
    serverUrl: server ? absoluteUrl(server.url, session.page) : null,
    hasAuth: server?.auth !== undefined,
    autoSync: autoSync ?? {},
    localSchema: localSchema ?? [],
    deviceName: deviceName ?? null,
    decides: server ? decidedTables(schema as Schema, resolvers ?? {}) : [],
  };
}

function absoluteUrl(url: string, page: string | null): string {
  try {
    return new URL(url, page ?? undefined).href;
  } catch (error) {
    throw new SyncError(
      'misuse',
      `server.url ${JSON.stringify(url)} is no address; outside a page it must be absolute.`,
      {
        cause: error,
      },
    );
  }
}

function misuse(what: string, received: unknown): SyncError {
  const shown = typeof received === 'object' ? JSON.stringify(received) : String(received);
  return new SyncError('misuse', `createSync: ${what}; received ${shown}.`);
}

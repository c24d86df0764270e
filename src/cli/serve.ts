import { resolve } from 'node:path';
import { pino } from 'pino';
import { SyncError } from 'tidemark/core';
import {
  type AccessFunction,
  type AuthFunction,
  createSyncServer,
  jwtAuth,
  type SyncServerOptions,
  serve,
  type ValidateFunction,
} from 'tidemark/server';
import { sqliteStorage } from 'tidemark/server/sqlite';
import { CliError, type CliIo } from './io.ts';
import { loadModule, loadSchema } from './load-module.ts';
import { readSettings, type ServeSettings } from './settings.ts';

/** `tidemark serve`: runs a server until it is asked to stop. */
export async function serveCommand(args: readonly string[], io: CliIo): Promise<number> {
  const settings = readSettings(args, io);
  const schema = await loadSchema(settings.schema, io.cwd);
  const hooks = withTokens(settings.hooks === undefined ? {} : await loadHooks(settings.hooks, io.cwd), settings);
  const { storage, data } = await openStorage(settings, io);
  const logger = pino({ level: settings.log, base: null }, { write: (line) => io.warn(line.trimEnd()) });
  const { base, cors, monitorToken } = settings;
  const server = createSyncServer({
    schema,
    storage,
    logger,
    ...hooks,
    ...(settings.rateLimit ? { rateLimit: await rateLimitOf(settings) } : {}),
    ...(monitorToken === undefined ? {} : { monitor: monitorToken }),
    ...(base === undefined ? {} : { basePath: base }),
    ...(cors === undefined ? {} : { cors: { origins: cors.includes('*') ? '*' : cors } }),
  });
  await server.service().catch((error) => {
    throw explain(error, data);
  });
  const running = await serve(server, {
    port: settings.port,
    hostname: settings.host,
    graceMs: settings.drainMs,
    logger,
  });
  io.print(describe({ url: running.url + (base ?? ''), data, schema, hooks }));
  await stopped(io.stop);
  io.print('Stopping: running calls may end first. Ctrl-C again to stop at once.');
  await running.close();
  return 0;
}

interface Opened {
  readonly storage: SyncServerOptions['storage'];
  /** What to call it on screen. */
  readonly data: string;
}

/** The storage, and what to call it on screen: of an address, nothing that signs in. */
async function openStorage(settings: ServeSettings, io: CliIo): Promise<Opened> {
  const { databaseUrl, databaseSchema, rowLevelSecurity } = settings;
  if (databaseUrl === undefined) {
    const name = settings.file ?? './tidemark.db';
    const file = name === ':memory:' ? name : resolve(io.cwd, name);
    return { storage: sqliteStorage({ file }), data: file };
  }
  const { postgresStorage } = await import('tidemark/server/postgres');
  const { host, pathname } = new URL(databaseUrl);
  const storage = postgresStorage({
    url: databaseUrl,
    schema: databaseSchema,
    rowSecurity: rowLevelSecurity ? {} : undefined,
  });
  return { storage, data: `Postgres at ${host}${pathname}, schema ${databaseSchema}` };
}

/** The driver says what happened, and not to which database. */
function explain(error: unknown, data: string): unknown {
  if (!(error instanceof SyncError) || error.kind !== 'storage') return error;
  return new CliError(`${data} could not be opened. ${error.message}`, { cause: error });
}

async function rateLimitOf({ proxyCount, proxies, rateLimitStore, databaseUrl }: ServeSettings) {
  const seen = proxies === undefined ? { proxyCount } : { proxies };
  if (rateLimitStore !== 'postgres' || databaseUrl === undefined) return seen;
  const { postgresRateLimits } = await import('tidemark/server/postgres');
  return { ...seen, store: postgresRateLimits({ url: databaseUrl }) };
}

/** Tokens are checked as the settings say, unless the hooks have an `auth` of their own. */
function withTokens(hooks: Hooks, { jwtSecret, jwtJwks, jwtIssuer, jwtAudience }: ServeSettings): Hooks {
  if (jwtSecret === undefined && jwtJwks === undefined) return hooks;
  if (hooks.auth)
    throw new CliError('The hooks have an `auth` of their own: leave it out, or the settings for tokens.');
  const auth = jwtAuth({
    ...(jwtSecret === undefined ? {} : { secret: jwtSecret }),
    ...(jwtJwks === undefined ? {} : { jwks: jwtJwks }),
    ...(jwtIssuer === undefined ? {} : { issuer: jwtIssuer }),
    ...(jwtAudience === undefined ? {} : { audience: jwtAudience }),
  });
  return { ...hooks, auth };
}

interface Hooks {
  readonly auth?: AuthFunction;
  readonly access?: AccessFunction;
  readonly validate?: Readonly<Record<string, ValidateFunction>>;
}

/** The app's own rules. A module that has none of them is more likely a mistake than a wish. */
async function loadHooks(file: string, cwd: string): Promise<Hooks> {
  const { auth, access, validate } = await loadModule(file, cwd);
  if (auth === undefined && access === undefined && validate === undefined) {
    throw new CliError(`${file} exports none of auth, access, validate.`);
  }
  for (const [name, hook] of Object.entries({ auth, access })) {
    if (hook !== undefined && typeof hook !== 'function') throw new CliError(`${file}: ${name} must be a function.`);
  }
  if (validate !== undefined && !isValidators(validate)) {
    throw new CliError(`${file}: validate must be an object with a function for each table it checks.`);
  }
  // Whether the functions take and give the right things shows when they are called.
  return { ...(auth ? { auth } : {}), ...(access ? { access } : {}), ...(validate ? { validate } : {}) } as Hooks;
}

function isValidators(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'function');
}

interface Description {
  readonly url: string;
  readonly data: string;
  readonly schema: { readonly version: number; readonly tables: object };
  readonly hooks: Hooks;
}

function describe({ url, data, schema, hooks }: Description): string {
  const who = hooks.auth ? 'as told by auth' : 'everyone, without signing in';
  const what = hooks.access ? 'as told by access' : 'everything';
  return `tidemark is serving at ${url}

  data     ${data}
  schema   version ${schema.version}: ${Object.keys(schema.tables).join(', ')}
  callers  ${who}
  access   ${what}

Ctrl-C stops it.`;
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

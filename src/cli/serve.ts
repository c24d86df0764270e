import { resolve } from 'node:path';
import { pino } from 'pino';
import {
  type AccessFunction,
  type AuthFunction,
  createSyncServer,
  serve,
  type ValidateFunction,
} from 'tidemark/server';
import { sqliteStorage } from 'tidemark/server/sqlite';
import { parseOptions, parsePort } from './arguments.ts';
import { CliError, type CliIo } from './io.ts';
import { loadModule, loadSchema } from './load-module.ts';

const LEVELS = ['silent', 'error', 'warn', 'info'];

/** `tidemark serve`: runs a server until it is asked to stop. */
export async function serveCommand(args: readonly string[], io: CliIo): Promise<number> {
  const options = readOptions(args);
  const schema = await loadSchema(options.schema, io.cwd);
  const hooks: Hooks = options.hooks === undefined ? {} : await loadHooks(options.hooks, io.cwd);
  const file = options.file === ':memory:' ? options.file : resolve(io.cwd, options.file);
  const logger = pino({ level: options.log, base: null }, { write: (line) => io.warn(line.trimEnd()) });
  const { base, cors } = options;
  const server = createSyncServer({
    schema,
    storage: sqliteStorage({ file }),
    logger,
    ...hooks,
    ...(base === undefined ? {} : { basePath: base }),
    ...(cors === undefined ? {} : { cors: { origins: cors } }),
  });
  const running = await serve(server, { port: options.port, hostname: options.host, logger });
  io.print(describe({ url: running.url + (base ?? ''), file, schema, hooks }));
  await stopped(io.stop);
  io.print('Stopping: running calls may end first. Ctrl-C again to stop at once.');
  await running.close();
  return 0;
}

function readOptions(args: readonly string[]) {
  const values = parseOptions(args, {
    schema: { type: 'string' },
    file: { type: 'string', default: './tidemark.db' },
    port: { type: 'string', default: '8787' },
    host: { type: 'string', default: '127.0.0.1' },
    base: { type: 'string' },
    cors: { type: 'string', multiple: true },
    hooks: { type: 'string' },
    log: { type: 'string', default: 'warn' },
  });
  const { schema } = values;
  if (schema === undefined)
    throw new CliError('serve needs --schema FILE, the module that exports your schema.\nSee: tidemark help');
  if (!LEVELS.includes(values.log)) throw new CliError(`--log must be one of ${LEVELS.join(', ')}.`);
  return { ...values, schema, port: parsePort(values.port) };
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
  readonly file: string;
  readonly schema: { readonly version: number; readonly tables: object };
  readonly hooks: Hooks;
}

function describe({ url, file, schema, hooks }: Description): string {
  const who = hooks.auth ? 'as told by auth' : 'everyone, without signing in';
  const what = hooks.access ? 'as told by access' : 'everything';
  return `tidemark is serving at ${url}

  data     ${file}
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

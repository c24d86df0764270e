import { isIP } from 'node:net';
import type { ParseArgsOptionsConfig } from 'node:util';
import * as v from 'valibot';
import { parseOptions } from './arguments.ts';
import { CliError, type CliIo } from './io.ts';
import { readText } from './load-module.ts';

/** What `tidemark serve` runs with: its flags, or where those are silent, variables of the environment. */
export type ServeSettings = v.InferOutput<typeof settingsSchema>;

const whole = (least: number, most: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d+$/, `must be a whole number from ${least} to ${most}`),
    v.transform(Number),
    v.check((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`),
  );
const text = v.pipe(v.string(), v.nonEmpty('must not be empty'));
const onOff = v.pipe(
  v.picklist(['on', 'off', 'true', 'false', '1', '0'], 'must be on or off'),
  v.transform((value) => ['on', 'true', '1'].includes(value)),
);
const postgresUrl = v.pipe(
  v.string(),
  v.check((value) => /^postgres(ql)?:\/\//.test(value) && URL.canParse(value), 'must be a URL postgres://…'),
);
const networks = v.pipe(
  v.string(),
  v.transform((value) => value.split(',').map((one) => one.trim())),
  v.array(v.pipe(v.string(), v.check(isNetwork, 'must be addresses or networks such as 10.0.0.0/8'))),
);
const origins = v.pipe(
  v.array(v.string()),
  v.transform((values) => values.flatMap((value) => value.split(',')).map((value) => value.trim())),
  v.array(v.pipe(v.string(), v.check(isOrigin, 'must be origins such as https://app.example, or *'))),
);

const settingsSchema = v.object({
  schema: text,
  file: v.optional(text),
  databaseUrl: v.optional(postgresUrl),
  databaseSchema: v.optional(text, 'public'),
  rowLevelSecurity: v.optional(onOff, 'off'),
  port: v.optional(whole(0, 65_535), '8787'),
  host: v.optional(text, '127.0.0.1'),
  base: v.optional(v.pipe(v.string(), v.startsWith('/', 'must begin with /'))),
  cors: v.optional(origins),
  hooks: v.optional(text),
  jwtSecret: v.optional(v.pipe(v.string(), v.minLength(32, 'must have 32 characters at least'))),
  jwtJwks: v.optional(v.pipe(v.string(), v.url('must be a URL'))),
  jwtIssuer: v.optional(text),
  jwtAudience: v.optional(text),
  rateLimit: v.optional(onOff, 'on'),
  rateLimitStore: v.optional(v.picklist(['memory', 'postgres'], 'must be memory or postgres'), 'memory'),
  proxyCount: v.optional(whole(0, 16), '0'),
  proxies: v.optional(networks),
  monitorToken: v.optional(v.pipe(v.string(), v.minLength(16, 'must have 16 characters at least'))),
  drainMs: v.optional(whole(0, 600_000), '5000'),
  log: v.optional(v.picklist(['silent', 'error', 'warn', 'info'], 'must be silent, error, warn or info'), 'warn'),
});

interface Source {
  /** Without the dashes. null: a secret, which a list of processes would show. */
  readonly flag: string | null;
  readonly variable: string;
}

const SOURCES: Readonly<Record<keyof typeof settingsSchema.entries, Source>> = {
  schema: { flag: 'schema', variable: 'TIDEMARK_SCHEMA' },
  file: { flag: 'file', variable: 'TIDEMARK_FILE' },
  databaseUrl: { flag: 'database-url', variable: 'TIDEMARK_DATABASE_URL' },
  databaseSchema: { flag: 'database-schema', variable: 'TIDEMARK_DATABASE_SCHEMA' },
  rowLevelSecurity: { flag: 'row-level-security', variable: 'TIDEMARK_ROW_LEVEL_SECURITY' },
  port: { flag: 'port', variable: 'TIDEMARK_PORT' },
  host: { flag: 'host', variable: 'TIDEMARK_HOST' },
  base: { flag: 'base', variable: 'TIDEMARK_BASE' },
  cors: { flag: 'cors', variable: 'TIDEMARK_CORS' },
  hooks: { flag: 'hooks', variable: 'TIDEMARK_HOOKS' },
  jwtSecret: { flag: null, variable: 'TIDEMARK_JWT_SECRET' },
  jwtJwks: { flag: 'jwt-jwks', variable: 'TIDEMARK_JWT_JWKS' },
  jwtIssuer: { flag: 'jwt-issuer', variable: 'TIDEMARK_JWT_ISSUER' },
  jwtAudience: { flag: 'jwt-audience', variable: 'TIDEMARK_JWT_AUDIENCE' },
  rateLimit: { flag: 'rate-limit', variable: 'TIDEMARK_RATE_LIMIT' },
  rateLimitStore: { flag: 'rate-limit-store', variable: 'TIDEMARK_RATE_LIMIT_STORE' },
  proxies: { flag: 'proxies', variable: 'TIDEMARK_PROXIES' },
  proxyCount: { flag: 'proxy-count', variable: 'TIDEMARK_PROXY_COUNT' },
  monitorToken: { flag: null, variable: 'TIDEMARK_MONITOR_TOKEN' },
  drainMs: { flag: 'drain-ms', variable: 'TIDEMARK_DRAIN_MS' },
  log: { flag: 'log', variable: 'TIDEMARK_LOG' },
};

/** The variables there are. */
export const VARIABLES: readonly string[] = Object.values(SOURCES).map(({ variable }) => variable);

const NAMES = Object.keys(SOURCES) as (keyof typeof SOURCES)[];

/**
 * Reads and checks the settings of `tidemark serve`.
 *
 * @throws CliError that names everything that is wrong at once.
 */
export function readSettings(args: readonly string[], io: Pick<CliIo, 'cwd' | 'env'>): ServeSettings {
  const { found, unreadable } = fromEnvironment(io);
  const given = { ...found, ...fromFlags(args) };
  const parsed = v.safeParse(settingsSchema, given);
  const problems = [
    ...unknownVariables(io.env),
    ...unreadable,
    ...emptyKeys(io.env, given),
    ...(parsed.success ? contradictions(parsed.output) : parsed.issues.map((issue) => describe(issue, given))),
  ];
  if (parsed.success && problems.length === 0) return parsed.output;
  throw new CliError(
    `The settings are not right:\n${problems.map((one) => `  ${one}`).join('\n')}\nSee: tidemark help`,
  );
}

function fromFlags(args: readonly string[]): Record<string, unknown> {
  const flags: ParseArgsOptionsConfig = {};
  for (const name of NAMES) {
    const { flag } = SOURCES[name];
    if (flag !== null) flags[flag] = { type: 'string', multiple: name === 'cors' };
  }
  const values: Readonly<Record<string, unknown>> = parseOptions(args, flags);
  const given = NAMES.map((name) => [name, values[SOURCES[name].flag ?? '']] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** `NAME`, or the content of the file that `NAME_FILE` names, as container platforms hand out secrets. */
function fromEnvironment({ env, cwd }: Pick<CliIo, 'cwd' | 'env'>) {
  const found: Record<string, unknown> = {};
  const unreadable: string[] = [];
  for (const name of NAMES) {
    const { variable } = SOURCES[name];
    const file = env[`${variable}_FILE`];
    let value = env[variable];
    if (value === undefined && file) {
      const read = fromFile(file, cwd);
      if ('problem' in read) unreadable.push(`${variable}_FILE: ${read.problem}`);
      else value = read.text;
    }
    // An empty variable is how compose files say "not set".
    if (value !== undefined && value !== '') found[name] = name === 'cors' ? [value] : value;
  }
  return { found, unreadable };
}

/** An empty file is a secret that was not handed out, not one that is not wanted. */
function fromFile(file: string, cwd: string): { readonly text: string } | { readonly problem: string } {
  try {
    const text = readText(file, cwd).trimEnd();
    return text === '' ? { problem: `The file ${file} is empty.` } : { text };
  } catch (error) {
    if (error instanceof CliError) return { problem: error.message };
    throw error;
  }
}

/** Without a key nobody has to sign in: that must not come of a value that was meant to be there. */
function emptyKeys(env: CliIo['env'], given: Readonly<Record<string, unknown>>): string[] {
  if (given.jwtSecret !== undefined || given.jwtJwks !== undefined) return [];
  const empty = [SOURCES.jwtSecret, SOURCES.jwtJwks].filter(({ variable }) => env[variable] === '');
  return empty.map(({ variable }) => `${variable} is empty: give it a value, or leave the variable out.`);
}

/** A variable that is set and read by nobody is a misspelling. */
function unknownVariables(env: CliIo['env']): string[] {
  const known = new Set(VARIABLES.flatMap((variable) => [variable, `${variable}_FILE`]));
  const unknown = Object.keys(env).filter((name) => name.startsWith('TIDEMARK_') && !known.has(name));
  return unknown.map((name) => `${name} is no setting of tidemark. There are: ${VARIABLES.join(', ')}.`);
}

function describe(issue: v.InferIssue<typeof settingsSchema>, given: Readonly<Record<string, unknown>>): string {
  const name = NAMES.find((one) => one === issue.path?.[0]?.key);
  if (name === undefined) return issue.message;
  const { flag, variable } = SOURCES[name];
  const label = flag === null ? variable : `--${flag} (${variable})`;
  if (given[name] === undefined) return `${label} is missing: ${MISSING[name] ?? 'it is required'}.`;
  // A secret is never repeated; a URL may hold one.
  const isSecret = ['jwtSecret', 'databaseUrl', 'monitorToken'].includes(name);
  return `${label} ${issue.message}${isSecret ? '' : `; received ${JSON.stringify(issue.input)}`}.`;
}

const MISSING: Readonly<Record<string, string>> = { schema: 'the module that exports your schema' };

function contradictions(settings: ServeSettings): string[] {
  const { file, databaseUrl, rowLevelSecurity, jwtSecret, jwtJwks, jwtIssuer, jwtAudience } = settings;
  const problems: string[] = [];
  if (file !== undefined && databaseUrl !== undefined)
    problems.push('Give --file (SQLite) or --database-url (Postgres), not both.');
  if (settings.rateLimitStore === 'postgres' && databaseUrl === undefined)
    problems.push('--rate-limit-store postgres needs --database-url: that is where the nodes count together.');
  if (settings.proxies !== undefined && settings.proxyCount > 0)
    problems.push('Give --proxies or --proxy-count, not both.');
  if (rowLevelSecurity && databaseUrl === undefined)
    problems.push('--row-level-security needs --database-url: SQLite has no such policies.');
  if (jwtSecret !== undefined && jwtJwks !== undefined)
    problems.push('Give TIDEMARK_JWT_SECRET or --jwt-jwks, not both.');
  const hasKey = jwtSecret !== undefined || jwtJwks !== undefined;
  if (!hasKey && (jwtIssuer !== undefined || jwtAudience !== undefined))
    problems.push('--jwt-issuer and --jwt-audience say nothing without TIDEMARK_JWT_SECRET or --jwt-jwks.');
  if (rowLevelSecurity && databaseUrl !== undefined && !hasKey && settings.hooks === undefined)
    problems.push(
      '--row-level-security needs to know who calls: give TIDEMARK_JWT_SECRET, --jwt-jwks, or hooks with auth.',
    );
  return problems;
}

function isOrigin(value: string): boolean {
  return value === '*' || (URL.canParse(value) && new URL(value).origin === value);
}

function isNetwork(value: string): boolean {
  const [address = '', prefix] = value.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return prefix === undefined ? bits > 0 : /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
}

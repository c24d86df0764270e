import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import postgres from 'postgres';
import type { Schema } from 'tidemark/core';
import { planInstall, planRemoval, postgresStorage } from 'tidemark/server/postgres';
import { parseOptions } from './arguments.ts';
import { proposeAnswered } from './init/answered.ts';
import { printAccess, printReview, printSchema } from './init/print-files.ts';
import type { Proposal } from './init/propose.ts';
import { readCatalogue } from './init/read-catalogue.ts';
import { toSchema } from './init/to-schema.ts';
import { CliError, type CliIo } from './io.ts';
import { loadSchema } from './load-module.ts';

/** `tidemark init postgres`: proposes the schema for a database that is there, and installs what tidemark needs in it. */
export async function initCommand(args: readonly string[], io: CliIo): Promise<number> {
  const options = readInit(args);
  if (options.from !== undefined) return install(await loadSchema(options.from, io.cwd), options, io);
  const proposal = await proposeFrom(options);
  const files = [
    { name: options.out, text: printSchema(proposal) },
    { name: options.access, text: printAccess(proposal) },
  ];
  io.print(`${printReview(proposal)}\n`);
  if (proposal.tables.length === 0) throw new CliError('There is no table that devices could hold.');
  if (options.isDryRun) for (const { name, text } of files) io.print(`-- ${name}\n${text}`);
  else
    writeOnce(
      files.map(({ name, text }) => ({ path: resolve(io.cwd, name), text })),
      options.isForced,
    );
  if (!options.isDryRun) io.print(`Wrote ${options.out} and ${options.access}: read them before you go on.`);
  return install(toSchema(proposal), options, io);
}

/** `tidemark remove postgres`: takes everything out of the database that `init` and the server put there. */
export async function removeCommand(args: readonly string[], io: CliIo): Promise<number> {
  const values = parseOptions(afterPostgres(args, 'remove'), SHARED);
  const url = checkUrl(values.url, 'remove');
  const statements = await planRemoval({ url, schema: values.schema });
  if (statements.length === 0) {
    io.print('There is nothing of tidemark in this database.');
    return 0;
  }
  if (values['dry-run']) {
    io.print(statements.join('\n\n'));
    return 0;
  }
  await withDatabase(url, (db) => db.begin((transaction) => transaction.unsafe(statements.join('\n'))));
  io.print('Removed the schema tidemark and its triggers. Your tables are as they were, with their rows.');
  return 0;
}

interface InitOptions {
  readonly url: string;
  readonly schema: string;
  readonly tables: readonly string[] | null;
  readonly out: string;
  readonly access: string;
  readonly from?: string | undefined;
  readonly isDryRun: boolean;
  readonly isForced: boolean;
}

const SHARED = {
  url: { type: 'string' },
  schema: { type: 'string', default: 'public' },
  'dry-run': { type: 'boolean', default: false },
} as const;

function readInit(args: readonly string[]): InitOptions {
  const values = parseOptions(afterPostgres(args, 'init'), {
    ...SHARED,
    tables: { type: 'string' },
    out: { type: 'string', default: './tidemark.schema.ts' },
    access: { type: 'string', default: './tidemark.access.ts' },
    from: { type: 'string' },
    force: { type: 'boolean', default: false },
  });
  return {
    ...values,
    url: checkUrl(values.url, 'init'),
    tables: values.tables?.split(',').map((name) => name.trim()) ?? null,
    isDryRun: values['dry-run'],
    isForced: values.force,
  };
}

function afterPostgres([kind, ...rest]: readonly string[], command: string): readonly string[] {
  if (kind === 'postgres') return rest;
  const received = kind === undefined ? 'nothing' : JSON.stringify(kind);
  throw new CliError(
    `${command} works on \`postgres\`; received ${received}. SQLite needs no ${command}.\nSee: tidemark help`,
  );
}

function checkUrl(url: string | undefined, command: string): string {
  if (url === undefined) throw new CliError(`${command} postgres needs --url URL.\nSee: tidemark help`);
  // The address is not repeated: it has a password in it.
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url))
    throw new CliError('--url must be postgres://user:password@host/name.');
  return url;
}

async function proposeFrom({ url, schema, tables }: InitOptions): Promise<Proposal> {
  return withDatabase(url, async (db) => {
    const catalogue = await readCatalogue(db, { schema, tables });
    return proposeAnswered(db, catalogue);
  });
}

async function install(schema: Schema, { url, schema: pgSchema, isDryRun }: InitOptions, io: CliIo): Promise<number> {
  const statements = await planInstall(schema, { url, schema: pgSchema });
  if (isDryRun) {
    io.print(`-- SQL\n${statements.join('\n\n')}`);
    return 0;
  }
  const storage = postgresStorage({ url, schema: pgSchema });
  await storage.open(schema, crypto.randomUUID());
  await storage.close();
  io.print(`Installed the schema tidemark, and triggers on ${Object.keys(schema.tables).length} tables. No row was changed.
Next: npx tidemark serve --schema FILE --hooks FILE --database-url URL`);
  return 0;
}

/** Writes all or none. What stands there already as it would be written is no obstacle: twice is safe. */
function writeOnce(files: readonly { readonly path: string; readonly text: string }[], isForced: boolean): void {
  for (const { path, text } of files) {
    if (isForced || !existsSync(path) || readFileSync(path, 'utf8') === text) continue;
    throw new CliError(
      `${path} is there already, and says something else. To install for it: --from ${path}. To write over it: --force.`,
    );
  }
  for (const { path, text } of files) writeFileSync(path, text);
}

/** @throws CliError when nobody answers there, or the answer is a refusal. */
async function withDatabase<T>(url: string, fn: (db: postgres.Sql) => Promise<T>): Promise<T> {
  const db = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return await fn(db);
  } catch (error) {
    if (error instanceof CliError || !(error instanceof Error)) throw error;
    throw new CliError(`The database at ${new URL(url).host} does not do this: ${error.message}`, { cause: error });
  } finally {
    await db.end({ timeout: 5 });
  }
}

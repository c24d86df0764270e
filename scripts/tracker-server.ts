/** The sync server of the example app, over one SQLite file. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
// Before the imports below it in time, which is why those are dynamic: the example names the package as its users do.
import './source-names.ts';

const { createSync } = await import('../src/core/index.ts');
const { createSyncServer, serve } = await import('../src/server/index.ts');
const { sqliteStorage } = await import('../src/server/sqlite/index.ts');
const { schema } = await import('../example-app/schema.ts');
const { generateTracker } = await import('../example-app/data/generate.ts');
const { importCsv } = await import('../example-app/data/import-csv.ts');
const { validateIssue } = await import('../example-app/server/validate.ts');

/** Rows per transaction while loading. */
const BATCH = 500;
/** A database is its file and what SQLite lays beside it. */
const SUFFIXES = ['', '-wal', '-shm'];

export interface TrackerOptions {
  /** The database file; made and filled if it is not there yet. */
  file: string;
  /** Default: any free port. */
  port?: number;
  /** A folder with one CSV file per table, whose rows replace what is there. */
  importFrom?: string;
}

export interface Tracker {
  url: string;
  close(): Promise<void>;
}

export async function startTracker({ file, port = 0, importFrom }: TrackerOptions): Promise<Tracker> {
  if (importFrom !== undefined) await fill(file, await importCsv(importFrom));
  else if (!existsSync(file)) await fill(file, generateTracker());
  return listen(file, port);
}

async function listen(file: string, port: number): Promise<Tracker> {
  return serve(createSyncServer({ schema, storage: sqliteStorage({ file }), validate: { issue: validateIssue } }), {
    port,
  });
}

/** Makes the database under another name first: a start that fails half-way leaves nothing half full. */
async function fill(file: string, tables: ReturnType<typeof generateTracker>): Promise<void> {
  const fresh = `${file}.new`;
  mkdirSync(dirname(file), { recursive: true });
  for (const suffix of SUFFIXES) rmSync(fresh + suffix, { force: true });
  const server = await listen(fresh, 0);
  try {
    await load(server.url, tables);
  } finally {
    await server.close();
  }
  move(file, `${file}.until-${Date.now()}`);
  move(fresh, file);
}

function move(from: string, to: string): void {
  for (const suffix of SUFFIXES) if (existsSync(from + suffix)) renameSync(from + suffix, to + suffix);
}

/** Loads rows as any device would: written locally, then pushed. */
async function load(url: string, tables: ReturnType<typeof generateTracker>): Promise<void> {
  const sync = createSync({ schema, server: { url }, storage: { kind: 'memory' }, autoSync: false });
  for (const { table, rows } of tables)
    for (let start = 0; start < rows.length; start += BATCH)
      await sync.write((tx) => tx.insertMany(table, rows.slice(start, start + BATCH) as never));
  const round = await sync.sync();
  if (round.outcome !== 'ok') throw new Error(`The data could not be loaded: ${round.error?.message}`);
  await sync.close();
}

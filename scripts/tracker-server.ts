/** The sync server of the example app, over one SQLite file. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
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
  // Read before anything is touched: a mistake in a file leaves things as they were.
  const imported = importFrom === undefined ? undefined : await importCsv(importFrom);
  mkdirSync(dirname(file), { recursive: true });
  if (imported) setAside(file);
  const isNew = !existsSync(file);
  const server = createSyncServer({ schema, storage: sqliteStorage({ file }), validate: { issue: validateIssue } });
  const running = await serve(server, { port });
  if (isNew) await load(running.url, imported ?? generateTracker());
  return running;
}

/** Keeps the old database under another name, with what SQLite lays beside it. */
function setAside(file: string): void {
  const old = `${file}.before-import-${Date.now()}`;
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(file + suffix)) renameSync(file + suffix, old + suffix);
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

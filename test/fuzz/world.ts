/** The server under fire: the real one, on a real port and a real file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineSchema, t, table } from '../../src/core/schema.ts';
import { createSyncServer } from '../../src/server/edge/create-sync-server.ts';
import { serve } from '../../src/server/edge/serve.ts';
import type { Logger } from '../../src/server/options.ts';
import { sqliteStorage } from '../../src/server/sqlite/index.ts';

/** Every kind of column, keys of several cells, and rows whose scope depends on their values. */
export const schema = defineSchema({
  version: 1,
  tables: {
    issue: table(
      { id: t.text(), title: t.text(), votes: t.counter(), note: t.text().nullable() },
      { conflict: 'manual' },
    ),
    kinds: table({
      id: t.text(),
      uuid: t.uuid().nullable(),
      whole: t.integer().nullable(),
      big: t.bigint().nullable(),
      real: t.real().nullable(),
      flag: t.boolean().nullable(),
      at: t.timestamp().nullable(),
      day: t.date().nullable(),
      json: t.json().nullable(),
      blob: t.blob().nullable(),
      decimal: t.decimal().nullable(),
    }),
    pair: table(
      { left: t.integer(), right: t.blob(), project: t.text().nullable() },
      {
        primaryKey: ['left', 'right'],
        scope: { kind: 'project', by: 'project', whenNull: 'main' },
      },
    ),
  },
});

export interface World {
  readonly url: string;
  /** The file of the database. */
  readonly file: string;
  /** What the server logged as its own failure. */
  readonly failures: string[];
  /** Stops the server; the file stays until `remove`. */
  stop(): Promise<void>;
  remove(): void;
}

export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-fuzz-'));
  const file = join(folder, 'fuzz.db');
  const failures: string[] = [];
  const error: Logger['error'] = (fields, message) => {
    const { err } = fields;
    failures.push(`${message}: ${err instanceof Error ? err.stack : JSON.stringify(fields)}`);
  };
  const logger: Logger = { info: () => {}, warn: () => {}, error };
  const server = createSyncServer({ schema, storage: sqliteStorage({ file }), logger });
  const running = await serve(server, { port: 0, logger, graceMs: 1000 });
  return {
    url: running.url,
    file,
    failures,
    stop: () => running.close(),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

import type { LocalDatabase } from '../../storage/local-database.ts';

/**
 * Our own tables beside the user's.
 *
 * - `_tidemark_meta`: single values by name.
 * - `_tidemark_outbox`: mutations in the order in which they stack on each other. `position` is the mutation's id,
 *   except for one that replaced another and took its place. `changes` is encoded and independent of the schema.
 * - `_tidemark_image`: what is confirmed of rows with pending changes. `state` 1: the row; 0: it was deleted, and
 *   `columns` is what it last held. No entry for a row with pending changes: the server never had it. `seen`: the row
 *   as the first pending change saw it, once a pull has changed it.
 * - `_tidemark_write`: the last writes that are in the outbox no more, or never were, with the clock they moved.
 * - `_tidemark_import`: what was taken over from files, so that nothing is taken over twice, and where it stands in the outbox. Another epoch
 *   may lack it: there it may be taken over again.
 * - `_tidemark_stage`: pages of a chain that is not complete.
 * - `_tidemark_conflict`: conflicts, open and resolved.
 */
const CREATE = `
  CREATE TABLE IF NOT EXISTS _tidemark_meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS _tidemark_outbox (
    position INTEGER PRIMARY KEY, mutation_id INTEGER NOT NULL, state TEXT NOT NULL, hlc TEXT NOT NULL, base INTEGER NOT NULL,
    created_at NOT NULL, attempts INTEGER NOT NULL, is_echoed INTEGER NOT NULL, until_seq INTEGER, epoch TEXT,
    reason_code TEXT, reason_message TEXT, size INTEGER NOT NULL, change_count INTEGER NOT NULL, write_id TEXT,
    changes BLOB NOT NULL
  );
  CREATE TABLE IF NOT EXISTS _tidemark_image (
    tbl TEXT NOT NULL, key TEXT NOT NULL, state INTEGER NOT NULL, columns BLOB NOT NULL, seen BLOB, PRIMARY KEY (tbl, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS _tidemark_write (n INTEGER PRIMARY KEY, write_id TEXT, mutation_id INTEGER, hlc TEXT);
  CREATE TABLE IF NOT EXISTS _tidemark_import (id TEXT PRIMARY KEY, position INTEGER NOT NULL, epoch TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS _tidemark_stage (n INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS _tidemark_conflict (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, mutation_id INTEGER NOT NULL, tbl TEXT NOT NULL, state TEXT NOT NULL, body BLOB NOT NULL
  );
  CREATE INDEX IF NOT EXISTS _tidemark_conflict_mutation ON _tidemark_conflict (mutation_id);
  CREATE INDEX IF NOT EXISTS _tidemark_conflict_open ON _tidemark_conflict (mutation_id) WHERE state = 'open';
`;

export function createOwnTables(database: LocalDatabase): void {
  database.exec(CREATE);
}

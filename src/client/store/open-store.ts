import { quoteName } from '../../core/sql.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import { collectChanges } from './changed-rows.ts';
import { holdRows } from './held-rows.ts';
import { createOwnTables } from './own-tables.ts';
import { refuseUniqueIndexes, runLocalSchema, type SchemaSetup, setUpSchema } from './schema-setup.ts';
import { type LocalStoreOptions, loadParts, type StoreParts } from './store-parts.ts';

/** Makes or migrates everything in the database, and reads back what is kept in memory. One transaction. */
export function openStore(parts: StoreParts, options: LocalStoreOptions): SchemaSetup['migrated'] {
  const { database } = parts;
  const migrated = database.transaction(() => {
    createOwnTables(database);
    bindIdentity(parts, options);
    const hasServer = options.hasServer || parts.meta.text('mode') === 'server';
    const setup = setUpSchema({ ...parts, hasServer });
    runLocalSchema(database, options.localSchema ?? []);
    refuseUniqueIndexes(database, parts.tables);
    loadParts(parts);
    const isKnown = parts.unknown.takeKnown(parts.tables, setup.isChanged);
    if (isKnown || setup.isLossy) fetchAnew(parts);
    parts.appTriggers.suspended(() => showPending(parts, setup.touched));
    holdUnsent(parts, setup.adopted, options);
    return setup.migrated;
  });
  database.transaction(() => parts.capture.install());
  return migrated;
}

/**
 * Drops every table, view and trigger, and starts as a device that never was: in one transaction, so that a disk that fails on
 * the way leaves everything as it was. Throws only when nothing was wiped.
 */
export function wipeStore(parts: StoreParts, options: LocalStoreOptions): void {
  const { database } = parts;
  // What is dropped is overwritten, in the file and in its log.
  database.exec('PRAGMA secure_delete = ON');
  try {
    database.transaction(() => {
      dropEverything(database);
      openStore(parts, options);
    });
  } finally {
    ifPossible(() => database.exec('PRAGMA secure_delete = OFF'));
  }
  ifPossible(() => {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.compact();
  });
}

/** Tidies up. A disk that is full or fails does not make undone what was done: the next time it gets on with it. */
function ifPossible(tidy: () => void): void {
  try {
    tidy();
  } catch {}
}

function bindIdentity({ meta }: StoreParts, { runtime, hasServer }: LocalStoreOptions): void {
  if (meta.text('client_id') !== null) return;
  meta.set('client_id', runtime.uuid());
  meta.set('mode', hasServer ? 'server' : 'local');
}

/**
 * Rows that were never sent: all of them, the first time there is a server; those of a table that was local until now.
 * From here on every write is queued.
 */
function holdUnsent(parts: StoreParts, adopted: readonly string[], { runtime, hasServer }: LocalStoreOptions): void {
  const { identity, tables, meta } = parts;
  if (identity.mode === 'server') {
    if (adopted.length > 0) holdRows(parts, adopted, runtime.now());
  } else if (hasServer) {
    holdRows(parts, tables.keys(), runtime.now());
    meta.set('mode', 'server');
    identity.mode = 'server';
  }
}

function fetchAnew({ position, stage }: StoreParts): void {
  position.reset();
  stage.clear();
}

/** Tables that were made anew show their pending changes again. */
function showPending({ rows, overlay }: StoreParts, tables: readonly string[]): void {
  const changed = collectChanges();
  for (const table of tables) {
    for (const [keyText, { key }] of rows.of(table)) {
      if (overlay.covers(table, keyText)) overlay.show({ table, key, keyText }, changed);
    }
  }
}

function dropEverything(database: LocalDatabase): void {
  for (const type of ['trigger', 'view', 'table']) {
    // Virtual tables first: their shadow tables go with them.
    for (let name = nextObject(database, type); name !== null; name = nextObject(database, type)) {
      database.exec(`DROP ${type.toUpperCase()} ${quoteName(name)}`);
    }
  }
}

function nextObject(database: LocalDatabase, type: string): string | null {
  const { rows } = database.read(
    `SELECT name FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
     ORDER BY sql LIKE 'CREATE VIRTUAL%' DESC LIMIT 1`,
    [type],
  );
  const name = rows[0]?.[0];
  return typeof name === 'string' ? name : null;
}

import type { SAHPoolUtil } from '@sqlite.org/sqlite-wasm';
import { SyncError } from '../../shared/error.ts';
import { type Runtime, systemRuntime } from '../../shared/runtime.ts';
import type { LocalDatabase } from '../local-database.ts';
import { configure } from './configure.ts';
import { SqliteWasmDatabase } from './database.ts';
import { loadSqlite, type SqliteModule } from './module.ts';

/** Two for the database and its WAL; the rest for what SQLite makes in passing. */
const POOL_FILES = 6;
const FILE = '/tidemark.db';
const RETRY_MS = 40;

export interface OpfsOptions {
  readonly runtime?: Runtime;
  /** How long to wait for a previous owner (a tab that just died) to let go of the files. Default 10,000 ms. */
  readonly waitMs?: number;
}

/**
 * Opens the database of this name in the origin's private file system. Only in a dedicated worker, and one owner at a time.
 *
 * @throws SyncError `storage`; its `details.reason` is `unavailable` where there is no such file system (or a private window refuses
 *   it), `locked` when another worker kept the files for all of `waitMs`.
 */
export async function openOpfsDatabase(name: string, options: OpfsOptions = {}): Promise<LocalDatabase> {
  const module = await loadSqlite();
  await checkAvailable();
  const pool = await acquirePool(module, name, options);
  try {
    return openIn(module, pool);
  } catch (error) {
    pool.pauseVfs();
    throw error;
  }
}

function openIn(module: SqliteModule, pool: SAHPoolUtil): LocalDatabase {
  const connection = new pool.OpfsSAHPoolDb(FILE);
  const database = new SqliteWasmDatabase(module, {
    kind: 'opfs',
    persisted: true,
    db: Number(connection.pointer),
    close: () => {
      connection.close();
      pool.pauseVfs();
    },
  });
  try {
    configure(database);
    configureFile(database);
  } catch (error) {
    connection.close();
    throw error;
  }
  return database;
}

/**
 * WAL without shared memory needs exclusive locking, on every open. NORMAL does not flush at each commit: what is committed survives
 * the death of the process, not always the loss of power.
 */
function configureFile(database: LocalDatabase): void {
  database.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -32768;
    PRAGMA wal_autocheckpoint = 1000;
    PRAGMA journal_size_limit = 67108864;
  `);
}

async function acquirePool(module: SqliteModule, name: string, options: OpfsOptions): Promise<SAHPoolUtil> {
  const { runtime = systemRuntime, waitMs = 10_000 } = options;
  const giveUpAt = runtime.elapsed() + waitMs;
  for (;;) {
    try {
      return await installPool(module, name);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== 'locked' || runtime.elapsed() >= giveUpAt) throw failure(reason, describe(error), error);
    }
    await new Promise<void>((resolve) => {
      runtime.setTimer(RETRY_MS * (0.5 + runtime.random()), resolve);
    });
  }
}

async function installPool({ sqlite3 }: SqliteModule, name: string): Promise<SAHPoolUtil> {
  const folder = folderName(name);
  const options = {
    name: `tidemark-${folder}`,
    directory: `tidemark/${folder}`,
    initialCapacity: POOL_FILES,
    forceReinitIfPreviouslyFailed: true,
    // Without this a failed try deletes the folder with all data in it.
    preserveOnInitFailure: true,
  };
  const pool = await sqlite3.installOpfsSAHPoolVfs(options);
  // A pool that was opened before in this worker is paused; one whose making was interrupted lacks files.
  if (pool.isPaused()) await pool.unpauseVfs();
  await pool.reserveMinimumCapacity(POOL_FILES);
  return pool;
}

function hasSyncFiles(): boolean {
  return (
    typeof FileSystemFileHandle !== 'undefined' &&
    'createSyncAccessHandle' in FileSystemFileHandle.prototype &&
    typeof navigator !== 'undefined' &&
    'getDirectory' in (navigator.storage ?? {})
  );
}

/** Whether there is such a file system at all: private windows may refuse its very root. */
async function checkAvailable(): Promise<void> {
  if (!hasSyncFiles()) throw failure('unavailable', 'this browser has no private file system for workers');
  try {
    await navigator.storage.getDirectory();
  } catch (error) {
    throw failure('unavailable', describe(error), error);
  }
}

type Reason = 'unavailable' | 'locked' | 'failed';

/** By the names that the File System standard gives to a handle that somebody else holds. */
function reasonOf(error: unknown): Reason {
  const name = error instanceof Error ? error.name : '';
  return name === 'NoModificationAllowedError' || name === 'InvalidStateError' ? 'locked' : 'failed';
}

function failure(reason: Reason, text: string, cause?: unknown): SyncError {
  return new SyncError('storage', `The local database file cannot be opened: ${text}`, { cause, details: { reason } });
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** A folder name that every file system takes, different for different names. */
function folderName(name: string): string {
  return name.replace(/[^A-Za-z0-9-]/gu, (char) => `_${char.codePointAt(0)?.toString(16)}_`) || '_';
}

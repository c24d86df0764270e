import { SyncError, type SyncErrorKind } from '../../shared/error.ts';
import type { Pointer, SqliteModule } from './module.ts';

const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
const SQLITE_TOOBIG = 18;
const SQLITE_CONSTRAINT = 19;
const SQLITE_MISMATCH = 20;
const SQLITE_RANGE = 25;
const SQLITE_ERROR = 1;
const SQLITE_AUTH = 23;

const KINDS: Readonly<Record<number, SyncErrorKind>> = {
  [SQLITE_FULL]: 'quota',
  [SQLITE_TOOBIG]: 'invalid-value',
  [SQLITE_CONSTRAINT]: 'invalid-value',
  [SQLITE_MISMATCH]: 'invalid-value',
  [SQLITE_RANGE]: 'invalid-query',
  [SQLITE_ERROR]: 'invalid-query',
  [SQLITE_AUTH]: 'invalid-query',
};

/** The error SQLite has just answered with, as a `SyncError`. */
export function sqliteError(module: SqliteModule, db: Pointer, sql: string): SyncError {
  const code = module.exports.sqlite3_extended_errcode(db);
  const text = module.sqlite3.capi.sqlite3_errmsg(db);
  const cause = (code & 0xff) === SQLITE_IOERR ? module.takeIoError() : undefined;
  const kind = isQuota(cause) ? 'quota' : (KINDS[code & 0xff] ?? 'storage');
  const offset = charOffset(sql, module.exports.sqlite3_error_offset(db));
  return new SyncError(kind, message(kind, text, sql), {
    ...(cause === undefined ? {} : { cause }),
    details: { code, sql: shorten(sql), ...(offset === null ? {} : { offset }) },
  });
}

function message(kind: SyncErrorKind, text: string, sql: string): string {
  if (kind === 'quota') return `The disk space given to this site is used up (SQLite: ${text}). Nothing was written.`;
  return `SQLite: ${text}, in: ${shorten(sql)}`;
}

/**
 * A file of a browser that is over its quota either throws by name or takes fewer bytes than it was given (Chromium). Of the latter the
 * VFS leaves nothing but this text; a test in a browser holds that it still does.
 */
function isQuota(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  return cause.name === 'QuotaExceededError' || cause.message.startsWith('Unknown write() failure');
}

/** SQLite counts bytes; people count characters. */
function charOffset(sql: string, byteOffset: number): number | null {
  if (byteOffset < 0) return null;
  return new TextDecoder().decode(new TextEncoder().encode(sql).subarray(0, byteOffset)).length;
}

function shorten(sql: string): string {
  const text = sql.trim().replace(/\s+/g, ' ');
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

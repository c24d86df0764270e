import { ALL_SCOPES } from '../core/scope.ts';
import { type QueryInput, toStatement } from '../core/sql.ts';
import { SyncError } from '../shared/error.ts';
import { isName, MAX_NAME_LENGTH } from '../shared/name.ts';
import type { AccessFunction, AccessLists, ServerDb } from './options.ts';
import type { Identity } from './service.ts';
import type { ServerStorage } from './storage.ts';

/** The access of one identity, at the moment it was asked for. */
export interface Access {
  /** The scopes to follow: a list of names, or just `*`. */
  readonly readable: readonly string[];
  canRead(scope: string): boolean;
  canWrite(scope: string): boolean;
}

/** Of the server itself. */
export const FULL_ACCESS: Access = { readable: [ALL_SCOPES], canRead: () => true, canWrite: () => true };

/** What is left when a client leaves some scopes out by its own choice. What `*` stands for then has exceptions: see `Puller`. */
export function leaveOut(access: Access, without: readonly string[]): Access {
  if (without.length === 0) return access;
  const left = new Set(without);
  return {
    readable: access.readable.filter((scope) => !left.has(scope)),
    canRead: (scope) => !left.has(scope) && access.canRead(scope),
    canWrite: access.canWrite,
  };
}

/** Asks the app's `access` function, and makes one answer of what it says. */
export function createAccess(storage: ServerStorage, access: AccessFunction | undefined) {
  if (!access) return async (): Promise<Access> => FULL_ACCESS;
  const db = serverDb(storage);
  const facts = { hasRowSecurity: storage.hasRowSecurity ?? false };
  return async (identity: Identity): Promise<Access> => {
    try {
      return toAccess(await access(identity, db, facts));
    } catch (error) {
      throw SyncError.from(error, 'server', 'The access function failed');
    }
  };
}

function toAccess(lists: AccessLists): Access {
  const read = toSet(lists.read);
  const write = toSet(lists.write);
  return {
    readable: read === null ? [ALL_SCOPES] : [...read].sort(),
    canRead: (scope) => read === null || read.has(scope),
    canWrite: (scope) => write === null || write.has(scope),
  };
}

/** null stands for all. */
function toSet(scopes: readonly string[] | '*'): ReadonlySet<string> | null {
  if (scopes === ALL_SCOPES || scopes.includes(ALL_SCOPES)) return null;
  if (scopes.every(isName)) return new Set(scopes);
  throw new SyncError(
    'misuse',
    `access gave a scope that no row can have: 1 to ${MAX_NAME_LENGTH} characters of valid Unicode.`,
  );
}

/** What a storage says of a row that somebody wrote. Nobody writes one here: it is our query that is wrong, or its parameters. */
const ROW_KINDS: ReadonlySet<string> = new Set(['invalid-value', 'rejected', 'forbidden']);

function serverDb(storage: ServerStorage): ServerDb {
  // The row type is the caller's word, as with every typed query helper.
  async function all<Row>(query: QueryInput<Row>): Promise<Row[]> {
    const statement = toStatement(query as QueryInput);
    try {
      return (await storage.query(statement)) as Row[];
    } catch (error) {
      if (!(error instanceof SyncError && ROW_KINDS.has(error.kind))) throw error;
      throw new SyncError('server', `A query of the access function failed: ${error.message}`, { cause: error });
    }
  }
  return { all, get: async (query) => (await all(query))[0] };
}

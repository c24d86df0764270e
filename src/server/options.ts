import type { Schema } from '../core/schema.ts';
import type { QueryInput } from '../core/sql.ts';
import type { Runtime } from '../shared/runtime.ts';
import type { Identity } from './service.ts';
import type { ServerStorage } from './storage.ts';

/** The scopes somebody may read and write; `'*'` (or a list with `'*'` in it) stands for all. */
export interface AccessLists {
  readonly read: readonly string[] | '*';
  readonly write: readonly string[] | '*';
}

/** A read-only look into the server's database, for {@link AccessFunction}. */
export interface ServerDb {
  /** All rows, as SQLite has them (booleans as 1 and 0, JSON as text). */
  all<Row = Record<string, unknown>>(query: QueryInput<Row>): Promise<Row[]>;
  /** The first row, or undefined. */
  get<Row = Record<string, unknown>>(query: QueryInput<Row>): Promise<Row | undefined>;
}

/** What {@link AccessFunction} may rest upon. */
export interface AccessFacts {
  /**
   * The database checks each write by its own policies, as the user (`rowSecurity` of `postgresStorage`). Then it does no harm
   * to list scopes under `write` whose rows not everybody may change.
   */
  readonly hasRowSecurity: boolean;
}

/** Tells what somebody may see and change. Asked at every pull and push: what it says holds from the next one on. */
export type AccessFunction = (
  identity: Identity,
  db: ServerDb,
  facts: AccessFacts,
) => AccessLists | Promise<AccessLists>;

/** One incoming change in app values, as {@link ValidateFunction} sees it. */
export interface IncomingChange {
  readonly table: string;
  readonly op: 'put' | 'patch' | 'delete';
  /** The primary key by column name. */
  readonly key: Readonly<Record<string, unknown>>;
  /** The columns it sets; of a counter its increment (for a `put`: the count it starts with). */
  readonly values: Readonly<Record<string, unknown>>;
  /** The row as it is now, key included; null where there is none. */
  readonly row: Readonly<Record<string, unknown>> | null;
}

/**
 * Throws (a `SyncError('rejected', …)`, or any error) to refuse the mutation; its message is what the person reads. Where it
 * could not find out, because something it asks has failed, it throws a `SyncError('server', …)`: nothing is refused then, and
 * the device tries again.
 */
export type ValidateFunction = (change: IncomingChange, identity: Identity) => void | Promise<void>;

/** How long the log is kept. A client that was away for longer starts over with a snapshot; its outbox stays. */
export interface Retention {
  /** Default: 30 days. */
  readonly maxAgeMs?: number;
  /** Default: as many as fit the age. */
  readonly maxCommits?: number;
}

/** A place for structured logs: a pino logger fits. */
export interface Logger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface ServiceLimits {
  /** Bytes of one page of a pull. */
  readonly pageBytes: number;
  /** Bytes of one mutation, parts put together. */
  readonly maxMutationBytes: number;
  /** Changes in one mutation. */
  readonly maxChanges: number;
  /** Mutations in one push. */
  readonly maxMutations: number;
}

export interface SyncServiceOptions {
  readonly schema: Schema;
  readonly storage: ServerStorage;
  /** Left out: everybody may read and write everything. */
  readonly access?: AccessFunction;
  /** By table. */
  readonly validate?: Readonly<Record<string, ValidateFunction>>;
  readonly runtime?: Runtime;
  readonly limits?: Partial<ServiceLimits>;
  readonly retention?: Retention;
  readonly logger?: Logger;
}

import type { CurrentRow } from '../core/decide.ts';
import type { Schema, Table } from '../core/schema.ts';
import type { Statement } from '../core/sql.ts';
import type { FormerEpoch } from '../protocol/messages/pull.ts';
import type { Cell, RowKey } from '../shared/cell.ts';
import type { SyncError } from '../shared/error.ts';
import type { DeviceRecord, LogEntry, LogPosition, OutcomeRecord, PartRecord, Position, Signal } from './records.ts';
import type { Identity } from './service.ts';

/**
 * The server's database. Port: embedded SQLite lies in `sqlite/`; `runServerStorageContract` holds each one to this.
 *
 * Contract:
 * - Rows live in real, typed tables made from the schema; what tidemark knows about them lies beside.
 * - `write(fn)` is one transaction, serialisable against all other writers: `position().head` read inside is the head until
 *   it commits. When it resolves, it is durable (power loss too). A throw undoes all of it, and passes on.
 * - `fn` may run more than once: a transaction that loses a race against another program's is undone and begins anew.
 * - `read(fn)` sees one committed state throughout, and never waits for app code of a writer to be seen.
 * - `fn` gets its own handle, which is dead once `fn` has settled. Order of reads and writes inside is as called.
 * - Keys are compared as stored. Cells come back exactly: int64, doubles, text, blobs.
 * - Storages decide nothing: seqs, stamps, scopes and outcomes are written as given.
 * - Rows that the database itself changes as they are written (triggers, generated columns) are logged as it left them.
 * - Errors are `SyncError`s: `invalid-value`, `forbidden` or `rejected` where the user's own constraints, policies or
 *   triggers refuse a row, in words for the person who wrote it; `storage`, `server` or `quota` otherwise.
 */
export interface ServerStorage {
  /** Whether rows are written as the user, under policies of the database's own. Default: false. */
  readonly hasRowSecurity?: boolean;
  /** Creates or migrates (additively) all tables. `epoch` is used when the database is new. Called once, first. */
  open(schema: Schema, epoch: string): Promise<void>;
  read<T>(fn: (reader: StorageReader) => Promise<T>): Promise<T>;
  write<T>(fn: (writer: StorageWriter) => Promise<T>): Promise<T>;
  /** Runs one reading statement of app code, on committed data. Refuses to write. */
  query(statement: Statement): Promise<Record<string, unknown>[]>;
  /**
   * Tells of commits that other nodes or programs made in the same database, of a new epoch, and of what they have signalled
   * since. A signal may be heard twice. `onTrouble` hears, once, of what keeps the storage from its work until somebody does
   * something about it.
   */
  watch?(
    listener: (position: Position, signals?: readonly Signal[]) => void,
    onTrouble?: (reason: SyncError) => void,
  ): void;
  /** Lets running calls end. Later ones throw `closed`. */
  close(): Promise<void>;
}

/** A row with what tidemark knows about it. For a deleted row `scope` is where it was. */
export interface StoredRow extends CurrentRow {
  readonly key: RowKey;
  readonly scope: string;
}

export interface StorageReader {
  position(): Promise<Position>;
  /** The rows of these keys, in their order; null for those that never existed. */
  rows(table: Table, keys: readonly RowKey[]): Promise<(StoredRow | null)[]>;
  /** Keys of the live rows whose column has this value. */
  keysWhere(table: Table, column: string, value: Cell): Promise<RowKey[]>;
  /** Entries after a position up to a seq, in log order, of these scopes (null: all but `except`). Stops once `maxBytes` are reached. */
  log(range: LogRange): Promise<{ entries: LogEntry[]; isEnd: boolean }>;
  /** Live rows in key order after a key: all columns, in the schema's order. Stops once `maxBytes` are reached. */
  page(range: RowRange): Promise<{ rows: Cell[][]; bytes: number; isEnd: boolean }>;
  /** How many live rows these scopes hold (null: all but `except`). */
  count(table: Table, scopes: readonly string[] | null, except?: readonly string[]): Promise<number>;
  /** Those of these scopes that hold live rows of the table. */
  heldScopes(table: Table, scopes: readonly string[]): Promise<string[]>;
  outcomes(clientId: string, mutationIds: readonly number[]): Promise<OutcomeRecord[]>;
  parts(clientId: string): Promise<Omit<PartRecord, 'bytes'>[]>;
  partBytes(clientId: string, mutationId: number): Promise<Uint8Array[]>;
  device(clientId: string): Promise<DeviceRecord | null>;
  devices(subject: string): Promise<DeviceRecord[]>;
  /** The devices whose clientId is this root or begins with it and a dot: copies of one local database. */
  family(root: string): Promise<DeviceRecord[]>;
  /** The epochs before this one, newest first. */
  formerEpochs(): Promise<FormerEpoch[]>;
  /** A word of the server to itself; null when it was never saved. */
  setting(name: string): Promise<string | null>;
}

export interface StorageWriter extends StorageReader {
  /** The rows that follow are written in this person's name (null: the server's own), if the storage knows such a thing. */
  actAs?(identity: Identity | null): Promise<void>;
  /** Lets the other nodes hear of this once the transaction has committed, where the storage can have others. */
  signal?(signal: Signal): Promise<void>;
  /** Writes each row with its version; `columns: null` deletes it and keeps the image. */
  writeRows(table: Table, rows: readonly StoredRow[]): Promise<void>;
  appendLog(entries: readonly LogEntry[]): Promise<void>;
  saveOutcomes(records: readonly OutcomeRecord[]): Promise<void>;
  savePart(part: PartRecord): Promise<void>;
  dropParts(clientId: string, mutationId: number): Promise<void>;
  saveDevice(device: DeviceRecord): Promise<void>;
  /** Begins a new epoch where the log stands, and notes what it has in common with those before. */
  setEpoch(epoch: string): Promise<void>;
  saveSetting(name: string, value: string): Promise<void>;
  /** Drops the oldest commits before a seq or a time, older tombstones, and old parts. Returns how many commits. */
  prune(bounds: PruneBounds): Promise<number>;
}

export interface LogRange {
  readonly after: LogPosition;
  readonly until: number;
  readonly scopes: readonly string[] | null;
  /** Where `scopes` is null: these are not wanted. */
  readonly except?: readonly string[];
  readonly maxBytes: number;
  /** Only puts and deletes. */
  readonly isWholeRows?: boolean;
}

export interface RowRange {
  readonly table: Table;
  /** null: all but `except`. */
  readonly scope: string | null;
  readonly except?: readonly string[];
  readonly after: RowKey | null;
  readonly maxBytes: number;
}

export interface PruneBounds {
  readonly beforeSeq: number;
  readonly beforeAt: number;
  /** At most so many commits at once. */
  readonly maxCommits: number;
  readonly partsBeforeAt: number;
}

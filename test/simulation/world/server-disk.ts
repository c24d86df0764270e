import type { ServerStorage } from '../../../src/server/storage.ts';
import type { WriteRecord } from './ledger.ts';
import type { Process } from './process.ts';

/** A storage that tells of commits which other programs made. */
export type WatchedStorage = ServerStorage & Required<Pick<ServerStorage, 'watch'>>;

/** Where the server's data lie: it outlives the programs that work on it. */
export interface ServerDisk {
  /** The storage of one program. */
  join(process: Process): WatchedStorage;
  /** Whether a transaction that failed with its connection was committed all the same. Left out: that does not happen. */
  isCommitted?(record: WriteRecord): Promise<boolean>;
  /** The storage sees by itself that it was set back, and begins an epoch. */
  readonly isKnownWhenRestored?: boolean;
  /** Makes a copy of all that is committed. */
  backup(): Promise<void>;
  /** Ends what other programs are at, and lets none begin before everything is set back. Left out: there are none. */
  clear?(): Promise<void>;
  /** Sets everything back to the copy. No program is up meanwhile. */
  restore(): Promise<void>;
  /** Of all entries that are there, whether or not a program is up. */
  entryIds(): Promise<string[]>;
  close(): Promise<void>;
}

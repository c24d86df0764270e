import { sqliteStorage } from '../../../../src/server/sqlite/index.ts';
import type { ServerStorage } from '../../../../src/server/storage.ts';

/** Where the servers of these tests keep their data. */
export interface Backing {
  /** A storage over nothing yet. */
  readonly newStorage: () => Promise<ServerStorage>;
  /** Which part of the runs of a property its time allows. */
  readonly share: number;
}

let backing: Backing = { newStorage: async () => sqliteStorage({ file: ':memory:' }), share: 1 };

/** Runs the tests of this file over another database. */
export function backWith(other: Backing): void {
  backing = other;
}

export const newStorage = (): Promise<ServerStorage> => backing.newStorage();

export const runsOf = (count: number): number => Math.ceil(count * backing.share);

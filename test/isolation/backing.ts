import { sqliteStorage } from '../../src/server/sqlite/index.ts';
import type { ServerStorage } from '../../src/server/storage.ts';
import type { User } from './tenants.ts';

/** The database of one world of tenants. */
export interface Ground {
  readonly storage: ServerStorage;
  /** Tells the database who is a member of what. */
  readonly setMembers?: (users: readonly User[]) => Promise<void>;
  close(): Promise<void>;
}

/** Where the server keeps its data during a campaign. */
export interface Backing {
  /** Who may write where is decided by the policies of the database: the server's own lists let every reader through. */
  readonly hasPolicies: boolean;
  open(): Promise<Ground>;
}

export const inMemory: Backing = {
  hasPolicies: false,
  open: async () => ({ storage: sqliteStorage({ file: ':memory:' }), close: async () => {} }),
};

/** The same storage; `count()` tells how many calls are under way. */
export function counted(storage: ServerStorage): { readonly storage: ServerStorage; readonly count: () => number } {
  let running = 0;
  const during = async <T>(call: () => Promise<T>): Promise<T> => {
    running += 1;
    try {
      return await call();
    } finally {
      running -= 1;
    }
  };
  return {
    count: () => running,
    storage: {
      open: (schema, epoch) => storage.open(schema, epoch),
      read: (fn) => during(() => storage.read(fn)),
      write: (fn) => during(() => storage.write(fn)),
      query: (statement) => during(() => storage.query(statement)),
      watch: (...listeners) => storage.watch?.(...listeners),
      close: () => storage.close(),
    },
  };
}

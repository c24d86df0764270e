import type { Pointer, SqliteModule } from './module.ts';

/** What a statement touches, as SQLite's authorizer tells while it is prepared. */
export interface StatementAccess {
  readonly reads: ReadonlySet<string>;
  /** Tables written, by the statement itself or by triggers it fires. */
  readonly writes: ReadonlySet<string>;
  /** Tables written by the statement itself. */
  readonly directWrites: ReadonlySet<string>;
  /** What it does besides reading and writing rows. */
  readonly control: StatementControl | null;
}

export type StatementControl = 'schema' | 'transaction' | 'attach' | 'pragma';

const DELETE = 9;
const INSERT = 18;
const PRAGMA = 19;
const READ = 20;
const TRANSACTION = 22;
const UPDATE = 23;
const ATTACH = 24;
const DETACH = 25;
const SAVEPOINT = 32;
/** `CREATE …`, `DROP …`, `ALTER TABLE`, `REINDEX`, `ANALYZE`, and virtual tables. */
const SCHEMA_CODES: ReadonlySet<number> = new Set([
  1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 26, 27, 28, 29, 30,
]);

class AccessRecord implements StatementAccess {
  readonly reads = new Set<string>();
  readonly writes = new Set<string>();
  readonly directWrites = new Set<string>();
  control: StatementControl | null = null;

  note(code: number, name: string, trigger: string | null): void {
    if (code === READ) this.reads.add(name);
    else if (code === INSERT || code === UPDATE || code === DELETE) this.#noteWrite(name, trigger);
    else if (SCHEMA_CODES.has(code)) this.control = 'schema';
    else if (code === TRANSACTION || code === SAVEPOINT) this.control = 'transaction';
    else if (code === ATTACH || code === DETACH) this.control = 'attach';
    else if (code === PRAGMA) this.control ??= 'pragma';
  }

  #noteWrite(name: string, trigger: string | null): void {
    this.writes.add(name);
    if (trigger === null) this.directWrites.add(name);
  }
}

/**
 * Listens to the authorizer of one connection. It stays installed, since installing it makes SQLite prepare every statement again;
 * while nobody records it allows everything.
 */
export class AccessRecorder {
  #current: AccessRecord | null = null;

  constructor(module: SqliteModule, db: Pointer) {
    const { capi } = module.sqlite3;
    capi.sqlite3_set_authorizer(
      db,
      (
        _context: unknown,
        code: number,
        name: string | 0,
        _detail: unknown,
        _database: unknown,
        trigger: string | 0,
      ) => {
        this.#current?.note(code, name || '', trigger || null);
        return capi.SQLITE_OK;
      },
      0,
    );
  }

  /** Runs `prepare` and returns what it told. */
  record(prepare: () => void): StatementAccess {
    const record = new AccessRecord();
    const outer = this.#current;
    this.#current = record;
    try {
      prepare();
    } finally {
      this.#current = outer;
    }
    return record;
  }
}

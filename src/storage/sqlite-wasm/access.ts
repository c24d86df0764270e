import type { Heap } from './heap.ts';
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

  note(code: number, name: string, isInTrigger: boolean): void {
    if (code === READ) this.reads.add(name);
    else if (code === INSERT || code === UPDATE || code === DELETE) this.#noteWrite(name, isInTrigger);
    else if (SCHEMA_CODES.has(code)) this.control = 'schema';
    else if (code === TRANSACTION || code === SAVEPOINT) this.control = 'transaction';
    else if (code === ATTACH || code === DETACH) this.control = 'attach';
    else if (code === PRAGMA) this.control ??= 'pragma';
  }

  #noteWrite(name: string, isInTrigger: boolean): void {
    this.writes.add(name);
    if (!isInTrigger) this.directWrites.add(name);
  }
}

/** What is being recorded in one thread's SQLite: statements are prepared one at a time, whatever the connection. */
interface Listening {
  /** The C function that SQLite calls. */
  readonly callback: Pointer;
  record: AccessRecord | null;
}

const listeningOf = new WeakMap<SqliteModule, Listening>();

/**
 * Listens to the authorizer of one connection. It stays installed, since installing it makes SQLite prepare every statement again;
 * while nobody records it allows everything. It is called for every column that a statement names, so it takes the names as
 * pointers and reads only those it needs: the package's own wrapper would decode all four, at a fifth of the time to prepare.
 */
export class AccessRecorder {
  readonly #listening: Listening;

  constructor({ module, db, heap }: { module: SqliteModule; db: Pointer; heap: Heap }) {
    this.#listening = listeningOf.get(module) ?? listen(module, heap);
    module.exports.sqlite3_set_authorizer(db, this.#listening.callback, 0);
  }

  /** Runs `prepare` and returns what it told. */
  record(prepare: () => void): StatementAccess {
    const record = new AccessRecord();
    const listening = this.#listening;
    const outer = listening.record;
    listening.record = record;
    try {
      prepare();
    } finally {
      listening.record = outer;
    }
    return record;
  }
}

function listen(module: SqliteModule, heap: Heap): Listening {
  const { wasm, capi } = module.sqlite3;
  const { SQLITE_OK } = capi;
  const onAccess = (
    _context: Pointer,
    code: number,
    name: Pointer,
    _detail: Pointer,
    _database: Pointer,
    trigger: Pointer,
  ): number => {
    listening.record?.note(code, heap.zeroTerminated(name) ?? '', trigger !== 0);
    return SQLITE_OK;
  };
  const listening: Listening = { callback: Number(wasm.installFunction('i(pipppp)', onAccess)), record: null };
  listeningOf.set(module, listening);
  return listening;
}

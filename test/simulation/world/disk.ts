import type { Cell } from '../../../src/shared/cell.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { LocalDatabase } from '../../../src/storage/local-database.ts';
import { configure } from '../../../src/storage/sqlite-wasm/configure.ts';
import { SqliteWasmDatabase } from '../../../src/storage/sqlite-wasm/database.ts';
import { loadSqlite } from '../../../src/storage/sqlite-wasm/module.ts';
import type { Process } from './process.ts';

const DIED = 'This program has died.';

/** Thrown by a program after its death. */
export function isPosthumous(error: unknown): boolean {
  return error instanceof SyncError && (error.message.includes(DIED) || isPosthumous(error.cause));
}

/** What goes wrong with the disk of one machine, whichever program uses it. */
export interface Hazards {
  /** It refuses to write. */
  isFull: boolean;
  /** The program dies at the n-th call from now on. */
  crashIn: number;
  /** The n-th write fails. */
  failIn: number;
  /** The n-th call takes `slowMs`: who calls stands still meanwhile. */
  slowIn: number;
  slowMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;

export const noHazards = (): Hazards => ({ isFull: false, crashIn: NEVER, failIn: NEVER, slowIn: NEVER, slowMs: 0 });

/** A client's database as one program sees it: a program that has died does not touch it any more. */
export class ProgramDisk implements LocalDatabase {
  readonly #inner: LocalDatabase;
  readonly #process: Process;
  readonly #hazards: Hazards;
  readonly #onCrash: () => void;
  readonly #onClose: () => void;
  #isClosed = false;

  constructor(options: {
    inner: LocalDatabase;
    process: Process;
    hazards: Hazards;
    onCrash: () => void;
    onClose: () => void;
  }) {
    this.#inner = options.inner;
    this.#process = options.process;
    this.#hazards = options.hazards;
    this.#onCrash = options.onCrash;
    this.#onClose = options.onClose;
  }

  get kind() {
    return this.#inner.kind;
  }
  get persisted() {
    return this.#inner.persisted;
  }
  get inTransaction() {
    return !this.#isGone && this.#inner.inTransaction;
  }
  run(sql: string, parameters: readonly Cell[] = []) {
    return this.#live('writes').run(sql, parameters);
  }
  runMany(sql: string, parameterLists: Iterable<readonly Cell[]>) {
    this.#live('writes').runMany(sql, parameterLists);
  }
  exec(sql: string) {
    this.#live().exec(sql);
  }
  read(sql: string, parameters: readonly Cell[] = []) {
    return this.#live().read(sql, parameters);
  }
  analyze(sql: string) {
    return this.#live().analyze(sql);
  }
  transaction<T>(fn: () => T): T {
    return this.#live().transaction(() => {
      const result = fn();
      this.#live();
      return result;
    });
  }
  begin() {
    this.#live().begin();
  }
  commit() {
    this.#live('commits').commit();
  }
  rollback() {
    this.#live().rollback();
  }
  sizeBytes() {
    return this.#live().sizeBytes();
  }
  integrityCheck() {
    return this.#live().integrityCheck();
  }
  compact() {
    this.#live().compact();
  }
  exportBytes() {
    return this.#live().exportBytes();
  }
  close() {
    if (this.#isGone) return;
    this.#isClosed = true;
    this.#onClose();
  }

  get #isGone(): boolean {
    return this.#isClosed || this.#process.isDead;
  }

  #live(use: 'reads' | 'writes' | 'commits' = 'reads'): LocalDatabase {
    const hazards = this.#hazards;
    hazards.crashIn -= 1;
    if (hazards.crashIn <= 0 && !this.#isGone) this.#onCrash();
    if (this.#process.isDead) throw new SyncError('closed', DIED);
    if (this.#isClosed) throw new SyncError('closed', 'The local database is closed.');
    hazards.slowIn -= 1;
    if (hazards.slowIn <= 0) this.#standStill();
    if (use === 'reads') return this.#inner;
    if (hazards.isFull && use === 'writes') throw new SyncError('quota', 'The disk is full.');
    hazards.failIn -= 1;
    if (hazards.failIn > 0) return this.#inner;
    hazards.failIn = NEVER;
    // A commit that fails leaves nothing of its transaction behind.
    if (use === 'commits' && this.#inner.inTransaction) this.#inner.rollback();
    throw new SyncError('storage', 'The disk has failed to write.');
  }

  /** The call itself is over at once; to everybody else the program is as good as inside it. */
  #standStill(): void {
    const { slowMs } = this.#hazards;
    this.#hazards.slowIn = NEVER;
    this.#process.freezeFor(slowMs);
  }
}

/** A database with this content: a file that was copied, or is opened again by the next program. */
export async function openImage(bytes: Uint8Array): Promise<LocalDatabase> {
  const module = await loadSqlite();
  const { capi, wasm, oo1 } = module.sqlite3;
  const connection = new oo1.DB(':memory:', 'c');
  const pointer = Number(connection.pointer);
  const { length } = bytes;
  const flags = capi.SQLITE_DESERIALIZE_FREEONCLOSE | capi.SQLITE_DESERIALIZE_RESIZEABLE;
  const code = capi.sqlite3_deserialize(pointer, 'main', wasm.allocFromTypedArray(bytes), length, length, flags);
  if (code !== 0) throw new Error(`The image cannot be opened: ${code}.`);
  const database = new SqliteWasmDatabase(module, {
    kind: 'memory',
    persisted: false,
    db: pointer,
    close: () => connection.close(),
  });
  configure(database);
  return database;
}

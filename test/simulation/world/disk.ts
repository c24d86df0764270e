import type { Cell } from '../../../src/shared/cell.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { LocalDatabase } from '../../../src/storage/local-database.ts';

const DIED = 'This program has died.';

/** Thrown by a program after its death. */
export function isPosthumous(error: unknown): boolean {
  return error instanceof SyncError && (error.message.includes(DIED) || isPosthumous(error.cause));
}

/** A client's database as one program sees it: a program that has died does not touch it any more. */
export class ProgramDisk implements LocalDatabase {
  readonly #inner: LocalDatabase;
  readonly #onCrash: () => void;
  #crashIn = Number.POSITIVE_INFINITY;
  #isDead = false;
  /** The disk refuses to write. */
  isFull = false;

  constructor(inner: LocalDatabase, onCrash: () => void) {
    this.#inner = inner;
    this.#onCrash = onCrash;
  }

  /** The program dies at the n-th call from now on. */
  crashAfter(calls: number): void {
    this.#crashIn = calls;
  }

  /** What was not committed is undone, as a journal does on the next opening. */
  die(): void {
    this.#isDead = true;
  }

  get kind() {
    return this.#inner.kind;
  }
  get persisted() {
    return this.#inner.persisted;
  }
  get inTransaction() {
    return !this.#isDead && this.#inner.inTransaction;
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
    this.#live().commit();
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
    this.#isDead = true;
  }

  #live(use: 'reads' | 'writes' = 'reads'): LocalDatabase {
    this.#crashIn -= 1;
    if (this.#crashIn <= 0 && !this.#isDead) {
      this.#isDead = true;
      this.#onCrash();
    }
    if (this.#isDead) throw new SyncError('closed', DIED);
    if (this.isFull && use === 'writes') throw new SyncError('quota', 'The disk is full.');
    return this.#inner;
  }
}

import { copyFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Position } from '../../../src/server/records.ts';
import { sqliteStorage } from '../../../src/server/sqlite/index.ts';
import type { ServerStorage } from '../../../src/server/storage.ts';
import type { Runtime } from '../../../src/shared/runtime.ts';
import type { ServerDisk, WatchedStorage } from './server-disk.ts';

/**
 * One SQLite file under several programs. Such a file has one server (its writers would wait for each other inside one
 * statement); what is shared here stands for the database server of a larger installation: writes are serialised, and each program
 * sees what the others have committed.
 */
export class SqliteDisk implements ServerDisk {
  readonly #clock: Runtime;
  readonly #file: string;
  readonly #watchers = new Set<(position: Position) => void>();
  #real: ServerStorage | null = null;
  #userCount = 0;

  /** `file`: `:memory:` for histories in which the server neither crashes nor is restored. */
  constructor(clock: Runtime, file: string) {
    this.#clock = clock;
    this.#file = file;
  }

  join(): WatchedStorage {
    const isFirst = this.#real === null;
    const real = this.#real ?? sqliteStorage({ file: this.#file });
    this.#real = real;
    this.#userCount += 1;
    let isOpen = true;
    let watcher: ((position: Position) => void) | null = null;
    return {
      open: (schema, epoch) => (isFirst ? real.open(schema, epoch) : Promise.resolve()),
      read: (fn) => real.read(fn),
      write: async (fn) => {
        const result = await real.write(fn);
        if (this.#userCount > 1) this.#tell(real);
        return result;
      },
      query: (statement) => real.query(statement),
      watch: (listener) => {
        watcher = listener;
        this.#watchers.add(listener);
      },
      close: async () => {
        if (isOpen) this.#userCount -= 1;
        isOpen = false;
        if (watcher) this.#watchers.delete(watcher);
        if (this.#userCount > 0 || this.#real !== real) return;
        this.#real = null;
        await real.close();
      },
    };
  }

  async backup(): Promise<void> {
    rmSync(this.#backup, { force: true });
    const database = new DatabaseSync(this.#file);
    database.prepare('VACUUM INTO ?').run(this.#backup);
    database.close();
  }

  async restore(): Promise<void> {
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.#file + suffix, { force: true });
    copyFileSync(this.#backup, this.#file);
  }

  /** Of the file as it lies there. */
  async entryIds(): Promise<string[]> {
    const database = new DatabaseSync(this.#file);
    const rows = database.prepare('SELECT id FROM entry').all();
    database.close();
    return rows.map(({ id }) => String(id));
  }

  async close(): Promise<void> {}

  get #backup(): string {
    return `${this.#file}.backup`;
  }

  /** The programs hear of each other's commits a moment later, as by LISTEN and NOTIFY. */
  #tell(real: ServerStorage): void {
    this.#clock.setTimer(this.#clock.random() * 200, () => {
      if (this.#real !== real) return;
      real
        .read((reader) => reader.position())
        .then((position) => {
          for (const watcher of this.#watchers) watcher(position);
        })
        .catch(() => {});
    });
  }
}

import type { LocalDatabase } from '../local-database.ts';

/** Settings that every connection needs, whatever it lies on. */
export function configure(database: LocalDatabase): void {
  database.exec(`
    PRAGMA temp_store = MEMORY;
    PRAGMA recursive_triggers = ON;
  `);
}

import type { ChangedRows } from '../local-store.ts';

/** Beyond this many rows of a table, naming each costs more than it saves. */
const MOST_ROWS = 2_000;

/** Collects which rows changed. */
export interface ChangeCollector {
  add(table: string, keyText: string): void;
  addAll(table: string): void;
  /** Everything another one has collected. */
  addEach(changed: ChangedRows): void;
  readonly rows: ChangedRows;
}

export function collectChanges(): ChangeCollector {
  const rows = new Map<string, Set<string> | '*'>();
  const add = (table: string, keyText: string) => {
    const known = rows.get(table);
    if (known === '*') return;
    if (known === undefined) rows.set(table, new Set([keyText]));
    else if (known.size < MOST_ROWS) known.add(keyText);
    else if (!known.has(keyText)) rows.set(table, '*');
  };
  return {
    rows,
    add,
    addAll(table) {
      rows.set(table, '*');
    },
    addEach(changed) {
      for (const [table, keys] of changed) {
        if (keys === '*') rows.set(table, '*');
        else for (const key of keys) add(table, key);
      }
    },
  };
}

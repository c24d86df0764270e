import type { ChangedRows } from '../local-store.ts';

/** Beyond this many rows of a table, naming each costs more than it saves. */
const MOST_ROWS = 2_000;

/** Collects which rows changed. */
export interface ChangeCollector {
  add(table: string, keyText: string): void;
  addAll(table: string): void;
  readonly rows: ChangedRows;
}

export function collectChanges(): ChangeCollector {
  const rows = new Map<string, Set<string> | '*'>();
  return {
    rows,
    add(table, keyText) {
      const known = rows.get(table);
      if (known === '*') return;
      if (known === undefined) rows.set(table, new Set([keyText]));
      else if (known.size < MOST_ROWS) known.add(keyText);
      else if (!known.has(keyText)) rows.set(table, '*');
    },
    addAll(table) {
      rows.set(table, '*');
    },
  };
}

import type { Change } from '../../core/change.ts';
import { keyText } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import { unpackChanges } from './pack.ts';

/** Reads the changes of mutations in the outbox; the ones used last are kept decoded. */
export interface ChangeReader {
  changes(position: number): readonly Change[];
  /** What this mutation does to one row. */
  changeOf(position: number, table: string, keyText: string): Change | undefined;
  /** Without keeping it. */
  readOnce(position: number): readonly Change[];
  forget(position: number): void;
  clear(): void;
}

interface Decoded {
  readonly changes: readonly Change[];
  byRow: ReadonlyMap<string, Change> | undefined;
}

/** Enough for the mutations that stack on one row, in most cases. */
const KEPT = 256;
/** Short lists are quicker to walk than to index. */
const SHORT = 4;

export function createChangeReader(database: LocalDatabase): ChangeReader {
  const kept = new Map<number, Decoded>();

  const readOnce = (position: number) => {
    const { rows } = database.read('SELECT changes FROM _tidemark_outbox WHERE position = ?', [position]);
    if (rows[0] === undefined) throw new SyncError('storage', `The outbox has lost the mutation at ${position}.`);
    return unpackChanges(rows[0][0]);
  };

  const decoded = (position: number): Decoded => {
    const known = kept.get(position);
    if (known) return known;
    const made: Decoded = { changes: readOnce(position), byRow: undefined };
    kept.set(position, made);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return made;
  };

  return {
    readOnce,
    changes: (position) => decoded(position).changes,
    changeOf(position, table, text) {
      const one = decoded(position);
      if (one.changes.length <= SHORT) {
        return one.changes.find((change) => change.table === table && keyText(change.key) === text);
      }
      one.byRow ??= new Map(one.changes.map((change) => [rowId(change.table, keyText(change.key)), change]));
      return one.byRow.get(rowId(table, text));
    },
    forget: (position) => kept.delete(position),
    clear: () => kept.clear(),
  };
}

/** One text for a row of any table: names have no spaces. */
export function rowId(table: string, text: string): string {
  return `${table} ${text}`;
}

import { quoteName } from '../../core/sql.ts';
import { SQLITE_TYPES } from '../../core/values.ts';
import { type Cell, keyText } from '../../shared/cell.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import { type LocalTable, type LocalTables, list } from './local-table.ts';
import type { RowRef } from './row-access.ts';

/** What a transaction did to one row in the end: its non-key cells before and after; null where there was no row. */
export interface NetEffect extends RowRef {
  readonly of: LocalTable;
  readonly before: readonly Cell[] | null;
  readonly after: readonly Cell[] | null;
}

/**
 * Watches the user's tables by TEMP triggers. They note, per event, the key and what the row held before; what it
 * holds in the end is read from the table itself. So a row that was changed many times counts once, and triggers of
 * the user that change it again are included.
 *
 * TEMP triggers fire before those of the main schema, so the first note about a key tells what the transaction found.
 */
export interface Capture {
  /** Puts the triggers on the tables as they are now: at each open, and after the tables were made anew. */
  install(): void;
  /**
   * The net effects on these tables since the last `clear`, each table's in the order in which its rows were first
   * touched.
   */
  read(tables: ReadonlySet<string>): NetEffect[];
  clear(): void;
  /** Runs `fn` while writes are not captured. */
  silently<T>(fn: () => T): T;
}

export function createCapture(database: LocalDatabase, tables: LocalTables): Capture {
  const all = [...tables.values()];
  const readers = new Map(all.map((of) => [of.name, tableReader(database, of)]));
  const setCapturing = (on: number) => database.run('UPDATE _tidemark_flag SET capturing = ?', [on]);
  return {
    install: () => install(database, all),
    read(written) {
      const { count, hasOld } = countNotes(database);
      if (count === 0) return [];
      const effects: NetEffect[] = [];
      let noted = 0;
      for (const name of written) noted += readers.get(name)?.(hasOld, effects) ?? 0;
      if (noted === count) return effects;
      // Work that no statement announced: it counts all the same.
      for (const [name, read] of readers) if (!written.has(name)) read(hasOld, effects);
      return effects;
    },
    clear() {
      database.run('DELETE FROM _tidemark_capture');
    },
    silently(fn) {
      setCapturing(0);
      try {
        return fn();
      } finally {
        setCapturing(1);
      }
    },
  };
}

/** `was` 1: the row existed, with the cells noted. 0: it did not. `c…` holds the key, then the other cells. */
function install(database: LocalDatabase, tables: readonly LocalTable[]): void {
  const width = Math.max(1, ...tables.map((of) => of.columns.length));
  const cells = Array.from({ length: width }, (_, index) => `c${index}`).join(', ');
  database.exec(`
    CREATE TEMP TABLE IF NOT EXISTS _tidemark_flag (capturing INTEGER NOT NULL);
    DELETE FROM temp._tidemark_flag;
    INSERT INTO temp._tidemark_flag VALUES (1);
    DROP TABLE IF EXISTS temp._tidemark_capture;
    CREATE TEMP TABLE _tidemark_capture (n INTEGER PRIMARY KEY, tbl INTEGER NOT NULL, was INTEGER NOT NULL, ${cells});
    ${tables.map(triggers).join('\n')}
  `);
}

function triggers(of: LocalTable): string {
  const isNewKey = of.keys.map(({ name }) => `OLD.${quoteName(name)} IS NOT NEW.${quoteName(name)}`).join(' OR ');
  const keyOnly = of.keys.map(({ name }) => name);
  return [
    trigger(of, {
      name: 'insert',
      event: 'INSERT',
      when: '',
      note: note(of, { was: 0, row: 'NEW', columns: keyOnly }),
    }),
    trigger(of, {
      name: 'update',
      event: 'UPDATE',
      when: '',
      note: note(of, { was: 1, row: 'OLD', columns: of.columns }),
    }),
    trigger(of, {
      name: 'move',
      event: moveEvent(of),
      when: ` AND (${isNewKey})`,
      note: note(of, { was: 0, row: 'NEW', columns: keyOnly }),
    }),
    trigger(of, {
      name: 'delete',
      event: 'DELETE',
      when: '',
      note: note(of, { was: 1, row: 'OLD', columns: of.columns }),
    }),
  ].join('\n');
}

/** A key that is the rowid can change under that name too; any other only when a statement names it. */
function moveEvent(of: LocalTable): string {
  const [first] = of.keys;
  const isRowid = of.keys.length === 1 && first !== undefined && SQLITE_TYPES[first.column.kind] === 'INTEGER';
  return isRowid ? 'UPDATE' : `UPDATE OF ${list(of.keys.map(({ name }) => name))}`;
}

function trigger(of: LocalTable, parts: { name: string; event: string; when: string; note: string }): string {
  const name = quoteName(`_tidemark_${parts.name}_${of.name}`);
  return `DROP TRIGGER IF EXISTS temp.${name};
    CREATE TEMP TRIGGER ${name} AFTER ${parts.event} ON main.${quoteName(of.name)}
    WHEN (SELECT capturing FROM _tidemark_flag)${parts.when} BEGIN ${parts.note}; END;`;
}

function note(of: LocalTable, parts: { was: 0 | 1; row: 'OLD' | 'NEW'; columns: readonly string[] }): string {
  const cells = parts.columns.map((_, index) => `c${index}`).join(', ');
  const values = parts.columns.map((name) => `${parts.row}.${quoteName(name)}`).join(', ');
  return `INSERT INTO _tidemark_capture (tbl, was, ${cells}) VALUES (${of.index}, ${parts.was}, ${values})`;
}

function countNotes(database: LocalDatabase): { count: number; hasOld: boolean } {
  const [row] = database.read('SELECT count(*), max(was) FROM _tidemark_capture').rows;
  return { count: Number(row?.[0] ?? 0), hasOld: row?.[1] === 1 };
}

/** Returns how many notes there were. */
type TableReader = (hasOld: boolean, into: NetEffect[]) => number;

/** Reads the notes about one table, each beside the row as it stands now. */
function tableReader(database: LocalDatabase, of: LocalTable): TableReader {
  const insertsSql = joinSql(of, { columns: of.columns.map(inTable), join: 'CROSS JOIN' });
  const notes = of.columns.map((_, index) => `c.c${index}`);
  const isThere = `${inTable(of.keys[0]?.name ?? 'rowid')} IS NOT NULL`;
  const values = of.values.map(({ name }) => inTable(name));
  const allSql = joinSql(of, { columns: ['c.was', isThere, ...notes, ...values], join: 'LEFT JOIN' });
  return (hasOld, into) => {
    const { rows } = database.read(hasOld ? allSql : insertsSql);
    if (hasOld) addEffects(of, rows, into);
    else addInserts(of, rows, into);
    return rows.length;
  };
}

/** Nothing but inserts: no row twice, and each is there. */
function addInserts(of: LocalTable, rows: readonly (readonly Cell[])[], into: NetEffect[]): void {
  for (const row of rows) {
    const key = row.slice(0, of.keys.length);
    into.push({ of, table: of.name, key, keyText: keyText(key), before: null, after: row.slice(of.keys.length) });
  }
}

function addEffects(of: LocalTable, rows: readonly (readonly Cell[])[], into: NetEffect[]): void {
  const seen = new Set<string>();
  const valuesAt = 2 + of.keys.length;
  const nowAt = valuesAt + of.values.length;
  for (const row of rows) {
    const key = row.slice(2, valuesAt);
    const text = keyText(key);
    if (seen.has(text)) continue;
    seen.add(text);
    const before = row[0] === 1 ? row.slice(valuesAt, nowAt) : null;
    const after = row[1] === 1 ? row.slice(nowAt) : null;
    into.push({ of, table: of.name, key, keyText: text, before, after });
  }
}

function inTable(name: string): string {
  return `t.${quoteName(name)}`;
}

function joinSql(of: LocalTable, parts: { columns: readonly string[]; join: 'CROSS JOIN' | 'LEFT JOIN' }): string {
  const same = of.keys.map(({ name }, index) => `${inTable(name)} = c.c${index}`).join(' AND ');
  // The table's number stands in the text: bound as a parameter, SQLite prepares the statement anew each time.
  return `SELECT ${parts.columns.join(', ')} FROM _tidemark_capture AS c ${parts.join} main.${quoteName(of.name)} AS t
    ON ${same} WHERE c.tbl = ${of.index} ORDER BY c.n`;
}

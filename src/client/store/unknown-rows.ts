import type { LocalTable, LocalTables } from './local-table.ts';
import type { Meta } from './meta.ts';

/**
 * What the server sent and this version of the app has no place for: tables and columns of a newer schema. A cursor
 * must not move past rows that were not applied, so the names are kept, and the schema that knows one of them starts
 * by fetching everything anew.
 */
export interface UnknownRows {
  noteTable(name: string): void;
  noteColumns(of: LocalTable, columns: readonly string[]): void;
  /** A row of this table had cells that this version's columns cannot hold. */
  noteMisfit(table: string): void;
  /** Whether the schema now knows something that had to be left out before; forgets those names. */
  takeKnown(tables: LocalTables, isNewSchema: boolean): boolean;
  load(): void;
}

/** Marks a table, whose columns may be others in the next version. */
const MISFIT = '!';

export function createUnknownRows(meta: Meta): UnknownRows {
  let names: Set<string> | null = null;
  const all = () => {
    names ??= new Set((meta.text('ignored') ?? '').split(' ').filter((name) => name !== ''));
    return names;
  };
  const save = () => meta.set('ignored', [...all()].join(' '));
  const note = (name: string) => {
    if (all().has(name)) return;
    all().add(name);
    save();
  };
  return {
    load() {
      names = null;
    },
    noteTable: note,
    noteColumns(of, columns) {
      for (const name of columns) {
        if (!Object.hasOwn(of.table.columns, name)) note(`${of.name}.${name}`);
      }
    },
    noteMisfit: (table) => note(`${table}${MISFIT}`),
    takeKnown(tables, isNewSchema) {
      const known = [...all()].filter((name) => {
        if (name.endsWith(MISFIT)) return isNewSchema;
        const [table = '', column] = name.split('.');
        const of = tables.get(table);
        return of !== undefined && (column === undefined || Object.hasOwn(of.table.columns, column));
      });
      for (const name of known) all().delete(name);
      if (known.length > 0) save();
      return known.length > 0;
    },
  };
}

import type { Schema } from '../../core/schema.ts';
import type { ReadColumn } from '../../storage/local-database.ts';

/** Where in a result the whole primary key of some table stands; empty when it has none. */
export function keyColumnsOf(schema: Schema, columns: readonly ReadColumn[]): readonly number[] {
  for (const name of new Set(columns.map((column) => column.table))) {
    if (name === null || !Object.hasOwn(schema.tables, name)) continue;
    const key = schema.tables[name]?.primaryKey ?? [];
    const positions = key.map((part) => columns.findIndex((it) => it.table === name && it.column === part));
    if (positions.every((position) => position >= 0)) return positions;
  }
  return [];
}

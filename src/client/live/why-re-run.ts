import type { Schema } from '../../core/schema.ts';
import { tokenize } from './sql-tokens.ts';
import { FORBIDDEN_WORDS, windowShape } from './window-shape.ts';

/** In words, why a query cannot be kept current from its changed rows alone. Asked by people who look, so it may take its time. */
export function whyNeverIncremental(schema: Schema, sql: string, tables: ReadonlySet<string>): string {
  const local = [...tables].filter((name) => !Object.hasOwn(schema.tables, name));
  if (tables.size === 0) return 'it reads no table';
  if (local.length > 0) return `it reads ${local.join(', ')}, which is not in the schema`;
  if (tables.size > 1) return `it reads ${tables.size} tables: ${[...tables].join(', ')}`;
  const shape = windowShape(sql);
  if (shape) return Object.hasOwn(schema.tables, shape.table) ? orderOrLimit : `${shape.table} is a view`;
  const words = tokenize(sql).filter(({ kind }) => kind === 'word');
  const forbidden = words.find(({ text }) => FORBIDDEN_WORDS.has(text));
  if (forbidden) return `${forbidden.text === 'GROUP' ? 'GROUP BY' : forbidden.text} makes a row depend on others`;
  if (words.filter(({ text }) => text === 'SELECT').length > 1) return 'it has a query inside';
  return 'it selects or sorts by something that is not a plain column';
}

const orderOrLimit = 'it sorts by a column of another name, or its limit is no number';

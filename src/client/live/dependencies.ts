import { RESERVED_PREFIX, type Schema, type Table } from '../../core/schema.ts';
import { quoteName } from '../../core/sql.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';

/**
 * Which tables change when others do: a search table that triggers keep, say. Remote changes arrive as changes of the schema's
 * tables only, so a query over such a table also depends on the tables it is made from.
 */
export class Dependencies {
  /** By table, the schema's tables whose writes reach it through triggers. */
  readonly #sources = new Map<string, Set<string>>();

  constructor(database: LocalDatabase, schema: Schema) {
    for (const of of Object.values(schema.tables)) {
      for (const written of tablesWrittenBy(database, of)) this.#add(written, of.name);
    }
  }

  /** All tables whose change may change what is read from these. */
  of(tablesRead: readonly string[]): ReadonlySet<string> {
    return new Set(tablesRead.flatMap((table) => [table, ...(this.#sources.get(table) ?? [])]));
  }

  #add(written: string, source: string): void {
    if (written === source || written.startsWith(RESERVED_PREFIX)) return;
    const sources = this.#sources.get(written) ?? new Set();
    this.#sources.set(written, sources.add(source));
  }
}

function tablesWrittenBy(database: LocalDatabase, of: Table): Set<string> {
  const name = quoteName(of.name);
  const columns = Object.keys(of.columns).map(quoteName);
  const statements = [
    `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => 'NULL').join(', ')})`,
    `UPDATE ${name} SET ${columns.map((column) => `${column} = ${column}`).join(', ')}`,
    `DELETE FROM ${name}`,
  ];
  return new Set(statements.flatMap((sql) => database.analyze(sql).tablesWritten));
}

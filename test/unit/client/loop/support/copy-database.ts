import type { LocalDatabase } from '../../../../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../../../../src/storage/sqlite-wasm/memory.ts';

/** The same tables with the same rows, ours included, in a database of its own: what copying the file gives. */
export async function copyDatabase(from: LocalDatabase): Promise<LocalDatabase> {
  const copy = await openMemoryDatabase();
  const { rows } = from.read("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'");
  for (const [name, sql] of rows) {
    copy.exec(String(sql));
    const cells = from.read(`SELECT * FROM "${name}"`);
    const marks = cells.columns.map(() => '?').join(', ');
    for (const row of cells.rows) copy.run(`INSERT INTO "${name}" VALUES (${marks})`, row);
  }
  return copy;
}

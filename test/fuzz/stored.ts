import { DatabaseSync } from 'node:sqlite';
import { columnOf, type Table } from '../../src/core/schema.ts';
import { quoteName } from '../../src/core/sql.ts';
import { checkCell } from '../../src/core/values.ts';
import { decode } from '../../src/protocol/codec.ts';
import type { Cell } from '../../src/shared/cell.ts';
import { schema } from './world.ts';

/** Opens the file of a stopped server, and finds whatever should never have got into it. Returns the number of rows. */
export function checkStored(file: string): number {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const integrity = db.prepare('PRAGMA integrity_check').all();
    if (JSON.stringify(integrity) !== '[{"integrity_check":"ok"}]')
      throw new Error(`Broken: ${JSON.stringify(integrity)}`);
    for (const { row } of db.prepare('SELECT row FROM _tidemark_log').all()) decode(row as Uint8Array);
    return Object.values(schema.tables).reduce((count, table) => count + checkTable(db, table), 0);
  } finally {
    db.close();
  }
}

function checkTable(db: DatabaseSync, table: Table): number {
  const statement = db.prepare(`SELECT * FROM ${quoteName(table.name)}`);
  statement.setReadBigInts(true);
  const rows = statement.all();
  for (const row of rows) {
    for (const name of Object.keys(table.columns)) {
      checkCell(columnOf(table, name), cellOf(row[name] as Cell), `${table.name}.${name}`);
    }
  }
  return rows.length;
}

/** Integers as they travel: numbers where they are safe. */
function cellOf(cell: Cell): Cell {
  return typeof cell === 'bigint' && Number.isSafeInteger(Number(cell)) ? Number(cell) : cell;
}

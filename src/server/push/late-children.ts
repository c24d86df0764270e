import type { CheckedChange, RowBelow } from '../../core/decide.ts';
import { isForeign, type RowVersion, stampOf, stampsOf, type Writer } from '../../core/row-version.ts';
import type { Schema, Table } from '../../core/schema.ts';
import { childTables, rowCell } from '../../core/scope.ts';
import { keyText, type RowKey, sameCell } from '../../shared/cell.ts';
import type { Access } from '../access.ts';
import type { WorkingSet } from './working-set.ts';

interface Deleting {
  readonly schema: Schema;
  readonly set: WorkingSet;
  readonly access: Access;
  readonly writer: Writer;
  /** All changes of the mutation. */
  readonly changes: readonly CheckedChange[];
}

/**
 * The rows below one that is to be deleted which its writer did not reckon with: they came there unseen, or they were to be deleted
 * with it, and somebody has changed them. Those it saw and left are its own affair: they stay where they are.
 */
export async function lateChildren(deleting: Deleting, parent: CheckedChange): Promise<RowBelow[]> {
  if (deleting.writer.base >= deleting.set.head) return [];
  const [parentKey = null] = parent.key;
  const late: RowBelow[] = [];
  for (const { table, via } of childTables(deleting.schema, parent.table.name)) {
    const rows = await liveRows(deleting.set, { table, via, parentKey });
    for (const { key, scope, ...version } of rows) {
      if (!deleting.access.canRead(scope) || !isLate(deleting, { table, key, via, version })) continue;
      late.push({ table: table.name, key, version });
    }
  }
  return late;
}

function isLate(
  { changes, writer }: Deleting,
  { table, key, via, version }: { table: Table; key: RowKey; via: string; version: RowVersion },
): boolean {
  if (isForeign(stampOf(version, via), writer)) return true;
  if (!stampsOf(version).some((stamp) => isForeign(stamp, writer))) return false;
  const text = keyText(key);
  return changes.some((one) => one.op === 'delete' && one.table === table && keyText(one.key) === text);
}

async function liveRows(
  set: WorkingSet,
  { table, via, parentKey }: { table: Table; via: string; parentKey: RowKey[number] },
) {
  // The storage is asked, so it has to know what this transaction has written there.
  if (set.isDirty(table)) await set.flush();
  const keys = await set.writer.keysWhere(table, via, parentKey);
  await set.load(table, keys);
  const rows = await Promise.all(keys.map((key) => set.row(table, key)));
  return rows
    .filter((row) => {
      return row?.columns && sameCell(rowCell(table, { key: row.key, columns: row.columns }, via), parentKey);
    })
    .filter((row) => row !== null);
}

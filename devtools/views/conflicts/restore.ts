import type { Sync, WriteTransaction } from '../../../src/client/sync.ts';
import type { Conflict } from '../../../src/client/types.ts';
import type { DeletedParent } from '../../../src/core/policy.ts';
import type { Schema } from '../../../src/core/schema.ts';
import { quoteName } from '../../../src/core/sql.ts';
import { SyncError } from '../../../src/shared/error.ts';
import { kindOf, sameValue } from '../../data/value-text.ts';

/** Something that a decision left behind. */
export interface Losing {
  readonly side: 'local' | 'remote';
  /** Null: the row as a whole, which the decision deleted. */
  readonly column: string | null;
  readonly label: string;
  readonly value: unknown;
}

/** What stands in the column because of the decision; undefined when the row ended deleted. */
export function resultOf({ resolution, fields }: Conflict, column: string): unknown {
  if (!resolution?.values) return undefined;
  if (Object.hasOwn(resolution.values, column)) return resolution.values[column];
  const winner = resolution.policies[column]?.winner ?? resolution.policies['*']?.winner ?? resolution.choice;
  return winner === 'merged' ? undefined : fields[column]?.[winner];
}

/** What can be brought back. A deletion that lost is no value; counters merge and never lose. */
export function losingValues(schema: Schema, conflict: Conflict): Losing[] {
  const { resolution, local, remote, table } = conflict;
  if (!resolution || !schema.tables[table]) return [];
  if (resolution.values === null) {
    const side = local ? 'local' : 'remote';
    return local || remote ? [{ side, column: null, label: `Row of ${table}`, value: conflict[side] }] : [];
  }
  return conflict.columns.flatMap((column) => {
    const kind = kindOf(schema, { table, column });
    if (kind === undefined || kind === 'counter') return [];
    return (['local', 'remote'] as const)
      .filter(
        (side) => conflict[side] !== null && !sameValue(conflict.fields[column]?.[side], resultOf(conflict, column)),
      )
      .map((side) => ({ side, column, label: column, value: conflict.fields[column]?.[side] }));
  });
}

/** Writes it again, as a mutation of this device. */
export async function restore(sync: Sync, conflict: Conflict, { column, value }: Losing): Promise<void> {
  const { table, key, parents = [] } = conflict;
  await sync.write(async (tx) => {
    if (column === null) {
      // Below a row that is gone it would be refused.
      for (const above of parents.toReversed()) await bringBack(tx, above);
      return tx.insert(table, value as Record<string, unknown>);
    }
    const isThere = await tx.update(table, key, { [column]: value });
    if (!isThere) throw new SyncError('not-found', `The row of ${table} is not on this device any more.`);
  });
}

async function bringBack(tx: WriteTransaction, { table, key, row }: DeletedParent): Promise<void> {
  const names = Object.keys(key);
  const where = names.map((name) => `${quoteName(name)} = ?`).join(' AND ');
  const [known] = await tx.all({
    sql: `SELECT 1 FROM ${quoteName(table)} WHERE ${where}`,
    parameters: Object.values(key),
  });
  if (known === undefined) await tx.insert(table, row);
}

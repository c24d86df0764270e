import type { Cells, RowKey } from '../../shared/cell.ts';
import { asText, type BoundTable } from './bound-table.ts';
import type { Transaction } from './connection.ts';

/** One change of another program, as its trigger wrote it down. */
export type CapturedChange =
  | { readonly of: BoundTable; readonly op: 'truncate' }
  /** It could not be read, for the table had been altered: this row is to be read anew; without a key the whole table. */
  | { readonly of: BoundTable; readonly op: 'stale'; readonly key: RowKey | null }
  | {
      readonly of: BoundTable;
      readonly op: 'insert' | 'update' | 'delete';
      readonly key: RowKey;
      /** The whole row as the change left it; of a deleted row what it held. */
      readonly columns: Cells;
      /** Of an update: the columns that have changed. */
      readonly changed: readonly string[];
    };

/** The changes of one transaction, in the order they were made. */
export interface CapturedTransaction {
  readonly xid: string;
  /** When its last change was made, in epoch milliseconds. */
  readonly at: number;
  readonly changes: readonly CapturedChange[];
}

/** Rows at once. A single transaction is never parted, however large. */
const MAX_ROWS = 20_000;

/**
 * The transactions that have committed and have no number yet, in an order in which none comes before one that it builds on:
 * if T2 saw or overwrote what T1 did, then T1 had committed before T2 made that change, and so before T2 took its last id.
 * Without `isOwn` those of all programs, as far as this transaction's snapshot goes; with it the changes that triggers and
 * cascades made of our own writes.
 */
export async function readCaptured(
  transaction: Transaction,
  tables: ReadonlyMap<string, BoundTable>,
  isOwn: boolean,
): Promise<CapturedTransaction[]> {
  const rows = await transaction.all(SELECT, [isOwn, MAX_ROWS]);
  const transactions = new Map<string, { xid: string; at: number; changes: CapturedChange[] }>();
  for (const [xid, at, table, op, key, cells, changed] of rows) {
    const id = String(xid);
    const known = transactions.get(id) ?? { xid: id, at: 0, changes: [] };
    transactions.set(id, known);
    known.at = Number(at);
    const of = tables.get(String(table));
    // A table that the schema no longer has: its triggers are taken away by and by.
    if (of) known.changes.push(toChange(of, { op, key, cells, changed }));
  }
  return [...transactions.values()];
}

const SELECT = `
  WITH txs AS (
    SELECT xid, max(id) AS last, sum(count(*)) OVER (ORDER BY max(id)) - count(*) AS before
    FROM tidemark.captured WHERE NOT $1::boolean OR xid = pg_current_xact_id() GROUP BY xid
  )
  SELECT c.xid::text, floor(extract(epoch FROM c.at) * 1000)::bigint, c.tbl, c.op, c.key, c.row, array_to_json(c.changed)::text
  FROM txs JOIN tidemark.captured c ON c.xid = txs.xid WHERE txs.before < $2::bigint ORDER BY txs.last, c.id`;

/** Takes what has been numbered off the list. */
export async function dropCaptured(transaction: Transaction, xids: readonly string[]): Promise<void> {
  await transaction.all('DELETE FROM tidemark.captured WHERE xid = ANY ($1::text[]::xid8[])', [`{${xids.join(',')}}`]);
}

const OPS = { I: 'insert', U: 'update', D: 'delete' } as const;

function toChange(
  of: BoundTable,
  { op, key, cells, changed }: { op: unknown; key: unknown; cells: unknown; changed: unknown },
): CapturedChange {
  if (op === 'T') return { of, op: 'truncate' };
  const rowKey = typeof key === 'string' ? of.readKey(JSON.parse(key) as unknown[]) : null;
  if ((op !== 'I' && op !== 'U' && op !== 'D') || rowKey === null) return { of, op: 'stale', key: rowKey };
  const texts = JSON.parse(String(cells)) as Record<string, unknown>;
  // Written down before the schema had all its columns.
  if (of.values.some(({ name }) => !Object.hasOwn(texts, name))) return { of, op: 'stale', key: rowKey };
  return {
    of,
    op: OPS[op],
    key: rowKey,
    columns: Object.fromEntries(
      of.values.map((column) => [column.name, of.cellOf(column, asText(texts[column.name]))]),
    ),
    changed: typeof changed === 'string' ? (JSON.parse(changed) as string[]) : [],
  };
}

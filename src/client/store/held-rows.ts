import type { Change } from '../../core/change.ts';
import { quoteName } from '../../core/sql.ts';
import type { Cell } from '../../shared/cell.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { DeviceClock } from './clock.ts';
import { cellsAt, type LocalTable, type LocalTables, list, localTableOf } from './local-table.ts';
import type { Outbox } from './outbox.ts';
import { packChanges } from './pack.ts';
import type { Parking } from './parking.ts';
import { type RowRef, rowsOf } from './row-access.ts';

/** How many rows, and about how many bytes, go into one mutation. */
const MOST_ROWS = 500;
const MOST_BYTES = 256 * 1024;

interface Parts {
  readonly database: LocalDatabase;
  readonly tables: LocalTables;
  readonly outbox: Outbox;
  readonly parking: Parking;
  readonly clock: DeviceClock;
}

/**
 * When an app that was fully local gets a server, its rows are work that was never sent. They become mutations that
 * wait in the outbox until `seed` lets them go: so that nothing of the server overwrites them unseen, and nothing is
 * uploaded unasked.
 */
export function holdRows(parts: Parts, tables: Iterable<string>, now: number): void {
  for (const name of tables) {
    const of = localTableOf(parts.tables, name);
    for (const changes of chunks(
      of,
      parts.database.read(`SELECT ${list(of.columns)} FROM ${quoteName(of.name)}`).rows,
    )) {
      addHeld(parts, changes, now);
    }
  }
  parts.clock.persist();
}

/** Lets the held rows of these tables go. */
export function releaseHeld({ outbox, parking }: Parts, tables: readonly string[]): number {
  const freed: RowRef[] = [];
  for (const item of [...outbox.items()]) {
    const changes = item.state === 'held' ? outbox.changesOf(item) : [];
    if (!tables.includes(changes[0]?.table ?? '')) continue;
    outbox.update(item, { state: 'pending' });
    for (const row of rowsOf(changes)) freed.push(row);
  }
  parking.release(freed);
  return freed.length;
}

function* chunks(of: LocalTable, rows: readonly (readonly Cell[])[]): Generator<Change[]> {
  let changes: Change[] = [];
  let bytes = 0;
  for (const row of rows) {
    const key = row.slice(0, of.keys.length);
    changes.push({ table: of.name, key, op: 'put', columns: cellsAt(of.values, row, of.keys.length) });
    bytes += row.reduce<number>((sum, cell) => sum + weight(cell), 0);
    if (changes.length < MOST_ROWS && bytes < MOST_BYTES) continue;
    yield changes;
    changes = [];
    bytes = 0;
  }
  if (changes.length > 0) yield changes;
}

function addHeld({ outbox, clock }: Parts, changes: readonly Change[], now: number): void {
  const mutationId = clock.nextMutationId;
  const mutation = {
    position: mutationId,
    mutationId,
    state: 'held' as const,
    hlc: clock.stamp(now),
    base: 0,
    createdAt: now,
    rows: rowsOf(changes),
    bytes: packChanges(changes),
    writeId: null,
  };
  outbox.insert(mutation);
  outbox.remember(mutation);
  clock.took(mutationId, mutation.hlc);
}

function weight(cell: Cell): number {
  return typeof cell === 'string' || cell instanceof Uint8Array ? cell.length : 8;
}

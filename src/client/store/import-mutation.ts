import type { LocalDatabase } from '../../storage/local-database.ts';
import type { ImportedMutation, LocalStore } from '../local-store.ts';
import { collectChanges } from './changed-rows.ts';
import { checkChanges } from './check-changes.ts';
import type { DeviceClock } from './clock.ts';
import type { LocalTables } from './local-table.ts';
import type { Outbox } from './outbox.ts';
import type { Overlay } from './overlay.ts';
import { packChanges } from './pack.ts';
import type { Parking } from './parking.ts';
import { rowsOf } from './row-access.ts';
import type { SyncPosition } from './sync-position.ts';

/**
 * Takes over a mutation of a file. It has seen what its first writer had seen, and not what this device has: so what others wrote
 * since is met as the conflict it would have been. Its stamp is of now: stamps of a device only rise, and it is now that somebody wants it.
 */
export function createImportMutation(parts: {
  readonly database: LocalDatabase;
  readonly tables: LocalTables;
  readonly outbox: Outbox;
  readonly overlay: Overlay;
  readonly parking: Parking;
  readonly clock: DeviceClock;
  readonly position: SyncPosition;
}): LocalStore['importMutation'] {
  const { database, tables, outbox, overlay, parking, clock, position } = parts;

  return ({ importId, changes, seen, now }: ImportedMutation) => {
    const epoch = position.lastEpoch;
    if (isImported(database, importId, epoch)) {
      return { mutationId: null, changed: new Map(), settled: [], isRepeated: true };
    }
    const checked = checkChanges(tables, changes);
    const rows = rowsOf(checked);
    for (const row of rows) overlay.keepImage(row);
    const mutationId = clock.nextMutationId;
    const mutation = {
      position: mutationId,
      mutationId,
      state: parking.isBlocked(rows, mutationId) ? ('parked' as const) : ('pending' as const),
      hlc: clock.stamp(now),
      // In another history nothing is known to have been seen.
      base: seen.epoch === epoch ? seen.base : 0,
      createdAt: now,
      rows,
      bytes: packChanges(checked),
      writeId: null,
    };
    database.run(NOTE_SQL, [importId, mutationId, epoch]);
    outbox.insert(mutation);
    outbox.remember(mutation);
    clock.took(mutation.mutationId, mutation.hlc);
    clock.persist();
    const changed = collectChanges();
    for (const row of rows) overlay.show(row, changed);
    return { mutationId, changed: changed.rows, settled: [], isRepeated: false };
  };
}

const NOTE_SQL = 'INSERT OR REPLACE INTO _tidemark_import (id, position, epoch) VALUES (?, ?, ?)';

function isImported(database: LocalDatabase, importId: string, epoch: string | null): boolean {
  const sql = 'SELECT 1 FROM _tidemark_import WHERE id = ? AND epoch IS ?';
  return database.read(sql, [importId, epoch]).rows.length > 0;
}

/** What a person throws away may be taken over again. */
export function forgetImport(database: LocalDatabase, position: number): void {
  database.run('DELETE FROM _tidemark_import WHERE position = ?', [position]);
}

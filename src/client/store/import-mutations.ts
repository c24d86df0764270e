import type { Change } from '../../core/change.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { ImportedMutation, LocalStore, TakenOver } from '../local-store.ts';
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
 * Takes over mutations of a file. Each has seen what its first writer had seen, and not what this device has: so what others wrote
 * since is met as the conflict it would have been. Its stamp is of now: stamps of a device only rise, and it is now that somebody wants it.
 * What this device does not take is left out, and told; the rest goes in.
 */
export function createImportMutations(parts: {
  readonly database: LocalDatabase;
  readonly tables: LocalTables;
  readonly outbox: Outbox;
  readonly overlay: Overlay;
  readonly parking: Parking;
  readonly clock: DeviceClock;
  readonly position: SyncPosition;
}): LocalStore['importMutations'] {
  const { database, tables, outbox, overlay, parking, clock, position } = parts;

  return (imported, now) => {
    const epoch = position.lastEpoch;
    const changed = collectChanges();
    const takenOver = imported.map((one): TakenOver => {
      if (isImported(database, one.importId, epoch)) return { mutationId: null, isRepeated: true };
      const checked = check(one.changes);
      if (checked instanceof SyncError) return { mutationId: null, isRepeated: false, refusal: checked.toJSON() };
      return { mutationId: takeOver(one, checked), isRepeated: false };
    });
    clock.persist();
    return { takenOver, epoch, changed: changed.rows };

    function check(changes: readonly Change[]): Change[] | SyncError {
      try {
        return checkChanges(tables, changes);
      } catch (error) {
        if (error instanceof SyncError) return error;
        throw error;
      }
    }

    function takeOver({ importId, seen }: ImportedMutation, changes: readonly Change[]): number {
      const rows = rowsOf(changes);
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
        bytes: packChanges(changes),
        writeId: null,
      };
      database.run(NOTE_SQL, [importId, mutationId, epoch]);
      outbox.insert(mutation);
      outbox.remember(mutation);
      clock.took(mutation.mutationId, mutation.hlc);
      for (const row of rows) overlay.show(row, changed);
      return mutationId;
    }
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

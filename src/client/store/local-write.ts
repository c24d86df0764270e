import { SyncError } from '../../shared/error.ts';
import type { Cell } from '../../shared/cell.ts';
import type { Change } from '../../core/change.ts';
import type { LocalDatabase, ReadResult } from '../../storage/local-database.ts';
import type { MutationOutcome } from '../types.ts';
import type { WriteResult } from '../local-store.ts';
import type { Capture, NetEffect } from './capture.ts';
import { collectChanges } from './changed-rows.ts';
import type { DeviceClock } from './clock.ts';
import type { Images } from './images.ts';
import { type LocalTables, cellsAt } from './local-table.ts';
import { toChange } from './net-change.ts';
import type { NewMutation, Outbox } from './outbox.ts';
import type { Overlay } from './overlay.ts';
import { packChanges } from './pack.ts';
import type { Parking } from './parking.ts';
import { isLocalOnly } from './side-tables.ts';
import { createWriteGuard } from './write-guard.ts';

/** How many writes `findWrite` remembers at least. */
const KEPT_WRITES = 4_096;
const TRIM_EVERY = 1_024;

export interface LocalWrite {
  readonly isOpen: boolean;
  begin(): void;
  run(sql: string, parameters: readonly Cell[]): number;
  read(sql: string, parameters: readonly Cell[]): ReadResult;
  commit(options: { writeId: string; now: number; base: number }): WriteResult;
  rollback(): void;
  find(writeId: string): { mutationId: number | null } | null;
}

/** The user's transactions: plain SQL in, one mutation out. */
export function createLocalWrite(parts: {
  readonly database: LocalDatabase;
  readonly tables: LocalTables;
  readonly capture: Capture;
  readonly outbox: Outbox;
  readonly images: Images;
  readonly overlay: Overlay;
  readonly parking: Parking;
  readonly clock: DeviceClock;
  /** Whether mutations are recorded: false while the app has never had a server. */
  readonly records: () => boolean;
}): LocalWrite {
  const { database, tables, capture, outbox, images, overlay, parking, clock } = parts;
  const guard = createWriteGuard(database);
  let isOpen = false;
  let changed = collectChanges();

  const check = (sql: string) => {
    if (!isOpen) throw new SyncError('misuse', 'There is no open write.');
    if (!database.inTransaction)
      throw new SyncError('interrupted', 'SQLite has rolled this write back; start it anew.');
    const { tablesWritten } = guard(sql);
    for (const name of tablesWritten) if (isLocalOnly(tables, name)) changed.addAll(name);
  };

  const finish = () => {
    isOpen = false;
    changed = collectChanges();
  };

  const rollback = () => {
    if (!isOpen) return;
    finish();
    if (database.inTransaction) database.rollback();
  };

  const prepare = (effects: readonly NetEffect[], options: { now: number; base: number }): NewMutation | null => {
    const changes: Change[] = [];
    for (const effect of effects) {
      const change = toChange(effect);
      if (change === null) continue;
      changes.push(change);
      changed.add(change.table, effect.keyText);
    }
    if (changes.length === 0 || !parts.records()) return null;
    const mutationId = clock.nextMutationId;
    return {
      position: mutationId,
      mutationId,
      state: parking.isBlocked(changes, mutationId) ? 'parked' : 'pending',
      hlc: clock.stamp(options.now),
      base: options.base,
      createdAt: options.now,
      changes,
      bytes: packChanges(changes),
    };
  };

  const record = (effects: readonly NetEffect[], mutation: NewMutation) => {
    for (const { of, keyText, before } of effects) {
      if (before === null || overlay.covers(of.name, keyText)) continue;
      images.set(of.name, keyText, { exists: true, columns: cellsAt(of.values, before, 0), seen: null });
    }
    outbox.insert(mutation);
  };

  const commit = (options: { writeId: string; now: number; base: number }): WriteResult => {
    const effects = capture.read();
    const mutation = prepare(effects, options);
    if (mutation) record(effects, mutation);
    if (effects.length > 0) capture.clear();
    logWrite(database, options.writeId, mutation);
    database.commit();
    if (mutation) {
      outbox.remember(mutation);
      clock.took(mutation.mutationId, mutation.hlc);
    }
    return { mutationId: mutation?.mutationId ?? null, changed: changed.rows, settled: NOTHING_SETTLED };
  };

  return {
    get isOpen() {
      return isOpen;
    },
    begin() {
      if (isOpen) throw new SyncError('misuse', 'A write is open already: one at a time.');
      database.begin();
      isOpen = true;
    },
    run(sql, parameters) {
      check(sql);
      return database.run(sql, parameters);
    },
    read(sql, parameters) {
      check(sql);
      return database.read(sql, parameters);
    },
    commit(options) {
      if (!isOpen) throw new SyncError('misuse', 'There is no open write to commit.');
      if (!database.inTransaction) {
        finish();
        throw new SyncError('interrupted', 'SQLite has rolled this write back; start it anew.');
      }
      try {
        const result = commit(options);
        finish();
        return result;
      } catch (error) {
        rollback();
        throw error;
      }
    },
    rollback,
    find(writeId) {
      const [row] = database.read(
        'SELECT mutation_id FROM _tidemark_write WHERE write_id = ? ORDER BY n DESC LIMIT 1',
        [writeId],
      ).rows;
      if (row === undefined) return null;
      return { mutationId: typeof row[0] === 'number' ? row[0] : null };
    },
  };
}

const NOTHING_SETTLED: readonly MutationOutcome[] = [];

/** What the write was called and became: for tabs whose leader died under them, and for the clock after a restart. */
function logWrite(database: LocalDatabase, writeId: string, mutation: NewMutation | null): void {
  database.run('INSERT INTO _tidemark_write (write_id, mutation_id, hlc) VALUES (?, ?, ?)', [
    writeId,
    mutation?.mutationId ?? null,
    mutation?.hlc ?? null,
  ]);
  if (mutation && mutation.mutationId % TRIM_EVERY === 0) trimWrites(database);
}

function trimWrites(database: LocalDatabase): void {
  database.run(`DELETE FROM _tidemark_write WHERE n <= (SELECT max(n) FROM _tidemark_write) - ${KEPT_WRITES}`);
}

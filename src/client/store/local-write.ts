import type { Change } from '../../core/change.ts';
import type { Cell } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase, ReadResult } from '../../storage/local-database.ts';
import type { WriteResult } from '../local-store.ts';
import type { MutationOutcome } from '../types.ts';
import type { Capture, NetEffect } from './capture.ts';
import { collectChanges } from './changed-rows.ts';
import type { DeviceClock } from './clock.ts';
import { refuseIllFormedText } from './ill-formed-text.ts';
import type { Images } from './images.ts';
import { cellsAt, type LocalTables } from './local-table.ts';
import { toChange } from './net-change.ts';
import type { NewMutation, Outbox } from './outbox.ts';
import type { Overlay } from './overlay.ts';
import { packChanges } from './pack.ts';
import type { Parking } from './parking.ts';
import { isLocalOnly } from './side-tables.ts';
import { createWriteGuard } from './write-guard.ts';
import { findWrite, logWrite, trimWrites } from './write-log.ts';

interface CommitOptions {
  readonly writeId: string;
  readonly now: number;
  readonly base: number;
}

interface Checked {
  readonly changes: readonly Change[];
  /** The row of each. */
  readonly rows: readonly NetEffect[];
}

export interface LocalWrite {
  readonly isOpen: boolean;
  begin(): void;
  run(sql: string, parameters: readonly Cell[]): number;
  read(sql: string, parameters: readonly Cell[]): ReadResult;
  commit(options: CommitOptions): WriteResult;
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
  trimWrites(database);
  const guard = createWriteGuard(database);
  let isOpen = false;
  let changed = collectChanges();
  /** The user's tables this write may have changed, in the order of its statements. */
  const written = new Set<string>();
  let lastSql = '';

  const allow = (sql: string) => {
    if (!isOpen) throw new SyncError('misuse', 'There is no open write.');
    if (!database.inTransaction)
      throw new SyncError('interrupted', 'SQLite has rolled this write back; start it anew.');
    if (sql === lastSql) return;
    lastSql = sql;
    for (const name of guard(sql).tablesWritten) {
      if (tables.has(name)) written.add(name);
      else if (isLocalOnly(tables, name)) changed.addAll(name);
    }
  };

  const finish = () => {
    isOpen = false;
    lastSql = '';
    changed = collectChanges();
    written.clear();
  };

  const rollback = () => {
    if (!isOpen) return;
    finish();
    if (database.inTransaction) database.rollback();
  };

  /** What really changed. Refuses cells that not every device can hold. */
  const check = (effects: readonly NetEffect[]): Checked => {
    const changes: Change[] = [];
    const rows: NetEffect[] = [];
    for (const effect of effects) {
      refuseIllFormedText(database, effect);
      const change = toChange(effect);
      if (change === null) continue;
      changes.push(change);
      rows.push(effect);
      changed.add(effect.table, effect.keyText);
    }
    return { changes, rows };
  };

  const prepare = ({ changes, rows }: Checked, options: CommitOptions): NewMutation | null => {
    if (changes.length === 0 || !parts.records()) return null;
    const mutationId = clock.nextMutationId;
    return {
      position: mutationId,
      mutationId,
      state: parking.isBlocked(rows, mutationId) ? 'parked' : 'pending',
      hlc: clock.stamp(options.now),
      base: options.base,
      createdAt: options.now,
      rows,
      bytes: packChanges(changes),
      writeId: options.writeId,
    };
  };

  const record = (rows: readonly NetEffect[], mutation: NewMutation) => {
    for (const { of, keyText, before } of rows) {
      if (before === null || overlay.covers(of.name, keyText)) continue;
      images.set(of.name, keyText, { exists: true, columns: cellsAt(of.values, before, 0), seen: null });
    }
    outbox.insert(mutation);
  };

  const commit = (options: CommitOptions): WriteResult => {
    const effects = capture.read(written);
    const checked = check(effects);
    const mutation = prepare(checked, options);
    if (mutation) record(checked.rows, mutation);
    else logWrite(database, options.writeId);
    if (effects.length > 0) capture.clear();
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
      allow(sql);
      return database.run(sql, parameters);
    },
    read(sql, parameters) {
      allow(sql);
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
    find: (writeId) => findWrite(database, writeId),
  };
}

const NOTHING_SETTLED: readonly MutationOutcome[] = [];

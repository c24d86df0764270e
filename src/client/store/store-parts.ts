import type { Schema } from '../../core/schema.ts';
import type { SyncErrorJson } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import { createAppTriggers } from './app-triggers.ts';
import { createCapture } from './capture.ts';
import { createChainStage } from './chain-stage.ts';
import { createClientIds } from './client-ids.ts';
import { createDeviceClock } from './clock.ts';
import { createConflictRecords } from './conflict-records.ts';
import { createImages } from './images.ts';
import { localTables } from './local-table.ts';
import { createMeta } from './meta.ts';
import { createOutbox } from './outbox.ts';
import { createOverlay } from './overlay.ts';
import { createParking } from './parking.ts';
import { createPendingRows } from './pending-rows.ts';
import { createSyncPosition } from './sync-position.ts';
import { createUnknownRows } from './unknown-rows.ts';

export interface LocalStoreOptions {
  readonly schema: Schema;
  /** Belongs to the store from here on, except for closing it. */
  readonly database: LocalDatabase;
  readonly runtime: Runtime;
  /** Without one nothing is queued: the tables alone hold the data. */
  readonly hasServer: boolean;
  /** SQL of this device alone, run at each open. */
  readonly localSchema?: readonly string[];
}

/** The concerns of a store, each over the same database. */
export type StoreParts = ReturnType<typeof createStoreParts>;

export function createStoreParts({ schema, database, runtime }: LocalStoreOptions) {
  const tables = localTables(schema);
  const meta = createMeta(database);
  const identity = {
    subject: null as string | null,
    mode: 'local' as 'local' | 'server',
    locked: null as SyncErrorJson | null,
  };
  const clientIds = createClientIds(meta);
  const rows = createPendingRows();
  const outbox = createOutbox(database, rows);
  const images = createImages(database);
  const overlay = createOverlay({ database, tables, outbox, rows, images });
  const parking = createParking(outbox, rows, overlay);
  const clock = createDeviceClock(database, meta, runtime);
  const clientId = () => clientIds.current;
  const conflicts = createConflictRecords({ database, tables, clientId });
  const capture = createCapture(database, tables);
  const appTriggers = createAppTriggers(database, tables);
  const position = createSyncPosition(meta);
  const stage = createChainStage(database, meta);
  const unknown = createUnknownRows(meta);
  const base = { schema, database, tables, runtime, meta, identity, clientIds };
  const pending = { rows, outbox, images, overlay, parking, conflicts };
  return { ...base, ...pending, clock, capture, appTriggers, position, stage, unknown };
}

/** Reads back everything that is kept in memory beside the database. */
export function loadParts(parts: StoreParts): void {
  const { identity, meta } = parts;
  identity.subject = meta.text('subject');
  identity.locked = JSON.parse(meta.text('locked') ?? 'null');
  identity.mode = meta.text('mode') === 'server' ? 'server' : 'local';
  parts.clientIds.load();
  parts.outbox.load();
  parts.clock.load();
  parts.position.load();
  parts.conflicts.load();
  parts.unknown.load();
  parts.appTriggers.load();
}

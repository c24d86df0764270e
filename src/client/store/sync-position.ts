import type { Cursor } from '../../core/change.ts';
import type { Meta } from './meta.ts';

/** Where this device stands in the server's log. */
export interface SyncPosition {
  readonly cursor: Cursor | null;
  readonly scopes: readonly string[];
  readonly hasSynced: boolean;
  readonly lastSyncedAt: number | null;
  move(to: { cursor: Cursor; scopes: readonly string[]; now: number }): void;
  /** Forgets cursor and scopes. */
  reset(): void;
  load(): void;
}

export function createSyncPosition(meta: Meta): SyncPosition {
  let cursor: Cursor | null = null;
  let scopes: readonly string[] = [];
  let hasSynced = false;
  let lastSyncedAt: number | null = null;
  return {
    get cursor() {
      return cursor;
    },
    get scopes() {
      return scopes;
    },
    get hasSynced() {
      return hasSynced;
    },
    get lastSyncedAt() {
      return lastSyncedAt;
    },
    move(to) {
      meta.set('epoch', to.cursor.epoch);
      meta.set('seq', to.cursor.seq);
      meta.set('last_synced_at', to.now);
      if (!hasSynced) meta.set('has_synced', 1);
      if (to.scopes.join('\n') !== scopes.join('\n')) meta.set('scopes', JSON.stringify(to.scopes));
      cursor = to.cursor;
      scopes = to.scopes;
      hasSynced = true;
      lastSyncedAt = to.now;
    },
    reset() {
      meta.set('epoch', null);
      meta.set('seq', null);
      meta.set('scopes', null);
      cursor = null;
      scopes = [];
    },
    load() {
      const [epoch, seq] = [meta.text('epoch'), meta.number('seq')];
      cursor = epoch === null || seq === null ? null : { epoch, seq };
      scopes = JSON.parse(meta.text('scopes') ?? '[]');
      hasSynced = meta.number('has_synced') === 1;
      lastSyncedAt = meta.number('last_synced_at');
    },
  };
}

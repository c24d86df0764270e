import type { Cursor } from '../../core/change.ts';
import { MAX_SCOPES_LEFT_OUT } from '../../protocol/messages/pull.ts';
import { SyncError } from '../../shared/error.ts';
import type { Meta } from './meta.ts';

/** Where this device stands in the server's log. */
export interface SyncPosition {
  readonly cursor: Cursor | null;
  readonly scopes: readonly string[];
  readonly lacks: readonly string[];
  readonly without: readonly string[];
  readonly hasSynced: boolean;
  /** The epoch of the last cursor, also where it has been forgotten: that whose seqs the outbox counts in. */
  readonly lastEpoch: string | null;
  readonly lastSyncedAt: number | null;
  move(to: { cursor: Cursor; scopes: readonly string[]; lacks: readonly string[]; now: number }): void;
  want(scope: string, isWanted: boolean): boolean;
  /** Forgets cursor and scopes; not what is wanted. */
  reset(): void;
  load(): void;
}

export function createSyncPosition(meta: Meta): SyncPosition {
  let cursor: Cursor | null = null;
  let scopes: readonly string[] = [];
  let lacks: readonly string[] = [];
  let without: readonly string[] = [];
  let hasSynced = false;
  let lastEpoch: string | null = null;
  let lastSyncedAt: number | null = null;
  return {
    get cursor() {
      return cursor;
    },
    get scopes() {
      return scopes;
    },
    get lacks() {
      return lacks;
    },
    get without() {
      return without;
    },
    get hasSynced() {
      return hasSynced;
    },
    get lastEpoch() {
      return lastEpoch;
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
      if (to.lacks.join('\n') !== lacks.join('\n')) meta.set('lacks', JSON.stringify(to.lacks));
      cursor = to.cursor;
      lastEpoch = to.cursor.epoch;
      scopes = to.scopes;
      lacks = to.lacks;
      hasSynced = true;
      lastSyncedAt = to.now;
    },
    want(scope, isWanted) {
      if (isWanted !== without.includes(scope)) return false;
      if (!isWanted && without.length === MAX_SCOPES_LEFT_OUT) throw tooMany();
      without = isWanted ? without.filter((one) => one !== scope) : [...without, scope].sort();
      meta.set('without', JSON.stringify(without));
      return true;
    },
    reset() {
      for (const name of ['epoch', 'seq', 'scopes', 'lacks'] as const) meta.set(name, null);
      meta.set('former_epoch', lastEpoch);
      cursor = null;
      scopes = [];
      lacks = [];
    },
    load() {
      const [epoch, seq] = [meta.text('epoch'), meta.number('seq')];
      cursor = epoch === null || seq === null ? null : { epoch, seq };
      scopes = JSON.parse(meta.text('scopes') ?? '[]');
      lacks = JSON.parse(meta.text('lacks') ?? '[]');
      without = JSON.parse(meta.text('without') ?? '[]');
      hasSynced = meta.number('has_synced') === 1;
      lastEpoch = epoch ?? meta.text('former_epoch');
      lastSyncedAt = meta.number('last_synced_at');
    },
  };
}

function tooMany(): SyncError {
  return new SyncError(
    'invalid-value',
    `A device can leave out ${MAX_SCOPES_LEFT_OUT} scopes and no more. Whoever wants few of many is better served by \`access\` on the server.`,
  );
}

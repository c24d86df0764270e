import { SyncError } from '../../shared/error.ts';
import { initialChannelState } from './channel-machine.ts';
import { RoundLog } from './round-log.ts';
import { initialLoopState } from './round-machine.ts';
import { statusOf } from './status.ts';
import type { SyncLoop, SyncLoopOptions } from './sync-loop.ts';

/** The loop of an app without a server: it never does anything, and says so. */
export function createLocalLoop({ store, persisted, onlineHint }: SyncLoopOptions): SyncLoop {
  const refuse = async (): Promise<never> => {
    throw new SyncError('no-server', 'This app has no server to sync with. Give createSync a `server`.');
  };
  return {
    start() {},
    written() {},
    run: refuse,
    pause() {},
    resume() {},
    wiped() {},
    tokenChanged() {},
    scopesChosen() {},
    attend() {},
    status: () =>
      statusOf({
        hasServer: false,
        autoSync: false,
        loop: initialLoopState,
        channel: initialChannelState,
        offersChannel: null,
        hasReached: false,
        counts: store.counts(),
        position: { seq: null, head: null },
        isOnline: onlineHint?.get() ?? true,
        isPushing: false,
        isPulling: false,
        hasSynced: false,
        lastSyncedAt: null,
        progress: null,
        pausedBy: [],
        persisted,
        nextRetryAt: null,
      }),
    cursors: () => [],
    history: () => [],
    totals: () => new RoundLog().totals,
    devices: { list: refuse, rename: refuse, revoke: refuse },
    async close() {},
  };
}

import { createStore, type StoreApi } from 'zustand/vanilla';
import { EVENT_MIRROR_LIMIT, type SyncEvent, type SyncState, type SyncStatus } from '../client/types.ts';
import type { SessionPush } from '../client/worker-api.ts';
import { shareEqual } from './share.ts';

const STARTING: SyncStatus = Object.freeze({
  phase: 'starting',
  connection: 'closed',
  isOnline: true,
  pendingCount: 0,
  conflictCount: 0,
  rejectedCount: 0,
  oldestPendingAt: null,
  isPushing: false,
  isPulling: false,
  hasSynced: false,
  lastSyncedAt: null,
  progress: null,
  pausedBy: [],
  persisted: false,
  error: null,
  nextRetryAt: null,
});

/** What a store holds before the database has opened, and always on a server that renders pages: one constant. */
export const INITIAL_SYNC_STATE: SyncState = Object.freeze({
  status: STARTING,
  outbox: [],
  cursors: [],
  conflicts: [],
  devices: [],
  events: [],
  clientId: null,
  sessionId: '',
  isLeader: false,
});

/** The parts of the state that the engine tells of. */
export type EngineState = Partial<Omit<SyncState, 'sessionId' | 'isLeader'>>;

/** The mirror of what the engine tells: written here only, read by anyone. */
export interface SyncMirror {
  readonly store: StoreApi<SyncState>;
  /** Takes over what changed; slices that are equal keep their identity. Returns the events that are new. */
  apply(state: EngineState): readonly SyncEvent[];
  /** Where this session stands among the tabs. Returns the events that are new. */
  applySession(push: SessionPush, now: number): readonly SyncEvent[];
}

/** Creates the store of one session. `startedAt`: events before it are history, not news. */
export function createSyncMirror(sessionId: string, startedAt: number): SyncMirror {
  const store = createStore<SyncState>()(() => ({ ...INITIAL_SYNC_STATE, sessionId }));
  /** The engine's own word, while a trouble of this session stands before it. */
  let told: SyncStatus = STARTING;
  let trouble: SyncStatus['error'] = null;
  let newestAt = startedAt;

  const set = (next: Partial<SyncState>) => {
    const previous = store.getState();
    const shared = shareEqual(previous, { ...previous, ...next });
    if (shared !== previous) store.setState(shared, true);
  };
  const status = (): SyncStatus => (trouble ? { ...told, phase: 'error', error: trouble } : told);
  const news = (before: readonly SyncEvent[]) => {
    const fresh = eventsAfter(before, store.getState().events, newestAt);
    newestAt = fresh.reduce((newest, event) => Math.max(newest, event.at), newestAt);
    return fresh;
  };

  return {
    store,
    apply(state) {
      const before = store.getState().events;
      if (state.status) told = state.status;
      set({ ...state, status: status() });
      return news(before);
    },
    applySession(push, now) {
      const before = store.getState();
      if (push.type === 'trouble') {
        trouble = push.error;
        set({ status: status() });
        return [];
      }
      if (push.isLeader === before.isLeader) return [];
      const event: SyncEvent = { at: now, type: 'leader-changed', isLeader: push.isLeader };
      set({ isLeader: push.isLeader, events: [...before.events, event].slice(-EVENT_MIRROR_LIMIT) });
      return [event];
    },
  };
}

/** The events that came after the last one of `before`; when that one is gone, those from `sinceAt` on. */
function eventsAfter(before: readonly SyncEvent[], after: readonly SyncEvent[], sinceAt: number): readonly SyncEvent[] {
  const last = before.at(-1);
  const index = last === undefined ? -1 : after.findLastIndex((event) => shareEqual(last, event) === last);
  return index >= 0 ? after.slice(index + 1) : after.filter((event) => event.at >= sinceAt);
}

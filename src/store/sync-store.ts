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
  lab: null,
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
  const log = new EventLog(startedAt);
  /** The engine's own word, while a trouble of this session stands before it. */
  let told: SyncStatus = STARTING;
  let trouble: SyncStatus['error'] = null;
  /** The worker hangs. */
  let stall: SyncStatus['error'] = null;

  const set = (next: Partial<SyncState>) => {
    const previous = store.getState();
    const shared = shareEqual(previous, { ...previous, ...next });
    if (shared !== previous) store.setState(shared, true);
  };
  const status = (): SyncStatus => {
    const error = trouble ?? stall;
    return error ? { ...told, phase: 'error', error } : told;
  };

  return {
    store,
    apply(state) {
      if (state.status) told = state.status;
      const fresh = state.events ? log.take(state.events) : [];
      set({ ...state, status: status(), events: log.events });
      return fresh;
    },
    applySession(push, now) {
      if (push.type === 'trouble') {
        trouble = push.error;
        set({ status: status() });
        return [];
      }
      if (push.type === 'stalled') {
        stall = push.error;
        const events: SyncEvent[] = stall ? [{ at: now, type: 'stalled', what: 'worker', error: stall }] : [];
        log.add(events);
        set({ status: status(), events: log.events });
        return events;
      }
      if (push.isLeader === store.getState().isLeader) return [];
      const event: SyncEvent = { at: now, type: 'leader-changed', isLeader: push.isLeader };
      log.add([event]);
      set({ isLeader: push.isLeader, events: log.events });
      return [event];
    },
  };
}

/** The newest events as this session saw them: the engine's, whichever engine it was at the time, and its own. */
class EventLog {
  events: readonly SyncEvent[] = [];
  /** What the engine told last; null before the first time. */
  #told: readonly SyncEvent[] | null = null;
  /** Events before it are not news. */
  #newsFrom: number;

  constructor(startedAt: number) {
    this.#newsFrom = startedAt;
  }

  add(events: readonly SyncEvent[]): void {
    if (events.length > 0) this.events = [...this.events, ...events].slice(-EVENT_MIRROR_LIMIT);
  }

  /** Takes the engine's newest events and returns those that are news. */
  take(events: readonly SyncEvent[]): readonly SyncEvent[] {
    const news = this.#news(events);
    if (this.#told) this.add(news);
    else this.events = [...events, ...this.events].slice(-EVENT_MIRROR_LIMIT);
    this.#told = events;
    this.#newsFrom = news.reduce((newest, { at }) => Math.max(newest, at), this.#newsFrom);
    return news;
  }

  /** What came after the last one that is known; when that is not among them (another engine), what is not older. */
  #news(events: readonly SyncEvent[]): readonly SyncEvent[] {
    const last = this.#told?.at(-1);
    const index = last === undefined ? -1 : events.findLastIndex((event) => shareEqual(last, event) === last);
    return index >= 0 ? events.slice(index + 1) : events.filter(({ at }) => at >= this.#newsFrom);
  }
}

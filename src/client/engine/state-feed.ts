import type { Runtime } from '../../shared/runtime.ts';
import type { Lab } from '../lab/lab.ts';
import type { LocalStore } from '../local-store.ts';
import type { SyncLoop } from '../loop/sync-loop.ts';
import {
  CONFLICT_MIRROR_LIMIT,
  type Conflict,
  type DeviceInfo,
  EVENT_MIRROR_LIMIT,
  OUTBOX_MIRROR_LIMIT,
  type OutboxEntry,
  type SyncEvent,
  type SyncState,
} from '../types.ts';

/** The parts of the state that an engine tells of. */
export type EngineState = Omit<SyncState, 'sessionId' | 'isLeader'>;

/** One frame: a status that changes faster is not told more often. */
const STATUS_MS = 16;
/** Reading the long lists may take this part of the time at most. */
const LISTS_SHARE = 1 / 10;

/** Lists of no more entries are told with the answer to a call, however busy the machine is. */
const CHEAP_COUNT = 200;

export interface StateFeedOptions {
  readonly runtime: Runtime;
  readonly store: LocalStore;
  readonly loop: SyncLoop;
  readonly lab: Lab;
  /** Somebody else than the owner is signed in: how it stands is told, and nothing of the data. */
  readonly isLocked: () => boolean;
  readonly send: (state: Partial<EngineState>) => void;
  /** The status is about to be told: whatever else should be told at that pace. */
  readonly onPace: () => void;
}

/**
 * Mirrors the engine's state to the sessions: only parts that changed, and no more often than a page can show. With 100,000 waiting
 * mutations the lists are read rarely; the counts in the status stay exact.
 */
export class StateFeed {
  readonly #options: StateFeedOptions;
  readonly #status = new Pace();
  readonly #lists = new Pace();
  #events: readonly SyncEvent[] = [];
  #devices: readonly DeviceInfo[] = [];
  /** What was told last, by part, as text that differs when the part does. */
  readonly #told = new Map<keyof EngineState, string>();
  #toldPhase: string | null = null;
  #eventCount = 0;
  #areListsCheap = true;
  #isClosed = false;

  constructor(options: StateFeedOptions) {
    this.#options = options;
  }

  /** Everything, for a session that has just come. */
  whole(): EngineState {
    return { ...this.#statusParts(), ...this.#listParts() };
  }

  addEvent(event: SyncEvent): void {
    this.#eventCount += 1;
    this.#events = [...this.#events.slice(-EVENT_MIRROR_LIMIT + 1), event];
    this.changed();
  }

  /** The data were wiped: the devices and the events were those of who has left. */
  forget(): void {
    this.#devices = [];
    this.#events = [];
    this.#eventCount += 1;
  }

  setDevices(devices: readonly DeviceInfo[]): void {
    this.#devices = devices;
    this.changed();
  }

  /** A write was committed: its author should find it in the counts by the time the write resolves. */
  committed(): void {
    if (this.#isClosed) return;
    if (!this.#status.isResting(this.#options.runtime)) this.#tellStatus();
    this.changed();
  }

  /** A call did what it was asked for: who waits for it finds that in the state. Lists that take long come a little later. */
  answered(): void {
    const { runtime } = this.#options;
    if (this.#isClosed) return;
    this.#tellStatus();
    if (this.#areListsCheap || !this.#lists.isResting(runtime)) this.#tellLists();
  }

  /** Something may be different now. */
  changed(): void {
    if (this.#isClosed) return;
    // "Everything is synced" must not be said a moment longer than it is true.
    if (this.#toldPhase === 'synced' && this.#options.loop.status().phase !== 'synced') this.#tellStatus();
    else this.#status.soon(this.#options.runtime, () => this.#tellStatus());
    this.#lists.soon(this.#options.runtime, () => this.#tellLists());
  }

  /** Later calls, of whoever was still at something, tell nothing: the database may be closed by then. */
  close(): void {
    this.#isClosed = true;
    this.#status.stop();
    this.#lists.stop();
  }

  #tellStatus(): void {
    const { runtime, onPace } = this.#options;
    this.#status.restAfter(runtime, STATUS_MS);
    onPace();
    const state = this.#statusParts();
    this.#toldPhase = state.status.phase;
    this.#tell(state, {
      status: JSON.stringify(state.status),
      cursors: JSON.stringify(state.cursors),
      clientId: String(state.clientId),
      lab: JSON.stringify(state.lab),
    });
  }

  #tellLists(): void {
    const { runtime } = this.#options;
    const startedAt = runtime.elapsed();
    const state = this.#listParts();
    this.#tell(state, {
      outbox: state.outbox.map(entryMark).join(),
      conflicts: state.conflicts.map(conflictMark).join(),
      devices: JSON.stringify(state.devices),
      events: String(this.#eventCount),
    });
    const restMs = (runtime.elapsed() - startedAt) / LISTS_SHARE;
    this.#areListsCheap = state.outbox.length + state.conflicts.length <= CHEAP_COUNT;
    this.#lists.restAfter(runtime, Math.max(STATUS_MS, restMs));
  }

  #tell(state: Partial<EngineState>, marks: Partial<Record<keyof EngineState, string>>): void {
    const changed = Object.entries(marks).filter(([part, mark]) => this.#told.get(part as keyof EngineState) !== mark);
    if (changed.length === 0) return;
    for (const [part, mark] of changed) this.#told.set(part as keyof EngineState, mark);
    this.#options.send(Object.fromEntries(changed.map(([part]) => [part, state[part as keyof EngineState]])));
  }

  #statusParts(): Pick<EngineState, 'status' | 'cursors' | 'clientId' | 'lab'> {
    const { store, loop, lab, isLocked } = this.#options;
    const cursors = isLocked() ? [] : loop.cursors();
    return { status: loop.status(), cursors, clientId: store.clientId, lab: lab.shown };
  }

  #listParts(): Pick<EngineState, 'outbox' | 'conflicts' | 'devices' | 'events'> {
    const { store, isLocked } = this.#options;
    const events = this.#events;
    if (isLocked()) return { outbox: [], conflicts: [], devices: [], events };
    return {
      outbox: store.outbox({ limit: OUTBOX_MIRROR_LIMIT }),
      conflicts: store.conflicts({ limit: CONFLICT_MIRROR_LIMIT }),
      devices: this.#devices,
      events,
    };
  }
}

/** Runs something soon, but not before it has rested. */
class Pace {
  #notBefore = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | null = null;

  soon(runtime: Runtime, run: () => void): void {
    if (this.#stopTimer) return;
    this.#stopTimer = runtime.setTimer(Math.max(0, this.#notBefore - runtime.elapsed()), () => {
      this.#stopTimer = null;
      run();
    });
  }

  isResting(runtime: Runtime): boolean {
    return runtime.elapsed() < this.#notBefore;
  }

  restAfter(runtime: Runtime, ms: number): void {
    this.stop();
    this.#notBefore = runtime.elapsed() + ms;
  }

  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
  }
}

/** What can change about an entry: its changes cannot, an edited mutation has a new id. */
function entryMark({ mutationId, state, attempts, reason, waitsFor }: OutboxEntry): string {
  return `${mutationId} ${state} ${attempts} ${waitsFor} ${reason?.code} ${reason?.message}`;
}

function conflictMark({ id, state, remoteSeq, resolution }: Conflict): string {
  return `${id} ${state} ${remoteSeq} ${resolution?.at}`;
}

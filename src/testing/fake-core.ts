import { createStore, type StoreApi } from 'zustand/vanilla';
import { EVENT_MIRROR_LIMIT, type SyncEvent, type SyncState, type SyncStatus } from '../client/types.ts';
import { Emitter } from '../shared/emitter.ts';
import { type FakeState, fakeState, followed, quietPhase } from './fake-state.ts';

/** One call of a public action, for assertions. */
export interface FakeCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** What all parts of a fake share: its state, its events, and the note of what was called. */
export class FakeCore {
  readonly store: StoreApi<SyncState>;
  readonly events = new Emitter<SyncEvent>();
  readonly calls: FakeCall[] = [];
  readonly now: () => number;
  readonly #failures = new Map<string, Error>();

  constructor(state: FakeState | undefined, now: () => number) {
    this.store = createStore<SyncState>(() => fakeState(state, now()));
    this.now = now;
  }

  get state(): SyncState {
    return this.store.getState();
  }

  /** Notes a call; throws what `failNext` left for it. */
  called(name: string, ...args: readonly unknown[]): void {
    this.calls.push({ name, args });
    const failure = this.#failures.get(name);
    this.#failures.delete(name);
    if (failure) throw failure;
  }

  failNext(name: string, error: Error): void {
    this.#failures.set(name, error);
  }

  setState({ status, ...parts }: FakeState): void {
    this.store.setState((state) => {
      const next = { ...state, ...parts };
      const merged = { ...state.status, ...status };
      // A phase stands as it was scripted until what it follows from changes.
      const isMoved = parts.outbox !== undefined || parts.conflicts !== undefined;
      return { ...next, status: followed(merged, next, isMoved ? status : { phase: merged.phase, ...status }) };
    });
  }

  /** A round that reached the server, or a pause that is over: the phase follows from what still waits. */
  settleDown(status: Partial<SyncStatus>): void {
    const phase = quietPhase({ ...this.state.status, ...status }, this.state.outbox);
    this.setState({ status: { ...status, phase } });
  }

  emit(event: SyncEvent): void {
    this.setState({ events: [...this.state.events, event].slice(-EVENT_MIRROR_LIMIT) });
    this.events.emit(event);
  }
}

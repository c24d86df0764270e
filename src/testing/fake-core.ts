import { createStore, type StoreApi } from 'zustand/vanilla';
import { EVENT_MIRROR_LIMIT, type SyncEvent, type SyncState } from '../client/types.ts';
import { Emitter } from '../shared/emitter.ts';
import { type FakeState, fakeState, withCounts } from './fake-state.ts';

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
    this.store = createStore<SyncState>(() => fakeState(state));
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
      return { ...next, status: withCounts({ ...state.status, ...status }, next, status) };
    });
  }

  emit(event: SyncEvent): void {
    this.setState({ events: [...this.state.events, event].slice(-EVENT_MIRROR_LIMIT) });
    this.events.emit(event);
  }
}

import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Sync } from '../client/sync.ts';
import type { SyncState } from '../client/types.ts';
import type { Schema } from '../core/schema.ts';
import { type FakeState, isQuiet } from './fake-state.ts';
import { createFakeSync, type FakeSync } from './fake-sync.ts';

/**
 * A real `Sync` that tells what a script says of its state, and of everything else the truth: rows, queries and writes are
 * real; what is scripted (the outbox, the conflicts) is also what its actions act on.
 */
export function withScriptedState<S extends Schema>(real: Sync<S>, script: FakeState): Sync<S> {
  const fake = createFakeSync({ schema: real.schema, state: script });
  const store = overlaid(real.store, fake, script);
  return {
    ...real,
    ready: real.ready,
    store,
    outbox: script.outbox ? fake.outbox : real.outbox,
    conflicts: script.conflicts ? fake.conflicts : real.conflicts,
    rowStatus: script.outbox ? fake.rowStatus : real.rowStatus,
    inspect: { ...real.inspect, store, cursors: () => store.getState().cursors },
  };
}

function overlaid<S extends Schema>(
  real: StoreApi<SyncState>,
  fake: FakeSync<S>,
  script: FakeState,
): StoreApi<SyncState> {
  const compose = (): SyncState => {
    const told = fake.store.getState();
    const truth = real.getState();
    const parts = Object.keys(script).filter((name) => name !== 'status') as Exclude<keyof SyncState, 'status'>[];
    const counts = {
      ...(script.outbox ? pick(told.status, ['pendingCount', 'rejectedCount', 'oldestPendingAt']) : {}),
      ...(script.conflicts ? pick(told.status, ['conflictCount']) : {}),
    };
    // A device at rest that is told of a conflict waits for a person: its phase follows from what is scripted.
    const isTold = script.outbox !== undefined || script.conflicts !== undefined;
    const phase = isTold && isQuiet(truth.status.phase) ? pick(told.status, ['phase']) : {};
    return { ...truth, ...pick(told, parts), status: { ...truth.status, ...counts, ...phase, ...script.status } };
  };
  const store = createStore<SyncState>(compose);
  const follow = () => store.setState(compose(), true);
  real.subscribe(follow);
  fake.store.subscribe(follow);
  return store;
}

function pick<T extends object, N extends keyof T>(from: T, names: readonly N[]): Pick<T, N> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, N>;
}

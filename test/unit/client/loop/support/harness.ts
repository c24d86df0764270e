import { createSyncLoop } from '../../../../../src/client/loop/create-sync-loop.ts';
import type { SyncLoopOptions } from '../../../../../src/client/loop/sync-loop.ts';
import type { MutationOutcome, SyncEvent } from '../../../../../src/client/types.ts';
import { defineSchema, t, table } from '../../../../../src/core/schema.ts';
import { Emitter } from '../../../../../src/shared/emitter.ts';
import { manualRuntime } from '../../../../../src/testing/manual-runtime.ts';
import { FakeStore } from './fake-store.ts';
import { createGate } from './gate.ts';
import { ScriptedServer } from './scripted-server.ts';

export const schema = defineSchema({
  version: 1,
  tables: { issue: table({ id: t.uuid(), title: t.text() }), note: table({ id: t.uuid() }) },
});

/** One device with a loop, a store and a server, on a clock that stands still. */
export function device(overrides: Partial<SyncLoopOptions> & { seed?: number } = {}) {
  const { seed = 1, ...options } = overrides;
  const runtime = manualRuntime({ seed });
  const server = new ScriptedServer(() => runtime.elapsed());
  const store = new FakeStore();
  const gate = createGate();
  store.isInside = gate.isInside;
  const events: SyncEvent[] = [];
  const settled: MutationOutcome[] = [];
  const online = new Emitter<boolean>();
  const loop = createSyncLoop({
    runtime,
    schema,
    store,
    transport: server,
    exclusive: gate.exclusive,
    autoSync: { intervalMs: 30_000, debounceMs: 50 },
    persisted: true,
    onlineHint: { get: () => true, subscribe: (listener) => online.subscribe(listener) },
    decides: [],
    resolve: async () => null,
    onEvent: (event) => events.push(event),
    onChanged: () => {},
    onSettled: (outcomes) => settled.push(...outcomes),
    onStateChanged: () => {},
    ...options,
  });
  return {
    runtime,
    server,
    store,
    gate,
    events,
    settled,
    online,
    loop,
    /** Starts, and lets the first round and the channel come to rest. */
    async start() {
      loop.start();
      await runtime.advance(0);
    },
    /** A local write, told to the loop. */
    write(bytes?: number) {
      const mutationId = store.write(bytes);
      loop.written();
      return mutationId;
    },
    phase: () => loop.status().phase,
    eventsOf: <T extends SyncEvent['type']>(type: T) =>
      events.filter((event): event is Extract<SyncEvent, { type: T }> => event.type === type),
  };
}

export type Device = ReturnType<typeof device>;

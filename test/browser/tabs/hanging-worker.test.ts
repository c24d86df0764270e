/** A page whose worker stops answering: its calls wait, and the page is told. */
import { expect, test } from 'vitest';
import { schemaToWire } from '../../../src/client/schema-wire.ts';
import type { WorkerConfig } from '../../../src/client/worker-api.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { createSyncHandle } from '../../../src/store/sync-handle.ts';
import { workerLine } from '../../../src/store/worker-line.ts';
import { manualRuntime } from '../../../src/testing/manual-runtime.ts';

const schema = defineSchema({ version: 1, tables: { note: table({ id: t.text(), title: t.text() }) } });

const config: WorkerConfig = {
  sessionId: 'page',
  name: 'notes',
  kind: 'memory',
  schema: schemaToWire(schema),
  serverUrl: null,
  hasAuth: false,
  autoSync: false,
  localSchema: [],
  deviceName: null,
  decides: [],
};

/** Answers every call with null, as long as it does not hang; what came meanwhile is answered afterwards. */
class HangingWorker extends EventTarget {
  isHanging = false;
  #late: { readonly id: number }[] = [];

  postMessage(request: { readonly id: number }): void {
    if (this.isHanging) this.#late.push(request);
    else queueMicrotask(() => this.#answer(request));
  }

  goOn(): void {
    this.isHanging = false;
    for (const request of this.#late.splice(0)) this.#answer(request);
  }

  terminate(): void {}

  #answer({ id }: { readonly id: number }): void {
    this.dispatchEvent(new MessageEvent('message', { data: { id, value: null } }));
  }
}

test('a worker that hangs is told of as stalled; its calls are answered when it goes on', async () => {
  const runtime = manualRuntime();
  const worker = new HangingWorker();
  const line = workerLine(() => worker as unknown as Worker, config, runtime);
  const sync = createSyncHandle({ options: { schema }, sessionId: 'page', line, runtime });
  const stalls: string[] = [];
  sync.subscribe((event) => event.type === 'stalled' && stalls.push(event.what));
  await sync.ready;
  worker.isHanging = true;
  let isAnswered = false;
  const call = sync.pause('metered').then(() => {
    isAnswered = true;
  });
  await runtime.advance(15_000);
  expect(stalls).toEqual(['worker']);
  expect(sync.store.getState().status).toMatchObject({ phase: 'error', error: { kind: 'timeout' } });
  expect(isAnswered).toBe(false);
  worker.goOn();
  await call;
  expect(sync.store.getState().status).toMatchObject({ phase: 'starting', error: null });
  expect(stalls).toEqual(['worker']);
  await sync.close();
});

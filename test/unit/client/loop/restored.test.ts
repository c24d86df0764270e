/** A server that goes on from an old copy of its file, and the devices that knew more than the copy. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSyncService } from '../../../../src/server/create-service.ts';
import type { SyncService } from '../../../../src/server/service.ts';
import { sqliteStorage } from '../../../../src/server/sqlite/index.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';
import { inProcessTransport } from '../../../../src/testing/in-process-transport.ts';
import { type ManualRuntime, manualRuntime } from '../../../../src/testing/manual-runtime.ts';
import { FaultyTransport, RealDevice, trackerSchema } from './support/real-parts.ts';

let runtime: ManualRuntime;
let folder: string;
let service: SyncService;
let devices: RealDevice[];

beforeEach(async () => {
  runtime = manualRuntime({ seed: 1 });
  folder = mkdtempSync(join(tmpdir(), 'tidemark-restored-'));
  devices = [];
  service = await start();
});
afterEach(async () => {
  for (const device of devices) await device.close();
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = () =>
  createSyncService({ schema: trackerSchema, storage: sqliteStorage({ file: join(folder, 'server.db') }), runtime });

/** Takes a copy of the file, or goes on from it as the documentation says: in a new epoch. */
async function copyFile(from: string, to: string): Promise<void> {
  await service.close();
  copyFileSync(join(folder, from), join(folder, to));
  service = await start();
}

async function restore(): Promise<void> {
  await copyFile('backup.db', 'server.db');
  await service.renewEpoch();
}

/** A device that syncs when it is told to, with whichever server runs. */
async function device(): Promise<RealDevice> {
  const current = new Proxy({} as SyncService, {
    get(_, name: keyof SyncService) {
      const found = service[name];
      return typeof found === 'function' ? (found as (...args: never[]) => unknown).bind(service) : found;
    },
  });
  const inner = inProcessTransport(current, { id: 'ada' }, { schemaVersion: trackerSchema.version, runtime });
  const transport = new FaultyTransport(inner, { runtime, share: 0 });
  const loopOptions = { autoSync: false as const };
  const made = new RealDevice({ runtime, transport, database: await openMemoryDatabase(), loopOptions });
  devices.push(made);
  made.loop.start();
  return made;
}

const sync = (one: RealDevice) => Promise.all([one.loop.run('sync'), runtime.advance(1_000)]);
const setTitle = (one: RealDevice, title: string) => one.write("UPDATE issue SET title = ? WHERE id = 'a'", [title]);

test('what was written unseen after a restore is not overwritten as if it had been seen', async () => {
  const [mine, theirs] = [await device(), await device()];
  await mine.write("INSERT INTO issue (id, title) VALUES ('a', 'first')");
  await sync(mine);
  await copyFile('server.db', 'backup.db');
  for (const title of ['lost 1', 'lost 2', 'lost 3']) {
    await setTitle(mine, title);
    await sync(mine);
  }
  await runtime.advance(1_000);
  await setTitle(mine, 'mine');

  await restore();
  await sync(theirs);
  await setTitle(theirs, 'theirs');
  await sync(theirs);
  // The log grows past what the other device had seen of the history that is gone.
  for (const id of ['b', 'c', 'd', 'e']) {
    await theirs.write('INSERT INTO issue (id, title) VALUES (?, ?)', [id, id]);
    await sync(theirs);
  }
  await sync(mine);
  await sync(theirs);
  expect(mine.rows('issue')).toEqual(theirs.rows('issue'));
  const fields = { title: { remote: 'theirs', local: 'mine' } };
  expect(mine.store.conflicts({})).toMatchObject([{ state: 'resolved', kind: 'update-update', fields }]);
});

test('what both histories have in common has been seen, and meets no conflict', async () => {
  const [mine, theirs] = [await device(), await device()];
  await mine.write("INSERT INTO issue (id, title) VALUES ('a', 'first')");
  await sync(mine);
  await sync(theirs);
  await setTitle(theirs, 'seen');
  await sync(theirs);
  await sync(mine);
  await copyFile('server.db', 'backup.db');
  await setTitle(mine, 'mine');
  await restore();
  await sync(mine);
  await sync(theirs);
  expect([mine, theirs].map((one) => one.rows('issue')[0]?.[1])).toEqual(['mine', 'mine']);
  expect(mine.store.conflicts({})).toEqual([]);
});

test('where nobody told the server that it was restored, a device that notices waits for none of the commits that are gone', async () => {
  const one = await device();
  await one.write("INSERT INTO issue (id, title) VALUES ('a', 'first')");
  await sync(one);
  await copyFile('server.db', 'backup.db');
  for (const title of ['lost 1', 'lost 2']) {
    await setTitle(one, title);
    await sync(one);
  }
  await copyFile('backup.db', 'server.db');
  await sync(one);
  expect(one.rows('issue')).toMatchObject([['a', 'first', 'open', 0]]);
  expect(one.loop.cursors()).toMatchObject([{ cursor: { seq: 1 }, head: 1, lag: 0 }]);
  expect(one.loop.status().phase).toBe('synced');
});

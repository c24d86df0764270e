import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { LogEntry } from '../../../src/server/records.ts';
import { sqliteStorage } from '../../../src/server/sqlite/index.ts';
import { SyncError } from '../../../src/shared/error.ts';
import { memoryService, Pusher, patch, putIssue, remove, schema, temporaryFile } from './support/fixture.ts';

test('a constraint of our own tables is a fault of the storage, not of a value', async () => {
  const storage = sqliteStorage({ file: ':memory:' });
  await storage.open(schema, 'epoch-1');
  const commit = { seq: 1, clientId: 'c', mutationId: 1, hlc: '0000000000000001', at: 1 };
  const entry: LogEntry = { commit, n: 0, scope: 'main', table: 'note', key: ['n'], op: 'delete', columns: {} };
  await storage.write((writer) => writer.appendLog([entry]));
  await expect(storage.write((writer) => writer.appendLog([entry]))).rejects.toMatchObject({ kind: 'storage' });
  await storage.close();
});

test('a damaged database fails the push and refuses no mutation: mended, it takes it', async () => {
  const { file, remove: removeFile } = temporaryFile();
  const service = await memoryService({ storage: sqliteStorage({ file }) });
  const device = new Pusher(service, 'device');
  await device.push([putIssue('1')]);
  await device.push([remove('issue', '1')]);
  const [intact] = damage(file, new Uint8Array([0xff]));
  const sent = device.mutation([putIssue('1', { title: 'again' })]);
  await expect(device.send([sent])).rejects.toMatchObject({ kind: 'storage' });
  damage(file, intact ?? null);
  expect(await device.send([sent])).toMatchObject([{ outcome: 'applied' }]);
  await service.close();
  removeFile();
});

test('a check that could not find out refuses nothing: the push is to come again', async () => {
  let isDown = true;
  const service = await memoryService({
    validate: {
      issue() {
        if (isDown) throw new SyncError('server', 'The registry of titles does not answer.');
      },
    },
  });
  const device = new Pusher(service, 'device');
  const sent = [device.mutation([putIssue('1')]), device.mutation([patch('issue', '1', { title: 'x' })])];
  await expect(device.send(sent)).rejects.toMatchObject({ kind: 'server' });
  expect(service.stats().head).toBe(0);
  isDown = false;
  expect(await device.send(sent)).toMatchObject([{ outcome: 'applied' }, { outcome: 'applied' }]);
});

/** Puts these bytes where the image of the deleted issue lies; gives what was there. */
function damage(file: string, bytes: Uint8Array | null): (Uint8Array | null)[] {
  const database = new DatabaseSync(file);
  const [row] = database.prepare('SELECT _tidemark_image AS image FROM _tidemark_row_issue').all();
  database.prepare('UPDATE _tidemark_row_issue SET _tidemark_image = ?').run(bytes);
  database.close();
  return [row?.image instanceof Uint8Array ? row.image : null];
}

import { afterEach, describe, expect, test } from 'vitest';
import { cdp } from 'vitest/browser';
import { openMemoryDatabase } from '../../../src/storage/sqlite-wasm/memory.ts';
import { describeCases, runLocalDatabaseContract } from '../../contract/local-database-suite.ts';
import type { WorkerCalls } from './database-worker.ts';

/** One worker with one database call at a time. */
class DatabaseWorker {
  readonly #worker = new Worker(new URL('./database-worker.ts', import.meta.url), { type: 'module' });

  call<N extends keyof WorkerCalls>(call: N, ...args: Parameters<WorkerCalls[N]>): ReturnType<WorkerCalls[N]> {
    const answer = new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => (data.error ? reject(data.error) : resolve(data.result));
      this.#worker.onerror = reject;
    });
    this.#worker.postMessage({ call, args });
    return answer as ReturnType<WorkerCalls[N]>;
  }

  terminate(): void {
    this.#worker.terminate();
  }
}

const workers: DatabaseWorker[] = [];

function start(): DatabaseWorker {
  const worker = new DatabaseWorker();
  workers.push(worker);
  return worker;
}

afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate();
});

const caseWorker = new DatabaseWorker();

runLocalDatabaseContract('SQLite in memory on the page', openMemoryDatabase);
describeCases('SQLite in memory in a worker', (name) => caseWorker.call('runMemoryCase', name));
describeCases('SQLite on OPFS', (name) => caseWorker.call('runOpfsCase', name));

describe('a database on OPFS', () => {
  test('is there again after it was closed, in the same worker and in another', async () => {
    const name = crypto.randomUUID();
    const [first, second] = [start(), start()];
    await first.call('open', name, 0);
    await first.call('exec', name, 'CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1)');
    await first.call('close', name);
    await first.call('open', name, 0);
    await first.call('exec', name, 'INSERT INTO a VALUES (2)');
    await first.call('close', name);
    await second.call('open', name, 0);
    expect(await second.call('read', name, 'SELECT id FROM a')).toEqual([[1], [2]]);
    expect(await second.call('read', name, 'PRAGMA journal_mode')).toEqual([['wal']]);
  });

  test('keeps what was committed when its worker is killed, and nothing of an open transaction', async () => {
    const name = crypto.randomUUID();
    const [first, second] = [start(), start()];
    await first.call('open', name, 0);
    await first.call('exec', name, 'CREATE TABLE a (id INTEGER PRIMARY KEY)');
    await first.call('exec', name, 'INSERT INTO a VALUES (1)');
    await first.call('begin', name);
    await first.call('exec', name, 'INSERT INTO a VALUES (2)');
    first.terminate();
    await second.call('open', name, 10_000);
    expect(await second.call('read', name, 'SELECT id FROM a')).toEqual([[1]]);
    expect(await second.call('integrityCheck', name)).toEqual([]);
  });

  test('waits for its previous owner, and keeps the data when it gives up waiting', async () => {
    const name = crypto.randomUUID();
    const [first, second] = [start(), start()];
    await first.call('open', name, 0);
    await first.call('exec', name, 'CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1)');
    await expect(second.call('open', name, 100)).rejects.toMatchObject({
      kind: 'storage',
      details: { reason: 'locked' },
    });
    const opening = second.call('open', name, 10_000);
    await first.call('close', name);
    await opening;
    expect(await second.call('read', name, 'SELECT id FROM a')).toEqual([[1]]);
  });

  test('lives beside another one of the same origin in another worker', async () => {
    const [first, second] = [start(), start()];
    const names = [crypto.randomUUID(), `${crypto.randomUUID()}/ü .. ~`] as const;
    await first.call('open', names[0], 0);
    await second.call('open', names[1], 0);
    await first.call('exec', names[0], 'CREATE TABLE one (id)');
    expect(await second.call('read', names[1], 'SELECT name FROM sqlite_schema')).toEqual([]);
  });

  test('has nothing of what was deleted in any file once it is compacted', async () => {
    const [name, secret] = [crypto.randomUUID(), `secret ${crypto.randomUUID()}`];
    const worker = start();
    await worker.call('open', name, 0);
    await worker.call('exec', name, `CREATE TABLE a (text); INSERT INTO a VALUES ('${secret}')`);
    await worker.call('close', name);
    expect(await worker.call('isOnDisk', secret)).toBe(true);
    await worker.call('open', name, 0);
    await worker.call('exec', name, 'DROP TABLE a; CREATE TABLE b (text)');
    await worker.call('compact', name);
    await worker.call('close', name);
    expect(await worker.call('isOnDisk', secret)).toBe(false);
  });

  test('names a full disk quota, and goes on when there is room again', async () => {
    const name = crypto.randomUUID();
    const worker = start();
    await worker.call('open', name, 0);
    await worker.call('exec', name, 'CREATE TABLE a (id INTEGER PRIMARY KEY, bytes BLOB)');
    const { origin } = location;
    try {
      await cdp().send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
      const filling = worker.call('exec', name, 'INSERT INTO a VALUES (1, randomblob(30000000))');
      await expect(filling).rejects.toMatchObject({ kind: 'quota' });
    } finally {
      await cdp().send('Storage.overrideQuotaForOrigin', { origin });
    }
    await worker.call('exec', name, 'INSERT INTO a VALUES (2, NULL)');
    expect(await worker.call('read', name, 'SELECT id FROM a')).toEqual([[2]]);
    expect(await worker.call('integrityCheck', name)).toEqual([]);
  });

  test('falls back to memory where the browser refuses the disk', async () => {
    expect(await start().call('openWhereDiskIsRefused')).toEqual({ kind: 'memory', persisted: false });
  });
});

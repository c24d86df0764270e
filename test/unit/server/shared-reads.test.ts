import { expect, test } from 'vitest';
import type { LogEntry } from '../../../src/server/records.ts';
import { SharedReads } from '../../../src/server/shared-reads.ts';
import { sqliteStorage } from '../../../src/server/sqlite/index.ts';
import type { LogRange, ServerStorage, StorageReader } from '../../../src/server/storage.ts';
import { schema, temporaryFile } from './support/fixture.ts';

const entry = (seq: number, scope: string, text = ''): LogEntry => ({
  commit: { seq, clientId: 'a', mutationId: seq, hlc: `h${seq}`, at: seq },
  n: 0,
  scope,
  table: 'note',
  key: [`${seq}`],
  op: 'put',
  columns: { text, stars: 0 },
});

const range = (rest: Partial<LogRange> = {}): LogRange => {
  return { after: { seq: 0, n: 0 }, until: 9, scopes: null, maxBytes: 1e6, ...rest };
};

/** A storage with a log, and what was asked of it. */
async function logged(entries: readonly LogEntry[], file = ':memory:') {
  const storage = sqliteStorage({ file });
  await storage.open(schema, 'epoch');
  if (entries.length > 0) await storage.write((writer) => writer.appendLog(entries));
  const asked = { transactions: 0, logs: 0 };
  const read: ServerStorage['read'] = (fn) => {
    asked.transactions += 1;
    return storage.read((reader) => fn(countLogs(reader, asked)));
  };
  const counting = { read } as ServerStorage;
  return { storage, asked, counting, reads: new SharedReads(counting) };
}

function countLogs(reader: StorageReader, asked: { logs: number }): StorageReader {
  const log = (wanted: LogRange) => {
    asked.logs += 1;
    return reader.log(wanted);
  };
  return { position: () => reader.position(), device: (id: string) => reader.device(id), log } as StorageReader;
}

const seqs = ({ entries }: { entries: readonly LogEntry[] }) => entries.map(({ commit }) => commit.seq);

test('reads that arrive together are one transaction, and read the log once, each what is in its scopes', async () => {
  const { reads, asked } = await logged([entry(1, 'x'), entry(2, 'y'), entry(3, 'x')]);
  const scopes = [['x'], ['y'], ['x', 'y'], [], null];
  const parts = await Promise.all(scopes.map((some) => reads.read((reader) => reader.log(range({ scopes: some })))));
  expect(parts.map(seqs)).toEqual([[1, 3], [2], [1, 2, 3], [], [1, 2, 3]]);
  expect(asked).toEqual({ transactions: 1, logs: 1 });
});

test('who is elsewhere in the log, or wants whole rows only, gets what it asked for', async () => {
  const { reads } = await logged([entry(1, 'x'), { ...entry(2, 'x'), op: 'patch' }, entry(3, 'x')]);
  const ranges = [range(), range({ after: { seq: 1, n: 9 } }), range({ until: 2 }), range({ isWholeRows: true })];
  const parts = await Promise.all(ranges.map((one) => reads.read((reader) => reader.log(one))));
  expect(parts.map(seqs)).toEqual([
    [1, 2, 3],
    [2, 3],
    [1, 2],
    [1, 3],
  ]);
});

test('a page ends where it would alone: what others may see does not count', async () => {
  const long = 'x'.repeat(50_000);
  const entries = [
    entry(1, 'mine', 'short'),
    entry(2, 'theirs', long),
    entry(3, 'theirs', long),
    entry(4, 'mine', long),
  ];
  const { reads, counting } = await logged(entries);
  const ranges = [1, 1_000, 60_000, 1e6].map((maxBytes) => range({ scopes: ['mine'], maxBytes }));
  const together = await Promise.all(ranges.map((one) => reads.read((reader) => reader.log(one))));
  const alone = await Promise.all(ranges.map((one) => counting.read((reader) => reader.log(one))));
  expect(together).toEqual(alone);
  expect(alone.map(({ isEnd }) => isEnd)).toEqual([false, false, true, true]);
});

test('a read sees what was committed before it was called, though others are still under way', async () => {
  const { file, remove } = temporaryFile();
  const { storage, reads } = await logged([], file);
  const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = reads.read(async (reader) => {
    await reader.position();
    begun.resolve();
    await end.promise;
    return reader.position();
  });
  await begun.promise;
  await storage.write((writer) => writer.appendLog([entry(1, 'x')]));
  const after = reads.read((reader) => reader.position());
  end.resolve();
  expect((await Promise.all([slow, after])).map(({ head }) => head)).toEqual([0, 1]);
  await storage.close();
  remove();
});

test('one that fails does so by itself', async () => {
  const { reads } = await logged([entry(1, 'x')]);
  const failing = reads.read(() => Promise.reject(new Error('mine alone')));
  const beside = reads.read((reader) => reader.position());
  await expect(failing).rejects.toThrow('mine alone');
  expect((await beside).head).toBe(1);
});

test('when the transaction breaks, each is tried alone', async () => {
  const { counting, asked } = await logged([entry(1, 'x')]);
  let breaks = 1;
  const read: ServerStorage['read'] = (fn) => {
    breaks -= 1;
    return breaks >= 0 ? Promise.reject(new Error('the connection is gone')) : counting.read(fn);
  };
  const reads = new SharedReads({ read } as ServerStorage);
  const heads = await Promise.all([1, 2, 3].map(() => reads.read(async (reader) => (await reader.position()).head)));
  expect(heads).toEqual([1, 1, 1]);
  expect(asked.transactions).toBe(3);
});

test('more than fit into one transaction, or come while others run, are all answered', async () => {
  const { reads, asked } = await logged([entry(1, 'x')]);
  const read = () => reads.read((reader) => reader.log(range()));
  const parts = await Promise.all(Array.from({ length: 600 }, read));
  expect(parts.every((part) => seqs(part).length === 1)).toBe(true);
  expect(asked).toEqual({ transactions: 3, logs: 3 });
});

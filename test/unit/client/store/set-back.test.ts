import { expect, test } from 'vitest';
import { createLocalStore } from '../../../../src/client/store/create-local-store.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { openImage } from '../../../simulation/world/disk.ts';
import { all, openStore, pull, reopen, response, runtime, schema, transaction, write } from './store-helpers.ts';

/** The stamp of what is written next on a database with this content. The wall clock is behind all that was written on it. */
async function nextStamp(image: Uint8Array, random: number): Promise<unknown> {
  const database = await openImage(image);
  const clock = { ...runtime, now: () => 0, random: () => random };
  const store = createLocalStore({ schema, database, runtime: clock, hasServer: true, localSchema: [] });
  store.beginWrite();
  store.runWrite("INSERT INTO issue (id, title) VALUES ('b', 'again')", []);
  store.commitWrite({ writeId: 'again', now: 0 });
  return all(database, 'SELECT max(hlc) AS hlc FROM _tidemark_outbox')[0]?.hlc;
}

test('a database that was set back does not repeat the stamps it gave before, though the wall clock is behind', async () => {
  const { store, database } = await openStore();
  write(store, "INSERT INTO issue (id, title) VALUES ('a', 'before')");
  const [{ hlc: before } = {}] = all(database, 'SELECT max(hlc) AS hlc FROM _tidemark_outbox');
  const image = database.exportBytes();
  const [one, other] = [await nextStamp(image, 0.1), await nextStamp(image, 0.9)];
  expect(one).not.toBe(other);
  expect(String(one) > String(before) && String(other) > String(before)).toBe(true);
});

test('two copies that have heard of a later stamp do not both count on from it', async () => {
  const { store, database } = await openStore();
  write(store, "INSERT INTO issue (id, title) VALUES ('a', 'before')");
  const image = database.exportBytes();
  const stamps: unknown[] = [];
  for (const random of [0.1, 0.9]) {
    const copy = await openImage(image);
    const clock = { ...runtime, random: () => random };
    const opened = createLocalStore({ schema, database: copy, runtime: clock, hasServer: true, localSchema: [] });
    write(opened, "INSERT INTO issue (id, title) VALUES ('b', 'own')");
    pull(opened, 1, transaction(1, [], { hlc: 'ffffff0000000123' }));
    write(opened, "INSERT INTO issue (id, title) VALUES ('c', 'next')");
    stamps.push(all(copy, 'SELECT max(hlc) AS hlc FROM _tidemark_outbox')[0]?.hlc);
  }
  expect(new Set(stamps).size).toBe(2);
  for (const stamp of stamps) expect(String(stamp) > 'ffffff0000000123').toBe(true);
});

test('numbers and stamps go on after a restart, however many writes queued nothing in between', async () => {
  const { store, database } = await openStore({ localSchema: ['CREATE TABLE IF NOT EXISTS draft (n)'] });
  write(store, "INSERT INTO issue (id, title) VALUES ('a', 'sent')");
  store.nextPush(LIMITS.maxRequestBytes);
  store.settle(response([{ mutationId: 1, seq: 1 }], 1), 1);
  const put = { table: 'issue', key: ['a'], op: 'put' as const, columns: { title: 'sent', project_id: 'p1' } };
  const [{ hlc } = {}] = all(database, 'SELECT max(hlc) AS hlc FROM _tidemark_outbox');
  pull(store, 1, transaction(1, [put], { clientId: 'client-1', mutationId: 1, hlc: String(hlc) }));
  expect(store.outbox()).toEqual([]);
  for (let n = 0; n < 4_200; n += 1) write(store, 'INSERT INTO draft VALUES (1)');

  // Trimmed as it opens: a second time there is nothing left of what was to go.
  for (let time = 0; time < 2; time += 1) reopen(database, { localSchema: [] });
  const again = reopen(database, { localSchema: [] });
  expect(all(database, 'SELECT count(*) AS n FROM _tidemark_write')).toEqual([{ n: 4_097 }]);
  expect(write(again, "INSERT INTO issue (id, title) VALUES ('b', 'next')").mutationId).toBe(2);
});

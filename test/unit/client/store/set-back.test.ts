import { expect, test } from 'vitest';
import { createLocalStore } from '../../../../src/client/store/create-local-store.ts';
import { openImage } from '../../../simulation/world/disk.ts';
import { all, openStore, pull, runtime, schema, transaction, write } from './store-helpers.ts';

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

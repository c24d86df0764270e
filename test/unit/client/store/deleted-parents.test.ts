/** What a person decides about rows below deleted ones, with the real server on the other side. */
import { describe, expect, test } from 'vitest';
import type { LocalStore } from '../../../../src/client/local-store.ts';
import { createLocalStore } from '../../../../src/client/store/create-local-store.ts';
import { type ConflictPolicy, defineSchema, type Schema, t, table } from '../../../../src/core/index.ts';
import { createSyncService } from '../../../../src/server/create-service.ts';
import type { SyncService } from '../../../../src/server/service.ts';
import { sqliteStorage } from '../../../../src/server/sqlite/index.ts';
import type { Runtime } from '../../../../src/shared/runtime.ts';
import type { LocalDatabase } from '../../../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';

const schemaOf = (items: ConflictPolicy, lists: ConflictPolicy = 'manual'): Schema =>
  defineSchema({
    version: 1,
    tables: {
      list: table({ id: t.text(), name: t.text() }, { conflict: lists }),
      item: table(
        { id: t.text(), list_id: t.text(), title: t.text(), done: t.boolean().default(false) },
        { scope: { via: 'list_id', table: 'list' }, conflict: items },
      ),
      remark: table({ id: t.text(), item_id: t.text(), text: t.text() }, { scope: { via: 'item_id', table: 'item' } }),
    },
  });

const ana = { id: 'ana' };
const NOW = 1_000;

function runtime(name: string): Runtime {
  return { now: () => NOW, elapsed: () => 0, setTimer: () => () => undefined, random: () => 0.5, uuid: () => name };
}

interface Device {
  readonly store: LocalStore;
  readonly database: LocalDatabase;
}

async function openDevice(name: string, schema: Schema): Promise<Device> {
  const database = await openMemoryDatabase();
  const store = createLocalStore({ database, schema, runtime: runtime(name), hasServer: true });
  return { database, store };
}

async function pull(service: SyncService, { store }: Device): Promise<void> {
  const request = { clientId: store.clientId, schemaVersion: 1, cursor: store.cursor, scopes: [...store.scopes] };
  const page = await service.pull(ana, { ...request, resume: null, maxBytes: 1_000_000 });
  store.applyChain(page, NOW);
}

async function push(service: SyncService, { store }: Device): Promise<void> {
  const mutations = store.nextPush(1_000_000)?.mutations ?? [];
  const request = { clientId: store.clientId, schemaVersion: 1, mutations, decides: [], waits: true };
  store.settle(await service.push(ana, request), NOW);
}

function write({ store }: Device, ...statements: readonly string[]): void {
  store.beginWrite();
  for (const sql of statements) store.runWrite(sql, []);
  store.commitWrite({ writeId: statements.join(), now: NOW });
}

const rows = ({ database }: Device, name: string) => database.read(`SELECT id FROM ${name} ORDER BY id`).rows.flat();
const tables = (device: Device) => ['list', 'item', 'remark'].map((name) => rows(device, name));

/** Two devices with the lists `l` and `other`. */
async function openWorld(schema = schemaOf('manual')) {
  const service = await createSyncService({
    schema,
    storage: sqliteStorage({ file: ':memory:' }),
    runtime: runtime('s'),
  });
  await service.mutate(null, [
    { table: 'list', key: ['l'], op: 'put', columns: { name: 'L' } },
    { table: 'list', key: ['other'], op: 'put', columns: { name: 'Other' } },
    { table: 'item', key: ['old'], op: 'put', columns: { list_id: 'l', title: 'Old', done: 0 } },
  ]);
  const [mine, theirs] = [await openDevice('mine', schema), await openDevice('theirs', schema)];
  for (const device of [mine, theirs]) await pull(service, device);
  const sync = async () => {
    for (const device of [mine, theirs, mine, theirs]) {
      await push(service, device);
      await pull(service, device);
    }
  };
  return { service, mine, theirs, sync };
}

const ADD = "INSERT INTO item (id, list_id, title) VALUES ('new', 'l', 'New')";

/** The list is deleted with all that is known to be in it, while another device adds to it. */
async function openConflict(...more: readonly string[]) {
  const world = await openWorld();
  write(world.theirs, "DELETE FROM item WHERE list_id = 'l'", "DELETE FROM list WHERE id = 'l'");
  await push(world.service, world.theirs);
  write(world.mine, ADD, ...more);
  await world.sync();
  return { ...world, conflicts: world.mine.store.conflicts({ state: 'open' }) };
}

describe('an item in a list that somebody deleted', () => {
  test('is shown with the list that went, and waits', async () => {
    const { mine, theirs, conflicts } = await openConflict();
    expect(conflicts).toMatchObject([
      {
        table: 'item',
        kind: 'update-delete',
        key: { id: 'new' },
        base: null,
        local: { id: 'new', list_id: 'l', title: 'New', done: false },
        remote: null,
        remoteClientId: 'theirs',
        parents: [{ table: 'list', key: { id: 'l' }, row: { id: 'l', name: 'L' } }],
      },
    ]);
    expect(tables(mine)).toEqual([['other'], ['new'], []]);
    expect(tables(theirs)).toEqual([['other'], [], []]);
  });

  test('comes with its list where the person keeps it', async () => {
    const { mine, theirs, conflicts, sync } = await openConflict();
    mine.store.resolveConflict(conflicts[0]?.id ?? '', 'local', { by: 'person', now: NOW });
    await sync();
    for (const device of [mine, theirs]) expect(tables(device)).toEqual([['l', 'other'], ['new'], []]);
    expect(mine.store.outbox()).toEqual([]);
  });

  test('goes where the person accepts the deletion, with what was written below it, and stays on record', async () => {
    const { mine, theirs, conflicts, sync } = await openConflict(
      "INSERT INTO remark (id, item_id, text) VALUES ('r', 'new', 'On the new one')",
      "INSERT INTO list (id, name) VALUES ('mine', 'Mine')",
    );
    mine.store.resolveConflict(conflicts[0]?.id ?? '', 'remote', { by: 'person', now: NOW });
    await sync();
    for (const device of [mine, theirs]) expect(tables(device)).toEqual([['mine', 'other'], [], []]);
    expect(mine.store.outbox()).toEqual([]);
    expect(mine.store.conflicts()).toMatchObject([{ state: 'resolved', local: { title: 'New' } }]);
  });

  test('moves to another list where the person says so, and the old one stays away', async () => {
    const { mine, theirs, conflicts, sync } = await openConflict();
    const resolution = { merged: { list_id: 'other' } };
    mine.store.resolveConflict(conflicts[0]?.id ?? '', resolution, { by: 'person', now: NOW });
    await sync();
    for (const device of [mine, theirs]) expect(tables(device)).toEqual([['other'], ['new'], []]);
    expect(mine.store.outbox()).toEqual([]);
  });

  test('does not bring a list back that is there again', async () => {
    const { service, mine, theirs, conflicts, sync } = await openConflict();
    await service.mutate(null, [{ table: 'list', key: ['l'], op: 'put', columns: { name: 'Another one' } }]);
    await pull(service, mine);
    mine.store.resolveConflict(conflicts[0]?.id ?? '', 'local', { by: 'person', now: NOW });
    await sync();
    expect(theirs.database.read("SELECT name FROM list WHERE id = 'l'").rows).toEqual([['Another one']]);
    expect(tables(theirs)).toEqual([['l', 'other'], ['new'], []]);
  });
});

describe('a list that somebody added to', () => {
  async function openDeletion() {
    const world = await openWorld(schemaOf('merge'));
    write(world.mine, ADD);
    await push(world.service, world.mine);
    write(world.theirs, "DELETE FROM item WHERE list_id = 'l'", "DELETE FROM list WHERE id = 'l'");
    await world.sync();
    return { ...world, conflicts: world.theirs.store.conflicts({ state: 'open' }) };
  }

  test('is deleted once the person has seen what came', async () => {
    const { mine, theirs, conflicts, sync } = await openDeletion();
    expect(conflicts).toMatchObject([
      { table: 'list', kind: 'delete-update', local: null, children: [{ table: 'item', key: { id: 'new' } }] },
    ]);
    theirs.store.resolveConflict(conflicts[0]?.id ?? '', 'local', { by: 'person', now: NOW });
    await sync();
    for (const device of [mine, theirs]) expect(tables(device)).toEqual([['other'], ['new'], []]);
  });

  test('stays where the person keeps it', async () => {
    const { mine, theirs, conflicts, sync } = await openDeletion();
    theirs.store.resolveConflict(conflicts[0]?.id ?? '', 'remote', { by: 'person', now: NOW });
    await sync();
    for (const device of [mine, theirs]) expect(tables(device)).toEqual([['l', 'other'], ['new'], []]);
  });
});

test('what the policy gives up is on record with its list, and can be written again', async () => {
  const { service, mine, theirs, sync } = await openWorld(schemaOf('server-wins'));
  write(theirs, "DELETE FROM list WHERE id = 'l'");
  await push(service, theirs);
  write(mine, ADD);
  await sync();
  expect(tables(mine)).toEqual([['other'], ['old'], []]);
  expect(mine.store.conflicts()).toMatchObject([
    {
      state: 'resolved',
      local: { id: 'new', list_id: 'l', title: 'New', done: false },
      parents: [{ table: 'list', row: { id: 'l', name: 'L' } }],
      resolution: { by: 'policy', choice: 'remote', policies: { '*': { policy: 'server-wins', winner: 'remote' } } },
    },
  ]);
});

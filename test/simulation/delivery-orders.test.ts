import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LocalStore } from '../../src/client/local-store.ts';
import { createLocalStore } from '../../src/client/store/create-local-store.ts';
import type { Change } from '../../src/core/change.ts';
import { makeHlc } from '../../src/core/hlc.ts';
import { defineSchema, type Schema, t, table } from '../../src/core/schema.ts';
import type { PushResponse } from '../../src/protocol/messages/push.ts';
import { createSyncService } from '../../src/server/create-service.ts';
import type { SyncService } from '../../src/server/service.ts';
import { sqliteStorage } from '../../src/server/sqlite/index.ts';
import type { Cell } from '../../src/shared/cell.ts';
import type { Runtime } from '../../src/shared/runtime.ts';
import type { LocalDatabase } from '../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../src/storage/sqlite-wasm/memory.ts';

/**
 * One log, and one device with its own mutations in it: however commits and answers reach the device, and however often, in
 * the end it shows the same rows and has recorded the same conflicts, each once.
 */
const schema: Schema = defineSchema({
  version: 1,
  tables: {
    doc: table({ id: t.text(), a: t.text(), b: t.text(), votes: t.counter() }),
    last: table({ id: t.text(), a: t.text(), b: t.text() }, { conflict: 'last-write-wins' }),
    memo: table({ id: t.text(), a: t.text(), b: t.text() }, { conflict: 'manual' }),
  },
});
const TABLES = Object.keys(schema.tables);
const NOW = 1_000_000;
const ana = { id: 'ana' };

const edit = fc.record({
  table: fc.constantFrom(...TABLES),
  row: fc.nat(1),
  column: fc.constantFrom('a', 'b'),
  what: fc.constantFrom('set', 'set', 'set', 'vote', 'delete'),
  at: fc.nat(20),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

const delivery = fc.array(fc.constantFrom('answer', 'answer', 'again', 'page', 'page', 'all', 'anew', 'restart'), {
  maxLength: 12,
});
type Delivery = typeof delivery extends fc.Arbitrary<infer T> ? T : never;

test('the same log in any order of delivery gives the same rows and the same conflicts, each recorded once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(edit, { minLength: 1, maxLength: 6 }),
      fc.array(fc.record({ edit, pushes: fc.nat(3) }), { maxLength: 8 }),
      fc.array(delivery, { minLength: 3, maxLength: 3 }),
      async (own, others, deliveries) => {
        const world = await openWorld(own, others);
        const shown: string[] = [];
        for (const steps of deliveries) shown.push(await deliver(world, own, steps));
        await world.service.close();
        expect(new Set(shown.map(hash)).size, shown.join('\n')).toBe(1);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);

test('a row that somebody deleted is shown as it was then, whatever of it the device had pulled', async () => {
  const of = { table: 'doc', row: 0, at: 0 } as const;
  const own = [
    { ...of, column: 'a', what: 'set' },
    { ...of, column: 'a', what: 'set' },
  ] as const;
  const others = [
    { edit: { ...of, column: 'b', what: 'set' }, pushes: 1 },
    { edit: { ...of, column: 'b', what: 'set' }, pushes: 0 },
    { edit: { ...of, column: 'b', what: 'delete', at: 20 }, pushes: 1 },
  ] as const;
  const deliveries: Delivery[] = [[], ['answer', 'page', 'page'], ['all', 'answer'], ['answer', 'anew']];
  for (const steps of deliveries) {
    const world = await openWorld(own, others);
    const { conflicts } = JSON.parse(await deliver(world, own, steps));
    await world.service.close();
    expect(conflicts).toHaveLength(1);
    expect(conflicts[0]).toMatchObject({
      kind: 'update-delete',
      remote: null,
      base: { a: 'mine 0', b: expect.stringMatching(/ 1$/) },
      local: { a: 'mine 1', b: expect.stringMatching(/ 1$/) },
    });
  }
});

interface World {
  readonly service: SyncService;
  /** In the order in which the server gave them. */
  readonly answers: readonly PushResponse[];
}

/** Others write; in between, the device's mutations reach the server, some at a time. */
async function openWorld(own: readonly Edit[], others: readonly { edit: Edit; pushes: number }[]): Promise<World> {
  const service = await createSyncService({ schema, storage: sqliteStorage({ file: ':memory:' }), runtime });
  await service.mutate(
    null,
    TABLES.flatMap((name) => [seeded(name, 'r0'), seeded(name, 'r1')]),
  );
  const { store } = await openDevice(service, own);
  const mutations = store.nextPush(1_000_000)?.mutations ?? [];
  const answers: PushResponse[] = [];
  const push = async (count: number) => {
    const some = mutations.splice(0, count);
    if (some.length === 0) return;
    const request = { clientId: store.clientId, schemaVersion: 1, mutations: some, decides: [], waits: true };
    answers.push(await service.push(ana, request));
  };
  for (const [index, { edit, pushes }] of others.entries()) {
    const mutation = {
      mutationId: index + 1,
      hlc: makeHlc(NOW + edit.at, 0),
      base: 1,
      changes: [changeOf(edit, index)],
    };
    await service.push(ana, { clientId: 'other', schemaVersion: 1, mutations: [mutation], decides: [] });
    await push(pushes);
  }
  await push(mutations.length);
  return { service, answers };
}

/** What the device shows in the end, and the conflicts it has recorded. */
async function deliver({ service, answers }: World, own: readonly Edit[], steps: Readonly<Delivery>): Promise<string> {
  const device = await openDevice(service, own);
  device.store.nextPush(1_000_000);
  let next = 0;
  const answer = (index: number) => {
    const response = answers[index];
    if (response) device.store.settle(response, NOW);
  };
  for (const step of steps) {
    if (step === 'answer') answer(next++);
    if (step === 'again') answer(Math.floor(next / 2));
    if (step === 'page') await pull(service, device.store, 1_024);
    if (step === 'all') await pull(service, device.store, 1_000_000);
    if (step === 'anew') device.store.resetCursor();
    if (step === 'restart') device.store = storeOver(device.database);
  }
  while (next < answers.length) answer(next++);
  for (let seq = -1; seq !== device.store.cursor?.seq; await pull(service, device.store, 1_000_000)) {
    seq = device.store.cursor?.seq ?? -1;
  }
  const conflicts = device.store.conflicts();
  expect(new Set(conflicts.map(({ id }) => id)).size).toBe(conflicts.length);
  return JSON.stringify({
    rows: TABLES.map((name) => device.database.read(`SELECT * FROM ${name} ORDER BY id`).rows),
    outbox: device.store.outbox().map(({ mutationId, state }) => [mutationId, state]),
    conflicts: [...conflicts].sort((a, b) => (a.id < b.id ? -1 : 1)),
  });
}

interface Device {
  readonly database: LocalDatabase;
  store: LocalStore;
}

const runtime: Runtime = {
  now: () => NOW,
  elapsed: () => 0,
  setTimer: () => () => undefined,
  random: () => 0.5,
  uuid: () => 'device',
};

function storeOver(database: LocalDatabase): LocalStore {
  return createLocalStore({ database, schema, runtime, hasServer: true });
}

/** With the rows from the beginning, and its own edits on top. */
async function openDevice(service: SyncService, own: readonly Edit[]): Promise<Device> {
  const database = await openMemoryDatabase();
  const store = storeOver(database);
  if (service.stats().head === 1) await pull(service, store, 1_000_000);
  else store.applyChain(firstChain, NOW);
  own.forEach((edit, index) => {
    store.beginWrite();
    for (const [sql, parameters] of statementOf(edit, index)) store.runWrite(sql, parameters);
    store.commitWrite({ writeId: `w${index}`, now: NOW + edit.at });
  });
  return { database, store };
}

const seeded = (name: string, id: string): Change => ({
  table: name,
  key: [id],
  op: 'put',
  columns: { a: 'a', b: 'b', ...(name === 'doc' ? { votes: 0 } : {}) },
});

/** What a pull at seq 1 brings, for devices that begin when the log has gone on. */
const firstChain = {
  epoch: 'device',
  from: 0,
  snapshot: TABLES.map((name) => ({
    table: name,
    columns: ['id', 'a', 'b', ...(name === 'doc' ? ['votes'] : [])],
    rows: ['r0', 'r1'].map((id) => [id, 'a', 'b', ...(name === 'doc' ? [0] : [])]),
  })),
  progress: { rowsDone: 6, rowsTotal: 6 },
  transactions: [],
  resume: null,
  cursor: { epoch: 'device', seq: 1 },
  scopes: ['*'],
  replaces: [],
  head: 1,
};

async function pull(service: SyncService, store: LocalStore, maxBytes: number): Promise<void> {
  const unanswered = store.unanswered('device');
  const base = { clientId: store.clientId, schemaVersion: 1, cursor: store.cursor, scopes: [...store.scopes] };
  for (let resume: string | null = null; ; ) {
    const page = await service.pull(ana, { ...base, resume, maxBytes, unanswered });
    if (page.resume === null) return void store.applyChain(page, NOW);
    store.stagePage(page);
    resume = page.resume;
  }
}

function statementOf({ table: name, row, column, what }: Edit, index: number): [string, Cell[]][] {
  const id = `r${row}`;
  if (what === 'delete') return [[`DELETE FROM ${name} WHERE id = ?`, [id]]];
  if (what === 'vote') return [['UPDATE doc SET votes = votes + 1 WHERE id = ?', [id]]];
  return [[`UPDATE ${name} SET ${column} = ? WHERE id = ?`, [`mine ${index}`, id]]];
}

function changeOf({ table: name, row, column, what }: Edit, index: number): Change {
  const key = [`r${row}`];
  if (what === 'delete') return { table: name, key, op: 'delete', columns: {} };
  if (what === 'vote') return { table: 'doc', key, op: 'patch', columns: {}, counters: { votes: 1 } };
  return { table: name, key, op: 'patch', columns: { [column]: `${'x'.repeat(200)} ${index}` } };
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

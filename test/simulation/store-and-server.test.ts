import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LocalStore } from '../../src/client/local-store.ts';
import { createLocalStore } from '../../src/client/store/create-local-store.ts';
import { defineSchema, type Schema, t, table } from '../../src/core/schema.ts';
import type { PullPage } from '../../src/protocol/messages/pull.ts';
import type { PushRequest } from '../../src/protocol/messages/push.ts';
import { createSyncService } from '../../src/server/create-service.ts';
import type { Identity, SyncService } from '../../src/server/service.ts';
import { sqliteStorage } from '../../src/server/sqlite/index.ts';
import type { Cell } from '../../src/shared/cell.ts';
import { SyncError } from '../../src/shared/error.ts';
import type { Runtime } from '../../src/shared/runtime.ts';
import type { LocalDatabase } from '../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../src/storage/sqlite-wasm/memory.ts';

/** The device's own store against the server's own service: whatever is written, lost or interleaved, all end up equal. */
const schema: Schema = defineSchema({
  version: 1,
  tables: {
    list: table({ id: t.text(), name: t.text(), owner: t.text() }, { scope: { kind: 'owner', by: 'owner' } }),
    item: table(
      { list_id: t.text(), n: t.integer(), title: t.text(), note: t.text().nullable(), votes: t.counter() },
      { primaryKey: ['list_id', 'n'], scope: { via: 'list_id', table: 'list' } },
    ),
    memo: table({ id: t.text(), text: t.text() }, { conflict: 'manual' }),
    last: table({ id: t.text(), a: t.text(), b: t.text() }, { conflict: 'last-write-wins' }),
  },
});

const small = fc.nat(2);
const step = fc.record({
  device: fc.nat(2),
  do: fc.constantFrom(
    'list',
    'item',
    'vote',
    'retitle',
    'move',
    'delete',
    'memo',
    'last',
    'sync',
    'sync',
    'lostPush',
    'pull',
    'direct',
  ),
  x: small,
  y: small,
  page: fc.constantFrom(1_024, 4_096, 1_000_000),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Ben may not see the lists of o2, nor their items. Clocks are an hour wrong. */
const BENS = ['main', 'owner:o0', 'owner:o1'];
const people = [
  { identity: { id: 'ana' }, skew: 0 },
  { identity: { id: 'ana' }, skew: 3_600_000 },
  { identity: { id: 'ben' }, skew: -3_600_000 },
];

interface Clock {
  now: number;
}

function runtimeOf(clock: Clock, name: string): Runtime {
  let ids = 0;
  return {
    now: () => clock.now,
    elapsed: () => clock.now,
    setTimer: () => () => undefined,
    random: () => 0.5,
    uuid: () => `${name}-${++ids}`,
  };
}

class Device {
  readonly store: LocalStore;
  readonly #database: LocalDatabase;
  readonly #service: SyncService;
  readonly identity: Identity;
  readonly #clock: Clock;
  readonly #skew: number;
  #writes = 0;

  constructor(options: {
    database: LocalDatabase;
    service: SyncService;
    clock: Clock;
    name: string;
    skew: number;
    identity: Identity;
  }) {
    this.#database = options.database;
    this.#service = options.service;
    this.identity = options.identity;
    this.#clock = options.clock;
    this.#skew = options.skew;
    const runtime = runtimeOf(options.clock, options.name);
    this.store = createLocalStore({ database: options.database, schema, runtime, hasServer: true });
  }

  get now(): number {
    return this.#clock.now + this.#skew;
  }

  write(...statements: readonly [string, readonly Cell[]][]): void {
    this.store.beginWrite();
    try {
      for (const [sql, parameters] of statements) this.store.runWrite(sql, parameters);
      this.store.commitWrite({ writeId: `w${++this.#writes}`, now: this.now });
    } catch (error) {
      this.store.rollbackWrite();
      if (!(error instanceof SyncError)) throw error;
    }
  }

  /** Sends everything that can go. `isLost`: the server gets it, its answer does not come back. */
  async push(isLost = false): Promise<void> {
    for (let round = 0; round < 50; round += 1) {
      const outgoing = this.store.nextPush(4_000);
      if (!outgoing) return;
      const request: PushRequest = {
        clientId: this.store.clientId,
        schemaVersion: 1,
        mutations: outgoing.mutations,
        ...(outgoing.part ? { part: outgoing.part } : {}),
        decides: [],
      };
      const response = await this.#service.push(this.identity, request);
      if (isLost) return this.store.unsend(outgoing.mutationIds);
      this.store.settle(response, this.now);
    }
    throw new Error('The outbox does not drain.');
  }

  async pull(maxBytes: number, between: () => Promise<void> = async () => undefined): Promise<void> {
    for (let round = 0; round < 50; round += 1) {
      const page = await this.#chain(maxBytes, between);
      if (page.cursor?.seq === page.head) return;
    }
    throw new Error('The pull does not end.');
  }

  async #chain(maxBytes: number, between: () => Promise<void>): Promise<PullPage> {
    for (;;) {
      const page = await this.#service.pull(this.identity, {
        clientId: this.store.clientId,
        schemaVersion: 1,
        cursor: this.store.cursor,
        scopes: [...this.store.scopes],
        resume: this.store.stagedChain()?.resume ?? null,
        maxBytes,
      });
      if (page.resume !== null) {
        this.store.stagePage(page);
        await between();
        continue;
      }
      this.store.applyChain(page, this.now);
      return page;
    }
  }

  /** Answers every open conflict, and lets go of what was rejected. */
  settleByHand(choice: 'local' | 'remote'): void {
    for (const { id } of this.store.conflicts({ state: 'open' }))
      this.store.resolveConflict(id, choice, { by: 'person', now: this.now });
    for (const { mutationId, state } of this.store.outbox())
      if (state === 'rejected') this.store.discard(mutationId, this.now);
  }

  rows(name: string, where = 'true'): unknown[] {
    const { rows } = this.#database.read(`SELECT * FROM ${name} WHERE ${where}`);
    return rows.map((row) => JSON.stringify(row)).sort();
  }

  close(): void {
    this.#database.close();
  }
}

function writeStep(device: Device, { do: what, x, y }: Step, count: number): void {
  const item = [`l${x}`, y];
  if (what === 'list')
    device.write(['INSERT OR REPLACE INTO list VALUES (?, ?, ?)', [`l${x}`, `name ${count}`, `o${y}`]]);
  if (what === 'item') {
    device.write(
      ['INSERT OR IGNORE INTO list VALUES (?, ?, ?)', [`l${x}`, 'made', 'o0']],
      [
        'INSERT OR REPLACE INTO item (list_id, n, title, note, votes) VALUES (?, ?, ?, NULL, 1)',
        [...item, `title ${count}`],
      ],
    );
  }
  if (what === 'vote') device.write(['UPDATE item SET votes = votes + 1 WHERE list_id = ? AND n = ?', item]);
  if (what === 'retitle')
    device.write([`UPDATE item SET ${y === 0 ? 'title' : 'note'} = ? WHERE list_id = ?`, [`re ${count}`, `l${x}`]]);
  if (what === 'move') device.write(['UPDATE list SET owner = ? WHERE id = ?', [`o${y}`, `l${x}`]]);
  if (what === 'delete')
    device.write(['DELETE FROM item WHERE list_id = ? AND n = ?', item], ['DELETE FROM memo WHERE id = ?', [`m${x}`]]);
  if (what === 'memo')
    device.write([
      'INSERT INTO memo VALUES (?, ?) ON CONFLICT DO UPDATE SET text = excluded.text',
      [`m${x}`, `memo ${count}`],
    ]);
  if (what === 'last') {
    device.write(
      ['INSERT OR IGNORE INTO last VALUES (?, ?, ?)', [`x${x}`, '', '']],
      [`UPDATE last SET ${y === 0 ? 'a' : 'b'} = ? WHERE id = ?`, [`v${count}`, `x${x}`]],
    );
  }
}

async function runStep(
  devices: readonly Device[],
  service: SyncService,
  { one, count, rest }: { one: Step; count: number; rest: () => Promise<void> },
) {
  const device = devices[one.device] as Device;
  if (one.do === 'sync') {
    await device.push();
    await device.pull(one.page, rest);
  } else if (one.do === 'lostPush') await device.push(true);
  else if (one.do === 'pull') await device.pull(one.page, rest);
  else if (one.do === 'direct') {
    const change = { table: 'list', key: [`l${one.x}`], op: 'patch' as const, columns: { name: `server ${count}` } };
    await service.mutate(null, [change]).catch(() => undefined);
  } else writeStep(device, one, count);
}

test('devices with their own stores end up equal to the server, whatever was lost on the way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), async (steps) => {
      const clock = { now: 1_700_000_000_000 };
      const service = await createSyncService({
        schema,
        storage: sqliteStorage({ file: ':memory:' }),
        runtime: runtimeOf(clock, 'server'),
        access: ({ id }) => (id === 'ana' ? { read: '*', write: '*' } : { read: BENS, write: BENS }),
      });
      const devices: Device[] = [];
      for (const [index, { identity, skew }] of people.entries()) {
        const database = await openMemoryDatabase();
        devices.push(new Device({ database, service, clock, name: `device-${index}`, skew, identity }));
      }
      const queue = [...steps];
      const next = async (): Promise<void> => {
        const one = queue.shift();
        clock.now += 1_000;
        if (one)
          await runStep(devices, service, {
            one,
            count: queue.length,
            rest: one.do === 'pull' || one.do === 'sync' ? nextWrite : async () => undefined,
          });
      };
      // Between two pages of one device, others write; they do not pull through the same chain.
      const nextWrite = async (): Promise<void> => {
        const at = queue.findIndex((one) => !['sync', 'pull', 'lostPush'].includes(one.do));
        if (at < 0) return;
        const [one] = queue.splice(at, 1);
        clock.now += 1_000;
        if (one) await runStep(devices, service, { one, count: queue.length, rest: async () => undefined });
      };
      while (queue.length > 0) await next();
      for (let round = 0; round < 8; round += 1) {
        for (const device of devices) {
          await device.push();
          await device.pull(1_000_000);
          device.settleByHand(round % 2 === 0 ? 'local' : 'remote');
        }
      }
      for (const device of devices) {
        const { identity } = device;
        const name = `fresh-${devices.indexOf(device)}`;
        const fresh = new Device({ database: await openMemoryDatabase(), service, clock, name, skew: 0, identity });
        await fresh.pull(1_000_000);
        expect(device.store.counts()).toMatchObject({
          pendingCount: 0,
          acceptedCount: 0,
          rejectedCount: 0,
          openConflictCount: 0,
        });
        for (const table of Object.keys(schema.tables)) expect(device.rows(table)).toEqual(fresh.rows(table));
        fresh.close();
      }
      const [ana, , ben] = devices;
      const shared = "list_id IN (SELECT id FROM list WHERE owner <> 'o2')";
      expect(ben?.rows('item')).toEqual(ana?.rows('item', shared));
      for (const device of devices) device.close();
      await service.close();
    }),
    { numRuns: Number(process.env.RUNS ?? 15) },
  );
}, 120_000);

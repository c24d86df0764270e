/** One browser, two people: what belongs to the first is neither sent as the second's nor shown to them, and waits for its owner. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { composeEngine } from '../../../../src/client/engine/compose.ts';
import type { Engine } from '../../../../src/client/engine/engine.ts';
import { defineSchema, type Schema, t, table } from '../../../../src/core/schema.ts';
import { createSyncService } from '../../../../src/server/create-service.ts';
import type { SyncService } from '../../../../src/server/service.ts';
import { sqliteStorage } from '../../../../src/server/sqlite/index.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import type { LocalDatabase } from '../../../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';
import { inProcessTransport } from '../../../../src/testing/in-process-transport.ts';
import { type ManualRuntime, manualRuntime } from '../../../../src/testing/manual-runtime.ts';
import { copyDatabase } from '../loop/support/copy-database.ts';
import { Tab } from './engine-setup.ts';

const schema = defineSchema({
  version: 1,
  tables: {
    note: table({ id: t.text(), owner: t.text(), text: t.text() }, { scope: { kind: 'user', by: 'owner' } }),
  },
});

let runtime: ManualRuntime;
let service: SyncService;
let engines: Engine[];
/** Whose token the app gives; null when nobody is signed in. */
let person: string | null;

beforeEach(async () => {
  runtime = manualRuntime();
  engines = [];
  person = 'ana';
  service = await newService();
});

/** Anybody may write anywhere: what keeps the work of two people apart here is not their access. */
function newService(): Promise<SyncService> {
  return createSyncService({
    schema: schema as Schema,
    storage: sqliteStorage({ file: ':memory:' }),
    runtime,
    access: ({ id }) => ({ read: [`user:${id}`], write: '*' }),
  });
}

/** The service that there is at the time of the call. */
const currentService = new Proxy({} as SyncService, {
  get(_target, name: keyof SyncService) {
    const found = service[name];
    return typeof found === 'function' ? (found as (...args: never[]) => unknown).bind(service) : found;
  },
});

afterEach(async () => {
  for (const engine of engines) await engine.close();
  await service.close();
});

function start(database: LocalDatabase): { engine: Engine; tab: Tab; database: LocalDatabase } {
  const engine = composeEngine({
    schema,
    database,
    runtime,
    createTransport: (getToken) =>
      inProcessTransport(
        currentService,
        ({ token }) => {
          if (token === null) throw new SyncError('needs-auth', 'Sign in.');
          return { id: token };
        },
        { schemaVersion: 1, getToken, runtime },
      ),
  });
  engines.push(engine);
  const tab = new Tab(engine.connect('tab'), schema as Schema);
  tab.connection.onPush((push) => {
    if (push.type === 'ask') void tab.methods.answer(push.askId, { type: 'token', token: person });
  });
  return { engine, tab, database };
}

async function until(condition: () => boolean | undefined): Promise<void> {
  for (let step = 0; step < 4_000 && !condition(); step++) await runtime.advance(20);
  expect(condition()).toBe(true);
}

const isSynced = (tab: Tab) => () => tab.state.status?.phase === 'synced' && tab.state.status.hasSynced;
const isLocked = (tab: Tab) => () => tab.state.status?.error?.kind === 'forbidden';
const selectAll = { sql: 'SELECT id, text FROM note ORDER BY id', parameters: [] };

async function write(tab: Tab, id: string, text: string): Promise<void> {
  const writeId = runtime.uuid();
  await tab.run(writeId, 'INSERT INTO note VALUES (?, ?, ?)', [id, person ?? 'ana', text]);
  await tab.methods.writeCommit(writeId);
}

const onServer = async () => {
  const page = await service.pull(
    { id: 'ana' },
    { clientId: 'watcher', schemaVersion: 1, cursor: null, scopes: [], resume: null },
  );
  return page.snapshot.flatMap(({ rows }) => rows.map(([id]) => id)).sort();
};

/** Ana has one note on the server and one that waits, and leaves the browser to Bea. */
async function handedOver() {
  const device = start(await openMemoryDatabase());
  const { tab } = device;
  await until(isSynced(tab));
  await write(tab, 'sent', 'known');
  await until(isSynced(tab));
  await tab.methods.openLive('q', selectAll);
  expect(tab.live.get('q')?.rows).toHaveLength(1);
  await tab.methods.pause('offline');
  await write(tab, 'unsent', 'secret');
  person = 'bea';
  await tab.methods.resume('offline');
  await until(isLocked(tab));
  return device;
}

test('C13: nothing of the first person is sent or shown while the second is signed in, and the status says why', async () => {
  const { tab } = await handedOver();
  expect(tab.state.status).toMatchObject({ phase: 'error', pendingCount: 1 });
  expect(tab.state.status?.error?.message).toContain('belongs to ana, and bea is signed in');
  expect(tab.live.get('q')?.rows).toEqual([]);
  expect(tab.told('live-error').at(-1)).toMatchObject({ liveId: 'q', error: { kind: 'forbidden' } });
  expect(JSON.stringify(tab.state)).not.toContain('secret');
  expect(tab.state.outbox).toEqual([]);

  const forbidden = { kind: 'forbidden' };
  const { methods } = tab;
  await expect(tab.rows('SELECT text FROM note')).rejects.toMatchObject(forbidden);
  await expect(write(tab, 'by-bea', 'hers')).rejects.toMatchObject(forbidden);
  await expect(methods.writeOnce('w', { sql: 'DELETE FROM note', parameters: [] })).rejects.toMatchObject(forbidden);
  await expect(methods.listOutbox()).rejects.toMatchObject(forbidden);
  await expect(methods.inspectRows({ table: 'note' })).rejects.toMatchObject(forbidden);
  await expect(methods.frameContent(1)).rejects.toMatchObject(forbidden);
  await expect(methods.listConflicts()).rejects.toMatchObject(forbidden);
  await expect(methods.discardMutation(2)).rejects.toMatchObject(forbidden);
  await expect(methods.resolveConflict('1.0', 'remote')).rejects.toMatchObject(forbidden);
  await expect(methods.resolveConflicts('remote')).rejects.toMatchObject(forbidden);
  await expect(methods.exportDatabase()).rejects.toMatchObject(forbidden);
  await methods.openLive('new', selectAll);
  expect(tab.live.get('new')?.rows ?? []).toEqual([]);

  await runtime.advance(600_000);
  expect(await onServer()).toEqual(['sent']);
});

test('a person who signs in without a reload is noticed by the next sync(), though the channel is still the other one’s', async () => {
  const { tab } = start(await openMemoryDatabase());
  await until(isSynced(tab));
  await write(tab, 'sent', 'known');
  await until(isSynced(tab));
  await until(() => tab.state.status?.connection === 'open');
  person = 'bea';
  await expect(tab.methods.runSync('call', 'sync', {})).rejects.toMatchObject({ kind: 'forbidden' });
  await expect(tab.rows('SELECT text FROM note')).rejects.toMatchObject({ kind: 'forbidden' });
  person = 'ana';
  await tab.methods.runSync('call', 'sync', {});
  expect(await tab.rows('SELECT id FROM note')).toEqual([['sent']]);
});

test('the owner finds everything as it was, and the waiting work goes up as theirs', async () => {
  const { tab } = await handedOver();
  person = 'ana';
  await tab.methods.runSync('call', 'sync', {});
  await until(isSynced(tab));
  expect(tab.live.get('q')?.rows).toEqual([
    { id: 'sent', text: 'known' },
    { id: 'unsent', text: 'secret' },
  ]);
  expect(await onServer()).toEqual(['sent', 'unsent']);
  await write(tab, 'more', 'after');
  await until(isSynced(tab));
  expect(await onServer()).toEqual(['more', 'sent', 'unsent']);
});

test('it stays shut over a restart, before the server has said a word', async () => {
  const { engine, database } = await handedOver();
  const disk = await copyDatabase(database);
  await engine.close();
  const { tab } = start(disk);
  await expect(tab.rows('SELECT text FROM note')).rejects.toMatchObject({ kind: 'forbidden' });
  expect(tab.state.outbox).toEqual([]);
  person = 'ana';
  await until(isSynced(tab));
  expect(await tab.rows('SELECT id FROM note ORDER BY id')).toEqual([['sent'], ['unsent']]);
});

test('a write that is open when the other person is noticed is rolled back', async () => {
  const { tab } = start(await openMemoryDatabase());
  await until(isSynced(tab));
  await tab.run('open', "INSERT INTO note VALUES ('half', 'ana', 'half')");
  person = 'bea';
  void tab.methods.runSync('call', 'pull', {}).catch(() => {});
  await tab.methods.pause('again');
  await tab.methods.resume('again');
  await until(isLocked(tab));
  await expect(tab.methods.writeCommit('open')).rejects.toMatchObject({ kind: 'forbidden' });
  person = 'ana';
  await tab.methods.runSync('call', 'sync', {});
  expect(await tab.rows('SELECT id FROM note')).toEqual([]);
});

test('wipe refuses to lose the work of the first; told to, it makes room for the second', async () => {
  const { tab } = await handedOver();
  await expect(tab.methods.wipe([])).rejects.toMatchObject({ kind: 'unsent-work', details: { count: 1 } });
  await tab.methods.wipe();
  await until(isSynced(tab));
  expect(await tab.rows('SELECT id FROM note')).toEqual([]);
  await write(tab, 'hers', 'hers');
  await until(isSynced(tab));
  expect(await onServer()).toEqual(['sent']);
});

test('a server that was set back and has never heard of the device takes nothing of it under another person’s token', async () => {
  const { tab } = start(await openMemoryDatabase());
  await until(isSynced(tab));
  await tab.methods.pause('test');
  await write(tab, 'of-ana', 'hers');
  await tab.methods.resume('test');
  const older = service;
  service = await newService();
  // No handshake comes between the old session and the push: nobody has told the engine of the new token.
  person = 'bea';
  await until(isLocked(tab));
  expect(tab.state.status?.error?.message).toContain('belongs to ana, and bea is signed in');
  expect(await onServer()).toEqual([]);
  person = 'ana';
  await tab.methods.runSync('call', 'sync', {});
  expect(await onServer()).toEqual(['of-ana']);
  await older.close();
});

test('a token that is another person’s for one request costs that request, not the round', async () => {
  const { tab } = start(await openMemoryDatabase());
  await until(isSynced(tab));
  const push = vi.spyOn(service, 'push');
  push.mockImplementationOnce((_identity, request) => {
    push.mockRestore();
    return service.push({ id: 'bea' }, request);
  });
  await write(tab, 'of-ana', 'hers');
  await tab.methods.runSync('call', 'push', {});
  expect(await onServer()).toEqual(['of-ana']);
  expect(tab.state.events?.map(({ type }) => type)).not.toContain('sync-failed');
  expect(isLocked(tab)()).toBe(false);
});

test('nobody signed in pauses the queue and hides nothing: the work goes up when its owner is back', async () => {
  const { tab } = start(await openMemoryDatabase());
  await until(isSynced(tab));
  person = null;
  await tab.methods.pause('test');
  await write(tab, 'kept', 'kept');
  await tab.methods.resume('test');
  await until(() => tab.state.status?.phase === 'needs-auth');
  expect(await tab.rows('SELECT id FROM note')).toEqual([['kept']]);
  person = 'ana';
  await tab.methods.runSync('call', 'sync', {});
  expect(await onServer()).toEqual(['kept']);
});

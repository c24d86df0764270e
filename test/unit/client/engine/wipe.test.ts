/** A wipe ends everything of one person: on the disk, in what the engine remembers, and in what is still on its way. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { composeEngine } from '../../../../src/client/engine/compose.ts';
import type { Engine } from '../../../../src/client/engine/engine.ts';
import type { AskQuestion } from '../../../../src/client/engine-api.ts';
import type { FrameLog } from '../../../../src/client/lab/frame-log.ts';
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
  tables: { note: table({ id: t.text(), text: t.text() }, { conflict: 'manual' }) },
});

let runtime: ManualRuntime;
let service: SyncService;
let engines: Engine[];
let person: string;
/** Conflicts that the app's resolver was asked about, and has not answered. */
let asked: { readonly askId: string; readonly question: Extract<AskQuestion, { type: 'resolve' }> }[];
/** Of the engine that was started last. */
let frames: FrameLog;
/** What the disk refuses: statements that match. */
let refused: RegExp | null;

beforeEach(async () => {
  runtime = manualRuntime();
  engines = [];
  asked = [];
  refused = null;
  person = 'ana';
  service = await createSyncService({
    schema: schema as Schema,
    storage: sqliteStorage({ file: ':memory:' }),
    runtime,
    access: () => ({ read: '*', write: '*' }),
  });
  await onServer('put', 'first');
});

afterEach(async () => {
  for (const engine of engines) await engine.close();
  await service.close();
});

const onServer = (op: 'put' | 'patch', text: string) =>
  service.mutate(null, [{ table: 'note', key: ['n'], op, columns: { text } }]);

/** A disk that is full for some statements. */
function fillable(database: LocalDatabase): LocalDatabase {
  const check = (sql: string) => {
    if (refused?.test(sql)) throw new SyncError('quota', 'The disk is full.');
  };
  return new Proxy(database, {
    get(target, name: keyof LocalDatabase) {
      const found = target[name];
      if (typeof found !== 'function') return found;
      return (...args: unknown[]) => {
        check([name, ...args].join(' '));
        return (found as (...given: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}

async function start(disk?: LocalDatabase) {
  const database = disk ?? (await openMemoryDatabase());
  const engine = composeEngine({
    schema,
    database: fillable(database),
    runtime,
    decides: ['note'],
    createTransport: (getToken, { log }) => {
      frames = log;
      return inProcessTransport(service, ({ token }) => ({ id: String(token) }), {
        schemaVersion: 1,
        getToken,
        runtime,
      });
    },
  });
  engines.push(engine);
  const tab = new Tab(engine.connect('tab'), schema as Schema);
  tab.connection.onPush((push) => {
    if (push.type !== 'ask') return;
    const { askId, question } = push;
    if (question.type === 'resolve') asked.push({ askId, question });
    else void tab.methods.answer(askId, { type: 'token', token: person });
  });
  await until(isSynced(tab));
  return { engine, tab, database };
}

async function until(condition: () => boolean | undefined): Promise<void> {
  for (let step = 0; step < 4_000 && !condition(); step++) await runtime.advance(20);
  expect(condition()).toBe(true);
}

const isSynced = (tab: Tab) => () => tab.state.status?.phase === 'synced' && tab.state.status.hasSynced;
const isShut = (tab: Tab) => () => tab.state.status?.error?.kind === 'forbidden';

async function write(tab: Tab, text: string): Promise<void> {
  const writeId = runtime.uuid();
  await tab.run(writeId, 'UPDATE note SET text = ?', [text]);
  await tab.methods.writeCommit(writeId);
}

/** Both sides change the one note, and the app's resolver is asked. */
async function meet(tab: Tab, text: string): Promise<void> {
  const before = asked.length;
  await tab.methods.pause('offline');
  await write(tab, text);
  await onServer('patch', `not ${text}`);
  await tab.methods.resume('offline');
  await until(() => asked.length > before);
}

test('a resolver that answers for the person before decides nothing of who came after, whose conflicts have the same ids', async () => {
  const { tab } = await start();
  await meet(tab, 'of ana');
  const [idOfAna] = (await tab.methods.listConflicts()).map(({ id }) => id);
  person = 'bea';
  await tab.methods.wipe();
  await until(isSynced(tab));
  await meet(tab, 'of bea');
  const [late, asks] = asked;
  expect(asks?.question.conflict.local).toMatchObject({ text: 'of bea' });
  await tab.methods.answer(String(late?.askId), { type: 'resolve', resolution: 'remote' });
  await runtime.advance(100);
  expect(await tab.methods.listConflicts()).toMatchObject([{ id: idOfAna, state: 'open', local: { text: 'of bea' } }]);
  await tab.methods.answer(String(asks?.askId), { type: 'resolve', resolution: 'local' });
  await until(isSynced(tab));
  expect(await tab.rows('SELECT text FROM note')).toEqual([['of bea']]);
});

test('once the data are gone, a disk that is too full to tidy up after them makes no failure of it', async () => {
  const { tab } = await start();
  await tab.methods.openLive('q', { sql: 'SELECT id FROM note', parameters: [] });
  await tab.methods.pause('offline');
  await write(tab, 'unsent');
  const { clientId } = tab.state;
  refused = /wal_checkpoint|compact|secure_delete = OFF/;
  await tab.methods.wipe();
  refused = null;
  expect(tab.live.get('q')?.rows).toEqual([]);
  expect(tab.state.status?.pendingCount).toBe(0);
  expect(tab.state.clientId).not.toBe(clientId);
});

test('a wipe that fails before the data are gone leaves all of it, and sync goes on', async () => {
  const { tab } = await start();
  await tab.methods.pause('offline');
  await write(tab, 'unsent');
  refused = /DROP TABLE/;
  await expect(tab.methods.wipe()).rejects.toMatchObject({ kind: 'quota' });
  refused = null;
  expect(tab.state.status?.pausedBy).toEqual(['offline']);
  await tab.methods.resume('offline');
  await until(isSynced(tab));
  expect(await tab.rows('SELECT text FROM note')).toEqual([['unsent']]);
  expect(service.stats().outcomes).toMatchObject({ applied: 1 });
});

test('what the engine had heard and sent is not there for the next person to look at', async () => {
  const { tab } = await start();
  await tab.methods.listDevices();
  await write(tab, 'of ana');
  await until(isSynced(tab));
  await tab.methods.frames(0);
  frames.add({ direction: 'sent', channel: 'http', type: 'push', bytes: new Uint8Array([0]) });
  expect((await tab.methods.frames(0)).frames).toHaveLength(1);
  expect(tab.state.devices).toHaveLength(1);
  await tab.methods.pause('signed out');
  await tab.methods.wipe();
  expect((await tab.methods.frames(0)).frames).toEqual([]);
  expect(tab.state).toMatchObject({ devices: [], outbox: [], conflicts: [] });
  expect(JSON.stringify(tab.state.events)).not.toContain('mutation');
});

test('a write that was begun for the data of before is refused, and one that does not say is not', async () => {
  const { tab } = await start();
  const { clientId } = tab.state;
  await tab.methods.wipe();
  const insert = { sql: "INSERT INTO note VALUES ('late', 'of ana')", parameters: [] };
  await expect(tab.methods.writeOnce('late', insert, clientId)).rejects.toMatchObject({ kind: 'aborted' });
  await expect(tab.methods.writeRead('read', insert, clientId)).rejects.toMatchObject({ kind: 'aborted' });
  expect(await tab.methods.writeOnce('now', insert, tab.state.clientId)).toMatchObject({ rowCount: 1 });
});

test('that the data are shut is written down as soon as the disk takes it: a restart shows nothing', async () => {
  const { tab, engine, database } = await start();
  refused = /_tidemark_meta/;
  person = 'bea';
  await tab.methods.runSync('call', 'sync', {}).catch(() => {});
  await until(isShut(tab));
  refused = null;
  await runtime.advance(11_000);
  const disk = await copyDatabase(database);
  await engine.close();
  const restarted = composeEngine({ schema, database: disk, runtime, createTransport: null });
  engines.push(restarted);
  const again = new Tab(restarted.connect('tab'), schema as Schema);
  await expect(again.rows('SELECT text FROM note')).rejects.toMatchObject({ kind: 'forbidden' });
});

test('a wipe opens what was shut, also where the disk had not taken the one when the other came', async () => {
  const { tab, engine, database } = await start();
  await tab.run('open', 'UPDATE note SET text = text');
  person = 'bea';
  const wiped = tab.methods.runSync('call', 'sync', {}).catch(() => tab.methods.wipe());
  await wiped;
  await until(isSynced(tab));
  const disk = await copyDatabase(database);
  await engine.close();
  const { tab: again } = await start(disk);
  expect(await again.rows('SELECT text FROM note')).toEqual([['first']]);
});

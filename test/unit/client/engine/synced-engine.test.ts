import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { composeEngine } from '../../../../src/client/engine/compose.ts';
import type { Engine } from '../../../../src/client/engine/engine.ts';
import type { AskAnswer, AskQuestion } from '../../../../src/client/engine-api.ts';
import { defineSchema, type Schema, t, table } from '../../../../src/core/schema.ts';
import { createSyncService } from '../../../../src/server/create-service.ts';
import type { SyncService } from '../../../../src/server/service.ts';
import { sqliteStorage } from '../../../../src/server/sqlite/index.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';
import { inProcessTransport } from '../../../../src/testing/in-process-transport.ts';
import { type ManualRuntime, manualRuntime } from '../../../../src/testing/manual-runtime.ts';
import { Tab } from './engine-setup.ts';

const schema = defineSchema({
  version: 1,
  tables: {
    note: table({ id: t.text(), text: t.text() }, { conflict: 'manual' }),
    plan: table({ id: t.text(), text: t.text() }, { conflict: 'manual' }),
  },
});

/** What the app of a tab answers when it is asked. */
type App = Partial<Record<'token' | 'resolve', (question: AskQuestion) => AskAnswer>>;

let runtime: ManualRuntime;
let service: SyncService;
let engines: Engine[];
/** The token that the server takes. */
let goodToken: string;

beforeEach(async () => {
  runtime = manualRuntime();
  engines = [];
  goodToken = 'good';
  service = await createSyncService({
    schema: schema as Schema,
    storage: sqliteStorage({ file: ':memory:' }),
    runtime,
  });
});

afterEach(async () => {
  for (const engine of engines) await engine.close();
  await service.close();
});

async function device(): Promise<Engine> {
  const database = await openMemoryDatabase();
  const auth = (token: string | null) => {
    if (token !== goodToken) throw new SyncError('needs-auth', 'Sign in.');
    return { id: 'ana' };
  };
  const engine = composeEngine({
    schema,
    database,
    runtime,
    decides: ['plan'],
    createTransport: (getToken) =>
      inProcessTransport(service, ({ token }) => auth(token), { schemaVersion: 1, getToken, runtime }),
  });
  engines.push(engine);
  return engine;
}

function open(engine: Engine, sessionId: string, app: App = {}): Tab {
  const tab = new Tab(engine.connect(sessionId), schema as Schema);
  const answers: App = { token: () => ({ type: 'token', token: 'good' }), ...app };
  tab.connection.onPush((push) => {
    if (push.type !== 'ask') return;
    const answer = answers[push.question.type]?.(push.question);
    if (answer) void tab.methods.answer(push.askId, answer);
  });
  return tab;
}

async function until(condition: () => boolean | undefined): Promise<void> {
  for (let step = 0; step < 2_000 && !condition(); step++) await runtime.advance(20);
  expect(condition()).toBe(true);
}

const isSynced = (tab: Tab) => () => tab.state.status?.phase === 'synced' && tab.state.status.hasSynced;

async function write(tab: Tab, sql: string): Promise<number | null> {
  const writeId = runtime.uuid();
  await tab.run(writeId, sql);
  return (await tab.methods.writeCommit(writeId)).mutationId;
}

describe('an engine with a server', () => {
  test('carries a write to another device, and tells every tab how it stands', async () => {
    const engine = await device();
    const [tab, twin] = [open(engine, 'tab'), open(engine, 'twin')];
    const far = open(await device(), 'far');
    await far.methods.openLive('q', { sql: 'SELECT * FROM note', parameters: [] });
    await until(() => isSynced(tab)() && isSynced(far)());
    await tab.methods.watchRow('r', 'note', ['1']);

    const mutationId = await write(tab, "INSERT INTO note VALUES ('1', 'one')");
    // Not "synced" for a moment longer than it is true, in no tab.
    expect([tab, twin].map(({ state }) => [state.status?.phase === 'synced', state.status?.pendingCount])).toEqual([
      [false, 1],
      [false, 1],
    ]);
    await until(() => far.live.get('q')?.rows.length === 1);
    await until(isSynced(twin));
    expect(far.live.get('q')?.rows).toEqual([{ id: '1', text: 'one' }]);
    for (const one of [tab, twin]) {
      expect(one.told('settled').map(({ outcome }) => [outcome.mutationId, outcome.outcome])).toEqual([
        [mutationId, 'applied'],
      ]);
    }
    await until(() => tab.told('row-status').at(-1)?.status === 'synced');
    expect(tab.told('row-status').map(({ status }) => status)).toContain('pending');
    expect(twin.state.outbox).toEqual([]);
    expect(twin.state.events?.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['mutation-written', 'mutation-settled', 'changes-applied']),
    );
  });

  test('asks another tab for the token when one is silent', async () => {
    const engine = await device();
    const silent = open(engine, 'silent', { token: undefined as never });
    const tab = open(engine, 'tab');
    await until(isSynced(tab));
    expect(silent.told('ask').length).toBeGreaterThan(0);
  });

  test('waits for a person where nobody is signed in', async () => {
    const tab = open(await device(), 'tab', { token: () => ({ type: 'token', token: null }) });
    await until(() => tab.state.status?.phase === 'needs-auth');
    await write(tab, "INSERT INTO note VALUES ('1', 'kept')");
    await until(() => tab.state.status?.pendingCount === 1);
    expect(tab.state.status?.phase).toBe('needs-auth');
  });

  test('gets a new token when the old one expires in the middle, and goes on', async () => {
    let mine = 'good';
    const asked: boolean[] = [];
    const tab = open(await device(), 'tab', {
      token(question) {
        const refresh = question.type === 'token' && question.refresh;
        asked.push(refresh);
        // The app has a new one once it is told that the old one is refused.
        if (refresh) mine = goodToken;
        return { type: 'token', token: mine };
      },
    });
    await until(isSynced(tab));
    goodToken = 'newer';
    asked.length = 0;
    // Past the time for which the server trusts an open channel.
    await runtime.advance(61_000);
    await write(tab, "INSERT INTO note VALUES ('1', 'one')");
    const phases: (string | undefined)[] = [];
    await until(() => {
      phases.push(tab.state.status?.phase);
      return isSynced(tab)() && tab.state.status?.pendingCount === 0;
    });
    expect(asked).toContain(true);
    expect(phases).not.toContain('needs-auth');
    expect(tab.told('settled').map(({ outcome }) => outcome.outcome)).toEqual(['applied']);
  });

  test.each([
    ['by a call', (tab: Tab) => void tab.methods.runSync('call', 'sync', {})],
    ['when they come back to a tab', (tab: Tab) => tab.methods.attend(false).then(() => tab.methods.attend(true))],
  ])('holds everything until somebody signs in again, and goes on at once %s', async (_, goOn) => {
    let mine: string | null = 'good';
    const tab = open(await device(), 'tab', { token: () => ({ type: 'token', token: mine }) });
    await until(isSynced(tab));
    [goodToken, mine] = ['newer', null];
    await write(tab, "INSERT INTO note VALUES ('1', 'kept')");
    await runtime.advance(61_000);
    await write(tab, "INSERT INTO note VALUES ('2', 'kept')");
    await until(() => tab.state.status?.phase === 'needs-auth');
    await runtime.advance(3_600_000);
    expect(tab.state.status).toMatchObject({ phase: 'needs-auth', error: { kind: 'needs-auth' } });
    mine = goodToken;
    await goOn(tab);
    await runtime.advance(100);
    expect(tab.state.status).toMatchObject({ phase: 'synced', pendingCount: 0, error: null });
    expect(tab.told('settled').map(({ outcome }) => outcome.outcome)).toEqual(['applied', 'applied']);
  });

  test('goes on at once when the token comes that a person took their time for', async () => {
    const tab = open(await device(), 'tab', { token: undefined as never });
    await write(tab, "INSERT INTO note VALUES ('1', 'kept')");
    await until(() => tab.state.status?.phase === 'needs-auth');
    const [first] = tab.told('ask');
    // From now on the app has it; the page answers the first question, long after anybody waited for it.
    tab.connection.onPush((push) => {
      if (push.type === 'ask') void tab.methods.answer(push.askId, { type: 'token', token: 'good' });
    });
    await tab.methods.answer(first?.askId ?? '', { type: 'token', token: 'good' });
    await runtime.advance(100);
    expect(tab.state.status).toMatchObject({ phase: 'synced', pendingCount: 0 });
  });

  test('calls it offline, not signed out, when the app could not fetch a token for want of a network', async () => {
    const token = (): AskAnswer => ({ type: 'failed', message: 'Failed to fetch', isOffline: true });
    const tab = open(await device(), 'tab', { token });
    await until(() => tab.state.status?.phase === 'offline');
    const other = open(await device(), 'other', { token: () => ({ type: 'failed', message: 'The session is over.' }) });
    await until(() => other.state.status?.phase === 'needs-auth');
  });

  test('tries again by itself when the app cannot give a token just now', async () => {
    let tries = 0;
    const token = (): AskAnswer =>
      tries++ === 0 ? { type: 'failed', message: 'offline' } : { type: 'token', token: 'good' };
    const tab = open(await device(), 'tab', { token });
    await until(isSynced(tab));
    expect(tries).toBeGreaterThan(1);
  });

  test('shows a conflict to every tab until a person has decided it', async () => {
    const { mine, theirs } = await conflictIn('note');
    await until(() => mine.state.conflicts?.[0]?.state === 'open');
    expect(mine.state.conflicts?.[0]?.fields.text).toEqual({ base: 'old', local: 'mine', remote: 'theirs' });
    await mine.methods.openLive('q', { sql: 'SELECT text FROM note', parameters: [] });
    await mine.methods.resolveConflict(mine.state.conflicts?.[0]?.id ?? '', { merged: { text: 'both' } });
    expect(mine.live.get('q')?.rows).toEqual([{ text: 'both' }]);
    await until(() => isSynced(mine)() && isSynced(theirs)());
    expect(await theirs.rows('SELECT text FROM note')).toEqual([['both']]);
    expect(mine.state.conflicts?.map(({ state, resolution }) => [state, resolution?.by])).toEqual([
      ['resolved', 'person'],
    ]);
    expect(mine.state.events?.filter(({ type }) => type === 'conflict-resolved').length).toBe(1);
  });

  test('lets the app decide its own tables', async () => {
    const { mine, theirs } = await conflictIn('plan', { resolve: () => ({ type: 'resolve', resolution: 'local' }) });
    await until(() => isSynced(mine)() && isSynced(theirs)() && mine.told('ask').some(isResolve));
    await until(() => isSynced(mine)() && isSynced(theirs)());
    expect(await theirs.rows('SELECT text FROM plan')).toEqual([['mine']]);
  });

  test('closes at once while a write is open and pages are asked', async () => {
    const engine = await device();
    const tab = open(engine, 'tab');
    await until(isSynced(tab));
    await tab.run('open', "INSERT INTO note VALUES ('1', 'never')");
    const far = open(await device(), 'far', { token: undefined as never });
    await runtime.advance(100);
    for (const one of engines) await one.close();
    await expect(tab.methods.writeCommit('open')).rejects.toMatchObject({ kind: 'closed' });
    expect(far.told('ask').length).toBeGreaterThan(0);
  });

  test('starts from nothing after a wipe', async () => {
    const tab = open(await device(), 'tab');
    await until(isSynced(tab));
    await write(tab, "INSERT INTO note VALUES ('1', 'one')");
    await until(isSynced(tab));
    const before = tab.state.clientId;
    await tab.methods.openLive('q', { sql: 'SELECT id FROM note', parameters: [] });
    await tab.methods.wipe();
    expect(tab.live.get('q')?.rows).toEqual([]);
    await until(() => tab.live.get('q')?.rows.length === 1);
    expect(tab.state.clientId).not.toBe(before);
  });
});

function isResolve(push: { readonly question: { readonly type: string } }): boolean {
  return push.question.type === 'resolve';
}

/** Two devices that change the same row while one of them is held. */
async function conflictIn(name: 'note' | 'plan', app: App = {}): Promise<{ mine: Tab; theirs: Tab }> {
  const [mine, theirs] = [open(await device(), 'mine', app), open(await device(), 'theirs')];
  await until(() => isSynced(mine)() && isSynced(theirs)());
  await write(mine, `INSERT INTO ${name} VALUES ('1', 'old')`);
  await until(() => isSynced(mine)() && isSynced(theirs)());
  await mine.methods.pause('test');
  await write(mine, `UPDATE ${name} SET text = 'mine'`);
  await write(theirs, `UPDATE ${name} SET text = 'theirs'`);
  await until(isSynced(theirs));
  await mine.methods.resume('test');
  return { mine, theirs };
}

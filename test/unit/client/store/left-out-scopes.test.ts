/** A device that leaves scopes out, against the real server: what it holds is what it may read and wants, at its cursor. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change } from '../../../../src/core/change.ts';
import type { PullPage } from '../../../../src/protocol/messages/pull.ts';
import { createSyncService } from '../../../../src/server/create-service.ts';
import type { AccessLists } from '../../../../src/server/options.ts';
import type { SyncService } from '../../../../src/server/service.ts';
import { sqliteStorage } from '../../../../src/server/sqlite/index.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { type Opened, openStore, reopen, schema, write } from './store-helpers.ts';

const PROJECTS = ['p1', 'p2', 'p3'];
const SCOPES = ['main', ...PROJECTS.map((id) => `project:${id}`)];
const ana = { id: 'ana' };

interface World extends Opened {
  readonly service: SyncService;
  readonly grants: { read: AccessLists['read'] };
}

async function openWorld(read: AccessLists['read'], pageBytes = 1_024): Promise<World> {
  const grants = { read };
  const service = await createSyncService({
    schema,
    storage: sqliteStorage({ file: ':memory:' }),
    access: () => ({ read: grants.read, write: '*' }),
    limits: { pageBytes },
  });
  return { ...(await openStore()), service, grants };
}

/** One chain, as the loop pulls it; `cutAfter` pages the line breaks, and another chain goes on with it later. */
async function pull(world: World, cutAfter = Number.POSITIVE_INFINITY): Promise<void> {
  const { service, store } = world;
  const { cursor, scopes, without, lacks } = store;
  const leftOut = without.length + lacks.length > 0 ? { without: [...without], lacks: [...lacks] } : {};
  const request = { clientId: store.clientId, schemaVersion: 1, cursor, scopes: [...scopes], ...leftOut };
  let resume = store.stagedChain()?.resume ?? null;
  for (let pages = 0; pages < cutAfter; pages += 1) {
    const page: PullPage = await service.pull(ana, { ...request, resume });
    if (page.resume === null) {
      store.applyChain(page, 1);
      return;
    }
    store.stagePage(page);
    resume = page.resume;
  }
}

/** To the head. What cannot go on begins anew, as the loop has it. */
async function pullAll(world: World): Promise<void> {
  const { store, service } = world;
  while (store.cursor?.seq !== service.stats().head || store.stagedChain()) await pullOnce(world);
  await pullOnce(world);
}

async function pullOnce(world: World): Promise<void> {
  const { store } = world;
  const isCut = store.stagedChain() !== null;
  try {
    await pull(world);
  } catch (error) {
    if (!(error instanceof SyncError && error.kind === 'resync')) throw error;
    if (isCut) store.dropStagedChain();
    else store.resetCursor();
  }
}

const issue = (id: string, project: string): Change => ({
  table: 'issue',
  key: [id],
  op: 'put',
  columns: { project_id: project, title: id, body: 'x'.repeat(200), rank: 0, size: 0, done: 0, data: null, votes: 0 },
});
const comment = (id: string, parent: string): Change => ({
  table: 'comment',
  key: [id],
  op: 'put',
  columns: { issue_id: parent, text: `about ${parent}` },
});
const move = (id: string, project: string): Change => ({
  table: 'issue',
  key: [id],
  op: 'patch',
  columns: { project_id: project },
});
const project = (id: string): Change => ({ table: 'project', key: [id], op: 'put', columns: { name: id } });

const idsIn = ({ database }: Opened, table: string) => database.read(`SELECT id FROM ${table} ORDER BY id`).rows.flat();

async function filled(read: AccessLists['read']): Promise<World> {
  const world = await openWorld(read);
  await world.service.mutate(null, [
    ...PROJECTS.map(project),
    ...PROJECTS.flatMap((id) => [issue(`i-${id}`, id), comment(`c-${id}`, `i-${id}`)]),
  ]);
  await pullAll(world);
  return world;
}

for (const read of ['*', SCOPES] as const) {
  const who = read === '*' ? 'who may read everything' : 'who may read these scopes';

  test(`${who}: a scope that is left out leaves with its rows, stays away, and comes back whole`, async () => {
    const world = await filled(read);
    const { store, service } = world;
    expect(store.want('project:p2', false)).toBe(true);
    expect(store.want('project:p2', false)).toBe(false);
    expect(idsIn(world, 'issue')).toEqual(['i-p1', 'i-p2', 'i-p3']);
    await pull(world);
    expect(['project', 'issue', 'comment'].map((table) => idsIn(world, table))).toEqual([
      ['p1', 'p3'],
      ['i-p1', 'i-p3'],
      ['c-p1', 'c-p3'],
    ]);
    await service.mutate(null, [issue('later', 'p2'), issue('other', 'p1')]);
    await pullAll(world);
    expect(idsIn(world, 'issue')).toEqual(['i-p1', 'i-p3', 'other']);
    store.want('project:p2', true);
    await pullAll(world);
    expect(idsIn(world, 'issue')).toEqual(['i-p1', 'i-p2', 'i-p3', 'later', 'other']);
    expect([store.without, store.lacks]).toEqual([[], []]);
  });

  test(`${who}: rows that move go and come as if the scope were out of reach`, async () => {
    const world = await filled(read);
    world.store.want('project:p2', false);
    await pull(world);
    await world.service.mutate(null, [move('i-p1', 'p2'), move('i-p2', 'p3')]);
    await pullAll(world);
    expect([idsIn(world, 'issue'), idsIn(world, 'comment')]).toEqual([
      ['i-p2', 'i-p3'],
      ['c-p2', 'c-p3'],
    ]);
  });

  test(`${who}: unsent work on its rows stays in the outbox, and goes up`, async () => {
    const world = await filled(read);
    const { store, service } = world;
    write(store, "UPDATE issue SET title = 'mine' WHERE id = 'i-p2'");
    write(store, "INSERT INTO issue (id, project_id, title) VALUES ('new', 'p2', 'mine')");
    store.want('project:p2', false);
    await pull(world);
    expect(idsIn(world, 'issue')).toEqual(['i-p1', 'i-p3', 'new']);
    expect(store.outbox()).toMatchObject([{ state: 'pending' }, { state: 'pending' }]);
    const push = store.nextPush(1e6);
    if (!push) throw new Error('nothing to push');
    const { clientId, mutations } = push;
    const answer = await service.push(ana, { clientId, schemaVersion: 1, mutations, decides: [] });
    expect(answer.outcomes).toMatchObject([{ outcome: 'applied' }, { outcome: 'applied' }]);
    store.settle(answer, 1);
    await pullAll(world);
    expect([store.outbox(), idsIn(world, 'issue')]).toEqual([[], ['i-p1', 'i-p3']]);
    store.want('project:p2', true);
    await pullAll(world);
    expect(world.database.read("SELECT id FROM issue WHERE title = 'mine' ORDER BY id").rows.flat()).toEqual([
      'i-p2',
      'new',
    ]);
  });

  test(`${who}: the choice outlives a restart, and a database that is fetched anew`, async () => {
    const world = await filled(read);
    world.store.want('project:p2', false);
    const again: World = { ...world, store: reopen(world.database) };
    expect(again.store.without).toEqual(['project:p2']);
    await pull(again);
    expect(idsIn(again, 'issue')).toEqual(['i-p1', 'i-p3']);
    again.store.resetCursor();
    await pullAll(again);
    expect(idsIn(again, 'issue')).toEqual(['i-p1', 'i-p3']);
  });

  test(`${who}: a chain that was cut does not go on under another choice`, async () => {
    const world = await openWorld(read);
    await world.service.mutate(null, [
      ...PROJECTS.map(project),
      ...PROJECTS.flatMap((id) => Array.from({ length: 20 }, (_, n) => issue(`i-${id}-${n}`, id))),
    ]);
    await pull(world, 2);
    world.store.want('project:p1', false);
    await expect(pull(world)).rejects.toThrow(expect.objectContaining({ kind: 'resync' }));
    world.store.dropStagedChain();
    await pullAll(world);
    expect(idsIn(world, 'project')).toEqual(['p2', 'p3']);
    expect(idsIn(world, 'issue')).toHaveLength(40);
  });
}

test('everything can be left out, and comes back', async () => {
  const world = await filled('*');
  world.store.want('*', false);
  await pullAll(world);
  expect([idsIn(world, 'issue'), world.store.scopes]).toEqual([[], []]);
  world.store.want('*', true);
  await pullAll(world);
  expect([idsIn(world, 'issue'), world.store.scopes]).toEqual([['i-p1', 'i-p2', 'i-p3'], ['*']]);
});

test('a server that knows nothing of it gives all, and the device then holds all', async () => {
  const world = await filled('*');
  const { service, store } = world;
  store.want('project:p2', false);
  await pull(world);
  const older = { ...world, service: Object.create(service) as SyncService };
  older.service.pull = async (identity, { without: _without, lacks: _lacks, ...request }) =>
    service.pull(identity, request);
  older.service.stats = () => service.stats();
  await service.mutate(null, [move('i-p2', 'p2'), issue('later', 'p2')]);
  await pullAll(older);
  expect([idsIn(older, 'issue'), store.lacks]).toEqual([['i-p1', 'i-p2', 'i-p3', 'later'], []]);
  await pullAll(world);
  expect(idsIn(world, 'issue')).toEqual(['i-p1', 'i-p3']);
});

const scope = fc.constantFrom(...SCOPES, '*');
const id = fc.constantFrom('i1', 'i2', 'i3', 'i4');
const step = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), id, project: fc.constantFrom(...PROJECTS) }),
  fc.record({ kind: fc.constant('move' as const), id, project: fc.constantFrom(...PROJECTS) }),
  fc.record({ kind: fc.constant('delete' as const), id }),
  fc.record({ kind: fc.constant('want' as const), scope, isWanted: fc.boolean() }),
  fc.record({ kind: fc.constant('pull' as const), cutAfter: fc.constantFrom(1, 2, 100) }),
  fc.record({ kind: fc.constant('grant' as const), read: fc.oneof(fc.constant('*' as const), fc.subarray(SCOPES)) }),
);

test('whatever is chosen, granted, written and cut in between: what is here is what is readable and wanted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('*' as const, SCOPES), fc.array(step, { maxLength: 40 }), async (read, steps) => {
      const world = await openWorld(read, 1_024);
      const { store, service, grants } = world;
      const projectOf = new Map<string, string>();
      for (const one of steps) {
        if (one.kind === 'want') store.want(one.scope, one.isWanted);
        else if (one.kind === 'grant') grants.read = one.read;
        else if (one.kind === 'pull') await pull(world, one.cutAfter).catch(ignoreResync(world));
        else if (one.kind === 'delete') {
          if (!projectOf.delete(one.id)) continue;
          await service.mutate(null, [{ table: 'issue', key: [one.id], op: 'delete', columns: {} }]);
        } else {
          const isThere = projectOf.has(one.id);
          if (one.kind === 'move' && !isThere) continue;
          projectOf.set(one.id, one.project);
          await service.mutate(null, [isThere ? move(one.id, one.project) : issue(one.id, one.project)]);
        }
      }
      await pullAll(world);
      const isWanted = (name: string) => !store.without.includes(name) && !isAllLeftOut(world);
      const isReadable = (name: string) => grants.read === '*' || grants.read.includes(name);
      const expected = [...projectOf]
        .filter(([, of]) => isReadable(`project:${of}`) && isWanted(`project:${of}`))
        .sort(([a], [b]) => (a < b ? -1 : 1));
      expect(world.database.read('SELECT id, project_id FROM issue ORDER BY id').rows).toEqual(expected);
      await service.close();
    }),
    { numRuns: 100 },
  );
}, 60_000);

/** `*` left out stands for everything only where everything may be read. */
function isAllLeftOut({ store, grants }: World): boolean {
  return store.without.includes('*') && grants.read === '*';
}

function ignoreResync({ store }: World) {
  return (error: unknown) => {
    if (!(error instanceof SyncError && error.kind === 'resync')) throw error;
    if (store.stagedChain()) store.dropStagedChain();
    else store.resetCursor();
  };
}

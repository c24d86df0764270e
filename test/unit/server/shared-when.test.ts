/** Rows that their owner may share with everybody: one column says which. */
import { describe, expect, test } from 'vitest';
import { defineSchema, type Schema, t, table } from '../../../src/core/schema.ts';
import { createSyncService } from '../../../src/server/create-service.ts';
import type { AccessFunction } from '../../../src/server/options.ts';
import type { SyncService } from '../../../src/server/service.ts';
import { createSync } from '../../../src/store/create-sync.ts';
import { newStorage } from './support/backing.ts';
import { ana, ben, manualRuntime, Pusher, patch, put } from './support/fixture.ts';
import { ModelClient } from './support/model-client.ts';

const owned = { kind: 'user', by: 'owner' } as const;
const schema = defineSchema({
  version: 2,
  tables: {
    plan: table(
      { id: t.text(), owner: t.text(), is_public: t.boolean().nullable() },
      { scope: { ...owned, sharedWhen: { column: 'is_public', is: [true], scope: 'public' } } },
    ),
    day: table({ id: t.text(), plan: t.text() }, { scope: { via: 'plan', table: 'plan' } }),
    prompt: table(
      { id: t.text(), owner: t.text(), sharing: t.text().nullable() },
      { scope: { ...owned, sharedWhen: { column: 'sharing', isNot: ['private', 'draft'], scope: 'public' } } },
    ),
    level: table(
      { id: t.text(), owner: t.text(), stage: t.integer() },
      { scope: { ...owned, sharedWhen: { column: 'stage', is: [2, 3], scope: 'public' } } },
    ),
  },
}) as Schema;

const access: AccessFunction = ({ id }) => {
  const own = [`user:${id}`];
  return { read: ['public', ...own], write: id === 'ana' ? ['public', ...own] : own };
};

const serve = async (): Promise<SyncService> =>
  createSyncService({ schema, storage: await newStorage(), runtime: manualRuntime(), access });

const follow = (service: SyncService, identity = ana) => new ModelClient({ service, schema, identity });
const device = (service: SyncService, identity = ana) => new Pusher(service, `device-of-${identity.id}`, identity);
/** It took the place of what somebody else wrote before. */
const taken = { outcome: 'merged' };
const ids = (client: ModelClient, name: string) => client.rows(name).map(({ id }) => id);

const plan = (id: string, isPublic: number | null, owner = 'ana') => put('plan', [id], { owner, is_public: isPublic });

describe('rows that are shared for what stands in a column', () => {
  test('are for everybody, and all others for their owner; a null shares nothing', async () => {
    const service = await serve();
    const prompt = (id: string, sharing: string | null) => put('prompt', [id], { owner: 'ana', sharing });
    const level = (id: string, stage: number) => put('level', [id], { owner: 'ana', stage });
    await service.mutate(null, [
      ...[plan('shown', 1), plan('kept', 0), plan('unsaid', null)],
      ...[put('day', ['d1'], { plan: 'shown' }), put('day', ['d2'], { plan: 'kept' })],
      ...[prompt('link', 'link'), prompt('own', 'private'), prompt('early', 'draft'), prompt('unsaid', null)],
      ...[level('1', 1), level('2', 2), level('3', 3)],
    ]);
    const [a, b] = [follow(service), follow(service, ben)];
    await a.pullAll();
    await b.pullAll();
    expect(ids(a, 'plan')).toEqual(['kept', 'shown', 'unsaid']);
    expect(ids(b, 'plan')).toEqual(['shown']);
    expect(ids(b, 'day')).toEqual(['d1']);
    expect(ids(b, 'prompt')).toEqual(['link']);
    expect(ids(b, 'level')).toEqual(['2', '3']);
    await service.close();
  });

  test('reach everybody when they are shared, and leave again with all below them when they are not', async () => {
    const service = await serve();
    await service.mutate(null, [plan('p', 0), put('day', ['d'], { plan: 'p' })]);
    const [pusher, b] = [device(service), follow(service, ben)];
    await b.pullAll();
    expect(await pusher.push([patch('plan', 'p', { is_public: 1 })])).toMatchObject(taken);
    await b.pullAll();
    expect([ids(b, 'plan'), ids(b, 'day')]).toEqual([['p'], ['d']]);
    expect(await pusher.push([patch('plan', 'p', { is_public: 0 })])).toMatchObject(taken);
    await b.pullAll();
    expect([ids(b, 'plan'), ids(b, 'day')]).toEqual([[], []]);
    await service.close();
  });

  test('are shared only by who may write what is shared', async () => {
    const service = await serve();
    await service.mutate(null, [plan('b', 0, 'ben'), plan('a', 1)]);
    const pusher = device(service, ben);
    expect(await pusher.push([patch('plan', 'b', { is_public: 1 })])).toMatchObject({ outcome: 'rejected' });
    expect(await pusher.push([patch('plan', 'a', { is_public: 0 })])).toMatchObject({ outcome: 'rejected' });
    expect(await pusher.push([patch('plan', 'b', { is_public: null })])).toMatchObject(taken);
    await service.close();
  });

  test('are counted on a device by the scope they have', async () => {
    const sync = createSync({ schema });
    await sync.write(async (tx) => {
      await tx.insert('plan', { id: 'p', owner: 'ana', is_public: true });
      await tx.insert('day', { id: 'd', plan: 'p' });
      await tx.insert('plan', { id: 'q', owner: 'ana', is_public: null });
      await tx.insert('prompt', { id: 'r', owner: 'ana', sharing: "it's" });
      await tx.insert('prompt', { id: 's', owner: 'ana', sharing: null });
      await tx.insert('level', { id: 't', owner: 'ana', stage: 3 });
    });
    const scopes = await sync.inspect.scopes();
    expect(scopes.map(({ scope, rowCount }) => `${scope} ${rowCount}`).sort()).toEqual(['public 4', 'user:ana 2']);
    await sync.close();
  }, 30_000);
});

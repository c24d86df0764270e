import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/core/sql.ts';
import type { AccessFunction } from '../../../src/server/options.ts';
import type { SyncService } from '../../../src/server/service.ts';
import { SyncError } from '../../../src/shared/error.ts';
import { ana, ben, memoryService, Pusher, patch, put, putIssue, remove, schema } from './support/fixture.ts';
import { ModelClient } from './support/model-client.ts';

/** Each may read and write what `grants` says now; `server` is everything. */
function granting(grants: Record<string, string[]>): AccessFunction {
  return (identity) => {
    const scopes = grants[identity.id] ?? [];
    return { read: scopes, write: scopes };
  };
}

const comment = (id: string, issue: string) => put('comment', [id], { issue_id: issue, body: `about ${issue}` });
const reaction = (id: string, kind: string) => put('reaction', [id, kind], { count: 1 });
const model = (service: SyncService, identity = ana, clientId?: string) =>
  new ModelClient({ service, schema, identity, ...(clientId ? { clientId } : {}) });
const ids = (client: ModelClient, table: string) => client.rows(table).map((row) => row.id ?? row.comment_id);

describe('rows carry a scope', () => {
  test('by a column, through parents, by the null case, or the same for all', async () => {
    const access = granting({ ana: ['project:p1'], ben: ['public'] });
    const service = await memoryService({ access });
    await service.mutate(null, [
      reaction('c1', 'heart'),
      comment('c1', 'i1'),
      putIssue('i1'),
      reaction('c2', 'heart'),
      comment('c2', 'i2'),
      putIssue('i2', { project_id: 'p2' }),
      put('catalog', ['all'], { private_for: null, label: 'For all' }),
      put('catalog', ['own'], { private_for: 'ana', label: 'For Ana' }),
      put('note', ['n'], { text: 'main', stars: 0 }),
    ]);
    const [a, b] = [model(service, ana), model(service, ben)];
    await a.pullAll();
    await b.pullAll();
    expect(['issue', 'comment', 'reaction', 'catalog', 'note'].map((table) => ids(a, table))).toEqual([
      ['i1'],
      ['c1'],
      ['c1'],
      [],
      [],
    ]);
    expect(['issue', 'comment', 'reaction', 'catalog', 'note'].map((table) => ids(b, table))).toEqual([
      [],
      [],
      [],
      ['all'],
      [],
    ]);
  });

  test('and a child without its parent is refused, readably', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    const outcome = await device.push([comment('c1', 'nowhere')]);
    expect(outcome).toMatchObject({ outcome: 'rejected', seq: null, reason: { code: 'not-found' } });
    expect(outcome.reason?.message).toContain('parent missing');
    await device.push([putIssue('i1')]);
    await device.push([remove('issue', 'i1')]);
    expect(await device.push([comment('c1', 'i1')])).toMatchObject({ outcome: 'rejected' });
  });

  test('and a child stays where it was once its parent is gone', async () => {
    const service = await memoryService({ access: granting({ ana: ['project:p1'] }) });
    await service.mutate(null, [putIssue('i1'), comment('c1', 'i1')]);
    await service.mutate(null, [remove('issue', 'i1')]);
    const device = new Pusher(service, 'a');
    expect(await device.push([patch('comment', 'c1', { body: 'still here' })], { base: 2 })).toMatchObject({
      outcome: 'applied',
    });
    const client = model(service);
    await client.pullAll();
    expect(client.rows('comment')).toEqual([{ id: 'c1', issue_id: 'i1', body: 'still here' }]);
  });
});

describe('a row that changes its scope', () => {
  test('leaves those who follow the old one and reaches those who follow the new one, its children with it', async () => {
    const service = await memoryService({ access: granting({ ana: ['project:p1'], ben: ['project:p2'] }) });
    const [a, b] = [model(service, ana), model(service, ben)];
    await service.mutate(null, [
      putIssue('i1'),
      comment('c1', 'i1'),
      reaction('c1', 'heart'),
      putIssue('other'),
      comment('c2', 'other'),
    ]);
    await a.pullAll();
    await b.pullAll();
    await service.mutate(null, [patch('issue', 'i1', { project_id: 'p2' })]);
    await a.pullAll();
    await b.pullAll();
    expect([ids(a, 'issue'), ids(a, 'comment'), ids(a, 'reaction')]).toEqual([['other'], ['c2'], []]);
    expect([ids(b, 'issue'), ids(b, 'comment'), ids(b, 'reaction')]).toEqual([['i1'], ['c1'], ['c1']]);
    expect(a.pages[0]?.transactions).toMatchObject([
      { seq: 2, changes: [{ op: 'delete' }, { op: 'delete' }, { op: 'delete' }] },
    ]);
    expect(b.pages[0]?.transactions).toMatchObject([
      { seq: 2, changes: [{ op: 'put' }, { op: 'put' }, { op: 'put' }] },
    ]);
  });

  test('takes along children that the same mutation made or moved to it', async () => {
    const service = await memoryService({ access: granting({ ben: ['project:p2'] }) });
    const client = model(service, ben);
    await service.mutate(null, [putIssue('i1'), putIssue('i2'), comment('c2', 'i2'), comment('gone', 'i1')]);
    await client.pullAll();
    await service.mutate(null, [
      comment('c1', 'i1'),
      patch('comment', 'c2', { issue_id: 'i1' }),
      patch('comment', 'gone', { issue_id: 'i2' }),
      patch('issue', 'i1', { project_id: 'p2' }),
    ]);
    await client.pullAll();
    expect(ids(client, 'comment')).toEqual(['c1', 'c2']);
  });

  test('moves once for those who follow both scopes', async () => {
    const service = await memoryService();
    const client = model(service);
    await service.mutate(null, [putIssue('i1')]);
    await client.pullAll();
    await service.mutate(null, [patch('issue', 'i1', { project_id: 'p2' })]);
    await client.pullAll();
    expect(client.pages[0]?.transactions[0]?.changes).toMatchObject([{ op: 'put', key: ['i1'] }]);
  });

  test.each([
    ['', false],
    [', also once its deletion is forgotten', true],
  ])('takes along what was left below it when it is made anew elsewhere%s', async (_when, isForgotten) => {
    const access = granting({ ana: ['project:p1'], ben: ['project:p2'] });
    const service = await memoryService({ access, retention: { maxCommits: 1 } });
    await service.mutate(null, [putIssue('i1'), comment('c1', 'i1'), reaction('c1', 'heart')]);
    await service.mutate(null, [remove('issue', 'i1')]);
    await service.mutate(null, [putIssue('i2')]);
    if (isForgotten) expect(await service.prune()).toBe(2);
    await service.mutate(null, [putIssue('i1', { project_id: 'p2' })]);
    const [a, b] = [model(service, ana), model(service, ben)];
    await a.pullAll();
    await b.pullAll();
    expect([ids(a, 'issue'), ids(a, 'comment'), ids(a, 'reaction')]).toEqual([['i2'], [], []]);
    expect([ids(b, 'issue'), ids(b, 'comment'), ids(b, 'reaction')]).toEqual([['i1'], ['c1'], ['c1']]);
  });

  test('is not made anew over children that its writer may not write: its key is taken as long as they are there', async () => {
    const service = await memoryService({ access: granting({ ana: ['project:p1'], ben: ['project:p2'] }) });
    await service.mutate(null, [putIssue('i1'), putIssue('there'), comment('c1', 'i1'), reaction('c1', 'heart')]);
    await service.mutate(null, [remove('issue', 'i1')]);
    const device = new Pusher(service, 'b', ben);
    const refused = await device.push([putIssue('i1', { project_id: 'p2' })]);
    expect(refused).toMatchObject({ outcome: 'rejected', reason: { code: 'forbidden' } });
    const taken = await device.push([putIssue('there', { project_id: 'p2' })]);
    expect(taken).toEqual({ ...refused, mutationId: taken.mutationId });
    const a = model(service, ana);
    await a.pullAll();
    expect([ids(a, 'issue'), ids(a, 'comment'), ids(a, 'reaction')]).toEqual([['there'], ['c1'], ['c1']]);
    await service.mutate(null, [remove('comment', 'c1')]);
    expect(await device.push([putIssue('i1', { project_id: 'p2' })])).toMatchObject({ outcome: 'applied' });
  });

  test('asks for both scopes to be writable', async () => {
    const access: AccessFunction = () => ({ read: '*', write: ['project:p1'] });
    const service = await memoryService({ access });
    await service.mutate(null, [putIssue('mine'), putIssue('theirs', { project_id: 'p2' })]);
    const device = new Pusher(service, 'a');
    const refused = { outcome: 'rejected', reason: { code: 'forbidden' } };
    expect(await device.push([patch('issue', 'mine', { project_id: 'p2' })])).toMatchObject(refused);
    expect(await device.push([patch('issue', 'theirs', { project_id: 'p1' })])).toMatchObject(refused);
    expect(await device.push([putIssue('new', { project_id: 'p2' })])).toMatchObject(refused);
    expect(await device.push([remove('issue', 'theirs')])).toMatchObject(refused);
    expect(
      await device.push([patch('issue', 'mine', { title: 'Ok' }), patch('issue', 'theirs', { title: 'No' })]),
    ).toMatchObject(refused);
    expect(await device.push([patch('issue', 'mine', { title: 'Ok' })], { base: 1 })).toMatchObject({
      outcome: 'applied',
    });
  });
});

describe('what is out of reach', () => {
  const secret = { title: 'canary', project_id: 'p2' };

  test('is told apart from nothing by no answer to a patch or a delete', async () => {
    const service = await memoryService({ access: granting({ ana: ['project:p1'] }) });
    await service.mutate(null, [putIssue('secret', secret), comment('c', 'secret')]);
    const device = new Pusher(service, 'a');
    const answers = async (id: string) => [
      await device.push([patch('issue', id, { title: 'x' })]),
      await device.push([remove('issue', id)]),
      await device.push([comment(`new-${id}`, id)]),
    ];
    const strip = (outcomes: readonly { mutationId: number }[]) =>
      JSON.stringify(outcomes.map((one) => ({ ...one, mutationId: 0 })));
    const [there, nowhere] = [await answers('secret'), await answers('nowhere')];
    expect(strip(there)).toBe(strip(nowhere));
    const rows = model(service, ana, 'check');
    const everything = new ModelClient({ service, schema, identity: ana, clientId: 'check-2' });
    await rows.pullAll();
    expect(everything.rows('issue')).toEqual([]);
    expect(rows.rows('issue')).toEqual([]);
  });

  test('never shows in a conflict', async () => {
    const service = await memoryService({ access: granting({ ana: ['project:p1'], ben: ['project:p2'] }) });
    await service.mutate(null, [putIssue('i', secret)]);
    const outcome = await new Pusher(service, 'a').push([putIssue('i')], { decides: ['issue'] });
    expect(outcome).toMatchObject({ outcome: 'rejected', reason: { code: 'forbidden' }, conflicts: [] });
    expect(JSON.stringify(outcome)).not.toContain('canary');
  });

  test('is nowhere in the pages of a forged request or token', async () => {
    const service = await memoryService({
      access: granting({ ana: ['project:p1'], ben: ['project:p1', 'project:p2'] }),
    });
    await service.mutate(null, [
      putIssue('i', secret),
      ...['1', '2', '3', '4', '5'].map((id) => putIssue(id, { body: 'x'.repeat(2000) })),
    ]);
    const request = {
      clientId: 'a',
      schemaVersion: 2,
      cursor: null,
      scopes: ['project:p2', '*'],
      resume: null,
      maxBytes: 1,
    };
    const forged = await service.pull(ana, request);
    expect(JSON.stringify(forged)).not.toContain('canary');
    const { resume } = await service.pull(ben, { ...request, clientId: 'b' });
    await expect(service.pull(ana, { ...request, resume })).rejects.toMatchObject({ kind: 'resync' });
    await expect(service.pull(ana, { ...request, resume: 'garbage' })).rejects.toMatchObject({ kind: 'protocol' });
  });
});

describe('access that changes', () => {
  test('brings a new scope as a snapshot and drops a lost one at the next pull', async () => {
    const grants: Record<string, string[]> = { ana: ['project:p1'] };
    const service = await memoryService({ access: granting(grants) });
    await service.mutate(null, [putIssue('1'), putIssue('2', { project_id: 'p2' })]);
    const client = model(service);
    await client.pullAll();
    await service.mutate(null, [patch('issue', '1', { title: 'Changed' })]);
    grants.ana = ['project:p1', 'project:p2'];
    await client.pullAll();
    expect(client.rows('issue').map((row) => row.title)).toEqual(['Changed', 'First']);
    expect(client.pages[0]?.replaces).toEqual([]);
    expect(client.scopes).toEqual(['project:p1', 'project:p2']);
    grants.ana = ['project:p2'];
    await client.pullAll();
    expect(client.scopes).toEqual(['project:p2']);
  });

  test('keeps a row that moved from a scope already held into a new one', async () => {
    const grants: Record<string, string[]> = { ana: ['project:p1'] };
    const service = await memoryService({ access: granting(grants) });
    const client = model(service);
    await service.mutate(null, [putIssue('1')]);
    await client.pullAll();
    await service.mutate(null, [patch('issue', '1', { project_id: 'p2' })]);
    grants.ana = ['project:p1', 'project:p2'];
    await client.pullAll();
    expect(ids(client, 'issue')).toEqual(['1']);
  });

  test('starts over when everything becomes a few scopes', async () => {
    let lists: { read: string[]; write: string[] } = { read: ['*'], write: [] };
    const service = await memoryService({ access: () => lists });
    const client = model(service);
    await service.mutate(null, [putIssue('1'), putIssue('2', { project_id: 'p2' })]);
    await client.pullAll();
    expect(client.scopes).toEqual(['*']);
    lists = { read: ['project:p1'], write: [] };
    await client.pullAll();
    expect([ids(client, 'issue'), client.scopes]).toEqual([['1'], ['project:p1']]);
  });

  test('can be told from the database', async () => {
    const access: AccessFunction = async (identity, db) => {
      const rows = await db.all<{ project_id: string }>(
        sql`SELECT DISTINCT project_id FROM issue WHERE title = ${identity.id}`,
      );
      const scopes = rows.map((row) => `project:${row.project_id}`);
      return { read: scopes, write: scopes };
    };
    const service = await memoryService({ access });
    await service.mutate(null, [putIssue('1', { title: 'ana', project_id: 'p7' }), putIssue('2')]);
    const { scopes } = await service.handshake(ana, { protocol: 1, schemaVersion: 2, clientId: 'a', capabilities: [] });
    expect(scopes).toEqual(['project:p7']);
  });

  test('that fails is the server’s fault, and says so', async () => {
    const failing = await memoryService({ access: () => Promise.reject(new Error('no database')) });
    const pull = failing.pull(ana, { clientId: 'a', schemaVersion: 2, cursor: null, scopes: [], resume: null });
    await expect(pull).rejects.toMatchObject({ kind: 'server', message: expect.stringContaining('no database') });
    const expired = await memoryService({
      access: () => {
        throw new SyncError('needs-auth', 'Sign in again.');
      },
    });
    await expect(new Pusher(expired, 'a').push([putIssue('1')])).rejects.toMatchObject({ kind: 'needs-auth' });
  });
});

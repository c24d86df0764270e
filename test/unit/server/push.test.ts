import { describe, expect, test } from 'vitest';
import { makeHlc } from '../../../src/core/hlc.ts';
import { encode, type WireValue } from '../../../src/protocol/codec.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import type { ValidateFunction } from '../../../src/server/options.ts';
import { sqliteStorage } from '../../../src/server/sqlite/index.ts';
import type { ServerStorage } from '../../../src/server/storage.ts';
import { SyncError } from '../../../src/shared/error.ts';
import { newStorage } from './support/backing.ts';
import {
  ana,
  ben,
  manualRuntime,
  memoryService,
  NOW,
  type PushedMutation,
  Pusher,
  patch,
  put,
  putIssue,
  remove,
  schema,
  temporaryFile,
} from './support/fixture.ts';
import { ModelClient } from './support/model-client.ts';

type Service = Awaited<ReturnType<typeof memoryService>>;

async function rows(service: Service, table: string) {
  const client = new ModelClient({ service, schema, identity: ana });
  await client.pullAll();
  return client.rows(table);
}

describe('a mutation', () => {
  test('is one commit that others pull', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    expect(await device.push([putIssue('1'), putIssue('2')])).toEqual({
      mutationId: 1,
      outcome: 'applied',
      seq: 1,
      conflicts: [],
    });
    expect(await device.push([patch('issue', '1', { title: 'New' }, { votes: 3 })])).toMatchObject({
      outcome: 'applied',
      seq: 2,
    });
    expect(await device.push([remove('issue', '2')])).toMatchObject({ outcome: 'applied', seq: 3 });
    expect(await rows(service, 'issue')).toEqual([
      { id: '1', project_id: 'p1', title: 'New', body: null, status: 'open', votes: 3 },
    ]);
  });

  test('has one effect and one outcome, however often it comes', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    await device.push([putIssue('1')]);
    const count = device.mutation([patch('issue', '1', {}, { votes: 1 })]);
    const [first, again] = await device.send([count, count]);
    expect(again).toEqual(first);
    expect(await Promise.all([device.send([count]), device.send([count])])).toEqual([[first], [first]]);
    expect(await rows(service, 'issue')).toMatchObject([{ votes: 1 }]);
    expect(service.stats().head).toBe(2);
  });

  test('keeps its outcome when it is rejected or in conflict, too', async () => {
    const service = await memoryService();
    await new Pusher(service, 'other').push([put('note', ['n'], { text: 'theirs', stars: 0 })]);
    const device = new Pusher(service, 'a');
    const mutations = [
      device.mutation([put('note', ['n'], { text: 'mine', stars: 0 })]),
      device.mutation([patch('issue', 'nowhere', { title: 'x' })]),
    ];
    const outcomes = await device.send(mutations);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['conflict', 'rejected']);
    await new Pusher(service, 'third').push([putIssue('nowhere')]);
    expect(await device.send(mutations)).toEqual(outcomes);
  });

  test('on a row that was lost with the commits its writer had seen is a conflict, and elsewhere a mistake', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    await device.push([putIssue('1')]);
    const edit = (base: number) => device.push([patch('issue', 'lost', { title: 'x' })], { base });
    expect(await edit(1)).toMatchObject({ outcome: 'rejected', reason: { code: 'not-found' } });
    const outcome = {
      outcome: 'merged',
      seq: null,
      conflicts: [{ kind: 'update-delete', remote: null, remoteSeq: 0 }],
    };
    expect(await edit(2)).toMatchObject(outcome);
    expect(service.stats().head).toBe(1);
  });

  test('is taken once, by whichever of the ids of one database and its copies it comes first', async () => {
    const service = await memoryService();
    const [original, copy] = [new Pusher(service, 'a'), new Pusher(service, 'a.1.00000190000010aa')];
    await original.push([putIssue('1')]);
    await copy.push([putIssue('2')], { at: 9 });
    const count = original.mutation([patch('issue', '1', {}, { votes: 1 })]);
    const [first] = await copy.send([count]);
    expect(first).toMatchObject({ outcome: 'merged', seq: 3 });
    const other = { ...count, mutationId: 3 };
    expect(await original.send([count, other])).toMatchObject([first, { mutationId: 3, outcome: 'merged', seq: 4 }]);
    expect(await copy.send([count, other])).toMatchObject([{ seq: 3 }, { seq: 4 }]);
    expect((await rows(service, 'issue'))[0]).toMatchObject({ votes: 2 });
    // Its own number decides who it is: another one under the same id is a copy's, whatever is known elsewhere.
    const [refused] = await copy.send([{ ...count, mutationId: 1 }]);
    expect(refused).toMatchObject({ outcome: 'rejected', reason: { code: 'copied' } });
  });

  test('of somebody whose device goes by such an id is theirs', async () => {
    const service = await memoryService();
    await new Pusher(service, 'b', ben).push([putIssue('1')]);
    const [device, stranger] = [new Pusher(service, 'a'), new Pusher(service, 'a.1.00000190000010aa', ben)];
    const count = device.mutation([patch('issue', '1', {}, { votes: 1 })]);
    await stranger.send([count]);
    expect(await device.send([count])).toMatchObject([{ outcome: 'merged', seq: 3 }]);
  });

  test('that counts in another history decides nothing', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    const mutation = device.mutation([putIssue('1')]);
    const epoch = await service.renewEpoch();
    await expect(device.send([mutation], { epoch: 'epoch-1' })).rejects.toMatchObject({ kind: 'epoch' });
    const bytes = new Uint8Array(encode(mutation as unknown as WireValue));
    const part = { mutationId: mutation.mutationId, hlc: mutation.hlc, index: 0, count: 1, bytes };
    await expect(device.send([], { part, epoch: 'epoch-1' })).rejects.toMatchObject({ kind: 'epoch' });
    expect(service.stats().head).toBe(0);
    expect(await device.send([mutation], { epoch })).toMatchObject([{ outcome: 'applied', seq: 1 }]);
  });

  test('on a row that its writer may have seen in the history before is a conflict, not a mistake', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    await device.push([putIssue('1')]);
    await service.renewEpoch();
    await device.push([putIssue('2')]);
    const edit = (base: number) => device.push([patch('issue', 'lost', { title: 'x' })], { base });
    expect(await edit(1)).toMatchObject({ outcome: 'merged', conflicts: [{ kind: 'update-delete', remote: null }] });
    expect(await edit(2)).toMatchObject({ outcome: 'rejected', reason: { code: 'not-found' } });
  });

  test('of a copied database never passes for the one of the original', async () => {
    const service = await memoryService();
    const [original, copy] = [new Pusher(service, 'a'), new Pusher(service, 'a')];
    await original.push([putIssue('1')], { at: 1 });
    const outcome = await copy.push([putIssue('2')], { at: 2 });
    expect(outcome).toMatchObject({
      outcome: 'rejected',
      reason: { code: 'copied', message: expect.stringContaining('copy') },
    });
    expect(await copy.push([putIssue('2')])).toMatchObject({ mutationId: 2, outcome: 'applied' });
  });

  test('is applied whole or not at all', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    const outcomes = await device.send([
      device.mutation([putIssue('1'), putIssue('2', { title: 5 })]),
      device.mutation([putIssue('3'), patch('issue', 'nowhere', { title: 'x' })]),
      device.mutation([putIssue('4')]),
    ]);
    expect(outcomes.map(({ outcome, seq }) => [outcome, seq])).toEqual([
      ['rejected', null],
      ['rejected', null],
      ['applied', 1],
    ]);
    expect((await rows(service, 'issue')).map((row) => row.id)).toEqual(['4']);
  });

  test('without an effect makes no commit', async () => {
    const service = await memoryService();
    expect(await new Pusher(service, 'a').push([remove('issue', 'never')])).toEqual({
      mutationId: 1,
      outcome: 'applied',
      seq: null,
      conflicts: [],
    });
    expect(service.stats().head).toBe(0);
  });

  test('builds on the ones before it in the same push', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    const outcomes = await device.send([
      device.mutation([putIssue('1')]),
      device.mutation([patch('issue', '1', { title: 'Second' }, { votes: 1 })]),
      device.mutation([remove('issue', '1')]),
      device.mutation([putIssue('1', { title: 'Third' })]),
    ]);
    expect(outcomes.map(({ outcome, seq }) => [outcome, seq])).toEqual([
      ['applied', 1],
      ['applied', 2],
      ['applied', 3],
      ['applied', 4],
    ]);
    expect(await rows(service, 'issue')).toMatchObject([{ title: 'Third', votes: 0 }]);
  });

  test('from far in the future does not win for ever', async () => {
    const service = await memoryService();
    await service.mutate(null, [putIssue('1')]);
    const [ahead, later] = [new Pusher(service, 'ahead'), new Pusher(service, 'later')];
    await ahead.push([patch('issue', '1', { title: 'from 2106' })], { at: 80 * 365 * 86_400_000, base: 1 });
    const outcome = await later.push([patch('issue', '1', { title: 'two minutes later' })], { at: 120_000, base: 1 });
    expect(outcome.conflicts[0]?.remoteAuthor.hlc).toBe(makeHlc(NOW + 60_000, 0));
    expect(await rows(service, 'issue')).toMatchObject([{ title: 'two minutes later' }]);
  });
});

describe('values', () => {
  const columns = { big: 2n ** 63n - 1n, real: 5e-324, bytes: new Uint8Array([0, 255]), on: 1, json: '{"a":null}' };

  test('come back as they went up, keys too', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    expect(await device.push([put('sample', [-(2n ** 63n)], columns), put('sample', [1], columns)])).toMatchObject({
      outcome: 'applied',
    });
    await device.push([patch('sample', [1] as never, { big: 5n, real: Number.NEGATIVE_INFINITY })]);
    expect(await rows(service, 'sample')).toEqual([
      { id: -(2n ** 63n), ...columns },
      { id: 1, ...columns, big: 5, real: Number.NEGATIVE_INFINITY },
    ]);
  });

  test.each<[string, PushedMutation['changes']]>([
    ['an unknown table', [put('nothing', ['1'], {})]],
    ['a table of ours', [put('_tidemark_meta', ['epoch'], { value: 'x' })]],
    ['a name from the prototype', [put('constructor', ['1'], {})]],
    ['SQL in a table name', [put('issue"; DROP TABLE issue; --', ['1'], {})]],
    ['an unknown column', [putIssue('1', { 'title" = NULL; --': 'x' })]],
    ['a column from the prototype', [patch('issue', '1', { toString: 'x' })]],
    ['a value of the wrong type', [putIssue('1', { title: 1 })]],
    ['null in a required column', [putIssue('1', { title: null })]],
    ['a missing column', [put('comment', ['1'], { body: 'no issue' })]],
    ['a key column among the values', [putIssue('1', { id: '2' })]],
    ['a key of the wrong shape', [put('issue', ['1', '2'], {})]],
    ['a key of the wrong type', [put('issue', [1], putIssue('1').columns)]],
    ['a null key', [put('issue', [null], putIssue('1').columns)]],
    ['an increment of what is no counter', [patch('issue', '1', {}, { title: 1 })]],
    ['the same row twice', [putIssue('1'), patch('issue', '1', { title: 'x' })]],
    ['a lone surrogate', [putIssue('1', { title: '\ud800' })]],
    ['no changes', []],
  ])('are refused for %s, with a reason, and nothing is stored', async (_what, changes) => {
    const service = await memoryService();
    const outcome = await new Pusher(service, 'a').push(changes);
    expect(outcome).toMatchObject({
      outcome: 'rejected',
      seq: null,
      reason: { code: expect.stringMatching(/^(invalid-value|not-found)$/) },
    });
    expect(service.stats().head).toBe(0);
  });

  test('are refused for a counter that would leave its range', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    await device.push([putIssue('1', { votes: Number.MAX_SAFE_INTEGER })]);
    expect(await device.push([patch('issue', '1', {}, { votes: 1 })])).toMatchObject({
      outcome: 'rejected',
      reason: { code: 'invalid-value' },
    });
  });

  test('of columns that an older app does not know are filled in', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    const older = device.mutation([put('comment', ['c'], { body: 'x' })]);
    expect(await device.send([older], { schemaVersion: 1 })).toMatchObject([
      { outcome: 'rejected', reason: { code: 'not-found' } },
    ]);
    await device.send([device.mutation([put('issue', ['1'], { project_id: 'p' })])], { schemaVersion: 1 });
    expect(await rows(service, 'issue')).toMatchObject([{ id: '1', title: '', status: 'open' }]);
  });

  test('of an app newer than the server wait', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    await expect(device.send([device.mutation([putIssue('1')])], { schemaVersion: 3 })).rejects.toMatchObject({
      kind: 'version',
    });
  });
});

describe('conflicts', () => {
  test('come back with the row as it is, and the answer to them applies', async () => {
    const service = await memoryService();
    const [a, b] = [new Pusher(service, 'a'), new Pusher(service, 'b')];
    await a.push([put('note', ['n'], { text: 'base', stars: 1 })]);
    await b.push([patch('note', 'n', { text: 'theirs' })], { base: 1 });
    const outcome = await a.push([patch('note', 'n', { text: 'mine' })], { base: 1, at: 99 });
    expect(outcome).toEqual({
      mutationId: 2,
      outcome: 'conflict',
      seq: null,
      conflicts: [
        {
          table: 'note',
          key: ['n'],
          kind: 'update-update',
          columns: ['text'],
          decided: {},
          remote: { text: 'theirs', stars: 1 },
          remoteSeq: 2,
          remoteAuthor: { clientId: 'b', hlc: makeHlc(NOW + 1, 0) },
        },
      ],
    });
    expect(await a.push([patch('note', 'n', { text: 'both' })], { base: 2 })).toMatchObject({ outcome: 'applied' });
    expect(await rows(service, 'note')).toMatchObject([{ text: 'both' }]);
  });

  test('found by a node that has not heard of the other write yet tell how far the log goes that decided them', async () => {
    const storage = await newStorage();
    const here = await memoryService({ storage });
    // The same database, of whose commits nobody is told.
    const shared = new Proxy(storage, {
      get(target, name) {
        if (name === 'open') return async () => {};
        const found: unknown = name === 'watch' ? undefined : Reflect.get(target, name, target);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    const there = await memoryService({ storage: shared });
    const [a, b] = [new Pusher(here, 'a'), new Pusher(there, 'b')];
    await a.push([put('note', ['n'], { text: 'base', stars: 1 })]);
    await b.push([patch('note', 'n', { text: 'theirs' })], { base: 1 });
    const mutation = a.mutation([patch('note', 'n', { text: 'mine' })], { base: 1 });
    const answer = await here.push(ana, a.request([mutation]));
    expect(answer).toMatchObject({ head: 2, outcomes: [{ outcome: 'conflict', seq: null }] });
  });

  test('of a table that the client decides itself are not decided here', async () => {
    const service = await memoryService();
    const [a, b] = [new Pusher(service, 'a'), new Pusher(service, 'b')];
    await a.push([putIssue('1')]);
    await b.push([patch('issue', '1', { title: 'theirs' })], { base: 1 });
    const changes = [patch('issue', '1', { title: 'mine' })];
    expect(await a.push(changes, { base: 1, decides: ['issue'] })).toMatchObject({
      outcome: 'conflict',
      conflicts: [{ decided: {} }],
    });
    expect(await a.push(changes, { base: 1, at: 99 })).toMatchObject({
      outcome: 'merged',
      conflicts: [{ remote: { title: 'theirs' }, decided: { title: { policy: 'merge', winner: 'local' } } }],
    });
  });

  test('hold back the whole mutation', async () => {
    const service = await memoryService();
    const [a, b] = [new Pusher(service, 'a'), new Pusher(service, 'b')];
    await a.push([put('note', ['n'], { text: 'base', stars: 1 })]);
    await b.push([remove('note', 'n')], { base: 1 });
    const outcome = await a.push([putIssue('1'), patch('note', 'n', { text: 'mine' })], { base: 1 });
    expect(outcome).toMatchObject({
      outcome: 'conflict',
      conflicts: [{ kind: 'update-delete', remote: null, remoteSeq: 2 }],
    });
    expect(await rows(service, 'issue')).toEqual([]);
  });

  test('with writes of the server itself are conflicts with nobody’s device', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    await device.push([put('note', ['n'], { text: 'base', stars: 1 })]);
    await service.mutate(null, [patch('note', 'n', { text: 'server' })]);
    const outcome = await device.push([patch('note', 'n', { text: 'mine' })], { base: 1 });
    expect(outcome).toMatchObject({ outcome: 'conflict', conflicts: [{ remoteAuthor: { clientId: null } }] });
  });

  test('with what another epoch may have shown are found', async () => {
    const service = await memoryService();
    await new Pusher(service, 'b').push([put('note', ['n'], { text: 'theirs', stars: 1 })]);
    expect(await new Pusher(service, 'a').push([patch('note', 'n', { text: 'mine' })], { base: 1_000 })).toMatchObject({
      outcome: 'conflict',
    });
  });
});

describe('a validate hook', () => {
  const issue: ValidateFunction = (change, identity) => {
    if (change.row?.status === 'locked')
      throw new SyncError('rejected', `${identity.id} cannot change a locked issue.`);
    if (change.op !== 'delete' && 'title' in change.values && String(change.values.title).length < 3)
      throw new Error('The title is too short.');
  };

  test('sees app values and the row as it is, and rejects with its own words', async () => {
    const service = await memoryService({ validate: { issue } });
    const device = new Pusher(service, 'a');
    const rejected = (message: string) => ({ outcome: 'rejected', reason: { code: 'rejected', message } });
    expect(await device.push([putIssue('1', { title: 'x' })])).toMatchObject(rejected('The title is too short.'));
    await device.push([putIssue('1', { status: 'locked' })]);
    expect(await device.push([patch('issue', '1', { title: 'Long' })], { base: 1 })).toMatchObject(
      rejected('ana cannot change a locked issue.'),
    );
    expect(await device.push([remove('issue', '1')], { base: 1 })).toMatchObject({ outcome: 'rejected' });
  });

  test('gets booleans, JSON and increments as the app knows them', async () => {
    const seen: unknown[] = [];
    const watch: ValidateFunction = (change) => {
      seen.push(change);
    };
    const service = await memoryService({ validate: { issue: watch, sample: watch } });
    const device = new Pusher(service, 'a');
    const columns = { big: 5, real: 1.5, bytes: new Uint8Array([1]), on: 1, json: '{"a":1}' };
    await device.push([put('sample', [7], columns), putIssue('1', { votes: 2 })]);
    await device.push([patch('issue', '1', {}, { votes: 3 })], { base: 1 });
    expect(seen).toMatchObject([
      { table: 'sample', op: 'put', key: { id: 7n }, values: { big: 5n, on: true, json: { a: 1 } }, row: null },
      { table: 'issue', op: 'put', values: { votes: 2 } },
      {
        table: 'issue',
        op: 'patch',
        key: { id: '1' },
        values: { votes: 3 },
        row: { id: '1', votes: 2, title: 'First' },
      },
    ]);
  });

  test('does not hold up the mutations around the one it rejects', async () => {
    const service = await memoryService({ validate: { issue } });
    const device = new Pusher(service, 'a');
    const outcomes = await device.send(
      ['Good', 'x', 'Fine'].map((title, index) => device.mutation([putIssue(`${index}`, { title })])),
    );
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['applied', 'rejected', 'applied']);
  });
});

describe('a mutation in parts', () => {
  function cut(mutation: PushedMutation, count: number) {
    const bytes = encode(mutation as unknown as WireValue);
    const size = Math.ceil(bytes.length / count);
    return Array.from({ length: count }, (_, index) => ({
      mutationId: mutation.mutationId,
      index,
      count,
      bytes: new Uint8Array(bytes).slice(index * size, (index + 1) * size),
    }));
  }
  const large = (device: Pusher) => device.mutation(Array.from({ length: 50 }, (_, index) => putIssue(`${index}`)));

  test('is decided once all of them are there, in any order, however often they come', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    const parts = cut(large(device), 3);
    for (const index of [2, 0, 2, 0]) expect(await device.send([], { part: parts[index] })).toEqual([]);
    const [outcome] = await device.send([], { part: parts[1] });
    expect(outcome).toMatchObject({ mutationId: 1, outcome: 'applied', seq: 1 });
    expect(await device.send([], { part: parts[0] })).toEqual([outcome]);
    expect(await rows(service, 'issue')).toHaveLength(50);
  });

  test('outlives a restart between its parts', async () => {
    const { file, remove: removeFile } = temporaryFile();
    const first = await memoryService({ storage: sqliteStorage({ file }) });
    const device = new Pusher(first, 'a');
    const [one, two] = cut(large(device), 2);
    await device.send([], { part: one });
    await first.close();
    const second = await memoryService({ storage: sqliteStorage({ file }) });
    expect(await new Pusher(second, 'a').send([], { part: two })).toMatchObject([{ outcome: 'applied' }]);
    await second.close();
    removeFile();
  });

  test('may be cut anew', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    const mutation = large(device);
    await device.send([], { part: cut(mutation, 3)[0] });
    await device.send([], { part: cut(mutation, 2)[1] });
    expect(await device.send([], { part: cut(mutation, 2)[0] })).toMatchObject([{ outcome: 'applied' }]);
  });

  test('is rejected for good when it is too large, or no mutation', async () => {
    const service = await memoryService({ limits: { maxMutationBytes: 1_000 } });
    const device = new Pusher(service, 'a');
    const [part] = cut(large(device), 2);
    expect(await device.send([], { part })).toMatchObject([{ outcome: 'rejected', reason: { code: 'too-large' } }]);
    const garbage = { mutationId: 9, index: 0, count: 1, bytes: new Uint8Array([0xff, 1, 2]) };
    expect(await device.send([], { part: garbage })).toMatchObject([
      { mutationId: 9, outcome: 'rejected', reason: { code: 'protocol' } },
    ]);
    const other = {
      mutationId: 10,
      index: 0,
      count: 1,
      bytes: new Uint8Array(encode(device.mutation([putIssue('1')]) as unknown as WireValue)),
    };
    expect(await device.send([], { part: other })).toMatchObject([{ mutationId: 10, outcome: 'rejected' }]);
    await expect(device.send([], { part: { ...garbage, mutationId: 11, index: 3 } })).rejects.toMatchObject({
      kind: 'protocol',
    });
    expect(service.stats().head).toBe(0);
  });

  test('makes room for the next one when it was given up', async () => {
    const service = await memoryService({ limits: { maxMutationBytes: 5_000 } });
    const device = new Pusher(service, 'a');
    const part = (mutationId: number) => ({ mutationId, index: 0, count: 2, bytes: new Uint8Array(3_000) });
    expect(await device.send([], { part: part(1) })).toEqual([]);
    expect(await device.send([], { part: part(2) })).toEqual([]);
  });
});

describe('devices', () => {
  test('a copy of a device belongs to the same person, whoever is signed in when it is first heard of', async () => {
    const service = await memoryService();
    await new Pusher(service, 'device').push([putIssue('1')]);
    const hello = { protocol: PROTOCOL_VERSION, schemaVersion: schema.version, capabilities: [] };
    await service.handshake(ben, { ...hello, clientId: 'device.2.0' });
    const { outcome } = await new Pusher(service, 'device.2.0').push([putIssue('2')]);
    expect(outcome).toBe('applied');
    const theirs = new Pusher(service, 'device.3.0', ben).push([putIssue('3')]);
    await expect(theirs).rejects.toMatchObject({ kind: 'forbidden' });
  });

  test('belong to one subject', async () => {
    const service = await memoryService();
    await new Pusher(service, 'device', ana).push([putIssue('1')]);
    await expect(new Pusher(service, 'device', ben).push([putIssue('2')])).rejects.toMatchObject({ kind: 'forbidden' });
    const pull = service.pull(ben, { clientId: 'device', schemaVersion: 2, cursor: null, scopes: [], resume: null });
    await expect(pull).rejects.toMatchObject({ kind: 'forbidden' });
  });

  test('are listed, renamed and revoked by their owner', async () => {
    const service = await memoryService();
    await service.handshake(ana, {
      protocol: 1,
      schemaVersion: 2,
      clientId: 'phone',
      capabilities: [],
      deviceName: 'Phone',
    });
    await service.handshake(ben, { protocol: 1, schemaVersion: 2, clientId: 'other', capabilities: [] });
    const listed = await service.devices(ana, { clientId: 'laptop', rename: { name: 'Laptop' } });
    const known = { firstSeenAt: NOW, lastSeenAt: NOW, revoked: false };
    expect(listed.devices).toEqual([
      { deviceId: 'laptop', name: 'Laptop', ...known },
      { deviceId: 'phone', name: 'Phone', ...known },
    ]);
    await expect(service.devices(ana, { clientId: 'laptop', revoke: { deviceId: 'other' } })).rejects.toMatchObject({
      kind: 'not-found',
    });
    await service.devices(ana, { clientId: 'laptop', revoke: { deviceId: 'phone' } });
    await expect(new Pusher(service, 'phone').push([putIssue('1')])).rejects.toMatchObject({ kind: 'forbidden' });
    const handshake = service.handshake(ana, { protocol: 1, schemaVersion: 2, clientId: 'phone', capabilities: [] });
    await expect(handshake).rejects.toMatchObject({ kind: 'forbidden' });
  });

  test('that speak another protocol are told so', async () => {
    const service = await memoryService();
    const handshake = service.handshake(ana, { protocol: 99, schemaVersion: 2, clientId: 'a', capabilities: [] });
    await expect(handshake).rejects.toMatchObject({ kind: 'version' });
  });
});

/** The storage, with its next transactions failing at the end. */
function failing(storage: ServerStorage, errors: (Error | null)[]): ServerStorage {
  return new Proxy(storage, {
    get(target, name) {
      if (name !== 'write') return Reflect.get(target, name)?.bind(target);
      return (fn: Parameters<ServerStorage['write']>[0]) =>
        target.write(async (writer) => {
          const result = await fn(writer);
          const error = errors.shift();
          if (error) throw error;
          return result;
        });
    },
  });
}

describe('group commit', () => {
  test('tells of commits once they are durable, and answers in order', async () => {
    const service = await memoryService();
    const heads: number[] = [];
    service.onCommit((head) => heads.push(head));
    const devices = ['a', 'b', 'c'].map((id) => new Pusher(service, id));
    await Promise.all(devices.map((device) => device.push([putIssue(device.clientId)])));
    expect(heads.at(-1)).toBe(3);
    expect(await rows(service, 'issue')).toHaveLength(3);
  });

  test('runs each push by itself when their shared transaction fails', async () => {
    const { file, remove: removeFile } = temporaryFile();
    const errors: (Error | null)[] = [];
    const service = await memoryService({ storage: failing(sqliteStorage({ file }), errors) });
    const devices = ['a', 'b', 'c'].map((id) => new Pusher(service, id));
    for (const device of devices) await device.push([putIssue(device.clientId)]);
    errors.push(new SyncError('storage', 'the disk hiccupped'));
    const pushes = devices.map((device) =>
      device.push([patch('issue', device.clientId, {}, { votes: 1 })], { base: 3 }),
    );
    expect((await Promise.all(pushes)).map(({ outcome }) => outcome)).toEqual(['applied', 'applied', 'applied']);
    expect(errors).toEqual([]);
    expect(await rows(service, 'issue')).toMatchObject([{ votes: 1 }, { votes: 1 }, { votes: 1 }]);
    await service.close();
    removeFile();
  });

  test('fails the one push that cannot be stored, and it may come again', async () => {
    const errors: Error[] = [];
    const service = await memoryService({ storage: failing(await newStorage(), errors) });
    const device = new Pusher(service, 'a');
    await device.push([putIssue('1')]);
    const count = device.mutation([patch('issue', '1', {}, { votes: 1 })]);
    errors.push(new SyncError('quota', 'disk full'));
    await expect(device.send([count])).rejects.toMatchObject({ kind: 'quota' });
    expect(await device.send([count])).toMatchObject([{ outcome: 'applied', seq: 2 }]);
    expect(await rows(service, 'issue')).toMatchObject([{ votes: 1 }]);
  });

  test('rejects the one mutation that a constraint of the server’s own tables refuses', async () => {
    const { file, remove: removeFile } = temporaryFile();
    const service = await memoryService({ storage: sqliteStorage({ file }) });
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(file);
    database.exec('CREATE UNIQUE INDEX one_title ON issue (title)');
    database.close();
    const device = new Pusher(service, 'a');
    const outcomes = await device.send(
      ['A', 'B', 'A', 'C'].map((title, index) => device.mutation([putIssue(`${index}`, { title })])),
    );
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['applied', 'applied', 'rejected', 'applied']);
    expect(outcomes[2]?.reason).toMatchObject({ code: 'invalid-value', message: expect.stringContaining('UNIQUE') });
    expect((await rows(service, 'issue')).map((row) => row.title)).toEqual(['A', 'B', 'C']);
    await service.close();
    removeFile();
  });
});

describe('direct writes', () => {
  test('are later than the rows they change, whatever the server has heard since its start', async () => {
    const { file, remove: removeFile } = temporaryFile();
    const first = await memoryService({ storage: sqliteStorage({ file }) });
    const [ahead, late] = [new Pusher(first, 'ahead'), new Pusher(first, 'late')];
    await ahead.push([putIssue('1')], { at: 50_000 });
    await first.close();
    const second = await memoryService({ storage: sqliteStorage({ file }) });
    await second.mutate(null, [patch('issue', '1', { title: 'Server' })]);
    const change = late.mutation([patch('issue', '1', { title: 'before that' })], { at: 40_000, base: 1 });
    expect(await new Pusher(second, 'late').send([change])).toMatchObject([{ outcome: 'merged', seq: null }]);
    expect(await rows(second, 'issue')).toMatchObject([{ title: 'Server' }]);
    await second.close();
    removeFile();
  });

  test('are commits without a device, later than the rows they change', async () => {
    const runtime = manualRuntime();
    const service = await memoryService({ runtime });
    await new Pusher(service, 'a').push([putIssue('1')], { at: 50_000 });
    expect(await service.mutate(null, [patch('issue', '1', { title: 'Server' }, { votes: 1 })])).toEqual({ seq: 2 });
    const client = new ModelClient({ service, schema, identity: ana });
    await client.pullAll();
    expect(client.rows('issue')).toMatchObject([{ title: 'Server', votes: 1 }]);
    const page = await service.pull(ana, {
      clientId: 'x',
      schemaVersion: 2,
      cursor: { epoch: 'epoch-1', seq: 1 },
      scopes: ['*'],
      resume: null,
    });
    expect(page.transactions).toMatchObject([{ clientId: null, mutationId: null, hlc: makeHlc(NOW + 50_000, 1) }]);
  });

  test('throw the reason when they do not apply', async () => {
    const service = await memoryService({ access: () => ({ read: '*', write: [] }) });
    await expect(service.mutate(null, [patch('issue', 'nowhere', { title: 'x' })])).rejects.toMatchObject({
      kind: 'not-found',
    });
    await expect(service.mutate(ana, [putIssue('1')])).rejects.toMatchObject({ kind: 'forbidden' });
    expect(service.stats().head).toBe(0);
  });
});

describe('close', () => {
  test('lets running pushes end and refuses later ones', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    const running = device.push([putIssue('1')]);
    await service.close();
    expect(await running).toMatchObject({ outcome: 'applied' });
    await expect(device.push([putIssue('2')])).rejects.toMatchObject({ kind: 'closed' });
  });
});

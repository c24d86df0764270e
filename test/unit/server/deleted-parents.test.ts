import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.ts';
import { type ConflictPolicy, custom } from '../../../src/core/policy.ts';
import { defineSchema, type Schema, t, table } from '../../../src/core/schema.ts';
import type { AccessFunction, ValidateFunction } from '../../../src/server/options.ts';
import { ben, manualRuntime, memoryService, Pusher, patch, put, remove } from './support/fixture.ts';
import { ModelClient } from './support/model-client.ts';

/** A board has lists, a list has items; items have the policy, and boards and lists theirs. */
const schemaOf = (policy: ConflictPolicy, parents: ConflictPolicy = 'merge'): Schema =>
  defineSchema({
    version: 2,
    tables: {
      item: table(
        { id: t.text(), list_id: t.text(), title: t.text(), note: t.text().default('') },
        { scope: { via: 'list_id', table: 'list' }, conflict: policy },
      ),
      list: table(
        { id: t.text(), board_id: t.text(), name: t.text() },
        { scope: { via: 'board_id', table: 'board' }, conflict: parents },
      ),
      board: table({ id: t.text(), owner: t.text() }, { scope: { kind: 'owner', by: 'owner' }, conflict: parents }),
    },
  });

const board = put('board', ['b'], { owner: 'ana' });
const list = (id: string) => put('list', [id], { board_id: 'b', name: `List ${id}` });
const item = (id: string, of = 'l', title = `Item ${id}`) => put('item', [id], { list_id: of, title, note: '' });

interface WorldOptions {
  readonly schema?: Schema;
  readonly access?: AccessFunction;
  readonly validate?: Record<string, ValidateFunction>;
  readonly retention?: { readonly maxCommits: number };
  readonly rows?: readonly Change[];
}

/** A board with a list `l`, and another one `other`; two devices that have seen them. */
async function openWorld({ schema = schemaOf('merge'), rows = [], ...options }: WorldOptions = {}) {
  const service = await memoryService({ schema, runtime: manualRuntime(), ...options });
  const { seq } = await service.mutate(null, [board, list('l'), list('other'), ...rows]);
  const [writer, deleter] = [new Pusher(service, 'writer'), new Pusher(service, 'deleter')];
  writer.base = seq ?? 0;
  deleter.base = seq ?? 0;
  const shown = async () => {
    const client = new ModelClient({ service, schema, identity: { id: 'ana' } });
    await client.pullAll();
    const ids = (name: string) => client.rows(name).map((row) => row.id);
    return { boards: ids('board'), lists: ids('list'), items: ids('item'), rows: client };
  };
  return { service, writer, deleter, seq: seq ?? 0, shown };
}

const EARLY = { at: 5 };
const LATE = { at: 20 };
const gone = { table: 'list', key: ['l'], columns: { board_id: 'b', name: 'List l' } };

describe('an item under a list that somebody deleted meanwhile', () => {
  test.each([
    ['merge', 'later', LATE, 'local'],
    ['merge', 'earlier', EARLY, 'remote'],
    ['last-write-wins', 'later', LATE, 'local'],
    ['last-write-wins', 'earlier', EARLY, 'remote'],
    ['client-wins', 'earlier', EARLY, 'local'],
    ['server-wins', 'later', LATE, 'remote'],
  ] as const)('under %s, written %s than the deletion: %o → %s', async (policy, _when, at, winner) => {
    const { writer, deleter, shown, seq } = await openWorld({ schema: schemaOf(policy) });
    await deleter.push([remove('list', 'l')], { at: 10 });
    const outcome = await writer.push([item('i')], at);
    expect(outcome).toMatchObject({ outcome: 'merged', seq: winner === 'local' ? seq + 2 : null });
    expect(outcome.conflicts).toEqual([
      {
        table: 'item',
        key: ['i'],
        kind: 'update-delete',
        columns: ['list_id', 'title', 'note'],
        remote: null,
        remoteSeq: seq + 1,
        remoteAuthor: { clientId: 'deleter', hlc: expect.any(String) },
        decided: { '*': { policy, winner } },
        parents: [gone],
      },
    ]);
    const isKept = winner === 'local';
    expect(await shown()).toMatchObject({ lists: isKept ? ['l', 'other'] : ['other'], items: isKept ? ['i'] : [] });
  });

  test.each([
    ['manual', schemaOf('manual'), []],
    ['app code', schemaOf(custom(() => 'local')), []],
    ['app code, where the client says so', schemaOf('merge'), ['item']],
  ] as const)(
    'waits for the client under %s, and comes with its list when it is kept',
    async (_policy, schema, decides) => {
      const { writer, deleter, shown, seq } = await openWorld({ schema });
      await deleter.push([remove('list', 'l')]);
      const outcome = await writer.push([item('i')], { decides: [...decides] });
      expect(outcome).toMatchObject({
        outcome: 'conflict',
        seq: null,
        conflicts: [{ kind: 'update-delete', remote: null, remoteSeq: seq + 1, decided: {}, parents: [gone] }],
      });
      expect(await shown()).toMatchObject({ lists: ['other'], items: [] });
      const answer = [put('list', ['l'], gone.columns), item('i')];
      expect(await writer.push(answer, { base: seq + 1, decides: [...decides] })).toMatchObject({ outcome: 'applied' });
      expect(await shown()).toMatchObject({ lists: ['l', 'other'], items: ['i'] });
    },
  );

  test('brings back all that was deleted above it, nearest first', async () => {
    const { writer, deleter, shown } = await openWorld({ schema: schemaOf('client-wins') });
    await deleter.push([remove('list', 'l')]);
    await deleter.push([remove('board', 'b')]);
    const { conflicts } = await writer.push([item('i')]);
    expect(conflicts[0]?.parents).toEqual([gone, { table: 'board', key: ['b'], columns: { owner: 'ana' } }]);
    expect(await shown()).toMatchObject({ boards: ['b'], lists: ['l', 'other'], items: ['i'] });
  });

  test('takes what the same transaction wrote below it along', async () => {
    const { writer, deleter, shown } = await openWorld({ schema: schemaOf('client-wins', 'server-wins') });
    await deleter.push([remove('board', 'b')]);
    const outcome = await writer.push([list('new'), item('i', 'new'), item('j', 'new')]);
    expect(outcome).toMatchObject({ outcome: 'merged', seq: null });
    expect(outcome.conflicts.map((one) => [one.table, one.decided['*']?.winner])).toEqual([
      ['list', 'remote'],
      ['item', 'remote'],
      ['item', 'remote'],
    ]);
    expect(await shown()).toMatchObject({ boards: [], items: [] });
  });

  test('that was itself edited, and deleted with its list, comes back with it', async () => {
    const { writer, deleter, shown } = await openWorld({ rows: [item('i')] });
    await deleter.push([remove('list', 'l'), remove('item', 'i')], { at: 10 });
    const outcome = await writer.push([patch('item', 'i', { title: 'Mine' })], LATE);
    expect(outcome.conflicts).toMatchObject([
      {
        kind: 'update-delete',
        remote: null,
        image: { list_id: 'l', title: 'Item i', note: '' },
        decided: { '*': { policy: 'merge', winner: 'local' } },
        parents: [gone],
      },
    ]);
    const { lists, rows } = await shown();
    expect(lists).toEqual(['l', 'other']);
    expect(rows.rows('item')).toEqual([{ id: 'i', list_id: 'l', title: 'Mine', note: '' }]);
  });

  test('stays away with its list where its edit was the earlier one', async () => {
    const { writer, deleter, shown } = await openWorld({ rows: [item('i')] });
    await deleter.push([remove('list', 'l'), remove('item', 'i')], { at: 10 });
    const outcome = await writer.push([patch('item', 'i', { title: 'Mine' })], EARLY);
    expect(outcome).toMatchObject({
      outcome: 'merged',
      seq: null,
      conflicts: [{ decided: { '*': { winner: 'remote' } } }],
    });
    expect(await shown()).toMatchObject({ lists: ['other'], items: [] });
  });

  test('tells of its list where the person is to decide about an edit of it', async () => {
    const { writer, deleter, shown, seq } = await openWorld({ schema: schemaOf('manual'), rows: [item('i')] });
    await deleter.push([remove('item', 'i')]);
    await deleter.push([remove('list', 'l')]);
    const outcome = await writer.push([patch('item', 'i', { title: 'Mine' })]);
    expect(outcome).toMatchObject({ outcome: 'conflict', conflicts: [{ remoteSeq: seq + 2, parents: [gone] }] });
    const answer = [put('list', ['l'], gone.columns), item('i', 'l', 'Mine')];
    expect(await writer.push(answer, { base: seq + 2 })).toMatchObject({ outcome: 'applied' });
    expect(await shown()).toMatchObject({ lists: ['l', 'other'], items: ['i'] });
  });

  test('that was left there is edited and deleted as before: both writes stand', async () => {
    const { writer, deleter, shown } = await openWorld({ rows: [item('i'), item('j')] });
    await deleter.push([remove('list', 'l')]);
    expect(await writer.push([patch('item', 'i', { title: 'Mine' })])).toMatchObject({
      outcome: 'applied',
      conflicts: [],
    });
    expect(await writer.push([remove('item', 'j')])).toMatchObject({ outcome: 'applied', conflicts: [] });
    expect(await shown()).toMatchObject({ lists: ['other'], items: ['i'] });
  });

  test.each([
    [LATE, 'local', 'l'],
    [EARLY, 'remote', 'other'],
  ] as const)('that moves there goes there, or stays where it was: %o → %s', async (at, winner, place) => {
    const { writer, deleter, shown } = await openWorld({ rows: [item('i', 'other')] });
    await deleter.push([remove('list', 'l')], { at: 10 });
    const outcome = await writer.push([patch('item', 'i', { list_id: 'l', note: 'moved' })], at);
    expect(outcome.conflicts).toMatchObject([
      {
        kind: 'update-update',
        columns: ['list_id'],
        remote: { list_id: 'other', title: 'Item i', note: '' },
        decided: { list_id: { policy: 'merge', winner } },
        parents: [gone],
      },
    ]);
    expect((await shown()).rows.rows('item')).toEqual([{ id: 'i', list_id: place, title: 'Item i', note: 'moved' }]);
  });

  test('is refused where its writer may not bring the list back', async () => {
    const refuse: ValidateFunction = ({ op }, { id }) => {
      if (op === 'put' && id === 'ben') throw new Error('Only Ana makes lists.');
    };
    const { service, deleter, shown, seq } = await openWorld({
      schema: schemaOf('client-wins'),
      validate: { list: refuse },
    });
    await deleter.push([remove('list', 'l')]);
    const other = new Pusher(service, 'of-ben', ben);
    const outcome = await other.push([item('i')], { base: seq });
    expect(outcome).toMatchObject({
      outcome: 'rejected',
      reason: { code: 'rejected', message: 'Only Ana makes lists.' },
    });
    expect(await shown()).toMatchObject({ lists: ['other'], items: [] });
  });

  test('has the answer of one under no list at all where the list was out of reach, seen to be gone, or deleted by its own device', async () => {
    const access: AccessFunction = ({ id }) => ({ read: [`owner:${id}`], write: [`owner:${id}`] });
    const { service, writer, deleter, seq } = await openWorld({ schema: schemaOf('client-wins'), access });
    await deleter.push([remove('list', 'l')]);
    const stranger = new Pusher(service, 'of-ben', ben);
    const never = await stranger.push([item('i', 'never')], { base: seq });
    expect(never).toMatchObject({ outcome: 'rejected', reason: { code: 'not-found' } });
    const { mutationId: _, ...answer } = never;
    expect(await stranger.push([item('i', 'l')], { base: seq })).toMatchObject(answer);
    expect(await writer.push([item('i', 'l')], { base: seq + 1 })).toMatchObject(answer);
    expect(await deleter.push([item('i', 'l')], { base: seq })).toMatchObject(answer);
  });

  test('is refused once the server has forgotten the deletion', async () => {
    const { service, writer, deleter } = await openWorld({
      schema: schemaOf('client-wins'),
      retention: { maxCommits: 1 },
    });
    await deleter.push([remove('list', 'l')]);
    await service.mutate(null, [list('more')]);
    await service.prune();
    expect(await writer.push([item('i')])).toMatchObject({ outcome: 'rejected', reason: { code: 'not-found' } });
  });
});

describe('a list is deleted by somebody who has not seen what came into it', () => {
  test.each([
    ['merge', 'later', LATE, 'local'],
    ['merge', 'earlier', EARLY, 'remote'],
    ['last-write-wins', 'earlier', EARLY, 'remote'],
    ['client-wins', 'earlier', EARLY, 'local'],
    ['server-wins', 'later', LATE, 'remote'],
  ] as const)('under %s of the list, deleted %s: %o → %s', async (policy, _when, at, winner) => {
    const { writer, deleter, shown, seq } = await openWorld({ schema: schemaOf('merge', policy) });
    await writer.push([item('i')], { at: 10 });
    const outcome = await deleter.push([remove('list', 'l')], at);
    expect(outcome.conflicts).toEqual([
      {
        table: 'list',
        key: ['l'],
        kind: 'delete-update',
        columns: [],
        remote: { board_id: 'b', name: 'List l' },
        remoteSeq: seq + 1,
        remoteAuthor: { clientId: 'writer', hlc: expect.any(String) },
        decided: { '*': { policy, winner } },
        children: [{ table: 'item', key: ['i'] }],
      },
    ]);
    // Nothing is deleted that nobody deleted.
    expect(await shown()).toMatchObject({ lists: winner === 'local' ? ['other'] : ['l', 'other'], items: ['i'] });
  });

  test('waits for the client under manual, and goes when it says so', async () => {
    const { writer, deleter, shown, seq } = await openWorld({ schema: schemaOf('merge', 'manual') });
    await writer.push([item('i')]);
    const outcome = await deleter.push([remove('list', 'l')]);
    expect(outcome).toMatchObject({ outcome: 'conflict', conflicts: [{ remoteSeq: seq + 1, decided: {} }] });
    expect(await deleter.push([remove('list', 'l')], { base: seq + 1 })).toMatchObject({ outcome: 'applied' });
    expect(await shown()).toMatchObject({ lists: ['other'], items: ['i'] });
  });

  test('stays for an item that was to go with it, and was edited later', async () => {
    const { writer, deleter, shown } = await openWorld({ rows: [item('i'), item('j')] });
    await writer.push([patch('item', 'i', { title: 'Mine' })], { at: 10 });
    const deletion = [remove('list', 'l'), remove('item', 'i'), remove('item', 'j')];
    expect((await deleter.push(deletion, EARLY)).conflicts).toMatchObject([
      {
        table: 'list',
        kind: 'delete-update',
        children: [{ table: 'item', key: ['i'] }],
        decided: { '*': { winner: 'remote' } },
      },
      { table: 'item', kind: 'delete-update', decided: { '*': { winner: 'remote' } } },
    ]);
    expect(await shown()).toMatchObject({ lists: ['l', 'other'], items: ['i'] });
  });

  test('goes in peace with what it held before, or what came from its own device', async () => {
    const { writer, deleter, shown } = await openWorld({ rows: [item('i')] });
    await writer.push([patch('item', 'i', { title: 'Edited' })]);
    await deleter.push([item('own')]);
    expect(await deleter.push([remove('list', 'l')])).toMatchObject({ outcome: 'applied', conflicts: [] });
    expect(await shown()).toMatchObject({ lists: ['other'], items: ['i', 'own'] });
  });

  test('sees what came in the same transaction of the server', async () => {
    const { writer, deleter } = await openWorld();
    const [, [outcome]] = await Promise.all([
      writer.send([writer.mutation([item('i')], LATE)]),
      deleter.send([deleter.mutation([remove('list', 'l')], EARLY)]),
    ]);
    expect(outcome).toMatchObject({
      conflicts: [{ kind: 'delete-update', children: [{ table: 'item', key: ['i'] }] }],
    });
  });
});

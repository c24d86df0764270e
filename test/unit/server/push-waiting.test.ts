import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.ts';
import type { PushResponse } from '../../../src/protocol/messages/push.ts';
import type { SyncService } from '../../../src/server/service.ts';
import type { ServerStorage } from '../../../src/server/storage.ts';
import { SyncError } from '../../../src/shared/error.ts';
import { newStorage } from './support/backing.ts';
import { ana, memoryService, Pusher, patch, put, putIssue, remove } from './support/fixture.ts';

const bad = (id: string) => putIssue(id, { title: 'bad' });

function picky(options: { storage?: ServerStorage } = {}): Promise<SyncService> {
  return memoryService({
    ...options,
    validate: {
      issue({ values }) {
        if (values.title === 'bad') throw new Error('No bad titles.');
      },
    },
  });
}

/** What became of each mutation of one request, by its place: an outcome, or that it waits. */
function fates({ outcomes, waiting = [] }: PushResponse): string[] {
  const all = [
    ...outcomes.map(({ mutationId, outcome }) => ({ mutationId, outcome })),
    ...waiting.map((mutationId) => ({ mutationId, outcome: 'waits' })),
  ];
  return all.sort((a, b) => a.mutationId - b.mutationId).map(({ outcome }) => outcome);
}

async function pushAll(device: Pusher, ...mutations: Change[][]): Promise<PushResponse> {
  const sent = mutations.map((changes) => device.mutation(changes));
  return device.service.push(ana, device.request(sent, { waits: true }));
}

describe('mutations behind one that was not applied, in one request', () => {
  test('wait when they touch its rows, whatever they do there; the others are decided', async () => {
    const service = await picky();
    const response = await pushAll(
      new Pusher(service, 'device'),
      [bad('1'), putIssue('2')],
      [patch('issue', '1', { body: 'x' })],
      [patch('issue', '2', {}, { votes: 1 })],
      [remove('issue', '1')],
      [putIssue('3')],
      [patch('issue', '3', { title: 'fine' })],
    );
    expect(fates(response)).toEqual(['rejected', 'waits', 'waits', 'waits', 'applied', 'applied']);
    expect(response.waiting).toEqual([2, 3, 4]);
    expect(service.stats()).toMatchObject({ head: 2, pushedMutationCount: 3 });
  });

  test('wait for what waits itself, and for a row that took another key', async () => {
    const service = await picky();
    const moved = [remove('issue', '1'), putIssue('renamed')];
    const response = await pushAll(
      new Pusher(service, 'device'),
      [bad('1')],
      moved,
      [patch('issue', 'renamed', { body: 'x' }), putIssue('4')],
      [patch('issue', '4', { body: 'y' })],
      [putIssue('5')],
    );
    expect(fates(response)).toEqual(['rejected', 'waits', 'waits', 'waits', 'applied']);
  });

  test('wait for a conflict', async () => {
    const service = await memoryService();
    await service.mutate(null, [put('note', ['n'], { text: 'first', stars: 0 })]);
    await service.mutate(null, [patch('note', ['n'], { text: 'theirs' })]);
    const device = new Pusher(service, 'device');
    device.base = 1;
    const edit = (text: string): Change => ({ ...patch('note', ['n'], { text }), old: { text: 'first' } });
    const response = await pushAll(device, [edit('mine')], [patch('note', ['n'], { stars: 3 })], [putIssue('1')]);
    expect(fates(response)).toEqual(['conflict', 'waits', 'applied']);
  });

  test('wait again when the answer was lost, and are decided once what they waited for is out of the way', async () => {
    const service = await picky();
    const device = new Pusher(service, 'device');
    const sent = [bad('1'), patch('issue', '1', { body: 'x' }), putIssue('2')].map((one) => device.mutation([one]));
    const first = await service.push(ana, device.request(sent, { waits: true }));
    expect(await service.push(ana, device.request(sent, { waits: true }))).toEqual(first);
    const again = [device.mutation([putIssue('1')]), ...sent.slice(1, 2)];
    expect(fates(await service.push(ana, device.request(again, { waits: true })))).toEqual(['applied', 'applied']);
    expect(service.stats().head).toBe(3);
  });

  test('keep the outcome they have from before', async () => {
    const service = await picky();
    const device = new Pusher(service, 'device');
    const sent = [bad('1'), putIssue('1'), patch('issue', '1', { body: 'x' })].map((one) => device.mutation([one]));
    await device.send(sent.slice(0, 2));
    const response = await service.push(ana, device.request(sent, { waits: true }));
    expect(fates(response)).toEqual(['rejected', 'applied', 'waits']);
  });

  test('wait also where the database refuses a row, and each is tried by itself', async () => {
    const service = await picky({ storage: refusing(await newStorage()) });
    const response = await pushAll(
      new Pusher(service, 'device'),
      [putIssue('2')],
      [putIssue('1', { title: 'refused by the database' })],
      [patch('issue', '1', { body: 'x' }), putIssue('3')],
      [patch('issue', '3', { body: 'x' })],
      [patch('issue', '2', { body: 'x' })],
    );
    expect(fates(response)).toEqual(['applied', 'rejected', 'waits', 'waits', 'applied']);
  });

  test('all get an outcome where the client does not know of waiting', async () => {
    const service = await picky();
    const device = new Pusher(service, 'device');
    const sent = [bad('1'), putIssue('1'), putIssue('2')].map((one) => device.mutation([one]));
    const response = await service.push(ana, device.request(sent));
    expect(fates(response)).toEqual(['rejected', 'applied', 'applied']);
    expect(response).not.toHaveProperty('waiting');
  });
});

test('seven bad mutations among 3,300 hold up those on their rows, and nothing else', async () => {
  const service = await picky();
  const isBad = (n: number) => n % 236 === 3;
  const issues = Array.from({ length: 1_650 }, (_, n) => [isBad(n) ? bad(`i${n}`) : putIssue(`i${n}`)]);
  const edits = issues.map((_, n) => [patch('issue', `i${n}`, { body: 'x' }, { votes: 1 })]);
  const badCount = issues.filter((_, n) => isBad(n)).length;
  const answer = fates(await pushAll(new Pusher(service, 'device'), ...issues, ...edits));
  const count = (fate: string) => answer.filter((one) => one === fate).length;
  expect(badCount).toBe(7);
  expect([count('rejected'), count('waits'), count('applied')]).toEqual([7, 7, 3_286]);
});

/** A constraint of the user's own: seen only when the rows are written. */
function refusing(storage: ServerStorage): ServerStorage {
  const write: ServerStorage['write'] = (fn) =>
    storage.write((writer) =>
      fn(
        new Proxy(writer, {
          get(target, name: keyof typeof writer) {
            const method = target[name];
            if (name !== 'writeRows' || !method) return method?.bind(target);
            const writeRows: typeof target.writeRows = (table, rows) => {
              if (rows.some(({ columns }) => columns?.title === 'refused by the database'))
                return Promise.reject(new SyncError('invalid-value', 'UNIQUE constraint failed: issue.title'));
              return target.writeRows(table, rows);
            };
            return writeRows;
          },
        }),
      ),
    );
  return {
    open: storage.open.bind(storage),
    read: storage.read.bind(storage),
    query: storage.query.bind(storage),
    close: storage.close.bind(storage),
    write,
  };
}

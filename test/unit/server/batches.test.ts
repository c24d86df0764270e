import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.ts';
import { runsOf } from './support/backing.ts';
import {
  ana,
  memoryService,
  type PushedMutation,
  Pusher,
  patch,
  put,
  putIssue,
  remove,
  schema,
} from './support/fixture.ts';
import { ModelClient } from './support/model-client.ts';

const change = fc.oneof(
  fc.record({ id: fc.nat(3), project: fc.nat(1), votes: fc.nat(3) }).map(({ id, project, votes }): Change => {
    return putIssue(`i${id}`, { project_id: `p${project}`, title: `by ${id}`, votes });
  }),
  fc
    .record({ id: fc.nat(3), title: fc.constantFrom('A', 'B', 'C'), votes: fc.integer({ min: -2, max: 2 }) })
    .map(({ id, title, votes }) => patch('issue', `i${id}`, { title }, { votes })),
  fc
    .record({ id: fc.nat(3), project: fc.nat(1) })
    .map(({ id, project }) => patch('issue', `i${id}`, { project_id: `p${project}` })),
  fc.nat(3).map((id) => remove('issue', `i${id}`)),
  fc
    .record({ id: fc.nat(3), issue: fc.nat(3) })
    .map(({ id, issue }) => put('comment', [`c${id}`], { issue_id: `i${issue}`, body: `${issue}` })),
  fc
    .record({ id: fc.nat(2), text: fc.constantFrom('x', 'y') })
    .map(({ id, text }) => put('note', [`n${id}`], { text, stars: 1 })),
  fc.record({ id: fc.nat(2), stars: fc.nat(2) }).map(({ id, stars }) => patch('note', `n${id}`, { stars })),
);

const mutation = fc.record({
  client: fc.nat(2),
  at: fc.nat(20),
  lag: fc.nat(4),
  changes: fc.uniqueArray(change, { selector: (one) => `${one.table} ${String(one.key)}`, minLength: 1, maxLength: 4 }),
});

/** Pushes the mutations in groups of these sizes, each device by itself, and tells all that can be seen afterwards. */
async function run(
  mutations: readonly { client: number; at: number; base: number; changes: readonly Change[] }[],
  size: number,
) {
  const service = await memoryService();
  const devices = ['a', 'b', 'c'].map((id) => new Pusher(service, id));
  for (const device of devices) await device.send([]);
  const outcomes: unknown[] = [];
  for (let start = 0; start < mutations.length; start += size) {
    const group: { device: Pusher; mutation: PushedMutation }[] = mutations.slice(start, start + size).map((one) => {
      const device = devices[one.client] as Pusher;
      return { device, mutation: device.mutation(one.changes, { at: one.at, base: one.base }) };
    });
    const sent = await Promise.all(group.map((one) => one.device.send([one.mutation])));
    outcomes.push(...sent.flat());
  }
  const client = new ModelClient({ service, schema, identity: ana });
  await client.pullAll();
  const log = await service.pull(ana, {
    clientId: 'log',
    schemaVersion: 2,
    cursor: { epoch: 'epoch-1', seq: 0 },
    scopes: ['*'],
    resume: null,
  });
  const rows = ['issue', 'comment', 'note'].map((table) => client.rows(table));
  await service.close();
  return { outcomes, rows, log: log.transactions };
}

test('outcomes, rows and log are the same, however mutations share transactions', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 2, maxLength: 25 }), async (steps) => {
      // The same bases in both runs: what a device had seen does not depend on how pushes were grouped.
      const mutations = steps.map((one, index) => ({ ...one, base: Math.max(0, Math.floor(index / 3) - one.lag) }));
      const single = await run(mutations, 1);
      const grouped = await run(mutations, 8);
      expect(grouped).toEqual(single);
    }),
    { numRuns: runsOf(30) },
  );
}, 30_000);

test('a client that replays the log from the start has the rows of the snapshot', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 2, maxLength: 25 }), async (steps) => {
      const service = await memoryService();
      const follower = new ModelClient({ service, schema, identity: ana, clientId: 'follower' });
      await follower.pullAll();
      const devices = ['a', 'b', 'c'].map((id) => new Pusher(service, id));
      for (const one of steps) {
        const device = devices[one.client] as Pusher;
        await device.push(one.changes, { at: one.at, base: Math.max(0, service.stats().head - one.lag) });
      }
      await follower.pullAll();
      const fresh = new ModelClient({ service, schema, identity: ana, clientId: 'fresh' });
      await fresh.pullAll();
      for (const table of ['issue', 'comment', 'note']) expect(follower.rows(table)).toEqual(fresh.rows(table));
      await service.close();
    }),
    { numRuns: runsOf(30) },
  );
}, 30_000);

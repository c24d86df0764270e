import { describe, expect, test } from 'vitest';
import { ModelClient } from './support/model-client.ts';
import { Pusher, ana, memoryService, patch, putIssue, remove, schema } from './support/fixture.ts';

describe('push', () => {
  test('applies a mutation as one commit that others pull', async () => {
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
    const client = new ModelClient({ service, schema, identity: ana });
    await client.pullAll();
    expect(client.rows('issue')).toEqual([
      { id: '1', project_id: 'p1', title: 'New', body: null, status: 'open', votes: 3 },
    ]);
    expect(client.cursor).toEqual({ epoch: 'epoch-1', seq: 3 });
  });

  test('gives a repeated mutation its first outcome and no second effect', async () => {
    const service = await memoryService();
    const device = new Pusher(service, 'a');
    await device.push([putIssue('1')]);
    const count = device.mutation([patch('issue', '1', {}, { votes: 1 })]);
    const [first, again] = await device.send([count, count]);
    expect(again).toEqual(first);
    const both = await Promise.all([device.send([count]), device.send([count])]);
    expect(both).toEqual([[first], [first]]);
    const client = new ModelClient({ service, schema, identity: ana });
    await client.pullAll();
    expect(client.rows('issue')[0]).toMatchObject({ votes: 1 });
    expect(service.stats().head).toBe(2);
  });
});

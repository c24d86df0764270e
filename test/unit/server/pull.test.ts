import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import type { SyncService } from '../../../src/server/service.ts';
import type { RowRange, ServerStorage, StorageReader } from '../../../src/server/storage.ts';
import { newStorage, runsOf } from './support/backing.ts';
import { ana, manualRuntime, memoryService, Pusher, patch, put, putIssue, remove, schema } from './support/fixture.ts';
import { ModelClient } from './support/model-client.ts';

const model = (service: SyncService, clientId = 'model') =>
  new ModelClient({ service, schema, identity: ana, clientId });
const many = (from: number, to: number, title = 'First') =>
  Array.from({ length: to - from }, (_, index) =>
    putIssue(`i${String(from + index).padStart(4, '0')}`, { title, body: 'b'.repeat(90) }),
  );
const request = { clientId: 'model', schemaVersion: 2, scopes: ['*'], resume: null };

describe('a first pull', () => {
  test('replaces everything with a snapshot in pages, and counts it', async () => {
    const service = await memoryService();
    await service.mutate(null, many(0, 100));
    const client = model(service);
    const pages = await client.pullChain({ maxBytes: 2_000 });
    expect(client.rows('issue')).toHaveLength(100);
    expect(pages.length).toBeGreaterThan(5);
    expect(pages[0]).toMatchObject({ from: 0, replaces: Object.keys(schema.tables), cursor: null, scopes: [] });
    expect(pages.slice(1).every((page) => page.replaces.length === 0)).toBe(true);
    const done = pages.map((page) => page.progress.rowsDone);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(pages.at(-1)?.progress).toEqual({ rowsDone: 100, rowsTotal: 100 });
    expect(pages.at(-1)).toMatchObject({ resume: null, cursor: { epoch: 'epoch-1', seq: 1 }, scopes: ['*'] });
  });

  test('of an empty database is one page', async () => {
    const service = await memoryService();
    const pages = await model(service).pullChain();
    expect(pages).toHaveLength(1);
    expect(pages[0]).toMatchObject({ snapshot: [], transactions: [], cursor: { seq: 0 }, head: 0 });
  });

  test('asks no scope for rows of a table where it has none: many scopes and tables are not their product', async () => {
    const projects = Array.from({ length: 40 }, (_, n) => `project:p${n}`);
    let pageCount = 0;
    const storage = withPages(await newStorage(), () => {
      pageCount += 1;
    });
    const service = await memoryService({ storage, access: () => ({ read: projects, write: projects }) });
    await service.mutate(null, [putIssue('i1', { project_id: 'p3' }), putIssue('i2', { project_id: 'p7' })]);
    const client = model(service);
    await client.pullAll();
    expect(client.rows('issue')).toMatchObject([{ id: 'i1' }, { id: 'i2' }]);
    expect(pageCount).toBe(2);
  });

  test('ends with the rows of exactly the seq it ends at, whatever was written between its pages', async () => {
    const service = await memoryService();
    await service.mutate(null, many(0, 60));
    const client = model(service);
    const rowsAt = new Map<number, unknown>();
    let step = 0;
    const write = async () => {
      step += 1;
      const gone = step > 1 ? [remove('issue', `n${step - 1}`)] : [];
      const changes = [...many(0, 60, `at ${step}`).map(retitled), putIssue(`n${step}`), ...gone];
      const { seq } = await service.mutate(null, changes);
      const now = model(service, 'now');
      await now.pullChain();
      rowsAt.set(seq ?? 0, now.rows('issue'));
    };
    await client.pullChain({ maxBytes: 2_000, between: write });
    expect(step).toBeGreaterThan(5);
    expect(client.rows('issue')).toEqual(rowsAt.get(client.cursor?.seq ?? 0));
  });

  test('never sends a patch of a row that went, or came, while the snapshot was read', async () => {
    const service = await memoryService({ access: () => ({ read: ['project:p1'], write: '*' }) });
    await service.mutate(null, many(0, 60));
    const client = model(service);
    const steps: Change[][] = [
      [patch('issue', 'i0050', { title: 'x' }), patch('issue', 'i0051', { title: 'x' }), putIssue('new')],
      [remove('issue', 'i0050'), patch('issue', 'i0051', { project_id: 'p2' }), patch('issue', 'new', { title: 'x' })],
      [remove('issue', 'new')],
    ];
    await client.pullChain({
      maxBytes: 2_000,
      between: async () => {
        const changes = steps.shift();
        if (changes) await service.mutate(null, changes);
      },
    });
    expect(steps).toEqual([]);
    expect(client.rows('issue')).toHaveLength(58);
  });
});

const retitled = ({ key, columns }: Change) => patch('issue', [String(key[0])], { title: columns.title ?? null });

describe('a pull of changes', () => {
  test('gives commits in order, whole, with who made them', async () => {
    const service = await memoryService();
    const client = model(service);
    await client.pullAll();
    const device = new Pusher(service, 'device');
    await device.push([putIssue('1'), put('note', ['n'], { text: 'x', stars: 1 })]);
    await device.push([patch('issue', '1', { title: 'New' }, { votes: 2 })], { base: 1 });
    const [page] = await client.pullChain();
    expect(page?.transactions).toEqual([
      {
        seq: 1,
        clientId: 'device',
        mutationId: 1,
        hlc: expect.any(String),
        changes: [
          { table: 'issue', key: ['1'], op: 'put', columns: putIssue('1').columns },
          { table: 'note', key: ['n'], op: 'put', columns: { text: 'x', stars: 1 } },
        ],
      },
      {
        seq: 2,
        clientId: 'device',
        mutationId: 2,
        hlc: expect.any(String),
        changes: [{ table: 'issue', key: ['1'], op: 'patch', columns: { title: 'New', votes: 2 } }],
      },
    ]);
    expect(page).toMatchObject({ from: 0, cursor: { seq: 2 }, snapshot: [], replaces: [], scopes: ['*'] });
  });

  test('ends a chain at a commit once a page is full, and goes on from there', async () => {
    const service = await memoryService();
    const client = model(service);
    await client.pullAll();
    for (let index = 0; index < 20; index += 1) await service.mutate(null, many(index * 10, index * 10 + 3));
    const seqs: number[] = [];
    while (client.cursor?.seq !== 20) {
      const pages = await client.pullChain({ maxBytes: 2_000 });
      expect(pages).toHaveLength(1);
      seqs.push(client.cursor?.seq ?? 0);
    }
    expect(seqs.length).toBeGreaterThan(2);
    expect(client.rows('issue')).toHaveLength(60);
  });

  test('cuts only a commit that is larger than a page, inside one chain', async () => {
    const service = await memoryService();
    const client = model(service);
    await client.pullAll();
    await service.mutate(null, many(0, 1));
    await service.mutate(null, many(1, 100));
    await service.mutate(null, many(100, 101));
    await client.pullChain({ maxBytes: 3_000 });
    expect(client.cursor?.seq).toBe(1);
    const pages = await client.pullChain({ maxBytes: 3_000 });
    expect(pages.length).toBeGreaterThan(3);
    expect(new Set(pages.flatMap((page) => page.transactions.map(({ seq }) => seq)))).toContain(2);
    await client.pullAll();
    expect(client.rows('issue')).toHaveLength(101);
  });

  test('passes over what is not in reach and still moves the cursor', async () => {
    const service = await memoryService({ access: () => ({ read: ['main'], write: '*' }) });
    const client = model(service);
    await client.pullAll();
    await service.mutate(null, many(0, 10));
    await client.pullAll();
    expect([client.rows('issue'), client.cursor?.seq]).toEqual([[], 1]);
  });

  test('fetches tables anew when asked, beside the changes', async () => {
    const service = await memoryService();
    const client = model(service);
    await service.mutate(null, [...many(0, 30), put('note', ['n'], { text: 'x', stars: 1 })]);
    await client.pullAll();
    await service.mutate(null, [remove('issue', 'i0000'), patch('note', 'n', { text: 'y' })]);
    client.tables.get('issue')?.set('"ghost"', { id: 'ghost' });
    const pages = await client.pullChain({ snapshotTables: ['issue', 'unknown'], maxBytes: 2_000 });
    expect(pages[0]?.replaces).toEqual(['issue']);
    expect(client.rows('issue')).toHaveLength(29);
    expect(client.rows('note')).toMatchObject([{ text: 'y' }]);
  });
});

describe('a cursor', () => {
  test('of another history is refused', async () => {
    const service = await memoryService();
    await service.mutate(null, many(0, 1));
    const pull = (cursor: { epoch: string; seq: number }) => service.pull(ana, { ...request, cursor });
    await expect(pull({ epoch: 'another', seq: 0 })).rejects.toMatchObject({ kind: 'epoch' });
    await expect(pull({ epoch: 'epoch-1', seq: 2 })).rejects.toMatchObject({ kind: 'epoch' });
    const epoch = await service.renewEpoch();
    await expect(pull({ epoch: 'epoch-1', seq: 1 })).rejects.toMatchObject({ kind: 'epoch' });
    await expect(pull({ epoch, seq: 1 })).resolves.toMatchObject({ epoch, cursor: { epoch, seq: 1 } });
  });

  test('is told how much of another history is part of this one, where it begins anew', async () => {
    const service = await memoryService();
    await service.mutate(null, many(0, 1));
    expect(await service.pull(ana, { ...request, cursor: null })).not.toHaveProperty('formerEpochs');
    const second = await service.renewEpoch();
    await service.mutate(null, many(1, 2));
    const third = await service.renewEpoch();
    const page = await service.pull(ana, { ...request, cursor: null });
    expect(page.formerEpochs).toEqual([
      { epoch: second, seq: 2 },
      { epoch: 'epoch-1', seq: 1 },
    ]);
    const next = await service.pull(ana, { ...request, cursor: { epoch: third, seq: 1 }, scopes: page.scopes });
    expect(next).not.toHaveProperty('formerEpochs');
  });

  test('meets the history that another node has begun: devices that follow are woken, and those that come are told', async () => {
    const storage = await newStorage();
    const listeners: Parameters<NonNullable<ServerStorage['watch']>>[0][] = [];
    const watched = new Proxy(storage, {
      get(target, name) {
        if (name === 'watch') return (listener: (typeof listeners)[0]) => void listeners.push(listener);
        const found: unknown = Reflect.get(target, name, target);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    const service = await memoryService({ storage: watched });
    await service.mutate(null, many(0, 1));
    const { head } = service.stats();
    const heads: number[] = [];
    service.onCommit((commit) => heads.push(commit));
    for (const hear of listeners) hear({ epoch: 'epoch-2', head, prunedTo: 0, epochFrom: head });
    expect(heads).toEqual([head]);
    expect(service.stats()).toMatchObject({ epoch: 'epoch-2', head });
    const greeting = { protocol: PROTOCOL_VERSION, schemaVersion: 2, clientId: 'model', capabilities: [] };
    expect(await service.handshake(ana, greeting)).toMatchObject({ epoch: 'epoch-2', head });
  });

  test('older than the log that is kept asks for a resync, which brings everything', async () => {
    const runtime = manualRuntime();
    const service = await memoryService({ runtime, retention: { maxCommits: 2 } });
    const client = model(service);
    await service.mutate(null, many(0, 1));
    await client.pullAll();
    for (let index = 1; index < 5; index += 1) await service.mutate(null, many(index, index + 1));
    expect(await service.prune()).toBe(3);
    await expect(client.pullChain()).rejects.toMatchObject({ kind: 'resync' });
    client.cursor = null;
    client.scopes = [];
    await client.pullAll();
    expect(client.rows('issue')).toHaveLength(5);
    await service.mutate(null, many(5, 6));
    await client.pullAll();
    expect(client.rows('issue')).toHaveLength(6);
  });

  test('is served where the log begins right behind it, and not one commit before', async () => {
    const service = await memoryService({ retention: { maxCommits: 2 } });
    for (let index = 0; index < 5; index += 1) await service.mutate(null, many(index, index + 1));
    await service.prune();
    const { epoch } = await service.stats();
    const pull = (seq: number) => service.pull(ana, { ...request, cursor: { epoch, seq } });
    expect((await pull(3)).transactions.map(({ seq }) => seq)).toEqual([4, 5]);
    await expect(pull(2)).rejects.toMatchObject({ kind: 'resync' });
  });

  test('is kept by age too', async () => {
    const runtime = manualRuntime();
    const service = await memoryService({ runtime, retention: { maxAgeMs: 1_000 } });
    await service.mutate(null, many(0, 1));
    runtime.set(runtime.now() + 2_000);
    await service.mutate(null, many(1, 2));
    expect(await service.prune()).toBe(1);
    expect(await service.prune()).toBe(0);
  });

  test('of a chain that another history began is refused', async () => {
    const service = await memoryService();
    await service.mutate(null, many(0, 50));
    const { resume } = await service.pull(ana, { ...request, cursor: null, scopes: [], maxBytes: 1_000 });
    expect(resume).not.toBeNull();
    await service.renewEpoch();
    await expect(service.pull(ana, { ...request, cursor: null, scopes: [], resume })).rejects.toMatchObject({
      kind: 'epoch',
    });
  });

  test('of a chain that the log has left behind asks for a resync', async () => {
    const service = await memoryService({ retention: { maxCommits: 1 } });
    await service.mutate(null, many(0, 50));
    const { resume } = await service.pull(ana, { ...request, cursor: null, scopes: [], maxBytes: 1_000 });
    for (let index = 0; index < 3; index += 1) await service.mutate(null, many(60 + index, 61 + index));
    await service.prune();
    await expect(service.pull(ana, { ...request, cursor: null, scopes: [], resume })).rejects.toMatchObject({
      kind: 'resync',
    });
  });
});

/** Any history of writes, interleaved with pulls of any page size under any access. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('issue' as const), id: fc.nat(5), project: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('comment' as const), id: fc.nat(5), project: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), id: fc.nat(5), project: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), id: fc.nat(5), project: fc.nat(0) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('access' as const),
      id: fc.integer({ min: 1, max: 7 }),
      project: fc.nat(0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pull' as const), id: fc.nat(3), project: fc.nat(0) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function changesOf({ do: what, id, project }: Step, at: number): Change[] {
  if (what === 'issue')
    return [putIssue(`i${id}`, { project_id: `p${project}`, title: `at ${at}`, body: 'x'.repeat(300) })];
  if (what === 'comment') return [put('comment', [`c${id}`], { issue_id: `i${project}`, body: `at ${at}` })];
  if (what === 'move') return [patch('issue', `i${id}`, { project_id: `p${project}` })];
  // Issues without comments only: of a comment without its issue, nobody but the server knows the scope.
  return [id < 4 ? remove('comment', `c${id}`) : remove('issue', `i${id}`)];
}

test('whatever happens between its pages, a client ends with exactly the rows it may read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      let readable = ['project:p0', 'project:p1'];
      const service = await memoryService({ access: () => ({ read: readable, write: '*' }) });
      const client = model(service);
      const queue = [...steps];
      const next = async (): Promise<void> => {
        const one = queue.shift();
        if (!one) return;
        if (one.do === 'access')
          readable = ['project:p0', 'project:p1', 'project:p2'].filter((_, bit) => (one.id >> bit) & 1);
        else if (one.do === 'pull') await pullOnce(client, [1, 1_024, 2_000, 100_000][one.id] ?? 1, next);
        else await service.mutate(null, changesOf(one, queue.length)).catch(() => undefined);
      };
      while (queue.length > 0) await next();
      for (let round = 0; round < 3 || client.cursor?.seq !== service.stats().head; round += 1)
        await pullOnce(client, 1_024, async () => undefined);
      const fresh = new ModelClient({ service, schema, identity: ana, clientId: 'fresh' });
      await fresh.pullAll();
      for (const table of ['issue', 'comment']) expect(client.rows(table)).toEqual(fresh.rows(table));
      await service.close();
    }),
    { numRuns: runsOf(50) },
  );
}, 30_000);

/** One chain, with other things happening between its pages; a chain that is refused is begun anew. */
async function pullOnce(client: ModelClient, maxBytes: number, between: () => Promise<void>): Promise<void> {
  try {
    await client.pullChain({ maxBytes, between, onLost: (scope) => dropScope(client, scope) });
  } catch (error) {
    expect(error).toMatchObject({ kind: 'resync' });
    client.cursor = null;
    client.scopes = [];
  }
}

function dropScope(client: ModelClient, scope: string): void {
  const dropped = client.rows('issue').filter((row) => `project:${row.project_id}` === scope);
  for (const { id } of dropped) {
    for (const comment of client.rows('comment').filter((row) => row.issue_id === id))
      client.drop('comment', [comment.id ?? null]);
    client.drop('issue', [id ?? null]);
  }
}

/** The storage, telling of each page that is read of it. */
function withPages(storage: ServerStorage, onPage: () => void): ServerStorage {
  const watch = <T extends object>(target: T, replaced: Readonly<Record<string, (...args: never[]) => unknown>>): T =>
    new Proxy(target, {
      get: (of, name) => {
        const value: unknown = (typeof name === 'string' && replaced[name]) || Reflect.get(of, name);
        return typeof value === 'function' ? value.bind(of) : value;
      },
    });
  const watched = (reader: StorageReader) =>
    watch(reader, {
      page: (range: RowRange) => {
        onPage();
        return reader.page(range);
      },
    });
  return watch(storage, {
    read: (fn: (reader: StorageReader) => Promise<unknown>) => storage.read((reader) => fn(watched(reader))),
  });
}

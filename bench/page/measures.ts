import { sql } from 'tidemark';
import { alternate, type Measure, measure } from '../measure.ts';
import { makeIssues, topList } from '../schema.ts';
import { Bare } from './bare.ts';
import { type BenchSync, openDevice, openFilled, timed, timedEach, timedMedian, untilSynced, vote } from './device.ts';
import { MountedList } from './react-list.tsx';

const ISSUE_COUNT = 100_000;
const BULK_COUNT = 20_000;

/** Where the runner's servers are. */
export interface PageOptions {
  readonly server: string;
  readonly relay: string;
}

async function writeLatency(options: PageOptions): Promise<Measure> {
  const bare = await Bare.open('write', { issueCount: 10_000 });
  const sync = await openDevice('bench-write', { ...options, isQuiet: true });
  await sync.write((tx) => tx.insertMany('issue', makeIssues(0, 10_000)));
  const id = (index: number) => makeIssues(index * 37, 1)[0]?.id ?? '';
  const runs = await alternate(
    () => timedEach(200, (index) => vote(sync, id(index))),
    () => timedEach(200, (index) => bare.vote(id(index))),
  );
  await end(sync, bare);
  return measure('write-latency', 'ms', runs);
}

async function writeBulk(options: PageOptions): Promise<Measure> {
  const runs = await alternate(
    async () => {
      const sync = await openDevice('bench-bulk', { ...options, isQuiet: true });
      const rows = makeIssues(0, BULK_COUNT);
      const ms = await timed(() => sync.write((tx) => tx.insertMany('issue', rows)));
      await end(sync);
      return ms;
    },
    async () => {
      const bare = await Bare.open('bulk');
      const rows = makeIssues(0, BULK_COUNT);
      const ms = await timed(() => bare.ask({ type: 'insert', rows }));
      bare.close();
      return ms;
    },
  );
  return measure('write-bulk', 'ms', { ...runs, note: `${BULK_COUNT} rows in one transaction, from the page` });
}

async function live(name: string, limit: number, options: PageOptions): Promise<Measure> {
  const sync = await openFilled('bench-live', options);
  const bare = await Bare.open('live', { issueCount: ISSUE_COUNT });
  const query = topList(limit);
  const list = new MountedList(sync, query);
  await list.shown();
  const shownIds = list.rows.map((row) => row.id);
  const target = (index: number) => shownIds[(index * 7) % shownIds.length] ?? '';
  const runs = await alternate(
    () =>
      timedEach(30, async (index) => {
        const committed = list.nextCommit();
        await vote(sync, target(index));
        await committed;
      }),
    () =>
      timedEach(30, async (index) => {
        await bare.vote(target(index));
        await bare.ask({ type: 'query', sql: query });
      }),
  );
  list.unmount();
  await sync.close();
  bare.close();
  return measure(name, 'ms', {
    ...runs,
    note: 'write() to React commit; floor: update, run the query again, post its rows',
  });
}

async function tenQueries(options: PageOptions): Promise<Measure> {
  const sync = await openFilled('bench-live', options);
  const bare = await Bare.open('live', { issueCount: ISSUE_COUNT });
  const queries = Array.from({ length: 10 }, (_, index) => topList(50, `project-${index}`));
  const lives = queries.map((text) => sync.liveQuery({ sql: text, parameters: [] }));
  const [rows] = await Promise.all(lives.map((one) => one.ready));
  const ids = (rows ?? []).map((row) => String((row as { id: string }).id));
  const target = (index: number) => ids[index % ids.length] ?? '';
  let callbackCount = 0;
  let told = () => {};
  for (const one of lives) {
    one.subscribe(() => {
      callbackCount += 1;
      told();
    });
  }
  const runs = await alternate(
    () =>
      timedEach(30, async (index) => {
        const heard = new Promise<void>((resolve) => {
          told = resolve;
        });
        await vote(sync, target(index));
        await heard;
      }),
    () =>
      timedEach(30, async (index) => {
        await bare.vote(target(index));
        await bare.ask({ type: 'query', sql: queries[0] ?? '' });
      }),
  );
  for (const one of lives) one.close();
  await sync.close();
  bare.close();
  const writes = 30 * runs.values.length;
  return measure('ten-queries', 'ms', { ...runs, note: `${callbackCount} callbacks for ${writes} writes` });
}

async function queryTenThousand(options: PageOptions): Promise<Measure> {
  const sync = await openFilled('bench-live', options);
  const bare = await Bare.open('live', { issueCount: ISSUE_COUNT });
  const query = topList(10_000);
  const runs = await alternate(
    () => timedEach(5, () => sync.query({ sql: query, parameters: [] })),
    () => timedEach(5, () => bare.ask({ type: 'query', sql: query })),
  );
  await sync.close();
  bare.close();
  return measure('query-10k', 'ms', runs);
}

/** Prepares what `start-100k` opens; the runner times the page loads. */
async function prepareStart(options: PageOptions): Promise<void> {
  const sync = await openFilled('bench-live', options);
  const bare = await Bare.open('start', { issueCount: ISSUE_COUNT });
  await sync.close();
  bare.close();
}

async function hydrate(options: PageOptions): Promise<Measure> {
  const runs = await alternate(
    async () => {
      const startedAt = performance.now();
      const sync = await openDevice('bench-hydrate', { server: options.server });
      await untilSynced(sync);
      const [row] = await sync.query(sql<{ count: number }>`SELECT count(*) AS count FROM issue`);
      const rate = (row?.count ?? 0) / ((performance.now() - startedAt) / 1_000);
      if (row?.count !== ISSUE_COUNT) throw new Error(`Hydrated ${row?.count} rows instead of ${ISSUE_COUNT}.`);
      await end(sync);
      return rate;
    },
    async () => {
      const bare = await Bare.open('hydrate');
      const ms = await bare.ask<number>({ type: 'generate', count: ISSUE_COUNT });
      bare.close();
      return ISSUE_COUNT / (ms / 1_000);
    },
  );
  return measure('hydrate-100k', 'rows/s', runs);
}

async function deviceToDevice(options: PageOptions): Promise<Measure> {
  const a = await openDevice('bench-a', { server: options.server });
  const b = await openDevice('bench-b', { server: options.server });
  await Promise.all([untilSynced(a), untilSynced(b)]);
  const list = new MountedList(b, `SELECT id, title FROM issue WHERE id = 'issue-00000000'`);
  await list.shown();
  const bare = await bareRelay(options.relay);
  const runs = await alternate(
    () =>
      timedMedian(20, async () => {
        const committed = list.nextCommit();
        await vote(a, 'issue-00000000');
        await committed;
      }),
    () => timedMedian(20, () => bare.send()),
  );
  list.unmount();
  await end(a);
  await end(b);
  bare.close();
  return measure('a-to-b', 'ms', {
    ...runs,
    note: 'write() on A to React commit on B; floor: bare write, bare WebSocket relay, bare write',
  });
}

async function bareRelay(url: string): Promise<{ send(): Promise<void>; close(): void }> {
  const [a, b] = [await Bare.open('relay-a', { issueCount: 100 }), await Bare.open('relay-b', { issueCount: 100 })];
  const [from, to] = await Promise.all([openSocket(url), openSocket(url)]);
  return {
    async send() {
      const arrived = new Promise((resolve) => to.addEventListener('message', resolve, { once: true }));
      await a.vote('issue-00000000');
      from.send(new Uint8Array(200));
      await arrived;
      await b.vote('issue-00000000');
    },
    close() {
      for (const one of [a, b, from, to]) one.close();
    },
  };
}

function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  return new Promise((resolve) => socket.addEventListener('open', () => resolve(socket), { once: true }));
}

/** Leaves nothing behind for the next run. */
async function end(sync: BenchSync, bare?: Bare): Promise<void> {
  await sync.wipe({ unsent: 'discard' });
  await sync.close();
  bare?.close();
}

export const measures = {
  'write-latency': writeLatency,
  'write-bulk': writeBulk,
  'live-top50': (options) => live('live-top50', 50, options),
  'live-2000': (options) => live('live-2000', 2_000, options),
  'ten-queries': tenQueries,
  'query-10k': queryTenThousand,
  'hydrate-100k': hydrate,
  'a-to-b': deviceToDevice,
} as const satisfies Readonly<Record<string, (options: PageOptions) => Promise<Measure>>>;

export { prepareStart };

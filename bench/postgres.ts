/** The server over Postgres, against the bare driver, bare `ws` and bare `COPY` in the same run. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { encode } from 'tidemark/protocol';
import { createSyncServer, serve } from 'tidemark/server';
import { postgresStorage } from 'tidemark/server/postgres';
import { WebSocket, WebSocketServer } from 'ws';
import { decode } from '../src/protocol/codec.ts';
import { type PostgresServer, startPostgres } from '../test/support/postgres-server.ts';
import { alternate, type Measure, measure } from './measure.ts';
import { pushBody, pushRequest } from './push-body.ts';
import { benchSchema, ISSUE_COLUMNS, makeIssues } from './schema.ts';

const BATCH = 500;
const BATCH_COUNT = 10;
const SNAPSHOT_ROWS = 100_000;
const IDLE_SOCKETS = 5_000;
const FAN_OUTS = 40;

/** Runs `measures` over one server that syncs every commit to disk. */
export async function withPostgres(measures: (database: () => Promise<string>) => Promise<void>): Promise<void> {
  const server = await startPostgres({ isSynced: true, settings: ['shared_buffers=256MB'] });
  try {
    let made = 0;
    await measures(async () => {
      made += 1;
      return newDatabase(server, `bench_${made}`);
    });
  } finally {
    await server.close();
  }
}

async function newDatabase(server: PostgresServer, name: string): Promise<string> {
  const sql = postgres(server.url(), { max: 1 });
  await sql.unsafe(`CREATE DATABASE ${name}`);
  await sql.end();
  return server.url(name);
}

/** Mutations per second through the fetch handler, against one bare `INSERT … SELECT FROM unnest` with a commit per batch. */
export async function pgPush(database: () => Promise<string>): Promise<Measure> {
  const runs = await alternate(
    async () => {
      const server = createSyncServer({ schema: benchSchema, storage: postgresStorage({ url: await database() }) });
      const bodies = Array.from({ length: BATCH_COUNT }, (_, batch) => pushBody(batch, BATCH));
      await send(server.fetch(pushRequest(pushBody(BATCH_COUNT, BATCH))));
      const startedAt = performance.now();
      for (const body of bodies) await send(server.fetch(pushRequest(body)));
      const seconds = (performance.now() - startedAt) / 1_000;
      await server.close();
      return (BATCH * BATCH_COUNT) / seconds;
    },
    async () => bareInserts(await database()),
  );
  const note = `batches of ${BATCH}, one at a time, fsync on; floor: the same rows and indexes by the same driver`;
  return measure('pg-push', 'mutations/s', { ...runs, note });
}

async function send(answering: Response | Promise<Response>): Promise<void> {
  const answer = await answering;
  if (!answer.ok) throw new Error(`The push failed with ${answer.status}.`);
  await answer.arrayBuffer();
}

async function createIssueTable(url: string): Promise<void> {
  const storage = postgresStorage({ url });
  await storage.open(benchSchema, 'bench');
  await storage.close();
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  await sql.unsafe('DROP SCHEMA tidemark CASCADE');
  await sql.end();
}

const INSERT = `INSERT INTO issue SELECT a, b, c, d, e, f::bigint, g::bigint, h::timestamptz, i::timestamptz FROM unnest(
  $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[]) u(a,b,c,d,e,f,g,h,i)`;

async function bareInserts(url: string): Promise<number> {
  await createIssueTable(url);
  const sql = postgres(url, { max: 1 });
  const startedAt = performance.now();
  for (let batch = 0; batch < BATCH_COUNT; batch += 1) {
    const rows = makeIssues(batch * BATCH, BATCH);
    const columns = ISSUE_COLUMNS.map((name) => rows.map((row) => String(row[name as keyof typeof row])));
    await sql.unsafe(INSERT, columns, { prepare: true });
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  await sql.end();
  return (BATCH * BATCH_COUNT) / seconds;
}

/** From a push on one connection to the last byte of its change on each of `count` sockets; floor: bare `ws`, same bytes. */
export async function pgFanout(database: () => Promise<string>, count: number): Promise<Measure[]> {
  const server = createSyncServer({ schema: benchSchema, storage: postgresStorage({ url: await database() }) });
  const running = await serve(server, { port: 0 });
  const { epoch } = await server.stats();
  const sockets = await openSockets(count, `${running.url.replace('http', 'ws')}/v1/ws`);
  await Promise.all(sockets.map((socket, index) => subscribe(socket, { clientId: `reader-${index}`, epoch })));
  const ours = await fanOuts(sockets, (round) => send(server.fetch(pushRequest(pushBody(round, 1)))));
  closeAll(sockets);
  await running.close();
  const bare = await bareFanOuts(count);
  return ([50, 95] as const).map((percent) =>
    measure(`pg-fanout-${count}-p${percent}`, 'ms', {
      values: [percentile(ours, percent)],
      floors: [percentile(bare, percent)],
      note: `${FAN_OUTS} commits, ${count} sockets in the same process; floor: ws alone, without a database`,
    }),
  );
}

async function openSockets(count: number, url: string): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  for (let made = 0; made < count; made += 100) {
    const some = Array.from(
      { length: Math.min(100, count - made) },
      () => new WebSocket(url, { perMessageDeflate: false }),
    );
    await Promise.all(some.map((socket) => once(socket, 'open')));
    sockets.push(...some);
  }
  return sockets;
}

async function subscribe(socket: WebSocket, { clientId, epoch }: { clientId: string; epoch: string }): Promise<void> {
  const handshake = { protocol: 1, schemaVersion: 1, clientId, capabilities: [] };
  socket.send(encode({ type: 'hello', token: null, handshake }));
  await once(socket, 'message');
  socket.send(encode({ type: 'subscribe', cursor: { epoch, seq: 0 }, scopes: ['*'] }));
}

async function fanOuts(sockets: readonly WebSocket[], write: (round: number) => Promise<void>): Promise<number[]> {
  const latencies: number[] = [];
  for (let round = 0; round < FAN_OUTS; round += 1) {
    const startedAt = performance.now();
    const arrivals = sockets.map(async (socket) => {
      const [data] = (await once(socket, 'message')) as [Buffer];
      if (data.length > 0) latencies.push(performance.now() - startedAt);
    });
    await write(round);
    await Promise.all(arrivals);
  }
  return latencies;
}

async function bareFanOuts(count: number): Promise<number[]> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const sockets = await openSockets(count, `ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const bytes = pushBody(0, 1);
  const latencies = await fanOuts(sockets, async () => {
    for (const client of server.clients) client.send(bytes);
  });
  closeAll(sockets);
  server.close();
  return latencies;
}

function closeAll(sockets: readonly WebSocket[]): void {
  for (const socket of sockets) socket.terminate();
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length * percent) / 100)] ?? Number.NaN;
}

/** Memory per idle, subscribed socket, both of its ends; floor: both ends of a bare one. */
export async function pgIdle(database: () => Promise<string>): Promise<Measure> {
  const bareServer = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(bareServer, 'listening');
  const bare = await memoryOf(() =>
    openSockets(IDLE_SOCKETS, `ws://127.0.0.1:${(bareServer.address() as AddressInfo).port}`),
  );
  closeAll(bare.sockets);
  bareServer.close();
  const server = createSyncServer({
    schema: benchSchema,
    storage: postgresStorage({ url: await database() }),
  });
  const running = await serve(server, { port: 0 });
  const { epoch } = await server.stats();
  const ours = await memoryOf(async () => {
    const sockets = await openSockets(IDLE_SOCKETS, `${running.url.replace('http', 'ws')}/v1/ws`);
    await Promise.all(sockets.map((socket, index) => subscribe(socket, { clientId: `idle-${index}`, epoch })));
    return sockets;
  });
  closeAll(ours.sockets);
  await running.close();
  return measure('pg-idle', 'bytes/socket', {
    values: [ours.bytes],
    floors: [bare.bytes],
    note: `${IDLE_SOCKETS} sockets, resident memory of both ends; floor: both ends of bare ws`,
  });
}

async function memoryOf(open: () => Promise<WebSocket[]>): Promise<{ sockets: WebSocket[]; bytes: number }> {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const sockets = await open();
  globalThis.gc?.();
  return { sockets, bytes: (process.memoryUsage().rss - before) / IDLE_SOCKETS };
}

/** 100,000 rows as a snapshot in pages, each decoded, against `COPY … TO STDOUT` of the same table by the same driver. */
export async function pgSnapshot(database: () => Promise<string>): Promise<Measure> {
  const url = await database();
  await createIssueTable(url);
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  for (let from = 0; from < SNAPSHOT_ROWS; from += 10_000) {
    const rows = makeIssues(from, 10_000);
    await sql.unsafe(
      INSERT,
      ISSUE_COLUMNS.map((name) => rows.map((row) => String(row[name as keyof typeof row]))),
    );
  }
  const server = createSyncServer({ schema: benchSchema, storage: postgresStorage({ url }) });
  await server.stats();
  const runs = await alternate(
    async () => {
      const startedAt = performance.now();
      const rows = await pullAll(server);
      if (rows !== SNAPSHOT_ROWS) throw new Error(`The snapshot had ${rows} rows.`);
      return SNAPSHOT_ROWS / ((performance.now() - startedAt) / 1_000);
    },
    async () => {
      const startedAt = performance.now();
      const out = await sql`COPY issue TO STDOUT`.readable();
      await pipeline(out, new Writable({ write: (_chunk, _encoding, done) => done() }));
      return SNAPSHOT_ROWS / ((performance.now() - startedAt) / 1_000);
    },
  );
  await server.close();
  await sql.end();
  return measure('pg-snapshot', 'rows/s', {
    ...runs,
    note: `${SNAPSHOT_ROWS} rows, encoded and decoded; floor: COPY, its bytes dropped`,
  });
}

interface Page {
  readonly resume: string | null;
  readonly snapshot: readonly { readonly rows: readonly unknown[] }[];
}

async function pullAll(server: ReturnType<typeof createSyncServer>): Promise<number> {
  let count = 0;
  for (let resume: string | null = null; ; ) {
    const body = encode({ clientId: 'snapshot', schemaVersion: 1, cursor: null, scopes: [], resume });
    const answer = await server.fetch(pushRequest(body, '/v1/pull'));
    const message = decode(new Uint8Array(await answer.arrayBuffer()));
    if (answer.status !== 200) throw new Error(`A pull got ${answer.status}: ${JSON.stringify(message)}`);
    const page = message as unknown as Page;
    for (const { rows } of page.snapshot) count += rows.length;
    resume = page.resume;
    if (resume === null) return count;
  }
}

/** What a server over Postgres holds for minutes: sockets, transactions per second, and whether anything went wrong or missing. */
import { once } from 'node:events';
import postgres from 'postgres';
import { defineSchema, t, table } from 'tidemark/core';
import { encode } from 'tidemark/protocol';
import { createSyncServer, serve } from 'tidemark/server';
import { postgresStorage } from 'tidemark/server/postgres';
import { WebSocket } from 'ws';
import { makeHlc } from '../src/core/hlc.ts';
import { decode } from '../src/protocol/codec.ts';
import { type Measure, measure } from './measure.ts';

const SOCKETS = 1_000;
const SCOPES = 100;
/** Sockets that push, each its next transaction when the last one was acknowledged. */
const WRITERS = 100;
const BARE_CONNECTIONS = 16;
/** How much of the time the floor gets. */
const FLOOR_SHARE = 0.1;

const schema = defineSchema({
  version: 1,
  tables: {
    message: table(
      { id: t.text(), room: t.text(), body: t.text(), sent_at: t.timestamp() },
      { scope: { kind: 'room', by: 'room' }, indexes: [['room', 'sent_at']] },
    ),
  },
});

const BODY = 'High water came four minutes early, and the gauge at the bridge has not been read since noon. '.repeat(2);

interface Tally {
  readonly ackMs: number[];
  readonly toldMs: number[];
  readonly errors: string[];
}

/**
 * `WRITERS` of `SOCKETS` sockets write without a pause into `SCOPES` rooms; each transaction is told to all sockets of its room.
 * Floor: some connections of the bare driver, one insert and commit after the other, told to nobody.
 */
export async function pgHold(database: () => Promise<string>, minutes: number): Promise<Measure[]> {
  const url = await database();
  const server = createSyncServer({
    schema,
    storage: postgresStorage({ url }),
    auth: ({ token }) => ({ id: token ?? 'nobody' }),
    access: ({ id }) => {
      const room = `room:${Number(id.split('-')[1]) % SCOPES}`;
      return { read: [room], write: [room] };
    },
  });
  const running = await serve(server, { port: 0, hostname: '127.0.0.1' });
  const tally: Tally = { ackMs: [], toldMs: [], errors: [] };
  const { epoch } = await server.stats();
  const members = await join(`${running.url.replace('http', 'ws')}/v1/ws`, { epoch, tally });
  const residentBefore = process.memoryUsage().rss;
  const seconds = minutes * 60;
  const until = performance.now() + seconds * 1_000;
  const pings = setInterval(() => {
    for (const member of members) member.ping();
  }, 20_000);
  const counts = await Promise.all(members.slice(0, WRITERS).map((member) => member.writeUntil(until)));
  clearInterval(pings);
  const written = counts.reduce((sum, count) => sum + count, 0);
  const missed = await untilTold(members, counts);
  if (missed > 0) tally.errors.push(`${missed} transactions were not told`);
  const residentAfter = process.memoryUsage().rss;
  for (const member of members) member.close();
  await running.close();
  const floor = await bareCommits(url, seconds * FLOOR_SHARE);
  const note = `${minutes} min, ${SOCKETS} sockets in ${SCOPES} rooms, ${WRITERS} writing; ${written} transactions, ${tally.errors.length} errors${
    tally.errors[0] ? ` (${tally.errors[0]})` : ''
  }; resident memory ${mebibytes(residentBefore)} to ${mebibytes(residentAfter)} MiB, both ends`;
  return [
    measure('pg-hold', 'transactions/s', { values: [written / seconds], floors: [floor], note }),
    ...latencies('acknowledged', tally.ackMs),
    ...latencies('told', tally.toldMs),
  ];
}

function latencies(what: string, values: readonly number[]): Measure[] {
  const sorted = values.toSorted((a, b) => a - b);
  return [50, 95, 99].map((percent) =>
    measure(`pg-hold-${what}-p${percent}`, 'ms', {
      values: [sorted[Math.floor((sorted.length * percent) / 100)] ?? Number.NaN],
      floors: [],
    }),
  );
}

const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

async function join(url: string, options: { epoch: string; tally: Tally }): Promise<Member[]> {
  const members: Member[] = [];
  for (let made = 0; made < SOCKETS; made += 50) {
    const some = Array.from({ length: 50 }, (_, index) => new Member(url, { ...options, index: made + index }));
    await Promise.all(some.map((member) => member.open()));
    members.push(...some);
  }
  return members;
}

/** How many transactions never arrived somewhere, after a while of silence. */
async function untilTold(members: readonly Member[], counts: readonly number[]): Promise<number> {
  const missing = () =>
    members.reduce((sum, member, index) => {
      const expected = counts.filter((_, writer) => writer % SCOPES === index % SCOPES).reduce((a, b) => a + b, 0);
      return sum + Math.abs(expected - member.toldCount);
    }, 0);
  for (let tries = 0; tries < 100 && missing() > 0; tries += 1) await new Promise((done) => setTimeout(done, 100));
  return missing();
}

interface Frame {
  readonly type: string;
  readonly page?: { readonly transactions: readonly { readonly changes: readonly { key: string[] }[] }[] };
  readonly response?: { readonly outcomes: readonly { readonly outcome: string }[] };
  readonly error?: { readonly message: string };
}

/** One socket of one device, and what it heard. */
class Member {
  readonly #url: string;
  readonly #options: { readonly index: number; readonly epoch: string; readonly tally: Tally };
  #socket: WebSocket | null = null;
  #onPushed: (() => void) | null = null;
  #isClosing = false;
  #count = 0;
  toldCount = 0;

  constructor(url: string, options: { index: number; epoch: string; tally: Tally }) {
    this.#url = url;
    this.#options = options;
  }

  get #clientId(): string {
    return `device-${this.#options.index}`;
  }

  get #room(): string {
    return String(this.#options.index % SCOPES);
  }

  async open(): Promise<void> {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false });
    this.#socket = socket;
    await once(socket, 'open');
    const handshake = { protocol: 1, schemaVersion: 1, clientId: this.#clientId, capabilities: [] };
    socket.send(encode({ type: 'hello', token: this.#clientId, handshake }));
    await once(socket, 'message');
    socket.on('message', (bytes: Buffer) => this.#hear(decode(new Uint8Array(bytes)) as unknown as Frame));
    socket.on('close', () => this.#isClosing || this.#fail('a socket was closed'));
    const cursor = { epoch: this.#options.epoch, seq: 0 };
    socket.send(encode({ type: 'subscribe', cursor, scopes: [`room:${this.#room}`] }));
  }

  ping(): void {
    this.#socket?.send(encode({ type: 'ping', at: 1 }));
  }

  close(): void {
    this.#isClosing = true;
    this.#socket?.terminate();
  }

  async writeUntil(until: number): Promise<number> {
    while (performance.now() < until) {
      const startedAt = performance.now();
      const pushed = new Promise<void>((resolve) => {
        this.#onPushed = resolve;
      });
      this.#count += 1;
      this.#socket?.send(encode({ type: 'push', requestId: this.#count, request: this.#request() }));
      await pushed;
      this.#options.tally.ackMs.push(performance.now() - startedAt);
    }
    return this.#count;
  }

  #request() {
    const id = `${this.#clientId}.${this.#count}.${performance.now()}`;
    const sentAt = new Date().toISOString();
    const columns = { room: this.#room, body: BODY, sent_at: sentAt };
    const change = { table: 'message', key: [id], op: 'put' as const, columns };
    const hlc = makeHlc(Date.now(), this.#count % 1_000);
    const mutation = { mutationId: this.#count, hlc, base: 0, changes: [change] };
    return { clientId: this.#clientId, schemaVersion: 1, mutations: [mutation], decides: [] };
  }

  #hear({ type, page, response, error }: Frame): void {
    if (type === 'changes') return this.#told(page?.transactions ?? []);
    if (type === 'pong') return;
    if (type !== 'pushed') this.#fail(`${type}: ${error?.message ?? ''}`);
    else if (response?.outcomes[0]?.outcome !== 'applied')
      this.#fail(`answered with ${response?.outcomes[0]?.outcome}`);
    this.#onPushed?.();
  }

  #told(transactions: NonNullable<Frame['page']>['transactions']): void {
    this.toldCount += transactions.length;
    for (const { changes } of transactions) {
      const sentAt = Number(changes[0]?.key[0]?.split('.').slice(2).join('.'));
      this.#options.tally.toldMs.push(performance.now() - sentAt);
    }
  }

  #fail(what: string): void {
    this.#options.tally.errors.push(what);
  }
}

async function bareCommits(url: string, seconds: number): Promise<number> {
  const sql = postgres(url, { max: BARE_CONNECTIONS, onnotice: () => undefined });
  await sql.unsafe(
    'CREATE TABLE bare AS SELECT * FROM message WITH NO DATA; ALTER TABLE bare ADD PRIMARY KEY (id); CREATE INDEX ON bare (room, sent_at)',
  );
  const until = performance.now() + seconds * 1_000;
  const write = async (writer: number) => {
    let count = 0;
    for (; performance.now() < until; count += 1) {
      await sql`INSERT INTO bare VALUES (${`${writer}.${count}`}, ${String(writer)}, ${BODY}, now())`;
    }
    return count;
  };
  const counts = await Promise.all(Array.from({ length: BARE_CONNECTIONS }, (_, writer) => write(writer)));
  await sql.end();
  return counts.reduce((sum, count) => sum + count, 0) / seconds;
}

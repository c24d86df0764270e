/** A server that fails in every way for an hour, met by the real transport, loop and store; then it is well. */
import { afterEach, expect, test } from 'vitest';
import type { SyncStatus } from '../../../../src/client/types.ts';
import { createServer, type SyncServer } from '../../../../src/server/edge/create-sync-server.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';
import type { ManualRuntime } from '../../../../src/testing/manual-runtime.ts';
import { httpTransport } from '../../../../src/transport/http-transport.ts';
import type { Fetch } from '../../../../src/transport/post.ts';
import { FaultyTransport, openWorld, RealDevice, trackerSchema, type World } from './support/real-parts.ts';

const badAnswers = ['429', '500', '503', '401', 'nonsense', 'wrong type', 'nothing'] as const;
type BadAnswer = (typeof badAnswers)[number];

const URL_OF_SERVER = 'http://sync.test';
const HOUR_MS = 3_600_000;
const RETRY_AFTER_S = 12;
const BACK_WITHIN_MS = 10_000;

let world: World;
let device: RealDevice;
afterEach(async () => {
  await device.close();
  await world.close();
});

/** Stands before the real server: lets through, or answers as a server should not, whether or not the request was done. */
class BadFront {
  readonly #runtime: ManualRuntime;
  readonly #server: SyncServer;
  /** What comes next; null: the server's own answer. */
  next: () => BadAnswer | null = () => null;
  requestCount = 0;
  readonly seen = new Set<BadAnswer>();
  /** Until when it has asked to be left alone (monotonic clock). */
  asksUntil = 0;
  readonly tooSoon: string[] = [];

  constructor(runtime: ManualRuntime, server: SyncServer) {
    this.#runtime = runtime;
    this.#server = server;
  }

  readonly fetch: Fetch = async (url, init) => {
    this.requestCount += 1;
    if (url.includes('/events')) this.begun(url);
    const bad = this.next();
    if (bad === null) return this.#server.fetch(new Request(url, init));
    this.seen.add(bad);
    const isStream = url.includes('/events');
    // What was done and not acknowledged is the hard case.
    if (!isStream && this.#runtime.random() < 0.5) await this.#server.fetch(new Request(url, init));
    return this.#answer(bad, init.signal ?? null);
  };

  /** A round or a channel begins. What is on its way already when another is sent away may end. */
  begun(what: string): void {
    const early = Math.round(this.asksUntil - this.#runtime.elapsed());
    if (early > 0) this.tooSoon.push(`${what} ${early} ms before its time`);
  }

  #answer(bad: BadAnswer, signal: AbortSignal | null): Response | Promise<Response> {
    const asks = { 'retry-after': String(RETRY_AFTER_S) };
    if (bad === '429' || bad === '503') this.asksUntil = this.#runtime.elapsed() + RETRY_AFTER_S * 1_000;
    switch (bad) {
      case '429':
        return new Response('Too many requests', { status: 429, headers: asks });
      case '500':
        return new Response('<html>Oops</html>', { status: 500, headers: { 'content-type': 'text/html' } });
      case '503':
        return new Response(null, { status: 503, headers: asks });
      case '401':
        return new Response(null, { status: 401 });
      case 'nonsense':
        return new Response(new Uint8Array([0xff, 0x00, 0x9f, 0x42]), {
          headers: { 'content-type': 'application/cbor' },
        });
      case 'wrong type':
        return new Response('<html>Please accept our terms</html>', { headers: { 'content-type': 'text/html' } });
      case 'nothing':
        return new Promise((_, reject) => {
          if (signal?.aborted) reject(signal.reason);
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
    }
  }
}

interface Ledger {
  readonly written: string[];
  settledCount: number;
  readonly dishonest: SyncStatus[];
}

async function openDevice(seed: number): Promise<{ front: BadFront; ledger: Ledger; write(): Promise<void> }> {
  world = await openWorld(seed);
  const { runtime, service } = world;
  const server = createServer(Promise.resolve(service), {
    schema: trackerSchema,
    runtime,
    auth: ({ token }) => (token?.startsWith('token-') ? { id: 'ada' } : null),
  });
  const front = new BadFront(runtime, server);
  const ledger: Ledger = { written: [], settledCount: 0, dishonest: [] };
  const check = () => {
    const status = device?.loop.status();
    if (status?.phase === 'synced' && ledger.settledCount < ledger.written.length) ledger.dishonest.push(status);
  };
  let tokenCount = 0;
  const http = httpTransport({
    url: URL_OF_SERVER,
    fetch: front.fetch,
    WebSocket: null,
    runtime,
    getToken: ({ refresh }) => {
      if (refresh) tokenCount += 1;
      return `token-${tokenCount}`;
    },
  });
  device = new RealDevice({
    runtime,
    transport: new FaultyTransport(http, { runtime, share: 0 }),
    database: await openMemoryDatabase(),
    loopOptions: {
      onSettled: (outcomes) => {
        ledger.settledCount += outcomes.length;
      },
      onEvent: (event) => {
        if (event.type === 'sync-started') front.begun(`round (${event.trigger})`);
        check();
      },
      onStateChanged: check,
    },
  });
  device.loop.start();
  await runtime.advance(1_000);
  await device.write("INSERT INTO issue (id, title) VALUES ('counted', 'Counts what took effect')");
  ledger.written.push('counted');
  await runtime.advance(1_000);
  expect(device.loop.status().phase).toBe('synced');
  return {
    front,
    ledger,
    async write() {
      const id = `i${ledger.written.length}`;
      ledger.written.push(id);
      // A row and a count in one transaction: lost or doubled, it shows.
      await device.gate.exclusive(() => {
        device.store.beginWrite();
        device.store.runWrite('INSERT INTO issue (id, title) VALUES (?, ?)', [id, id]);
        device.store.runWrite("UPDATE issue SET votes = votes + 1 WHERE id = 'counted'", []);
        device.store.commitWrite({ writeId: id, now: runtime.now() });
      });
      device.loop.written();
    },
  };
}

/** What a device that never met the bad server has. */
async function seenByOthers(): Promise<{ rowCount: number; votes: unknown }> {
  const other = await world.device();
  other.loop.start();
  await world.runtime.advance(1_000);
  const rows = other.rows('issue');
  await other.close();
  return { rowCount: rows.length, votes: rows.find(([id]) => id === 'counted')?.[3] };
}

test.each([1, 2])(
  'X8: an hour of a server that fails in every way is survived, and caught up with (seed %i)',
  {
    timeout: 120_000,
  },
  async (seed) => {
    const { front, ledger, write } = await openDevice(seed);
    const { runtime } = world;
    const oneOf = () => badAnswers[Math.floor(runtime.random() * badAnswers.length)] ?? '500';
    // Now and then one gets through, so that the others meet pushes and pulls too, and not only handshakes.
    front.next = () => (runtime.random() < 0.3 ? null : oneOf());
    front.requestCount = 0;
    for (let at = 0; at < HOUR_MS; at += 20_000) {
      await write();
      await runtime.advance(20_000);
    }
    const inTheHour = front.requestCount;
    expect(front.seen.size).toBe(badAnswers.length);
    // Every few seconds while somebody looks, and never faster for long.
    expect(inTheHour).toBeLessThan(1_200);

    const took: Record<string, number> = {};
    for (const last of badAnswers) {
      front.next = () => last;
      await write();
      await runtime.advance(60_000);
      expect(device.loop.status().phase).not.toBe('synced');
      front.next = () => null;
      const since = runtime.elapsed();
      const asked = Math.max(0, front.asksUntil - since);
      const withinMs = asked + BACK_WITHIN_MS;
      while (device.loop.status().phase !== 'synced' && runtime.elapsed() - since < 60_000) await runtime.advance(250);
      took[last] = runtime.elapsed() - since;
      expect([last, took[last] <= withinMs, took[last]]).toEqual([last, true, took[last]]);
      expect(device.loop.status()).toMatchObject({ pendingCount: 0, rejectedCount: 0, conflictCount: 0, error: null });
    }

    expect(front.tooSoon).toEqual([]);
    expect(ledger.dishonest).toEqual([]);
    expect(ledger.settledCount).toBe(ledger.written.length);
    expect(await seenByOthers()).toEqual({ rowCount: ledger.written.length, votes: ledger.written.length - 1 });
    console.info(`${inTheHour} requests in the hour; back after ${JSON.stringify(took)} ms`);
  },
);

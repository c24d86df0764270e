import { beforeEach, expect, test } from 'vitest';
import { encode } from '../../../src/protocol/codec.ts';
import { type ManualRuntime, manualRuntime } from '../../../src/testing/manual-runtime.ts';
import { EventChannel } from '../../../src/transport/event-channel.ts';
import type { RealtimeEvent } from '../../../src/transport/transport.ts';

const hello = { protocol: 1, schemaVersion: 1, capabilities: [], epoch: 'e', head: 0, serverTime: 0, subject: 's' };
const welcome = encode({ type: 'welcome', handshake: { ...hello, scopes: ['*'], limits: {} } });

let runtime: ManualRuntime;
let events: RealtimeEvent[];
let asked: URL[];
let isAttended: boolean;
let beatMs: number | null;
let stream: ReadableStreamDefaultController<Uint8Array>;

beforeEach(() => {
  runtime = manualRuntime();
  events = [];
  asked = [];
  isAttended = true;
  beatMs = 2_500;
});

/** A server that opens streams, and writes what the test lets it write. */
const fetch = async (url: string) => {
  asked.push(new URL(url));
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      stream = controller;
    },
  });
  const headers = { 'content-type': 'text/event-stream', ...(beatMs ? { 'tidemark-beat': String(beatMs) } : {}) };
  return new Response(body, { headers });
};

async function open(get: typeof fetch = fetch): Promise<EventChannel> {
  const channel = new EventChannel({
    url: 'http://test/v1/events',
    fetch: get,
    getToken: undefined,
    runtime,
    maxAgeMs: Number.POSITIVE_INFINITY,
    isAttended: () => isAttended,
    handshake: { protocol: 1, schemaVersion: 1, clientId: 'a', capabilities: [] },
    listener: (event) => events.push(event),
  });
  await runtime.advance(0);
  return channel;
}

async function write(text: string): Promise<void> {
  stream.enqueue(new TextEncoder().encode(text));
  await runtime.advance(0);
}

const kinds = () => events.map((event) => (event.type === 'closed' ? event.error.kind : event.type));
const greet = () => write(`data: ${Buffer.from(welcome).toString('base64')}\n\n`);

test('while somebody looks, signs of life are asked for often, and a stream without them ends within seconds', async () => {
  await open();
  await greet();
  expect(asked[0]?.searchParams.get('beat')).toBe('2500');
  for (let count = 0; count < 3; count += 1) {
    await runtime.advance(6_000);
    await write(': still here\n\n');
  }
  await runtime.advance(6_249);
  expect(kinds()).toEqual(['open']);
  await runtime.advance(1);
  expect(kinds()).toEqual(['open', 'network']);
});

test('while nobody looks they are rare, and somebody who comes back gets another stream', async () => {
  isAttended = false;
  beatMs = 10_000;
  const channel = await open();
  await greet();
  expect(asked[0]?.searchParams.has('beat')).toBe(false);
  await runtime.advance(24_999);
  expect(kinds()).toEqual(['open']);
  channel.check();
  expect(kinds()).toEqual(['open', 'network']);
});

test('a server that agrees on nothing gets its time', async () => {
  beatMs = null;
  await open();
  await greet();
  await runtime.advance(24_999);
  expect(kinds()).toEqual(['open']);
  await runtime.advance(1);
  expect(kinds()).toEqual(['open', 'network']);
});

test('one that is lively is left alone when somebody comes back', async () => {
  const channel = await open();
  await greet();
  channel.check();
  expect(kinds()).toEqual(['open']);
});

test('a stream that does not open is given up within seconds while somebody looks', async () => {
  await open(() => new Promise(() => {}));
  await runtime.advance(7_999);
  expect(kinds()).toEqual([]);
  await runtime.advance(1);
  expect(kinds()).toEqual(['network']);
});

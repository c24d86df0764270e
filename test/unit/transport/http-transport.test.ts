import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { encode } from '../../../src/protocol/codec.ts';
import type { PullRequest } from '../../../src/protocol/messages/pull.ts';
import { SyncError } from '../../../src/shared/error.ts';
import { manualRuntime } from '../../../src/testing/manual-runtime.ts';
import { type HttpTransportOptions, httpTransport } from '../../../src/transport/http-transport.ts';
import { BRIEF_MS } from '../../../src/transport/patience.ts';

const request: PullRequest = { clientId: 'a', schemaVersion: 1, cursor: null, scopes: [], resume: null };
const cbor = { 'content-type': 'application/cbor' };

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** A server that is not ours. */
async function listen(answer: RequestListener): Promise<string> {
  server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function pullError(options: HttpTransportOptions): Promise<SyncError> {
  const thrown = await httpTransport(options)
    .pull(request)
    .catch((error: unknown) => error);
  if (thrown instanceof SyncError) return thrown;
  throw new Error(`Expected a SyncError, received ${String(thrown)}.`);
}

describe('an answer that is not of a sync server', () => {
  test.each([
    [200, 'server'],
    [204, 'server'],
    [400, 'server'],
    [401, 'needs-auth'],
    [403, 'server'],
    [404, 'server'],
    [413, 'too-large'],
    [429, 'rate-limited'],
    [500, 'server'],
    [502, 'server'],
    [503, 'server'],
  ])('with status %i is `%s`', async (status, kind) => {
    const url = await listen((_, response) => {
      response.writeHead(status, { 'content-type': 'text/html' });
      response.end(status === 204 ? undefined : '<html>');
    });
    const error = await pullError({ url });
    expect(error.kind).toBe(kind);
    expect(error.details.status).toBe(status);
  });

  test('tells when to come back', async () => {
    const url = await listen((_, response) => response.writeHead(429, { 'retry-after': '7' }).end());
    expect((await pullError({ url })).details.retryAfterMs).toBe(7000);
  });

  test('tells it by a date, too, which counts from its own clock', async () => {
    const date = 'Sat, 21 Nov 1970 12:00:00 GMT';
    const url = await listen((_, response) =>
      response.writeHead(503, { date, 'retry-after': 'Sat, 21 Nov 1970 12:00:04 GMT' }).end(),
    );
    expect((await pullError({ url })).details).toEqual({ status: 503, retryAfterMs: 4000 });
  });

  test.each([
    ['in words', 'soon'],
    ['by half a number', '7s'],
    ['by nothing', ''],
  ])('may tell it %s, which is not read', async (_, when) => {
    const url = await listen((_, response) => response.writeHead(503, { 'retry-after': when }).end());
    expect((await pullError({ url })).details).toEqual({ status: 503 });
  });
});

describe('an answer that says to be CBOR', () => {
  const answering = (status: number, body: Uint8Array) =>
    listen((_, response) => response.writeHead(status, cbor).end(body));

  test('and is not, is `server`', async () => {
    expect((await pullError({ url: await answering(200, new Uint8Array([0xff])) })).kind).toBe('server');
  });

  test('and is another message, is `server`', async () => {
    const error = await pullError({ url: await answering(200, encode({ some: 'thing' })) });
    expect(error.kind).toBe('server');
    expect(error.message).toContain('epoch');
  });

  test('and is an error, is that error', async () => {
    const body = encode({ kind: 'resync', message: 'Too old.' });
    const error = await pullError({ url: await answering(409, body) });
    expect([error.kind, error.message]).toEqual(['resync', 'Too old.']);
  });

  test('and is an error of a kind unknown here, is `server`', async () => {
    const body = encode({ kind: 'sulking', message: 'No.', retryAfterMs: 5 });
    expect(await pullError({ url: await answering(418, body) })).toMatchObject({
      kind: 'server',
      details: { status: 418, retryAfterMs: 5 },
    });
  });
});

describe('the network', () => {
  test('refusing is `network`', async () => {
    const url = await listen(() => {});
    server?.close();
    await once(server as Server, 'close');
    expect((await pullError({ url })).kind).toBe('network');
  });

  test('breaking before the answer is `network`', async () => {
    const url = await listen((incoming) => incoming.socket.destroy());
    expect((await pullError({ url })).kind).toBe('network');
  });

  test('breaking within the answer is `network`', async () => {
    const url = await listen((_, response) => {
      response.writeHead(200, { ...cbor, 'content-length': '1000' });
      response.write('part', () => response.destroy());
    });
    expect((await pullError({ url })).kind).toBe('network');
  });
});

describe('time', () => {
  test('without an answer ends in `timeout`', async () => {
    const runtime = manualRuntime();
    let ask = () => {};
    const asked = new Promise<void>((resolve) => {
      ask = resolve;
    });
    const url = await listen(() => ask());
    const pulled = pullError({ url, runtime, timeoutMs: 1000 });
    await asked;
    await runtime.advance(2000);
    expect((await pulled).kind).toBe('timeout');
    expect(runtime.timerCount).toBe(0);
  });

  test('begins anew with each piece of the answer', async () => {
    const runtime = manualRuntime();
    let send: (bytes: Uint8Array) => void = () => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (bytes) => (bytes.length > 0 ? controller.enqueue(bytes) : controller.close());
      },
    });
    const fetch = async () => new Response(body, { headers: cbor });
    const pulled = pullError({ url: 'http://test', fetch, runtime, timeoutMs: 1000 });
    await runtime.advance(900);
    for (const byte of [0x82, 0x01]) {
      send(new Uint8Array([byte]));
      await runtime.advance(900);
    }
    send(new Uint8Array());
    // It was read to its end: what is wrong with it is not the time.
    expect((await pulled).message).toContain('cannot be read');
  });

  test('is not wasted on a handshake that is lost on a slow line: a second one is sent beside it', async () => {
    const runtime = manualRuntime();
    const hello = { protocol: 1, schemaVersion: 1, capabilities: [], epoch: 'e', head: 0, serverTime: 0 };
    const body = encode({ ...hello, subject: 's', scopes: [], limits: {} }) as Uint8Array<ArrayBuffer>;
    const answers: (() => void)[] = [];
    const fetch = () =>
      new Promise<Response>((resolve) => answers.push(() => resolve(new Response(body, { headers: cbor }))));
    const transport = httpTransport({ url: 'http://test', fetch, runtime });
    const handshake = () => transport.handshake({ protocol: 1, schemaVersion: 1, clientId: 'a', capabilities: [] });
    const first = handshake();
    await runtime.advance(3_000);
    answers[0]?.();
    await first;
    const second = handshake();
    await runtime.advance(BRIEF_MS);
    expect(answers).toHaveLength(3);
    answers[2]?.();
    expect(await second).toMatchObject({ epoch: 'e' });
    expect(runtime.timerCount).toBe(0);
  });

  test('is not wasted on a fetch that minds no signal', async () => {
    const runtime = manualRuntime();
    const pulled = pullError({ url: 'http://test', fetch: () => new Promise(() => {}), runtime, timeoutMs: 1000 });
    await runtime.advance(2000);
    expect((await pulled).kind).toBe('timeout');
  });

  test('is not wasted on a token that never comes', async () => {
    const runtime = manualRuntime();
    const getToken = () => new Promise<string>(() => {});
    const pulled = pullError({ url: 'http://test', getToken, runtime, timeoutMs: 1000 });
    await runtime.advance(2000);
    expect((await pulled).kind).toBe('timeout');
  });
});

test.each(['/sync', 'sync', 'ftp://example.org', ''])('the url %j is refused: it must be absolute', (url) => {
  expect(() => httpTransport({ url })).toThrow(/http:\/\/ or https:\/\//);
});

test('a place without WebSocket has no channel', async () => {
  const transport = httpTransport({ url: 'http://test', WebSocket: null });
  const handshake = { protocol: 1, schemaVersion: 1, clientId: 'a', capabilities: [] };
  const kind = await new Promise((resolve) => {
    transport.connect(handshake, (event) => resolve(event.type === 'closed' && event.error.kind));
  });
  expect(kind).toBe('network');
});

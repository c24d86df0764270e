/** What a server meets in production: too many calls, packed bodies, probes, scrapes, traces, and its own end. */
import { gzipSync, zstdDecompressSync } from 'node:zlib';
import { trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../src/protocol/codec.ts';
import type { RateLimiter } from '../../src/server/edge/limiter.ts';
import type { SpanLike, TracerLike } from '../../src/server/edge/tracing.ts';
import { SyncError } from '../../src/shared/error.ts';
import { httpTransport } from '../../src/transport/http-transport.ts';
import { hello, pullFromStart, push, start } from './server-edge-harness.ts';

const auth = ({ token }: { token: string | null }) => (token === null ? null : { id: token });
const as = (who: string, rest: Record<string, string> = {}) => ({ authorization: `Bearer ${who}`, ...rest });

describe('too many calls', () => {
  test('of one identity are refused with the time to wait, and nobody else’s', async () => {
    const { post } = await start({ auth, rateLimit: { perIdentity: { points: 3, durationS: 60 } } });
    for (let n = 0; n < 3; n++) expect((await post('/v1/handshake', hello, as('ada'))).status).toBe(200);
    const refused = await post('/v1/handshake', hello, as('ada'));
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers.get('retry-after'));
    // What is left of the minute, and not just any time.
    expect(seconds).toBeGreaterThan(20);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(refused.message).toMatchObject({ kind: 'rate-limited', retryAfterMs: expect.any(Number) });
    expect((await post('/v1/handshake', { ...hello, clientId: 'b' }, as('ben'))).status).toBe(200);
  });

  test('of one address are refused before anybody is asked who they are', async () => {
    let asked = 0;
    const { post, socket } = await start({
      auth: () => {
        asked++;
        return null;
      },
      rateLimit: { perAddress: { points: 2, durationS: 60 } },
    });
    for (let n = 0; n < 2; n++) expect((await post('/v1/pull', pullFromStart)).status).toBe(401);
    expect((await post('/v1/pull', pullFromStart)).status).toBe(429);
    expect(await (await socket()).greet('guess')).toMatchObject({ type: 'error', error: { kind: 'rate-limited' } });
    expect(asked).toBe(2);
  });

  test('of one identity are refused on a socket too, without ending it', async () => {
    const { socket } = await start({ auth, rateLimit: { perIdentity: { points: 1, durationS: 60 } } });
    const one = await socket();
    await one.greet('ada');
    one.send({ type: 'push', requestId: 1, request: push(1, 'x') });
    expect(await one.next()).toMatchObject({ type: 'pushed', requestId: 1 });
    one.send({ type: 'push', requestId: 2, request: push(2, 'y') });
    const error = { kind: 'rate-limited', retryAfterMs: expect.any(Number) };
    expect(await one.next()).toMatchObject({ type: 'push-failed', requestId: 2, error });
  });

  test('of one address are refused where they ask for events', async () => {
    const { running } = await start({ rateLimit: { perAddress: { points: 1, durationS: 60 } } });
    const ask = () => fetch(`${running.url}/v1/events?clientId=a`);
    const first = await ask();
    expect([first.status, (await ask()).status]).toEqual([200, 429]);
    await first.body?.cancel();
  });

  test('are counted in a store that is closed with the server', async () => {
    let isClosed = false;
    const close = async () => {
      isClosed = true;
    };
    const store = Object.assign(() => ({ consume: async () => {} }), { close });
    const { running } = await start({ rateLimit: { store } });
    await running.close();
    expect(isClosed).toBe(true);
  });

  test('are counted by the address that our own proxy saw, not by what the caller wrote', async () => {
    const { post } = await start({ rateLimit: { perAddress: { points: 1, durationS: 60 }, proxyCount: 1 } });
    const from = (address: string) => post('/v1/handshake', hello, { 'x-forwarded-for': `9.9.9.9, ${address}` });
    expect((await from('1.1.1.1')).status).toBe(200);
    expect((await from('1.1.1.1')).status).toBe(429);
    expect((await from('2.2.2.2')).status).toBe(200);
    expect((await from('2001:db8:1:2::1')).status).toBe(200);
    expect((await from('2001:db8:1:2:ffff::9')).status).toBe(429);
  });

  test('of people who need not sign in are counted by address: nobody uses up what belongs to all of them', async () => {
    const rateLimit = { perIdentity: { points: 2, durationS: 60 }, perAddress: { points: 4, durationS: 60 } };
    const { post } = await start({ rateLimit: { ...rateLimit, proxies: ['127.0.0.1'] } });
    const from = async (address: string) =>
      (await post('/v1/handshake', hello, { 'x-forwarded-for': `9.9.9.9, ${address}` })).status;
    for (let n = 0; n < 4; n++) expect(await from('1.1.1.1')).toBe(200);
    expect(await from('1.1.1.1')).toBe(429);
    expect(await from('2.2.2.2')).toBe(200);
  });

  test('are counted in a store of one’s own; one that is down keeps nobody out', async () => {
    const keys: string[] = [];
    const store = ({ keyPrefix }: { keyPrefix: string }): RateLimiter => ({
      async consume(key) {
        keys.push(`${keyPrefix} ${key}`);
        throw new Error('connection refused');
      },
    });
    const { post, log } = await start({ auth, rateLimit: { store } });
    expect((await post('/v1/handshake', hello, as('ada'))).status).toBe(200);
    expect(keys).toEqual([expect.stringMatching(/^tidemark_address /), 'tidemark_identity ada']);
    expect(log.filter(({ message }) => message === 'the store of rate limits is down')).toHaveLength(2);
  });

  test('by a client that waits as it is told', async () => {
    const { running } = await start({ auth, rateLimit: { perIdentity: { points: 1, durationS: 60 } } });
    const transport = httpTransport({ url: running.url, getToken: () => 'ada', WebSocket: null });
    await transport.handshake(hello);
    const refused = await transport.handshake(hello).catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: 'rate-limited', details: { retryAfterMs: expect.any(Number) } });
    transport.close();
  });
});

describe('packed bodies', () => {
  const packed = { 'content-encoding': 'gzip' };

  test('of requests are unpacked', async () => {
    const { post, server } = await start();
    const body = gzipSync(encode(push(1, 'x'.repeat(100_000))));
    expect(body.length).toBeLessThan(1000);
    expect((await post('/v1/push', body, packed)).status).toBe(200);
    expect((await server.stats()).head).toBe(1);
  });

  test('are what a client sends when they are large, once it knows that the server takes them', async () => {
    const { running, server } = await start();
    const encodings: (string | undefined)[] = [];
    const transport = httpTransport({
      url: running.url,
      WebSocket: null,
      fetch: (url, init) => {
        encodings.push((init.headers as Record<string, string>)['content-encoding']);
        return fetch(url, init);
      },
    });
    const large = push(1, 'x'.repeat(100_000));
    await transport.push(large);
    await transport.handshake(hello);
    await transport.push(large);
    await transport.push(push(2, 'small'));
    expect(encodings).toEqual([undefined, undefined, 'gzip', undefined]);
    expect((await server.stats()).head).toBe(2);
    transport.close();
  });

  test('are refused where nobody can unpack them', async () => {
    const { post } = await start();
    const { status, message } = await post('/v1/push', push(1, 'x'), { 'content-encoding': 'br' });
    expect([status, message.kind]).toEqual([400, 'protocol']);
  });

  test('that are bombs are given up on at the limit', async () => {
    const { post } = await start();
    const bomb = gzipSync(new Uint8Array(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await post('/v1/push', bomb, packed)).toMatchObject({ status: 413, message: { kind: 'too-large' } });
  });

  test.each([
    ['that are damaged', gzipSync(encode(hello)).subarray(0, 20), 'gzip'],
    ['that are not packed', encode(hello), 'gzip'],
    ['in an encoding that is not taken', encode(hello), 'br'],
    ['packed twice', gzipSync(gzipSync(encode(hello))), 'gzip, gzip'],
  ])('%s are refused', async (_name, body, encoding) => {
    const { post } = await start();
    const answer = await post('/v1/handshake', body, { 'content-encoding': encoding });
    expect(answer).toMatchObject({ status: 400, message: { kind: 'protocol' } });
  });

  test('of answers come in zstd where both sides can', async () => {
    const { post, server } = await start();
    await post('/v1/push', push(1, 'x'.repeat(100_000)));
    const headers = { 'content-type': 'application/cbor', 'accept-encoding': 'gzip, zstd' };
    const body = encode(pullFromStart) as Uint8Array<ArrayBuffer>;
    const response = await server.fetch(new Request('http://server/v1/pull', { method: 'POST', headers, body }));
    expect(response.headers.get('content-encoding')).toBe('zstd');
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(bytes.length).toBeLessThan(2000);
    expect(decode(new Uint8Array(zstdDecompressSync(bytes)))).toMatchObject({ head: 1 });
  });
});

test('every answer says that it is no page', async () => {
  const { running, post } = await start();
  const answers = await Promise.all(
    ['/nowhere', '/health', '/v1/version', '/v1/push', '/v1/ws', '/metrics', '/v1/events?clientId=a'].map((path) =>
      fetch(running.url + path),
    ),
  );
  for (const one of [(await post('/v1/handshake', hello)).headers, ...answers.map(({ headers }) => headers)]) {
    expect(one.get('x-content-type-options')).toBe('nosniff');
    expect(one.get('content-security-policy')).toContain("default-src 'none'");
    expect(one.get('referrer-policy')).toBe('no-referrer');
  }
  await Promise.all(answers.map(({ body }) => body?.cancel()));
});

describe('probes', () => {
  test('find a server alive and ready', async () => {
    const { running } = await start();
    const get = async (path: string) => (await fetch(running.url + path)).status;
    expect([await get('/health'), await get('/health/live'), await get('/health/ready')]).toEqual([200, 200, 200]);
    expect([await get('/sync/health/ready'), await get('/health/other')]).toEqual([200, 404]);
  });

  test('find one that is stopping alive, and not ready', async () => {
    const { server } = await start();
    await server.close();
    const get = async (path: string) => (await server.fetch(new Request(`http://server${path}`))).status;
    expect([await get('/health/live'), await get('/health/ready')]).toEqual([200, 503]);
  });
});

describe('metrics', () => {
  test('count calls, mutations, outcomes and connections', async () => {
    const { post, socket, running } = await start({ monitor: 'prometheus' });
    const one = await socket();
    await one.greet();
    await post('/v1/push', { ...push(1, 'x', 'b'), mutations: [1, 2].flatMap((id) => push(id, 'x', 'b').mutations) });
    await post('/v1/push', { nonsense: true });
    const response = await fetch(`${running.url}/metrics`, { headers: as('prometheus') });
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    expect(text).toContain('tidemark_call_duration_seconds_count{call="push",outcome="ok"} 1');
    expect(text).toContain('tidemark_call_duration_seconds_count{call="push",outcome="protocol"} 1');
    expect(text).toContain('tidemark_push_mutations_sum 2');
    expect(text).toContain('tidemark_mutations_total{outcome="applied"} 2');
    expect(text).toContain('tidemark_connections 1');
    expect(text).toContain('tidemark_head 2');
  });

  test('measure how long changes take to go out', async () => {
    const { post, socket, running, server } = await start();
    const one = await socket();
    await one.greet();
    const { epoch } = await server.stats();
    one.send({ type: 'subscribe', cursor: { epoch, seq: 0 }, scopes: ['*'] });
    await post('/v1/push', push(1, 'x', 'b'));
    expect(await one.next()).toMatchObject({ type: 'changes' });
    expect(await (await fetch(`${running.url}/metrics`)).text()).toMatch(/tidemark_fanout_lag_seconds_count 1/);
  });

  test('are for the monitor alone', async () => {
    const { running } = await start({ auth, monitor: 'prometheus' });
    const status = async (headers = {}) => (await fetch(`${running.url}/metrics`, { headers })).status;
    expect([await status(), await status(as('ada')), await status(as('prometheus'))]).toEqual([401, 403, 200]);
    for (const nearly of ['prometheu', 'prometheus2', 'Prometheus']) expect(await status(as(nearly))).toBe(403);
  });
});

test('a tracer gets a span for each call, with the kind of what failed', async () => {
  const spans: { name: string; attributes: Record<string, unknown>; code?: number; isEnded: boolean }[] = [];
  const tracer: TracerLike = {
    startActiveSpan<T>(name: string, run: (span: SpanLike) => T): T {
      const span: (typeof spans)[number] = { name, attributes: {}, isEnded: false };
      spans.push(span);
      return run({
        setAttribute: (key, value) => Object.assign(span.attributes, { [key]: value }),
        setStatus: ({ code }) => Object.assign(span, { code }),
        end: () => void Object.assign(span, { isEnded: true }),
      });
    },
  };
  const { post } = await start({ tracer });
  await post('/v1/handshake', hello);
  await post('/v1/push', { nonsense: true });
  expect(spans).toEqual([
    { name: 'tidemark.handshake', attributes: {}, isEnded: true },
    { name: 'tidemark.push', attributes: { 'tidemark.error.kind': 'protocol' }, code: 2, isEnded: true },
  ]);
  // The tracer of OpenTelemetry itself fits, and does nothing until an SDK is there.
  const real = await start({ tracer: trace.getTracer('tidemark') });
  expect((await real.post('/v1/handshake', hello)).status).toBe(200);
});

test('a log of pino never holds a token or a value, whatever goes wrong', async () => {
  const canary = 'Canary7391';
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line) => void lines.push(line) });
  const { post, socket, running } = await start({
    logger,
    auth: ({ token }) => {
      if (token === `${canary}-broken`) throw new Error('The session store is down.');
      return token === null ? null : { id: 'ada' };
    },
    validate: {
      note: () => {
        throw new SyncError('rejected', 'Not today.');
      },
    },
    rateLimit: { perIdentity: { points: 20, durationS: 60 } },
  });
  const token = as(canary);
  await post('/v1/handshake', { ...hello, deviceName: canary }, token);
  await post('/v1/push', push(1, canary), token);
  await post('/v1/push', { ...push(2, canary), schemaVersion: canary }, token);
  await post('/v1/push', new TextEncoder().encode(canary), token);
  await post('/v1/push', push(3, canary), as(`${canary}-broken`));
  await fetch(`${running.url}/v1/${canary}?token=${canary}`, { headers: { cookie: canary } }).then((one) => one.text());
  const one = await socket({ path: `/v1/ws?token=${canary}` });
  await one.greet(canary);
  one.send({ type: 'push', requestId: 1, request: { ...push(4, canary), decides: [canary] } });
  await one.next();
  one.send({ type: canary });
  await one.closed();
  expect(lines.length).toBeGreaterThan(8);
  expect(lines.filter((line) => line.includes(canary))).toEqual([]);
});

test('a stop does not wait for a call that never ends', async () => {
  const hanging = Promise.withResolvers<void>();
  const { running, post } = await start(
    { auth: () => ({ id: 'ada' }), validate: { note: () => hanging.promise } },
    { graceMs: 100 },
  );
  const lost = post('/v1/push', push(1, 'x')).catch((error: unknown) => error);
  await expect.poll(async () => (await fetch(`${running.url}/v1/stats`)).json()).toMatchObject({ requestCount: 1 });
  await running.close();
  expect(await lost).toBeInstanceOf(Error);
  hanging.resolve();
});

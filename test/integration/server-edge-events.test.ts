import { describe, expect, test } from 'vitest';
import { defineSchema, t, table } from '../../src/core/schema.ts';
import { decode, encode, type WireMap } from '../../src/protocol/codec.ts';
import { manualRuntime } from '../../src/testing/manual-runtime.ts';
import { httpTransport } from '../../src/transport/http-transport.ts';
import { readEvents } from '../../src/transport/server-sent-events.ts';
import type { WebSocketConstructor } from '../../src/transport/web-socket.ts';
import { Events } from '../contract/transport.ts';
import { type Harness, hello, pullFromStart, push, start } from './server-edge-harness.ts';

/** The frames of a stream, one by one; undefined at its end. */
async function open({ running }: Harness, query: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${running.url}/v1/events?${query}`, { headers });
  const events = readEvents(response);
  const next = async (): Promise<WireMap | undefined> => {
    for (;;) {
      const { value, done } = await events.next();
      if (done) return undefined;
      if (value !== null) return decode(new Uint8Array(Buffer.from(value, 'base64'))) as WireMap;
    }
  };
  return { response, next };
}

describe('an event stream', () => {
  test('begins with a welcome and brings what is committed after a cursor', async () => {
    const harness = await start();
    const { epoch } = await harness.server.stats();
    const { response, next } = await open(harness, `clientId=a&epoch=${epoch}&seq=0&scope=*`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-store, no-transform');
    // Or a proxy keeps the events until there are enough of them.
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(await next()).toMatchObject({ type: 'welcome', handshake: { subject: 'anonymous' } });
    await harness.post('/v1/push', push(1, 'hi', 'b'));
    expect(await next()).toMatchObject({ type: 'changes', page: { from: 0, cursor: { seq: 1 } } });
    expect((await harness.server.stats()).socketCount).toBe(1);
  });

  test('brings nothing of the scopes that its question leaves out, and all of the others', async () => {
    const columns = { id: t.text(), team: t.text(), body: t.text() };
    const tables = { note: table(columns, { scope: { kind: 'team', by: 'team' } }) };
    const harness = await start({ schema: defineSchema({ version: 3, tables }) });
    const { epoch } = await harness.server.stats();
    const question = `clientId=a&epoch=${epoch}&seq=0&scope=*&without=team%3Ared&without=team%3Agreen`;
    const { next } = await open(harness, question);
    expect(await next()).toMatchObject({ type: 'welcome' });
    for (const [index, team] of ['red', 'green', 'blue'].entries()) {
      const { mutations, ...rest } = push(index + 1, team, 'b');
      const [mutation] = mutations.map((one) => ({
        ...one,
        changes: one.changes.map((change) => ({ ...change, columns: { ...change.columns, team } })),
      }));
      expect((await harness.post('/v1/push', { ...rest, mutations: [mutation ?? null] })).status).toBe(200);
    }
    expect(await next()).toMatchObject({ type: 'changes', page: { cursor: { seq: 3 }, transactions: [{ seq: 3 }] } });
  });

  test.each([
    ['', 10_000],
    ['&beat=2500', 2_500],
    ['&beat=1', 1_000],
    ['&beat=60000', 10_000],
    ['&beat=soon', 10_000],
  ])('gives a sign of life as often as it says: asked for %j, every %i ms', async (query, beatMs) => {
    const runtime = manualRuntime();
    const harness = await start({ runtime, cors: { origins: ['https://app.example'] } });
    const { headers, body } = await fetch(`${harness.running.url}/v1/events?clientId=a${query}`, {
      headers: { origin: 'https://app.example' },
    });
    expect(headers.get('tidemark-beat')).toBe(String(beatMs));
    expect(headers.get('access-control-expose-headers')).toContain('tidemark-beat');
    const reader = body?.getReader();
    await reader?.read();
    for (let beats = 0; beats < 2; beats += 1) {
      await runtime.advance(beatMs);
      expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(': still here\n\n');
    }
    await reader?.cancel();
  });

  test('is refused as a request is: unknown callers, wrong versions, questions that are none', async () => {
    const harness = await start({ auth: ({ token }) => (token === null ? null : { id: token }) });
    const status = async (query: string, headers = {}) => (await open(harness, query, headers)).response.status;
    const ada = { authorization: 'Bearer ada' };
    expect(await status('clientId=a')).toBe(401);
    expect(await status('clientId=a&token=ada')).toBe(401);
    expect(await status('', ada)).toBe(400);
    expect(await status('clientId=a&protocol=99', ada)).toBe(400);
    expect(await status('clientId=a&epoch=e&seq=x', ada)).toBe(400);
    expect(await status('clientId=a', ada)).toBe(200);
  });

  test('is refused as a request is: questions that are too large, and a server that is stopping', async () => {
    const harness = await start({ limits: { maxRequestBytes: 1_000 } });
    const url = `${harness.running.url}/v1/events?clientId=a`;
    const headers = { 'content-type': 'application/cbor' };
    const ask = async (body: Uint8Array<ArrayBuffer>) => (await fetch(url, { method: 'POST', headers, body })).status;
    expect(await ask(new Uint8Array(2_000))).toBe(413);
    expect(await ask(encode({ type: 'ping', at: 1 }) as Uint8Array<ArrayBuffer>)).toBe(400);
    void harness.server.close();
    expect((await harness.server.fetch(new Request(url))).status).toBe(503);
  });

  test('of somebody who is not the one the data belong to does not make the device theirs', async () => {
    const harness = await start({ auth: ({ token }) => (token === null ? null : { id: token }) });
    const as = (who: string) => ({ authorization: `Bearer ${who}` });
    const { next } = await open(harness, 'clientId=lost&owner=ada', as('ben'));
    expect(await next()).toMatchObject({ type: 'welcome', handshake: { subject: 'ben' } });
    expect((await harness.post('/v1/pull', { ...pullFromStart, clientId: 'lost' }, as('ada'))).status).toBe(200);
    expect((await harness.post('/v1/pull', { ...pullFromStart, clientId: 'lost' }, as('ben'))).status).toBe(403);
  });

  test('ends when its token does, its device is revoked, or the server stops', async () => {
    const runtime = manualRuntime();
    const harness = await start({
      runtime,
      auth: ({ token }) => (token === null ? null : { id: 'ada', expiresAt: Number(token) }),
    });
    const later = { authorization: `Bearer ${runtime.now() + 3_600_000}` };
    const soon = await open(harness, 'clientId=a', { authorization: `Bearer ${runtime.now() + 5_000}` });
    await soon.next();
    await runtime.advance(5_000);
    expect(await soon.next()).toMatchObject({ type: 'error', error: { kind: 'needs-auth' } });
    expect(await soon.next()).toBeUndefined();
    const [lost, kept] = [await open(harness, 'clientId=b', later), await open(harness, 'clientId=c', later)];
    await Promise.all([lost.next(), kept.next()]);
    await harness.post('/v1/devices', { clientId: 'c', revoke: { deviceId: 'b' } }, later);
    expect(await lost.next()).toMatchObject({ type: 'error', error: { kind: 'forbidden' } });
    const closing = harness.running.close();
    expect(await kept.next()).toMatchObject({ type: 'error', error: { kind: 'server' } });
    await closing;
  });

  test('that is not read is given no more, but one poke once it has been', async () => {
    const { server, post } = await start({ limits: { maxBufferedBytes: 2_000 } });
    const { epoch } = await server.stats();
    const response = await server.fetch(new Request(`http://server/v1/events?clientId=a&epoch=${epoch}&seq=0&scope=*`));
    for (let n = 1; n <= 20; n += 1) await post('/v1/push', push(n, 'x'.repeat(1_000), 'b'));
    const types: unknown[] = [];
    for await (const event of readEvents(response)) {
      if (event === null) continue;
      const { type } = decode(new Uint8Array(Buffer.from(event, 'base64'))) as WireMap;
      types.push(type);
      if (type === 'poke' || types.length > 20) break;
    }
    expect(types.at(-1)).toBe('poke');
  });

  test('is refused where there are too many connections', async () => {
    const { running } = await start({ limits: { maxSockets: 1 } });
    const ask = () => fetch(`${running.url}/v1/events?clientId=a`);
    const first = await ask();
    expect([first.status, (await ask()).status]).toEqual([200, 503]);
    await first.body?.cancel();
  });

  test('that is never read is not kept for ever', async () => {
    const runtime = manualRuntime();
    const { server, post } = await start({ runtime, limits: { maxBufferedBytes: 2_000 } });
    const { epoch } = await server.stats();
    await server.fetch(new Request(`http://server/v1/events?clientId=a&epoch=${epoch}&seq=0&scope=*`));
    await post('/v1/push', push(1, 'x'.repeat(5_000), 'b'));
    expect(await server.stats()).toMatchObject({ socketCount: 1, head: 1 });
    for (let beats = 0; beats < 3; beats += 1) await runtime.advance(10_000);
    expect(await server.stats()).toMatchObject({ socketCount: 0 });
  });

  test('is forgotten when its reader goes', async () => {
    const harness = await start();
    const { response } = await open(harness, 'clientId=a');
    expect((await harness.server.stats()).socketCount).toBe(1);
    await response.body?.cancel().catch(() => {});
    const controller = new AbortController();
    const other = await fetch(`${harness.running.url}/v1/events?clientId=a`, { signal: controller.signal });
    await other.body?.getReader().read();
    controller.abort();
    await harness.post('/v1/push', push(1, 'x', 'b'));
    await expect.poll(async () => (await harness.server.stats()).socketCount).toBeLessThanOrEqual(1);
  });
});

/** WebSockets that something in the way does not let through, each of them counted. */
function blocked() {
  const dialled: string[] = [];
  class Blocked {
    binaryType = '';
    onopen = null;
    onmessage = null;
    onerror = null;
    onclose: ((event: { code: number }) => void) | null = null;
    constructor(url: string) {
      dialled.push(url);
      queueMicrotask(() => this.onclose?.({ code: 1006 }));
    }
    send(): void {}
    close(): void {}
  }
  return { dialled, WebSocket: Blocked as unknown as WebSocketConstructor };
}

test('a client whose WebSockets do not get through takes events instead, and brings its pushes by requests', async () => {
  const harness = await start();
  const transport = httpTransport({ url: harness.running.url, WebSocket: blocked().WebSocket });
  const events = new Events();
  for (let n = 0; n < 2; n++) {
    await transport.handshake(hello);
    transport.connect(hello, events.listener);
    expect((await events.next('closed')).error.kind).toBe('network');
  }
  const channel = transport.connect(hello, events.listener);
  const { handshake } = await events.next('open');
  channel.subscribe({ epoch: handshake.epoch, seq: 0 }, ['*']);
  expect((await transport.push(push(1, 'hi'))).outcomes).toMatchObject([{ outcome: 'applied' }]);
  expect((await events.next('changes')).page).toMatchObject({ transactions: [{ mutationId: 1 }] });
  transport.close();
});

test('while the server answers nothing at all, WebSockets are not what is wrong: they are tried again', async () => {
  const harness = await start();
  const { dialled, WebSocket } = blocked();
  const transport = httpTransport({ url: harness.running.url, WebSocket });
  const events = new Events();
  for (let n = 1; n <= 5; n++) {
    transport.connect(hello, events.listener);
    await events.next('closed');
    expect(dialled).toHaveLength(n);
  }
  transport.close();
});

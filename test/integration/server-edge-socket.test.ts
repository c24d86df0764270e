import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { decode, encode, type WireMap } from '../../src/protocol/codec.ts';
import { manualRuntime } from '../../src/testing/manual-runtime.ts';
import { memorySocketPair } from '../../src/testing/memory-socket.ts';
import { dial, type Harness, hello, push, start, type TestSocket } from './server-edge-harness.ts';

async function epochOf({ server }: Harness): Promise<string> {
  return (await server.stats()).epoch;
}

async function subscribed(harness: Harness, clientId = 'a'): Promise<TestSocket> {
  const socket = await harness.socket();
  await socket.greet(null, clientId);
  socket.send({ type: 'subscribe', cursor: { epoch: await epochOf(harness), seq: 0 }, scopes: ['*'] });
  return socket;
}

describe('a socket', () => {
  test('is welcomed after its hello, under any prefix', async () => {
    const { socket } = await start();
    const frame = await (await socket({ path: '/sync/v1/ws' })).greet();
    expect(frame).toMatchObject({ type: 'welcome', handshake: { protocol: 1, subject: 'anonymous', head: 0 } });
  });

  test('gets pongs for its pings', async () => {
    const { socket } = await start();
    const one = await socket();
    await one.greet();
    one.send({ type: 'ping', at: 123 });
    expect(await one.next()).toEqual({ type: 'pong', at: 123 });
  });

  test('pushes in order, one after the other', async () => {
    const { socket } = await start();
    const one = await socket();
    await one.greet();
    for (const id of [1, 2, 3]) one.send({ type: 'push', requestId: id, request: push(id, 'x') });
    for (const id of [1, 2, 3]) {
      const outcomes = [{ mutationId: id, outcome: 'applied', seq: id }];
      expect(await one.next()).toMatchObject({ type: 'pushed', requestId: id, response: { outcomes } });
    }
  });

  test('never lets a push overtake the one before, whatever holds that up', async () => {
    const gate = Promise.withResolvers<void>();
    let calls = 0;
    const auth = async () => {
      // The first is the hello's, the second that of the first push.
      if (++calls === 2) await gate.promise;
      return { id: 'ada' };
    };
    const { socket } = await start({ auth, limits: { reauthMs: 0 } });
    const one = await socket();
    await one.greet('t');
    for (const id of [1, 2]) one.send({ type: 'push', requestId: id, request: push(id, 'x') });
    one.send({ type: 'ping', at: 1 });
    expect(await one.next()).toMatchObject({ type: 'pong' });
    gate.resolve();
    expect(await one.next()).toMatchObject({ type: 'pushed', requestId: 1 });
    expect(await one.next()).toMatchObject({ type: 'pushed', requestId: 2 });
  });

  test('hears of what others commit, in one transaction each', async () => {
    const harness = await start();
    const one = await subscribed(harness);
    await harness.post('/v1/push', push(1, 'hi', 'b'));
    const page = { from: 0, resume: null, cursor: { seq: 1 }, transactions: [{ clientId: 'b', mutationId: 1 }] };
    expect(await one.next()).toMatchObject({ type: 'changes', page });
  });

  test('hears of many commits without one frame for each', async () => {
    const harness = await start();
    const one = await subscribed(harness);
    const mutations = Array.from({ length: 500 }, (_, index) => push(index + 1, 'x', 'b').mutations[0]);
    await harness.post('/v1/push', { ...push(1, 'x', 'b'), mutations: mutations.filter((it) => it !== undefined) });
    let seq = 0;
    let frames = 0;
    while (seq < 500) {
      const frame = (await one.next()) as { page: { from: number; cursor: { seq: number } } };
      expect(frame.page.from).toBe(seq);
      seq = frame.page.cursor.seq;
      frames++;
    }
    expect(frames).toBeLessThan(50);
  });

  test('is told of a rejected push without ending', async () => {
    const { socket } = await start();
    const one = await socket();
    await one.greet();
    one.send({ type: 'push', requestId: 1, request: { ...push(1, 'x'), schemaVersion: 9 } });
    expect(await one.next()).toMatchObject({ type: 'push-failed', requestId: 1, error: { kind: 'version' } });
    one.send({ type: 'ping', at: 1 });
    expect(await one.next()).toMatchObject({ type: 'pong' });
  });

  test('may not queue pushes without end', async () => {
    const { socket } = await start({ limits: { maxWaitingPushes: 2 } });
    const one = await socket();
    await one.greet();
    for (let id = 1; id <= 20; id++) one.send({ type: 'push', requestId: id, request: push(id, 'x') });
    const answers: WireMap[] = [];
    while (answers.length < 20) answers.push(await one.next());
    expect(answers.filter((it) => it.type === 'pushed').length).toBeGreaterThan(0);
    const refused = answers.filter((it) => it.type === 'push-failed');
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) expect(answer.error).toMatchObject({ kind: 'rate-limited' });
  });
});

describe('a frame that is not allowed ends the socket with the reason:', () => {
  const bad: [string, (socket: TestSocket) => void][] = [
    ['garbage', ({ socket }) => socket.send(new Uint8Array([0xff, 0x00]))],
    ['an empty frame', ({ socket }) => socket.send(new Uint8Array())],
    ['a text frame', ({ socket }) => socket.send('hello')],
    ['an unknown type', (one) => one.send({ type: 'shutdown' })],
    ['a missing type', (one) => one.send({ at: 1 })],
    ['a hello with a wrong field', (one) => one.send({ type: 'hello', token: 1, handshake: hello })],
    ['anything before the hello', (one) => one.send({ type: 'ping', at: 1 })],
    ['a push before the hello', (one) => one.send({ type: 'push', requestId: 1, request: push(1, 'x') })],
    ['deep nesting', ({ socket }) => socket.send(new Uint8Array(10_000).fill(0x81))],
  ];

  test.each(bad)('%s', async (_, misbehave) => {
    const harness = await start();
    const one = await harness.socket();
    misbehave(one);
    expect(await one.next()).toMatchObject({ type: 'error', error: { kind: 'protocol' } });
    expect(await one.closed()).toBe(1008);
    expect(await harness.server.stats()).toMatchObject({ socketCount: 0, head: 0 });
  });

  test('a second hello', async () => {
    const { socket } = await start();
    const one = await socket();
    await one.greet();
    one.send({ type: 'hello', token: null, handshake: hello });
    expect(await one.next()).toMatchObject({ type: 'error', error: { kind: 'protocol' } });
    expect(await one.closed()).toBe(1008);
  });

  test('a frame larger than a request may be', async () => {
    const harness = await start();
    const one = await harness.socket();
    await one.greet();
    one.socket.send(new Uint8Array(1024 * 1024 + 1));
    expect(await one.closed()).toBe(1009);
    expect((await fetch(`${harness.running.url}/health`)).status).toBe(200);
  });

  test('another protocol', async () => {
    const { socket } = await start();
    const one = await socket();
    one.send({ type: 'hello', token: null, handshake: { ...hello, protocol: 3 } });
    expect(await one.next()).toMatchObject({ type: 'error', error: { kind: 'version' } });
  });

  test('nothing at all, for too long', async () => {
    const runtime = manualRuntime();
    const { socket } = await start({ runtime });
    const one = await socket();
    await runtime.advance(10_000);
    expect(await one.next()).toMatchObject({ type: 'error', error: { kind: 'protocol' } });
  });

  test('a hello that is not answered, for too long', async () => {
    const runtime = manualRuntime();
    const asked = Promise.withResolvers<void>();
    const auth = () => {
      asked.resolve();
      return new Promise<null>(() => undefined);
    };
    const { socket } = await start({ runtime, auth });
    const one = await socket();
    const answer = one.greet('t');
    await asked.promise;
    await runtime.advance(10_000);
    expect(await answer).toMatchObject({ type: 'error', error: { kind: 'protocol' } });
  });

  test('silence, for too long', async () => {
    const runtime = manualRuntime();
    const { socket } = await start({ runtime });
    const one = await socket();
    expect(await one.greet()).toMatchObject({ type: 'welcome' });
    await runtime.advance(50_000);
    one.send({ type: 'ping', at: 1 });
    expect(await one.next()).toMatchObject({ type: 'pong' });
    await runtime.advance(59_999);
    one.send({ type: 'ping', at: 2 });
    expect(await one.next()).toMatchObject({ type: 'pong' });
    await runtime.advance(60_000);
    expect(await one.next()).toMatchObject({ type: 'error', error: { kind: 'protocol' } });
  });
});

test('a client that reads slowly is given no more, but one poke once it has read', async () => {
  const { server, post } = await start();
  const { epoch } = await server.stats();
  const sent: WireMap[] = [];
  let wake = () => {};
  let bufferedAmount = 0;
  let receive: (frame: Uint8Array) => void = () => {};
  server.handleSocket({
    send(bytes) {
      sent.push(decode(bytes) as WireMap);
      wake();
    },
    close() {},
    get bufferedAmount() {
      return bufferedAmount;
    },
    onMessage(listener) {
      receive = listener;
    },
    onClose() {},
  });
  const next = async (type: string) => {
    while (sent.at(-1)?.type !== type) await new Promise<void>((resolve) => (wake = resolve));
  };
  receive(encode({ type: 'hello', token: null, handshake: hello }));
  await next('welcome');
  receive(encode({ type: 'subscribe', cursor: { epoch, seq: 0 }, scopes: ['*'] }));
  await post('/v1/push', push(1, 'read', 'b'));
  await next('changes');
  bufferedAmount = 100_000_000;
  for (let n = 2; n <= 5; n += 1) await post('/v1/push', push(n, 'waits', 'b'));
  bufferedAmount = 0;
  await next('poke');
  expect(sent.map(({ type }) => type)).toEqual(['welcome', 'changes', 'poke']);
});

test('a client that sends without ever reading is cut off', async () => {
  const { server } = await start();
  const sent: WireMap[] = [];
  const closed = Promise.withResolvers<number>();
  let receive: (frame: Uint8Array) => void = () => {};
  const socket = {
    bufferedAmount: 0,
    send: (bytes: Uint8Array) => void sent.push(decode(bytes) as WireMap),
    close: (code: number) => closed.resolve(code),
    onMessage: (listener: typeof receive) => {
      receive = listener;
    },
    onClose: () => {},
  };
  server.handleSocket(socket);
  socket.bufferedAmount = 17 * 1024 * 1024;
  receive(encode({ type: 'ping', at: 1 }));
  expect(await closed.promise).toBe(1008);
  expect(sent).toMatchObject([{ type: 'error', error: { kind: 'rate-limited' } }]);
});

describe('auth on sockets', () => {
  test('sees the token of the hello and the request of the upgrade', async () => {
    const seen: unknown[] = [];
    const { socket } = await start({
      auth: ({ token, request }) => {
        seen.push(token, request?.headers.get('cookie'));
        return { id: 'ada' };
      },
    });
    const one = await socket({ headers: { cookie: 'session=1' } });
    expect(await one.greet('t')).toMatchObject({ handshake: { subject: 'ada' } });
    expect(seen).toEqual(['t', 'session=1']);
  });

  test('refuses with needs-auth', async () => {
    const { socket } = await start({ auth: () => null });
    const one = await socket();
    expect(await one.greet('t')).toMatchObject({ type: 'error', error: { kind: 'needs-auth' } });
    expect(await one.closed()).toBe(1008);
  });

  test.each([
    ['expired', null],
    ['somebody else’s', { id: 'eve' }],
  ])('ends a socket whose token is %s by now', async (_, later) => {
    let identity: { id: string } | null = { id: 'ada' };
    const { socket, server } = await start({ auth: () => identity, limits: { reauthMs: 0 } });
    const one = await socket();
    await one.greet('t');
    identity = later;
    one.send({ type: 'push', requestId: 1, request: push(1, 'x') });
    expect(await one.next()).toMatchObject({ type: 'push-failed', error: { kind: 'needs-auth' } });
    expect(await one.next()).toMatchObject({ type: 'error', error: { kind: 'needs-auth' } });
    expect((await (await server.service()).stats()).head).toBe(0);
  });

  test('sends nobody what only others may read', async () => {
    const harness = await start({
      auth: ({ token }) => (token ? { id: token } : null),
      access: ({ id }) => ({ read: id === 'ada' ? '*' : ['nothing'], write: '*' }),
    });
    const eve = await harness.socket();
    await eve.greet('eve', 'e');
    eve.send({ type: 'subscribe', cursor: { epoch: await epochOf(harness), seq: 0 }, scopes: ['nothing'] });
    await harness.post('/v1/push', push(1, 'for ada'), { authorization: 'Bearer ada' });
    eve.send({ type: 'ping', at: 1 });
    const frames = [await eve.next()];
    while (frames.at(-1)?.type !== 'pong') frames.push(await eve.next());
    expect(JSON.stringify(frames)).not.toContain('ada');
  });

  test('tells at once how far the log goes that the welcome spoke of, though there is nothing to see in it', async () => {
    const harness = await start({
      auth: ({ token }) => (token ? { id: token } : null),
      access: ({ id }) => ({ read: id === 'ada' ? '*' : ['nothing'], write: '*' }),
    });
    await harness.post('/v1/push', push(1, 'for ada'), { authorization: 'Bearer ada' });
    const eve = await harness.socket();
    expect(await eve.greet('eve', 'e')).toMatchObject({ handshake: { head: 1 } });
    eve.send({ type: 'subscribe', cursor: { epoch: await epochOf(harness), seq: 0 }, scopes: ['nothing'] });
    const page = { from: 0, transactions: [], cursor: { seq: 1 } };
    expect(await eve.next()).toMatchObject({ type: 'changes', page });
  });
});

describe('an upgrade', () => {
  const tryUpgrade = async (url: string, headers: Record<string, string>): Promise<number> => {
    const socket = new WebSocket(url, { headers });
    socket.on('error', () => {});
    return new Promise((resolve) => {
      socket.on('open', () => {
        socket.terminate();
        resolve(101);
      });
      socket.on('unexpected-response', (_request, response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
    });
  };

  test.each([
    ['of another origin', { origin: 'https://evil.example' }, 403],
    ['of a broken origin', { origin: 'null' }, 403],
    ['of an allowed origin', { origin: 'https://app.example' }, 101],
    ['from behind a proxy', { origin: 'https://own.example', 'x-forwarded-host': 'own.example' }, 101],
    ['without an origin', {}, 101],
  ])('%s', async (_, headers, status) => {
    const { running } = await start({ cors: { origins: ['https://app.example'] } });
    expect(await tryUpgrade(`${running.url.replace('http', 'ws')}/v1/ws`, headers)).toBe(status);
  });

  test('of the own origin', async () => {
    const { running } = await start();
    expect(await tryUpgrade(`${running.url.replace('http', 'ws')}/v1/ws`, { origin: running.url })).toBe(101);
  });

  test('elsewhere than at /v1/ws', async () => {
    const { running } = await start();
    expect(await tryUpgrade(`${running.url.replace('http', 'ws')}/v1/push`, {})).toBe(404);
  });

  test('when there are too many sockets', async () => {
    const { running, socket } = await start({ limits: { maxSockets: 1 } });
    await socket();
    expect(await tryUpgrade(`${running.url.replace('http', 'ws')}/v1/ws`, {})).toBe(503);
  });

  test('that breaks off leaves the server up', async () => {
    const harness = await start();
    for (const text of [
      'GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      '\0\xff\r\n\r\n',
    ]) {
      const socket = await dial(harness);
      socket.on('error', () => {});
      socket.end(text, 'latin1');
      await once(socket.resume(), 'close');
    }
    expect((await fetch(`${harness.running.url}/health`)).status).toBe(200);
  });

  test('followed by bytes that are no frames leaves the server up', async () => {
    const harness = await start();
    const socket = await dial(harness);
    socket.write(
      'GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    await once(socket, 'data');
    socket.write(encode('not a frame, and not masked either'));
    await once(socket.resume(), 'close');
    expect((await fetch(`${harness.running.url}/health`)).status).toBe(200);
    expect((await harness.server.stats()).socketCount).toBe(0);
  });
});

test('a stop lets a running push be answered first', async () => {
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const note = () => {
    entered.resolve();
    return gate.promise;
  };
  const { socket, running } = await start({ validate: { note } });
  const one = await socket();
  await one.greet();
  one.send({ type: 'push', requestId: 1, request: push(1, 'x') });
  await entered.promise;
  const closed = running.close();
  gate.resolve();
  expect(await one.next()).toMatchObject({ type: 'pushed', response: { outcomes: [{ outcome: 'applied' }] } });
  expect(await one.next()).toMatchObject({ type: 'error', error: { kind: 'server' } });
  await closed;
});

test('a server that is stopping refuses sockets, and ends one that slipped in', async () => {
  const { server } = await start();
  const stopping = server.close();
  expect(server.refuseSocket(new Request('http://server/v1/ws'))?.status).toBe(503);
  const { client, server: slipped } = memorySocketPair();
  const closed = new Promise((resolve) => {
    client.onclose = ({ code }) => resolve(code);
  });
  server.handleSocket(slipped);
  expect(await closed).toBe(1001);
  await stopping;
});

test('a frame larger than a request may be ends a socket that takes any', async () => {
  const { server } = await start({ limits: { maxRequestBytes: 1_000 } });
  const { client, server: end } = memorySocketPair();
  const closed = new Promise((resolve) => {
    client.onclose = ({ code }) => resolve(code);
  });
  client.onopen = () => client.send(new Uint8Array(1_001));
  server.handleSocket(end);
  expect(await closed).toBe(1009);
});

test('a stop closes the sockets with the reason', async () => {
  const { socket, running } = await start();
  const one = await socket();
  await one.greet();
  const closed = running.close();
  expect(await one.next()).toMatchObject({ type: 'error', error: { kind: 'server', retryAfterMs: 1000 } });
  expect(await one.closed()).toBe(1001);
  await closed;
});

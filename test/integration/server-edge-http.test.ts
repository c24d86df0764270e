import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { decode, encode } from '../../src/protocol/codec.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import type { SyncServerOptions } from '../../src/server/edge/create-sync-server.ts';
import { createSyncServer } from '../../src/server/edge/create-sync-server.ts';
import { serve } from '../../src/server/edge/serve.ts';
import { sqliteStorage } from '../../src/server/sqlite/index.ts';
import { SyncError } from '../../src/shared/error.ts';
import { dial, type Harness, hello, pullFromStart, push, schema, start } from './server-edge-harness.ts';

/** The server is up, and nothing was stored. */
async function expectUntouched({ running, server }: Harness): Promise<void> {
  expect((await fetch(`${running.url}/health`)).status).toBe(200);
  expect((await server.stats()).head).toBe(0);
}

describe('routes', () => {
  test.each(['', '/sync', '/a/b'])('answer under the prefix %j', async (prefix) => {
    const { post, running } = await start();
    expect((await post(`${prefix}/v1/handshake`, hello)).status).toBe(200);
    expect((await fetch(`${running.url}${prefix}/health`)).status).toBe(200);
  });

  test('answer under the base path alone, when there is one', async () => {
    const { post } = await start({ basePath: '/sync/' });
    expect((await post('/sync/v1/handshake', hello)).status).toBe(200);
    expect((await post('/v1/handshake', hello)).status).toBe(404);
    expect((await post('/other/v1/handshake', hello)).status).toBe(404);
  });

  test('tell the version', async () => {
    const { running } = await start();
    expect(await (await fetch(`${running.url}/v1/version`)).json()).toEqual({
      name: 'tidemark',
      version: manifest.version,
      protocol: 1,
      schemaVersion: 3,
      capabilities: ['realtime', 'parts', 'snapshot-tables', 'devices', 'gzip', 'without'],
    });
  });

  test('count what happened', async () => {
    const { running, post } = await start();
    await post('/v1/push', push(1, 'one'));
    const stats = await (await fetch(`${running.url}/v1/stats`)).json();
    expect(stats).toMatchObject({ head: 1, pushedMutationCount: 1, outcomes: { applied: 1 }, socketCount: 0 });
  });

  test.each(['/', '/v1/nothing', '/v1', '/v1/push/more', '/%00', '/v1/..%2fpush'])(
    'know nothing of %s',
    async (path) => {
      const { post } = await start();
      const { status, message } = await post(path, hello);
      expect([status, message.kind]).toEqual([404, 'not-found']);
    },
  );

  test('refuse other methods', async () => {
    const { running } = await start();
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await fetch(`${running.url}/v1/push`, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('POST');
    }
  });

  test('ask for an upgrade where there is a WebSocket', async () => {
    const { running } = await start();
    expect((await fetch(`${running.url}/v1/ws`)).status).toBe(426);
  });
});

describe('bad input is answered with a typed error, and nothing is stored:', () => {
  const bodies: Record<string, Uint8Array> = {
    nothing: new Uint8Array(),
    'garbage text': new TextEncoder().encode('<html>'),
    'JSON instead of CBOR': new TextEncoder().encode(JSON.stringify(push(1, 'x'))),
    'a truncated message': encode(push(1, 'x')).subarray(0, 40),
    'a message with more behind it': new Uint8Array([...encode(push(1, 'x')), 0]),
    'a list instead of a map': encode([1, 2]),
    'a length beyond the end': new Uint8Array([0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    'a huge list announced': new Uint8Array([0x9a, 0x7f, 0xff, 0xff, 0xff]),
    'deep nesting': new Uint8Array(100_000).fill(0x81),
    'an indefinite length': new Uint8Array([0xbf, 0xff]),
    'a tag': new Uint8Array([0xc2, 0x41, 0x01]),
    'a key twice': new Uint8Array([0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x02]),
    'ill-formed UTF-8': new Uint8Array([0x62, 0xc3, 0x28]),
    'a wrong type inside': encode({ ...push(1, 'x'), mutations: [{ ...push(1, 'x').mutations[0], hlc: 7 }] }),
    'a negative count': encode({ ...push(1, 'x'), schemaVersion: -1 }),
    'an unknown kind of change': encode(JSON.parse(JSON.stringify(push(1, 'x')).replace('"put"', '"drop"'))),
  };

  test.each(Object.entries(bodies))('%s', async (_, body) => {
    const harness = await start();
    const { status, message } = await harness.post('/v1/push', body);
    expect([status, message.kind]).toEqual([400, 'protocol']);
    await expectUntouched(harness);
  });

  test.each([
    ['an unknown table', { table: 'nothing' }],
    ['SQL in the name of a table', { table: 'note"; DROP TABLE note; --' }],
    ['our own table', { table: '_tidemark_meta' }],
    ['an unknown column', { columns: { body: 'x', nothing: 1 } }],
    ['SQL in the name of a column', { columns: { 'body" = 1; --': 'x' } }],
    ['a value of the wrong kind', { columns: { body: 7 } }],
    ['a key of the wrong kind', { key: [7] }],
    ['a key of the wrong length', { key: ['a', 'b'] }],
    ['a prototype as a column', { columns: JSON.parse('{"__proto__": "x"}') }],
  ])('%s', async (_, wrong) => {
    const harness = await start();
    const request = push(1, 'x');
    const [mutation] = request.mutations;
    const changes = [{ ...mutation?.changes[0], ...wrong }];
    const { status, message } = await harness.post('/v1/push', { ...request, mutations: [{ ...mutation, changes }] });
    expect(status).toBe(200);
    expect(message.outcomes).toMatchObject([{ outcome: 'rejected', seq: null }]);
    await expectUntouched(harness);
  });

  test.each(['text/plain', 'application/json', 'application/x-www-form-urlencoded', ''])(
    'the content-type %j',
    async (type) => {
      const harness = await start();
      const { status, message } = await harness.post('/v1/push', push(1, 'x'), { 'content-type': type });
      expect([status, message.kind]).toEqual([400, 'protocol']);
      await expectUntouched(harness);
    },
  );

  test('a compressed request', async () => {
    const harness = await start();
    const { status } = await harness.post('/v1/push', push(1, 'x'), { 'content-encoding': 'gzip' });
    expect(status).toBe(400);
    await expectUntouched(harness);
  });

  test.each(['/v1/handshake', '/v1/pull', '/v1/push', '/v1/devices'])('random bytes to %s', async (path) => {
    const harness = await start();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        const { status, message } = await harness.post(path, bytes);
        expect([status, message.kind]).toEqual([400, 'protocol']);
      }),
      { numRuns: 60 },
    );
    await expectUntouched(harness);
  });

  test('messages with one byte changed', async () => {
    const harness = await start();
    const bytes = encode({ ...push(1, 'x'), clientId: 'z' });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }), async (at, value) => {
        const { status } = await harness.post('/v1/pull', bytes.with(at, value));
        expect(status).toBe(400);
      }),
      { numRuns: 100 },
    );
    await expectUntouched(harness);
  });
});

describe('the size of a request', () => {
  test('is refused from the header alone', async () => {
    const harness = await start();
    const socket = await dial(harness);
    socket.write(
      `POST /v1/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/cbor\r\nContent-Length: ${LIMITS.maxRequestBytes + 1}\r\n\r\n`,
    );
    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString('latin1')).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('is watched while it streams, and reading ends early', async () => {
    const harness = await start();
    const piece = new Uint8Array(64 * 1024);
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += piece.length;
        controller.enqueue(piece);
      },
    });
    const answer = harness.post('/v1/push', endless);
    // The server answers and hangs up; whether the answer comes through before the broken pipe is up to TCP.
    const outcome = await answer.then(
      ({ status, message }) => [status, message.kind],
      () => 'cut off',
    );
    expect([[413, 'too-large'], 'cut off']).toContainEqual(outcome);
    expect(sent).toBeGreaterThan(0);
    expect(harness.log.filter((line) => line.fields.status === 413)).not.toEqual([]);
    await expectUntouched(harness);
  });

  test('may be lowered, which the handshake then tells', async () => {
    const { post } = await start({ limits: { maxRequestBytes: 2000 } });
    const { message } = await post('/v1/handshake', hello);
    expect(message.limits).toMatchObject({ maxRequestBytes: 2000, maxBatchBytes: 1000 });
    expect((await post('/v1/push', push(1, 'x'.repeat(3000)))).status).toBe(413);
    expect((await post('/v1/push', push(1, 'x'.repeat(500)))).status).toBe(200);
  });
});

describe('errors', () => {
  test('of another history have status 409', async () => {
    const { post } = await start();
    const { status, message } = await post('/v1/pull', { ...pullFromStart, cursor: { epoch: 'x', seq: 1 } });
    expect([status, message.kind]).toEqual([409, 'epoch']);
  });

  test('of our own tell nothing but where to look', async () => {
    const access = () => {
      throw new Error('password=hunter2 at db.internal');
    };
    const { post, log } = await start({ access });
    const { status, message } = await post('/v1/pull', pullFromStart);
    expect([status, message.kind]).toEqual([500, 'server']);
    expect(JSON.stringify(message)).not.toContain('hunter2');
    const failed = log.find((line) => line.level === 'error');
    expect(message.message).toContain(failed?.fields.requestId);
    expect(String(failed?.fields.err)).toContain('hunter2');
  });

  test('of auth that throws are failures, not invitations to sign in', async () => {
    const auth = () => {
      throw new Error('the key server is down');
    };
    const { post } = await start({ auth });
    expect((await post('/v1/pull', pullFromStart)).status).toBe(500);
  });

  test('of auth may say to come back later', async () => {
    const auth = () => {
      throw new SyncError('rate-limited', 'Too fast.', { details: { retryAfterMs: 2500 } });
    };
    const { post } = await start({ auth });
    const { status, headers, message } = await post('/v1/pull', pullFromStart);
    expect([status, message.kind, message.retryAfterMs]).toEqual([429, 'rate-limited', 2500]);
    expect(headers.get('retry-after')).toBe('3');
  });
});

describe('auth', () => {
  const auth = ({ token }: { token: string | null }) => (token === 'secret-token' ? { id: 'ada' } : null);

  test('refuses with 401 before the body is read', async () => {
    const { post } = await start({ auth });
    const { status, message, headers } = await post('/v1/handshake', new Uint8Array([0xff]));
    expect([status, message.kind]).toEqual([401, 'needs-auth']);
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  test.each(['Bearer wrong', 'Basic secret-token', 'secret-token', 'Bearer', 'Bearer secret-token more'])(
    'refuses %j',
    async (authorization) => {
      const { post } = await start({ auth });
      expect((await post('/v1/handshake', hello, { authorization })).status).toBe(401);
    },
  );

  test('tells the subject of who it lets in, and sees the request', async () => {
    const seen: unknown[] = [];
    const { post } = await start({
      auth: ({ token, request }) => {
        seen.push(token, request?.headers.get('x-mark'));
        return { id: 'ada' };
      },
    });
    const headers = { authorization: 'bearer secret-token', 'x-mark': 'yes' };
    expect((await post('/v1/handshake', hello, headers)).message.subject).toBe('ada');
    expect(seen).toEqual(['secret-token', 'yes']);
  });

  test('guards the stats, and not health and version', async () => {
    const { running } = await start({ auth });
    const status = async (path: string) => (await fetch(running.url + path)).status;
    expect([await status('/v1/stats'), await status('/health'), await status('/v1/version')]).toEqual([401, 200, 200]);
  });

  test('shows the stats to whoever may read everything, or has the monitoring token', async () => {
    const status = async (options: Partial<SyncServerOptions>, token: string) => {
      const { running } = await start({ auth: ({ token: id }) => (id ? { id } : null), ...options });
      return (await fetch(`${running.url}/v1/stats`, { headers: { authorization: `Bearer ${token}` } })).status;
    };
    const access = ({ id }: { id: string }) => ({ read: id === 'root' ? ('*' as const) : ['a'], write: [] });
    expect(await status({}, 'anyone')).toBe(200);
    expect(await status({ access }, 'ada')).toBe(403);
    expect(await status({ access }, 'root')).toBe(200);
    expect(await status({ access, monitor: 'prometheus' }, 'root')).toBe(403);
    expect(await status({ access, monitor: 'prometheus' }, 'prometheus')).toBe(200);
    expect(await status({ access, monitor: ({ token }) => token === 'x' }, 'x')).toBe(200);
  });

  test('leaves no token and no payload in the log', async () => {
    const { post, log } = await start({ auth });
    await post('/v1/push', push(1, 'diary'), { authorization: 'Bearer secret-token' });
    await post('/v1/push', { ...push(2, 'diary'), schemaVersion: 'diary' }, { authorization: 'Bearer secret-token' });
    await post('/v1/push', push(3, 'diary'), { authorization: 'Bearer wrong-token' });
    expect(log.length).toBeGreaterThan(3);
    expect(JSON.stringify(log)).not.toMatch(/secret-token|wrong-token|diary/);
  });
});

describe('answers', () => {
  test('are compressed when they are large and that is accepted', async () => {
    const { post, running } = await start();
    await post('/v1/push', push(1, 'x'.repeat(100_000)));
    const send = (encoding: string) =>
      fetch(`${running.url}/v1/pull`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor', 'accept-encoding': encoding },
        body: encode(pullFromStart) as Uint8Array<ArrayBuffer>,
      });
    const compressed = await send('br, gzip;q=0.5');
    expect(compressed.headers.get('content-encoding')).toBe('gzip');
    expect(compressed.headers.get('vary')).toMatch(/accept-encoding/i);
    // Not worth it for a few bytes.
    const small = await post('/v1/handshake', hello, { 'accept-encoding': 'gzip' });
    expect([small.status, small.headers.get('content-encoding')]).toEqual([200, null]);
    // fetch has unpacked it.
    const bytes = new Uint8Array(await compressed.arrayBuffer());
    expect(bytes.length).toBeGreaterThan(100_000);
    expect(decode(bytes)).toMatchObject({ cursor: { seq: 1 } });
    for (const encoding of ['identity', 'gzip;q=0', 'gzip;q=0.0']) {
      const plain = await send(encoding);
      expect(plain.headers.get('content-encoding')).toBeNull();
      expect(new Uint8Array(await plain.arrayBuffer())).toEqual(bytes);
    }
  });

  test('are never kept by caches', async () => {
    const { post } = await start();
    expect((await post('/v1/pull', pullFromStart)).headers.get('cache-control')).toBe('no-store');
  });
});

describe('other origins', () => {
  const preflight = ({ running }: Harness, origin: string) =>
    fetch(`${running.url}/v1/push`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });

  test('may not call unless they are named', async () => {
    const harness = await start();
    expect((await preflight(harness, 'https://app.example')).headers.get('access-control-allow-origin')).toBeNull();
  });

  test('may call when they are', async () => {
    const harness = await start({ cors: { origins: ['https://app.example'] } });
    const { headers } = await preflight(harness, 'https://app.example');
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example');
    for (const name of ['authorization', 'content-type', 'content-encoding'])
      expect(headers.get('access-control-allow-headers')).toContain(name);
    expect(headers.get('access-control-max-age')).toBe('86400');
    const { headers: answer } = await harness.post('/v1/handshake', hello, { origin: 'https://app.example' });
    expect(answer.get('access-control-allow-origin')).toBe('https://app.example');
    const { headers: error } = await harness.post('/v1/handshake', [], { origin: 'https://app.example' });
    expect(error.get('access-control-allow-origin')).toBe('https://app.example');
    expect(answer.get('access-control-expose-headers')).toContain('retry-after');
    expect((await preflight(harness, 'https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  });

  test('ask again as often as they are told to', async () => {
    const harness = await start({ cors: { origins: '*', maxAgeSeconds: 5 } });
    expect((await preflight(harness, 'https://a.example')).headers.get('access-control-max-age')).toBe('5');
  });
});

describe('stopping', () => {
  test('lets running calls end, refuses new ones and then resolves', async () => {
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const { post, running, server } = await start({
      validate: {
        note: async () => {
          entered.resolve();
          await gate.promise;
        },
      },
    });
    const answer = post('/v1/push', push(1, 'one'));
    await entered.promise;
    const closed = running.close();
    const late = await server.fetch(
      new Request('http://x/v1/pull', { method: 'POST', headers: { 'content-type': 'application/cbor' }, body: 'x' }),
    );
    expect(late.status).toBe(503);
    expect(late.headers.get('retry-after')).toBe('1');
    gate.resolve();
    expect((await answer).message.outcomes).toMatchObject([{ outcome: 'applied' }]);
    await closed;
    await expect(fetch(`${running.url}/health`)).rejects.toThrow();
  });

  test('closes the storage, and not before the last call has ended', async () => {
    const gate = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const storage = sqliteStorage({ file: ':memory:' });
    const close = storage.close.bind(storage);
    const steps: string[] = [];
    storage.close = async () => {
      steps.push('closed');
      await close();
    };
    const validate = async () => {
      entered.resolve();
      await gate.promise;
      steps.push('pushed');
    };
    const { post, running } = await start({ storage, validate: { note: validate } });
    const answer = post('/v1/push', push(1, 'one'));
    await entered.promise;
    const closed = running.close();
    gate.resolve();
    expect((await answer).status).toBe(200);
    await closed;
    expect(steps).toEqual(['pushed', 'closed']);
  });

  test('twice is once', async () => {
    const { running } = await start();
    await Promise.all([running.close(), running.close()]);
  });

  test('a taken port is told as such', async () => {
    const { running } = await start();
    const second = createSyncServer({ schema, storage: sqliteStorage({ file: ':memory:' }) });
    await expect(serve(second, { port: running.port })).rejects.toMatchObject({ kind: 'misuse' });
  });
});

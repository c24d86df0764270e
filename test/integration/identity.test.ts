/** Identity, access and devices over real sockets: `createSync` in this thread against a server whose clock the test moves. */
import { SignJWT } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Sync, SyncOptions } from '../../src/client/sync.ts';
import { defineSchema, t, table } from '../../src/core/schema.ts';
import { sql } from '../../src/core/sql.ts';
import { jwtAuth } from '../../src/server/jwt/jwt-auth.ts';
import { createSync } from '../../src/store/create-sync.ts';
import { manualRuntime } from '../../src/testing/manual-runtime.ts';
import { hello, start, TestSocket } from './server-edge-harness.ts';

const schema = defineSchema({
  version: 3,
  tables: {
    note: table({ id: t.text(), team: t.text(), body: t.text() }, { scope: { kind: 'team', by: 'team' } }),
  },
});
const secret = 'a secret that is long enough, for tests';

const open: Sync<typeof schema>[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((sync) => sync.close()));
});

/** Who is in which team; a token lasts so long, by the server's clock. */
async function setUp({ tokenS = 60 } = {}) {
  const runtime = manualRuntime();
  const teams: Record<string, string[]> = { ana: ['red', 'blue'], ben: ['red'] };
  const scopesOf = (id: string) => (teams[id] ?? []).map((team) => `team:${team}`);
  const harness = await start({
    schema,
    runtime,
    // The clients' pings follow another clock.
    limits: { idleMs: 1e9 },
    auth: jwtAuth({ secret, runtime }),
    access: ({ id }) => ({ read: scopesOf(id), write: scopesOf(id) }),
    validate: {
      note: ({ values }) => {
        if (values.body === 'never') throw new Error('Not this one.');
      },
    },
  });
  const sign = (sub: string) =>
    new SignJWT({ sub, exp: Math.floor(runtime.now() / 1000) + tokenS })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(secret));
  return { ...harness, runtime, teams, sign };
}

type World = Awaited<ReturnType<typeof setUp>>;

function device(world: World, sub: string, options: Partial<SyncOptions<typeof schema>> = {}) {
  const asked: boolean[] = [];
  let token = world.sign(sub);
  const auth = ({ refresh = false } = {}) => {
    asked.push(refresh);
    if (refresh) token = world.sign(sub);
    return token;
  };
  const sync = createSync({ schema, server: { url: world.running.url, auth }, ...options });
  open.push(sync);
  return { sync, asked, write: (id: string, team: string, body: string) => write(sync, { id, team, body }) };
}

const write = (sync: Sync<typeof schema>, row: { id: string; team: string; body: string }) =>
  sync.write((tx) => tx.insert('note', row));
const bodies = async (sync: Sync<typeof schema>) =>
  (await sync.query(sql<{ body: string }>`SELECT body FROM note ORDER BY body`)).map(({ body }) => body);
async function synced(sync: Sync<typeof schema>): Promise<void> {
  await sync.sync();
  await expect.poll(() => sync.store.getState().status).toMatchObject({ phase: 'synced', connection: 'open' });
}

describe('a token that expires while the socket is open', () => {
  test('ends the socket with needs-auth, at that moment and not before', async () => {
    const world = await setUp();
    const socket = await world.socket();
    expect(await socket.greet(await world.sign('ana'))).toMatchObject({ type: 'welcome' });
    await world.runtime.advance(59_000);
    socket.send({ type: 'ping', at: 1 });
    expect(await socket.next()).toMatchObject({ type: 'pong' });
    await world.runtime.advance(1_000);
    expect(await socket.next()).toMatchObject({ type: 'error', error: { kind: 'needs-auth' } });
    expect(await socket.closed()).toBe(1008);
  });

  test('is replaced once, and the device goes on without dropping any work', async () => {
    const world = await setUp();
    const [ana, ben] = [device(world, 'ana'), device(world, 'ben')];
    await Promise.all([synced(ana.sync), synced(ben.sync)]);
    await (await ana.write('1', 'red', 'before')).settled;
    const before = ana.asked.filter((refresh) => refresh).length;
    await world.runtime.advance(60_000);
    const receipts = await Promise.all(['2', '3', '4'].map((id) => ana.write(id, 'red', `after ${id}`)));
    for (const { settled } of receipts) expect(await settled).toMatchObject({ outcome: 'applied' });
    await Promise.all([synced(ana.sync), synced(ben.sync)]);
    expect(await bodies(ben.sync)).toEqual(['after 2', 'after 3', 'after 4', 'before']);
    // The push and the socket may each have met the old token; neither asks in vain.
    expect(ana.asked.filter((refresh) => refresh).length - before).toBeLessThanOrEqual(2);
    expect(await ana.sync.outbox.list()).toEqual([]);
  });

  test('keeps the socket where the session behind it was made longer', async () => {
    const runtime = manualRuntime();
    let expiresAt = runtime.now() + 30_000;
    const { socket } = await start({ runtime, auth: () => ({ id: 'ana', expiresAt }) });
    const one = await socket();
    await one.greet('t');
    expiresAt += 60_000;
    await runtime.advance(30_000);
    one.send({ type: 'ping', at: 1 });
    expect(await one.next()).toMatchObject({ type: 'pong' });
    await runtime.advance(60_000);
    expect(await one.next()).toMatchObject({ type: 'error', error: { kind: 'needs-auth' } });
  });
});

test.each(['before its caller is known', 'while it is open'])(
  'nobody asks any more who a socket was that ended %s',
  async (when) => {
    const runtime = manualRuntime();
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const known = Promise.withResolvers<void>();
    let asked = 0;
    const { socket, server, post } = await start({
      runtime,
      access: () => {
        known.resolve();
        return { read: ['*'], write: [] };
      },
      auth: async ({ token }) => {
        if (token !== 'of the socket') return { id: 'ben' };
        asked += 1;
        entered.resolve();
        await gate.promise;
        return { id: 'ana' };
      },
    });
    const one = await socket();
    const welcome = one.greet('of the socket').catch(() => null);
    await entered.promise;
    if (when === 'while it is open') {
      gate.resolve();
      await welcome;
    }
    one.socket.terminate();
    await expect.poll(async () => (await server.stats()).socketCount).toBe(0);
    gate.resolve();
    await known.promise;
    // Comes after the handshake of the socket in every queue: by then what there may be of timers is there.
    await post('/v1/handshake', { ...hello, clientId: 'b' });
    for (let minutes = 0; minutes < 10; minutes += 1) await runtime.advance(60_000);
    expect(asked).toBe(1);
  },
);

test('a token may come as a subprotocol, which is not echoed; one in the URL is not looked at', async () => {
  const world = await setUp();
  const token = await world.sign('ana');
  const url = `${world.running.url.replace('http', 'ws')}/v1/ws`;
  const opened = (address: string, protocols: string[]) => {
    const socket = new WebSocket(address, protocols);
    return { socket, frames: new TestSocket(socket), open: new Promise((resolve) => socket.once('open', resolve)) };
  };
  const good = opened(url, ['tidemark', `tidemark.bearer.${token}`]);
  await good.open;
  expect(good.socket.protocol).toBe('tidemark');
  expect(await good.frames.greet(null)).toMatchObject({ type: 'welcome', handshake: { subject: 'ana' } });
  good.socket.terminate();
  const bad = opened(`${url}?token=${token}&access_token=${token}`, []);
  await bad.open;
  expect(await bad.frames.greet(null)).toMatchObject({ type: 'error', error: { kind: 'needs-auth' } });
  bad.socket.terminate();
});

describe('a membership that changes', () => {
  async function shared() {
    const world = await setUp({ tokenS: 3600 });
    const [ana, ben] = [device(world, 'ana'), device(world, 'ben')];
    await (await ana.write('1', 'red', 'red')).settled;
    await (await ana.write('2', 'blue', 'blue')).settled;
    await Promise.all([synced(ana.sync), synced(ben.sync)]);
    expect(await bodies(ben.sync)).toEqual(['red']);
    return { world, ana, ben };
  }

  test('takes rows from a connected device and brings others, as soon as the server is told', async () => {
    const { world, ben } = await shared();
    world.teams.ben = ['blue'];
    world.server.accessChanged('ben');
    await expect.poll(() => bodies(ben.sync)).toEqual(['blue']);
    world.teams.ben = [];
    world.server.accessChanged();
    await expect.poll(() => bodies(ben.sync)).toEqual([]);
  });

  test('takes effect on an idle device all the same, when its time to be asked has come', async () => {
    const { world, ana, ben } = await shared();
    world.teams.ben = ['blue'];
    await world.runtime.advance(60_000);
    await expect.poll(() => bodies(ben.sync)).toEqual(['blue']);
    expect(await bodies(ana.sync)).toEqual(['blue', 'red']);
  });

  test('leaves the writes of the device that lost it rejected, without a trace on others', async () => {
    const { world, ana, ben } = await shared();
    ben.sync.pause('offline');
    const refused = [await ben.write('3', 'red', 'too late'), await ben.write('4', 'red', 'never')];
    world.teams.ben = [];
    ben.sync.resume('offline');
    for (const { settled } of refused) expect(await settled).toMatchObject({ outcome: 'rejected' });
    await (await ana.write('5', 'red', 'later')).settled;
    expect(await bodies(ana.sync)).toEqual(['blue', 'later', 'red']);
  });
});

describe('a device', () => {
  test('is listed, renamed, and sees those of nobody else', async () => {
    const world = await setUp();
    const [one, two, ben] = [device(world, 'ana'), device(world, 'ana'), device(world, 'ben')];
    await Promise.all([synced(one.sync), synced(two.sync), synced(ben.sync)]);
    await one.sync.devices.rename('Laptop');
    const list = await two.sync.devices.list();
    expect(list).toHaveLength(2);
    expect(list.find(({ isThisDevice }) => !isThisDevice)).toMatchObject({ name: 'Laptop', revoked: false });
    expect(await ben.sync.devices.list()).toHaveLength(1);
    const [anas] = list;
    await expect(ben.sync.devices.revoke(anas?.deviceId ?? '')).rejects.toMatchObject({ kind: 'not-found' });
    await expect(ben.sync.devices.revoke('no-such-device')).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('that is revoked is shut out at once, and keeps its unsent work', async () => {
    const world = await setUp();
    const [one, two] = [device(world, 'ana'), device(world, 'ana')];
    await Promise.all([synced(one.sync), synced(two.sync)]);
    const socketCount = async () => (await world.server.stats()).socketCount;
    expect(await socketCount()).toBe(2);
    const lost = (await one.sync.devices.list()).find(({ isThisDevice }) => !isThisDevice);
    await one.sync.devices.revoke(lost?.deviceId ?? '');
    expect(await socketCount()).toBe(1);
    await two.write('1', 'red', 'kept');
    await expect(two.sync.sync()).rejects.toMatchObject({ kind: 'forbidden' });
    expect(two.sync.store.getState().status).toMatchObject({ phase: 'error', pendingCount: 1 });
    expect(await two.sync.outbox.list()).toHaveLength(1);
    expect(await bodies(two.sync)).toEqual(['kept']);
    await (await one.write('2', 'red', 'other')).settled;
    expect(await bodies(two.sync)).toEqual(['kept']);
  });
});

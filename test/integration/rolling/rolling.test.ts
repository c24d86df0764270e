/** Nodes and devices of two releases, one version of the protocol apart, over one Postgres: all are processes of their own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';
import { laterRelease, type Release, thisRelease } from './next-version.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const later = laterRelease(1);
const tooLate = laterRelease(2);

let database: TestDatabase;
const children = new Set<ChildProcess>();
const sockets = new Set<Socket>();
/** What stands in front of the nodes: leads to the one that is in service. */
let proxy: Server;
let nodePort = 0;

beforeAll(async () => {
  database = await createDatabase();
  proxy = createServer((socket) => {
    const onward = connect(nodePort, '127.0.0.1');
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const socket of sockets) socket.destroy();
  proxy.close();
  await database.drop();
  later.remove();
  tooLate.remove();
});

function start({ peer }: Release, ...args: string[]): ChildProcess {
  const child = fork(peer, args, { execArgv: ['--disable-warning=ExperimentalWarning'] });
  child.setMaxListeners(50);
  children.add(child);
  return child;
}

type Told = Readonly<Record<string, unknown>>;

/** The first thing that a process says from now on which fits. */
function hears(child: ChildProcess, fits: (told: Told) => boolean): Promise<Told> {
  return new Promise((resolve, reject) => {
    const listener = (told: Told) => {
      if (!fits(told)) return;
      child.off('message', listener);
      resolve(told);
    };
    child.on('message', listener);
    child.once('exit', (code) => reject(new Error(`The process ended with ${code}.`)));
  });
}

/** Starts a node, and leads everybody to it. */
async function serveWith(release: Release): Promise<ChildProcess> {
  const node = start(release, 'node', database.url);
  const { url } = await hears(node, (told) => 'url' in told);
  nodePort = Number(new URL(String(url)).port);
  return node;
}

interface Device {
  readonly child: ChildProcess;
  readonly sees: Set<string>;
}

async function device(release: Release, name: string): Promise<Device> {
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const child = start(release, 'device', name, url);
  const sees = new Set<string>();
  child.on('message', (told: Told) => {
    if (Array.isArray(told.sees)) for (const id of told.sees) sees.add(String(id));
  });
  await hears(child, (told) => told.isReady === true);
  return { child, sees };
}

/** Each device writes one note, and each comes to see all of them. */
async function exchange(devices: readonly Device[], round: string): Promise<void> {
  const ids = devices.map((_, index) => `${round}-${index}`);
  const outcomes = devices.map(({ child }) => hears(child, (told) => 'outcome' in told));
  for (const [index, { child }] of devices.entries()) child.send({ write: ids[index] });
  for (const { outcome } of await Promise.all(outcomes)) expect(outcome).toBe('applied');
  const missing = () => devices.map(({ sees }) => ids.filter((id) => !sees.has(id)));
  await expect.poll(missing, { timeout: 60_000 }).toEqual(devices.map(() => []));
}

test('apps first, then the nodes, then back again: everybody goes on, and sees everything', async () => {
  const first = await serveWith(thisRelease);
  const devices = [await device(thisRelease, 'old app'), await device(later, 'new app')];
  await exchange(devices, 'old node');

  const second = await serveWith(later);
  first.kill('SIGKILL');
  await exchange(devices, 'new node');
  // Both in service at once: a client may be at either.
  const third = await serveWith(thisRelease);
  devices.push(await device(later, 'another new app'));
  await exchange(devices, 'both');

  second.kill('SIGKILL');
  await exchange(devices, 'old node again');
  const [{ count = 0 } = {}] = await database.sql<{ count: number }[]>`SELECT count(*)::int AS count FROM note`;
  expect(count).toBe(10);
  third.kill('SIGKILL');
});

test('two versions apart, the app is told so, and keeps its work', async () => {
  await serveWith(thisRelease);
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const far = start(tooLate, 'device', 'far', url);
  await hears(far, ({ error }) => error === 'version');
});

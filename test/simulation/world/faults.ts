import { SyncError } from '../../../src/shared/error.ts';
import { openMemoryDatabase } from '../../../src/storage/sqlite-wasm/memory.ts';
import { BENS } from './access.ts';
import { anotherProgram } from './another-program.ts';
import { type Chance, chanceOf } from './chance.ts';
import type { Client, Switching } from './client.ts';
import { isPosthumous, noHazards, openImage } from './disk.ts';
import type { Tab } from './tabs.ts';
import type { World } from './world.ts';

/** What a history is made of. */
export interface Plan {
  readonly faults: ReadonlySet<string>;
  readonly clientCount: number;
  readonly stepCount: number;
  readonly pageBytes: number;
  readonly nodeCount: number;
  /** The server's disk must outlive its program. */
  readonly needsFile: boolean;
}

/** Runs through the whole history, on every line. */
const WEATHER = {
  drop: { dropShare: 0.2 },
  delay: { maxDelayMs: 1_500 },
  'lost answer': { lostAnswerShare: 0.2 },
  duplicate: { duplicateShare: 0.25 },
  cut: { cutShare: 0.15 },
};

/** Shapes the whole history. */
const CIRCUMSTANCES = ['several nodes', 'tabs'] as const;

type Event = (world: World, client: Client, chance: Chance) => unknown;

const EVENTS = {
  'partition up': (world: World, { options: { link } }: Client, chance: Chance) => {
    link.isUpBlocked = true;
    world.clock.setTimer(chance.between(200, 8_000), () => link.unblock());
  },
  'partition down': (world: World, { options: { link } }: Client, chance: Chance) => {
    link.isDownBlocked = true;
    world.clock.setTimer(chance.between(200, 8_000), () => link.unblock());
  },
  'offline past retention': ({ clock, server }: World, { options: { link } }: Client, chance: Chance) => {
    link.isUpBlocked = true;
    link.isDownBlocked = true;
    const ms = chance.between(2_000, 60_000);
    clock.setTimer(ms * 0.9, () => server.current?.service.prune().catch(() => {}));
    clock.setTimer(ms, () => link.unblock());
  },
  'half-open': (_world: World, { options: { link } }: Client) => {
    for (const socket of [...link.sockets]) socket.halve();
  },
  'server crash': ({ server }: World, _client: Client, chance: Chance) => {
    if (chance.happens(0.3)) server.crash(server.nodes.length > 0 ? chance.of(server.nodes) : null);
    else server.hazards.crashIn = 1 + chance.below(40);
  },
  'server disk error': ({ server }: World, _client: Client, chance: Chance) => {
    server.hazards.failIn = 1 + chance.below(40);
  },
  'slow server disk': ({ clock, server }: World, _client: Client, chance: Chance) => {
    server.hazards.maxSlowMs = chance.of([5, 50, 400]);
    clock.setTimer(chance.between(100, 3_000), () => {
      server.hazards.maxSlowMs = 0;
    });
  },
  'client crash': (world: World, client: Client, chance: Chance) => {
    const how = chance.below(3);
    if (how === 0) client.crash();
    if (how === 1) client.options.link.dieIn = 1 + chance.below(6);
    if (how === 2) client.hazards.crashIn = 1 + chance.below(120);
    world.clock.setTimer(chance.between(100, 4_000), () => restart(world, client));
  },
  'tab crash': (world: World, client: Client, chance: Chance) => {
    if (!client.options.hasWorkers || !client.isRunning) return;
    client.crashTab(aTab(client, chance));
    world.clock.setTimer(chance.between(0, 4_000), () => {
      if (client.tabs.length < client.options.tabCount) client.openTab();
    });
  },
  'clock jump': (world: World, client: Client, chance: Chance) => {
    const day = 86_400_000;
    client.skewMs = chance.of([-day, day, 0, -world.clock.now(), 80 * 365 * day, chance.between(-day, day)]);
    for (const process of client.processes) process.skewMs = client.skewMs;
  },
  freeze: (_world: World, client: Client, chance: Chance) => {
    if (client.isRunning) aTab(client, chance).process.freezeFor(chance.between(100, 40_000));
  },
  pause: (world: World, client: Client, chance: Chance) => {
    const tab = client.tabs[0];
    tab?.page.pause('simulated').catch(() => {});
    world.clock.setTimer(chance.between(100, 10_000), () => tab?.page.resume('simulated').catch(() => {}));
  },
  'token expiry': (world: World, { user }: Client, chance: Chance) => {
    world.tokens.set(user, (world.tokens.get(user) ?? 0) + 1);
    for (const client of world.clients) {
      if (client.user === user) world.clock.setTimer(chance.between(0, 8_000), () => signIn(client));
    }
  },
  'wrong account': (world: World, client: Client, chance: Chance) => {
    // A database that is nobody's yet would rightly become the other's.
    if (client.switching || !client.isBound) return;
    client.token = client.options.token(otherThan(client.user));
    // The open line is that of the person before: it ends with the page.
    if (chance.happens(0.5)) for (const socket of [...client.options.link.sockets]) socket.cut();
    world.clock.setTimer(chance.between(100, 6_000), () => signIn(client));
  },
  'account switch': (world: World, client: Client, chance: Chance) => switchAccount(world, client, chance),
  'restore from a copy': async (world: World) => {
    const { server } = world;
    if (!server.current) return;
    if (!world.hasBackup) {
      world.hasBackup = true;
      await server.backup();
      return;
    }
    if (world.restoreCount >= 2) return;
    world.restoreCount += 1;
    let before: readonly string[] = [];
    await server.restore({
      async onStopped() {
        before = await server.entryIds();
      },
      async onCopied() {
        world.ledger.restored();
        const after = new Set(await server.entryIds());
        for (const id of before) if (!after.has(id)) world.mayBeLost.add(id);
      },
    });
  },
  'client cloned': async (world: World, client: Client) => {
    if (world.clients.length >= world.plan.clientCount + 3) return;
    if (client.disk.inTransaction || client.entries.size === 0) return;
    const copy = world.copyOf(client, await openImage(client.disk.exportBytes()));
    // Both write from here on: then the server must be told two devices.
    for (const one of [client, copy]) {
      one.lonelyUntil = one.entries.size;
    }
    restart(world, copy);
  },
  'new device': async (world: World, _client: Client, chance: Chance) => {
    if (world.clients.length >= world.plan.clientCount + 2) return;
    restart(world, world.join(chance.of(['ana', 'ben']), await openMemoryDatabase()));
  },
  'power cut': async (world: World, client: Client, chance: Chance) => {
    const { image } = client;
    if (!image || client.switching || client.openWriteCount > 0) return;
    world.powerCutCount += 1;
    const ids = client.entries.keys();
    client.crash();
    await Promise.resolve();
    await client.replaceDisk(image);
    const kept = new Set(client.read('SELECT id FROM entry').map(([id]) => String(id)));
    for (const id of ids) if (!kept.has(id)) world.mayBeLost.add(id);
    client.becomeNew(client.user);
    world.clock.setTimer(chance.between(100, 4_000), () => restart(world, client));
  },
  'schema bump': (world: World, client: Client, chance: Chance) => {
    const { server } = world;
    if (server.schemaVersion === 1 && chance.happens(0.5)) {
      server.schemaVersion = 2;
      for (const node of [...server.nodes]) server.crash(node);
      return;
    }
    client.schemaVersion = 2;
    upgrade(world, client, chance);
  },
  retention: ({ server }: World) => server.current?.service.prune().catch(() => {}),
  access: (world: World, _client: Client, chance: Chance) => world.access.setBens(chance.of(BENS)),
  'disk full': (world: World, { hazards }: Client, chance: Chance) => {
    hazards.isFull = true;
    world.clock.setTimer(chance.between(10, 1_500), () => {
      hazards.isFull = false;
    });
  },
  'disk error': (_world: World, { hazards }: Client, chance: Chance) => {
    hazards.failIn = 1 + chance.below(30);
  },
  'slow disk': (_world: World, { hazards }: Client, chance: Chance) => {
    hazards.slowIn = 1 + chance.below(60);
    hazards.slowMs = chance.between(50, 5_000);
  },
  'write on the server': ({ server }: World, _client: Client, chance: Chance) =>
    server.current?.service
      .mutate(null, [
        { table: 'of_last', key: [`x${chance.below(3)}`], op: 'put', columns: { a: 'server', b: `${chance.next()}` } },
        { table: 'list', key: [`l${chance.below(4)}`], op: 'put', columns: { name: 'server', owner: 'o0' } },
      ])
      .catch(() => {}),
} satisfies Record<string, Event>;

/** What there is to go wrong over Postgres besides. Apart from the others: those are drawn as they always were. */
const POSTGRES_EVENTS = {
  'another program': (world: World, _client: Client, chance: Chance) => anotherProgram(world, chance),
  'database connections cut': ({ database }: World, _client: Client, chance: Chance) => {
    if (chance.happens(0.4)) database?.wire.cut(() => chance.happens(0.5));
    else database?.wire.cutAt(1 + chance.below(60), chance.happens(0.7));
  },
} satisfies Record<string, Event>;

/** A tab, of several more often the one that leads. */
function aTab(client: Client, chance: Chance): Tab {
  const leader = client.tabs.find(({ isLeader }) => isLeader);
  return leader && chance.happens(0.7) ? leader : chance.of(client.tabs);
}

const otherThan = (user: string) => (user === 'ana' ? 'ben' : 'ana');

/** The person leaves: signs out, wipes what is theirs, and another one signs in. Whatever the other tabs are at goes on meanwhile. */
async function switchAccount(world: World, client: Client, chance: Chance): Promise<void> {
  // A database that is nobody's yet would rightly become that of the next one who signs in.
  if (!client.isRunning || client.switching || !client.isBound) return;
  const { page, process } = aTab(client, chance);
  if (process.isFrozen) return;
  const to = chance.happens(0.7) ? otherThan(client.user) : client.user;
  const losesUnsent = chance.happens(0.7);
  const held = client.read('SELECT id FROM entry').map(([id]) => String(id));
  const switching = { to, deviceId: client.deviceId, process, held, losesUnsent };
  client.switching = switching;
  client.token = client.options.token(to);
  process.onKill(() => world.clock.setTimer(1, () => closeBrowser(world, client, switching)));
  await page.wipe({ unsent: losesUnsent ? 'discard' : 'refuse' }).catch(() => {});
  if (!process.isDead) endSwitch(world, client, switching);
}

/** The tab that wiped is gone. Where others are left, one of them may be at it still: all of them are closed, so that it is over. */
function closeBrowser(world: World, client: Client, switching: Switching): void {
  if (client.switching !== switching) return;
  client.crash();
  world.clock.setTimer(1, () => endSwitch(world, client, switching));
  world.clock.setTimer(1_000, () => restart(world, client));
}

/** Whether it was interrupted or not: if the data are gone, the next person is here. */
function endSwitch({ ledger, mayBeLost }: World, client: Client, switching: Switching): void {
  if (client.switching !== switching) return;
  client.switching = null;
  if (client.deviceId !== switching.deviceId) {
    // What had not been sent is gone where that was said: all that was on the disk, whoever wrote it there. After a power cut, and
    // on a copy, it holds work of an earlier author that still waits.
    const unsent = [...switching.held, ...client.entries.keys()].filter((id) => !ledger.hasEntry(id));
    if (switching.losesUnsent) for (const id of unsent) mayBeLost.add(id);
    client.becomeNew(switching.to);
  }
  signIn(client);
}

/** A new version of the app is loaded: everywhere at once, or tab by tab. */
function upgrade(world: World, client: Client, chance: Chance): void {
  if (!client.isRunning) return;
  if (client.options.hasWorkers && chance.happens(0.5)) {
    client.crashTab(chance.of(client.tabs));
    client.openTab();
    return;
  }
  client.crash();
  world.clock.setTimer(chance.between(10, 1_000), () => restart(world, client));
}

const FAULT_NAMES: readonly string[] = [...Object.keys(WEATHER), ...CIRCUMSTANCES, ...Object.keys(EVENTS)];
const ALL_EVENTS: Readonly<Record<string, Event>> = { ...EVENTS, ...POSTGRES_EVENTS };

/** The server's program ends in them, or is looked at in the middle of a write. */
const NEED_FILE = ['server crash', 'restore from a copy', 'slow server disk', 'schema bump'];

export interface PlanOptions {
  /** In the place of the drawn ones. */
  readonly faults?: readonly string[] | undefined;
  readonly isPostgres?: boolean;
}

/** One history in ten has no faults, one in twenty is large. */
export function planOf(seed: number, { faults: wanted, isPostgres = false }: PlanOptions = {}): Plan {
  const chance = chanceOf(seed, 2);
  const isFair = chance.happens(0.1);
  const isLarge = chance.happens(0.05);
  const share = chance.between(0.1, 0.5);
  const drawn = FAULT_NAMES.filter(() => chance.happens(share));
  const more = isPostgres ? ofPostgres(chanceOf(seed, 3)) : [];
  const faults = new Set(wanted ?? (isFair ? [] : [...drawn, ...more]));
  return {
    faults,
    clientCount: isLarge ? 6 : 3 + chance.below(2),
    stepCount: isLarge ? 200 : 20 + chance.below(40),
    pageBytes: chance.of([1_024, 4_096, 256 * 1024]),
    nodeCount: faults.has('several nodes') ? 2 + chance.below(2) : 1,
    needsFile: NEED_FILE.some((name) => faults.has(name)),
  };
}

/** Several nodes more often than elsewhere: here they are real. */
function ofPostgres(chance: Chance): string[] {
  return ['several nodes', ...Object.keys(POSTGRES_EVENTS)].filter(() => chance.happens(0.5));
}

export function setWeather({ plan, clients }: World): void {
  for (const { options } of clients) {
    for (const [name, weather] of Object.entries(WEATHER)) {
      if (plan.faults.has(name)) Object.assign(options.link.weather, weather);
    }
  }
}

/** One of the events that this history may have. */
export function strike(world: World, client: Client, chance: Chance): string | null {
  const names = Object.keys(ALL_EVENTS).filter((name) => world.plan.faults.has(name));
  if (names.length === 0) return null;
  const name = chance.of(names);
  const result = ALL_EVENTS[name]?.(world, client, chance);
  if (result instanceof Promise) result.catch((error) => world.unexpected.push(error));
  return name;
}

/** It may die while it starts; and on a disk that is full or fails it does not come up: the person tries again. */
function restart(world: World, client: Client): void {
  try {
    client.start();
  } catch (error) {
    if (isPosthumous(error)) return;
    const isOfDisk = error instanceof SyncError && (error.kind === 'quota' || error.kind === 'storage');
    if (!isOfDisk) throw error;
    world.clock.setTimer(1_000, () => restart(world, client));
  }
}

function signIn(client: Client): void {
  if (client.switching) return;
  client.token = client.options.token(client.user);
  const [tab] = client.tabs;
  tab?.page.sync().catch(() => {});
}

const NEED_PERSON = ['wrong account', 'account switch', 'schema bump'];

/** From here on nothing goes wrong any more. */
export async function heal(world: World): Promise<void> {
  const { server } = world;
  Object.assign(server.hazards, { crashIn: NEVER, failIn: NEVER, maxSlowMs: 0 });
  world.database?.wire.heal();
  await world.database?.endOthers();
  const isBumped = server.schemaVersion > 1 || world.clients.some(({ schemaVersion }) => schemaVersion > 1);
  if (isBumped && server.schemaVersion === 1) {
    server.schemaVersion = 2;
    for (const node of [...server.nodes]) server.crash(node);
  }
  // What is slow just now comes to its end first.
  await startServer(world);
  // What was on its way up when the new version came is of the old one.
  const old = server.nodes.filter(({ schema }) => schema.version !== server.schemaVersion);
  for (const node of old) server.crash(node);
  if (old.length > 0) await startServer(world);
  for (const client of world.clients) {
    client.options.link.heal();
    Object.assign(client.hazards, noHazards());
    if (isBumped && client.schemaVersion === 1) {
      client.schemaVersion = 2;
      client.crash();
    }
    client.start();
    // A wipe that is under way comes to its end by itself.
    if (!client.switching) client.token = client.options.token(client.user);
    for (const process of client.processes) process.thaw();
    client.tabs[0]?.page.resume('simulated').catch(() => {});
    // A person looks: after a long wait for a new token, or a new server, the app would ask less often by itself.
    if (NEED_PERSON.some((name) => world.plan.faults.has(name))) signIn(client);
  }
  // Who may see what is asked anew with the next commit or round: there is one.
  if (world.plan.faults.has('access')) {
    const columns = { name: 'healed', owner: 'o0' };
    server.current?.service.mutate(null, [{ table: 'list', key: ['l0'], op: 'put', columns }]).catch(() => {});
  }
}

async function startServer({ server, clock }: World): Promise<void> {
  const started = server.start();
  await clock.advance(500);
  await started;
}

const NEVER = Number.POSITIVE_INFINITY;

import { type Chance, chanceOf } from './chance.ts';
import type { Client } from './client.ts';
import { isPosthumous } from './disk.ts';
import type { World } from './world.ts';

export type FaultName = keyof typeof EVENTS | keyof typeof WEATHER;

/** What a history is made of. */
export interface Plan {
  readonly faults: ReadonlySet<string>;
  readonly clientCount: number;
  readonly stepCount: number;
  readonly pageBytes: number;
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
  'half-open': (_world: World, { options: { link } }: Client) => {
    for (const socket of [...link.sockets]) socket.halve();
  },
  'server crash': ({ server }: World, _client: Client, chance: Chance) => {
    if (chance.happens(0.3)) server.crash();
    else server.crashAfter(1 + chance.below(40));
  },
  'client crash': (world: World, client: Client, chance: Chance) => {
    if (chance.happens(0.3)) client.crash();
    else client.program?.disk.crashAfter(1 + chance.below(120));
    world.clock.setTimer(chance.between(100, 4_000), () => restart(client));
  },
  'clock jump': (world: World, client: Client, chance: Chance) => {
    const day = 86_400_000;
    client.skewMs = chance.of([-day, day, 0, -world.clock.now(), 80 * 365 * day, chance.between(-day, day)]);
    if (client.program) client.program.process.skewMs = client.skewMs;
  },
  freeze: (world: World, { program }: Client, chance: Chance) => {
    if (!program) return;
    program.process.isFrozen = true;
    world.clock.setTimer(chance.between(100, 20_000), () => program.process.thaw());
  },
  pause: (world: World, { program }: Client, chance: Chance) => {
    const tab = program?.tabs[0];
    tab?.methods.pause('simulated').catch(() => {});
    world.clock.setTimer(chance.between(100, 10_000), () => tab?.methods.resume('simulated').catch(() => {}));
  },
  'token expiry': (world: World, { options: { user } }: Client, chance: Chance) => {
    world.tokens.set(user, (world.tokens.get(user) ?? 0) + 1);
    for (const client of world.clients) {
      if (client.options.user === user) world.clock.setTimer(chance.between(0, 8_000), () => signIn(client));
    }
  },
  'restore from a copy': async (world: World) => {
    const { server } = world;
    if (!server.current) return;
    if (!world.hasBackup) {
      server.backup();
      world.hasBackup = true;
      return;
    }
    if (world.restoreCount >= 2) return;
    world.restoreCount += 1;
    let before: readonly string[] = [];
    await server.restore({
      onStopped() {
        before = server.entryIds();
      },
      onCopied() {
        const after = new Set(server.entryIds());
        for (const id of before) if (!after.has(id)) world.mayBeLost.add(id);
      },
    });
  },
  retention: ({ server }: World) => server.current?.service.prune().catch(() => {}),
  access: (world: World) => {
    const isThere = world.bensScopes.includes('owner:o1');
    world.bensScopes = isThere ? ['main', 'owner:o0'] : ['main', 'owner:o0', 'owner:o1'];
  },
  'disk full': (world: World, { program }: Client, chance: Chance) => {
    if (!program) return;
    program.disk.isFull = true;
    world.clock.setTimer(chance.between(10, 1_500), () => {
      program.disk.isFull = false;
    });
  },
  'write on the server': ({ server }: World, _client: Client, chance: Chance) =>
    server.current?.service
      .mutate(null, [
        { table: 'of_last', key: [`x${chance.below(3)}`], op: 'put', columns: { a: 'server', b: `${chance.next()}` } },
        { table: 'list', key: [`l${chance.below(4)}`], op: 'put', columns: { name: 'server', owner: 'o0' } },
      ])
      .catch(() => {}),
} satisfies Record<string, Event>;

export const FAULT_NAMES: readonly string[] = [...Object.keys(WEATHER), ...Object.keys(EVENTS)];

/** One history in ten has no faults, one in twenty is large. */
export function planOf(seed: number, wanted?: readonly string[]): Plan {
  const chance = chanceOf(seed, 2);
  const isFair = chance.happens(0.1);
  const isLarge = chance.happens(0.05);
  const share = chance.between(0.1, 0.5);
  const drawn = FAULT_NAMES.filter(() => chance.happens(share));
  const faults = new Set(wanted ?? (isFair ? [] : drawn));
  return {
    faults,
    clientCount: isLarge ? 6 : 3 + chance.below(2),
    stepCount: isLarge ? 200 : 20 + chance.below(40),
    pageBytes: chance.of([1_024, 4_096, 256 * 1024]),
    needsFile: faults.has('server crash') || faults.has('restore from a copy'),
  };
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
  const names = Object.keys(EVENTS).filter((name) => world.plan.faults.has(name));
  if (names.length === 0) return null;
  const name = chance.of(names);
  const event: Event | undefined = (EVENTS as Record<string, Event>)[name];
  const result = event?.(world, client, chance);
  if (result instanceof Promise) result.catch((error) => world.unexpected.push(error));
  return name;
}

/** Tried again until it comes up: it may die while it starts. */
export function restart(client: Client): void {
  try {
    client.start();
  } catch (error) {
    if (!isPosthumous(error)) throw error;
  }
}

function signIn(client: Client): void {
  client.token = client.options.token();
  const tab = client.program?.tabs[0];
  tab?.methods.runSync(`sign-in-${client.token}`, 'sync', {}).catch(() => {});
}

/** From here on nothing goes wrong any more. */
export async function heal(world: World): Promise<void> {
  world.server.crashAfter(Number.POSITIVE_INFINITY);
  await world.server.start();
  for (const client of world.clients) {
    client.options.link.heal();
    client.start();
    client.token = client.options.token();
    const { program } = client;
    if (!program) continue;
    program.disk.isFull = false;
    program.disk.crashAfter(Number.POSITIVE_INFINITY);
    program.process.thaw();
    program.tabs[0]?.methods.resume('simulated').catch(() => {});
    if (world.plan.faults.has('token expiry')) signIn(client);
  }
  // Who may see what is asked anew with the next commit or round: there is one.
  if (world.plan.faults.has('access')) {
    const columns = { name: 'healed', owner: 'o0' };
    world.server.current?.service.mutate(null, [{ table: 'list', key: ['l0'], op: 'put', columns }]).catch(() => {});
  }
}

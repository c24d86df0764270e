import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalDatabase } from '../../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../../src/storage/sqlite-wasm/memory.ts';
import { AccessBook, ESTATE } from './access.ts';
import { type Chance, chanceOf } from './chance.ts';
import { Client, type ClientOptions } from './client.ts';
import type { Plan } from './faults.ts';
import { Ledger } from './ledger.ts';
import { endConnections, Link } from './network.ts';
import type { Plant } from './plant-seams.ts';
import { PostgresDisk, type PostgresSource } from './postgres-disk.ts';
import { Server } from './server.ts';
import { SqliteDisk } from './sqlite-disk.ts';
import type { Violation } from './violation.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';
import type { Written } from './written.ts';

/** One history's worth of machines, on one clock and one source of chance. */
export interface World {
  readonly seed: number;
  readonly plan: Plan;
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly server: Server;
  /** Null: the server's data lie in SQLite. */
  readonly database: PostgresDisk | null;
  readonly clients: readonly Client[];
  readonly ledger: Ledger;
  /** Every entry that anybody wrote. */
  readonly written: Map<string, Written>;
  /** The newest version of the app that has been released. */
  schemaVersion: number;
  powerCutCount: number;
  /** One more machine, with a copy of the disk of another. */
  copyOf(original: Client, disk: LocalDatabase): Client;
  /** One more device of this person, with nothing on it. */
  join(user: string, disk: LocalDatabase): Client;
  /** A device that nobody has used yet. It takes no part in the history. */
  newcomer(user: string, disk: LocalDatabase): Client;
  readonly access: AccessBook;
  /** By user: the token that the server takes. */
  readonly tokens: Map<string, number>;
  readonly violations: Violation[];
  /** Errors that nothing explains. */
  readonly unexpected: unknown[];
  /** Entries that may be gone: by a restore from an old copy, a power cut, or because their author threw them away. */
  readonly mayBeLost: Set<string>;
  hasBackup: boolean;
  restoreCount: number;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly seed: number;
  readonly plan: Plan;
  readonly plant?: Plant | undefined;
  /** The server's data lie in a database of this Postgres; left out: in SQLite. */
  readonly postgres?: PostgresSource | undefined;
}

export async function openWorld({ seed, plan, plant = {}, postgres }: WorldOptions): Promise<World> {
  const database = postgres ? await PostgresDisk.open(postgres) : null;
  const settle = async () => {
    if (await database?.settle()) return true;
    ledger.settle();
    return false;
  };
  const clock = virtualClock(seed, settle);
  const chance = chanceOf(seed, 1);
  const folder =
    !database && (plan.needsFile || plant.needsFile) ? mkdtempSync(join(ramOrTemp(), 'tidemark-sim-')) : null;
  const tokens = new Map([
    ['ana', 1],
    ['ben', 1],
  ]);
  const violations: Violation[] = [];
  const written = new Map<string, Written>();
  const access = new AccessBook(clock.elapsed, plan.faults.has('slow server disk') ? 15_000 : 500);
  const ledger = new Ledger({
    now: clock.now,
    written,
    access,
    report: (violation) => violations.push(violation),
    waits: database !== null,
  });
  const unexpected: unknown[] = [];
  const server = new Server({
    clock,
    disk: database ?? new SqliteDisk(clock, folder ? join(folder, 'server.db') : ':memory:'),
    access: (user) => access.of(user),
    maxCommits: plan.faults.has('retention') ? 4 : null,
    pageBytes: plan.pageBytes,
    nodeCount: plan.nodeCount,
    ledger,
    hasOthers: database !== null && plan.faults.has('another program'),
    onTrouble: (reason) => unexpected.push(reason),
    plant,
  });
  const auth = ({ token }: { token: string | null }) => {
    const [user = '', number] = (token ?? '').split('#');
    return tokens.get(user) === Number(number) ? { id: user } : null;
  };
  const clients: Client[] = [];
  const newcomers: Client[] = [];
  const clientOf = (index: number, own: Pick<ClientOptions, 'user' | 'disk' | 'hasWorkers'>) =>
    new Client({
      ...own,
      name: `c${index}`,
      clock,
      chance,
      link: new Link(clock, chanceOf(seed, 100 + index)),
      server,
      auth,
      tabCount: own.hasWorkers ? 2 + (index % 2) : 1 + (index % 2),
      token: (user) => `${user}#${tokens.get(user)}`,
      plants: plant,
      report: (violation) => violations.push(violation),
      written,
    });
  const world: World = {
    seed,
    plan,
    clock,
    chance,
    server,
    database,
    clients,
    ledger,
    written,
    schemaVersion: 1,
    powerCutCount: 0,
    copyOf(original, disk) {
      const copy = clientOf(clients.length, { user: original.user, disk, hasWorkers: false });
      copy.schemaVersion = original.schemaVersion;
      clients.push(copy);
      return copy;
    },
    join(user, disk) {
      const made = clientOf(clients.length, { user, disk, hasWorkers: false });
      made.schemaVersion = server.schemaVersion;
      clients.push(made);
      return made;
    },
    newcomer(user, disk) {
      const made = clientOf(clients.length, { user, disk, hasWorkers: false });
      newcomers.push(made);
      return made;
    },
    access,
    tokens,
    violations,
    unexpected,
    mayBeLost: new Set(),
    hasBackup: false,
    restoreCount: 0,
    async close() {
      for (const client of [...clients, ...newcomers]) await client.close();
      await server.close();
      if (folder) rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  server.onCrash = (dead) => {
    endConnections(dead);
    clock.setTimer(chance.between(0, 3_000), () => void server.start());
  };
  // Updates of rows that a restored server never had would be refused, and rightly so.
  const isRestored = plan.faults.has('restore from a copy');
  await server.seed(['p0', 'p1', ...(isRestored ? ['p2', 'p3'] : [])]);
  if (seed % 4 === 1) await server.leave(ESTATE, 'o2');
  for (let index = 0; index < plan.clientCount; index += 1) {
    const user = index % 3 === 2 ? 'ben' : 'ana';
    const hasWorkers = plan.faults.has('tabs') && index % 2 === 1;
    clients.push(clientOf(index, { user, disk: await openMemoryDatabase(), hasWorkers }));
  }
  return world;
}

/** The simulated disk loses nothing in a power cut: real syncs would only cost time. */
const ramOrTemp = (): string => (existsSync('/dev/shm') ? '/dev/shm' : tmpdir());

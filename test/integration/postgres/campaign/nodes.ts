import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

interface Node {
  readonly process: ChildProcess;
  readonly port: number;
  readonly links: Set<Socket>;
  isFrozen: boolean;
}

export interface NodesOptions {
  readonly databaseUrl: string;
  readonly count: number;
  readonly stalledMs: number;
}

/** Server processes behind one address, as a proxy has them: each connection goes to the next that is up. */
export class Nodes {
  readonly #options: NodesOptions;
  readonly #nodes: (Node | null)[] = [];
  #turn = 0;
  readonly #proxy = createServer((client) => this.#pass(client));
  #onDeath: (what: string) => void = () => undefined;

  constructor(options: NodesOptions) {
    this.#options = options;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#proxy.address() as AddressInfo).port}`;
  }

  /** `onDeath` hears of nodes that end without having been killed. */
  async start(onDeath: (what: string) => void): Promise<void> {
    this.#onDeath = onDeath;
    this.#proxy.listen(0, '127.0.0.1');
    await once(this.#proxy, 'listening');
    for (let index = 0; index < this.#options.count; index += 1) await this.#run(index);
  }

  /** `kill -9`, and a new process in its place. */
  async kill(index: number): Promise<void> {
    const node = this.#nodes[index];
    this.#nodes[index] = null;
    if (node) await end(node);
    await this.#run(index);
  }

  /** It stops in the middle of what it does, whatever locks it holds, and its connections are lost to everybody else. */
  freeze(index: number): void {
    const node = this.#nodes[index];
    if (!node) return;
    node.isFrozen = true;
    node.process.kill('SIGSTOP');
    for (const link of node.links) link.destroy();
  }

  /** It goes on as if nothing had happened. */
  thaw(index: number): void {
    const node = this.#nodes[index];
    if (!node) return;
    node.process.kill('SIGCONT');
    node.isFrozen = false;
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node && end(node)));
    this.#proxy.close();
  }

  async #run(index: number): Promise<void> {
    const { databaseUrl, stalledMs } = this.#options;
    const program = join(import.meta.dirname, 'node-program.ts');
    for (let isUp = false; !isUp; ) {
      const process = fork(program, [databaseUrl, String(stalledMs)], {
        execArgv: [],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      const errors = textOf(process.stderr);
      const [said] = await Promise.race([once(process, 'message'), once(process, 'exit')]);
      // The database may be away as it starts: then it is started again, as a supervisor would.
      isUp = typeof said === 'string';
      if (!isUp) continue;
      this.#nodes[index] = { process, port: Number(new URL(said).port), links: new Set(), isFrozen: false };
      process.on('exit', (code, signal) => {
        if (signal !== 'SIGKILL') this.#onDeath(`node ${index} ended by itself with ${signal ?? code}: ${errors()}`);
      });
    }
  }

  #pass(client: Socket): void {
    const up = this.#nodes.filter((node): node is Node => node !== null && !node.isFrozen);
    const node = up[this.#turn++ % Math.max(up.length, 1)];
    if (!node) return void client.destroy();
    const server = connect(node.port, '127.0.0.1');
    const link = client;
    node.links.add(link);
    const close = () => {
      node.links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', close).on('close', close);
    client.pipe(server);
    server.pipe(client);
  }
}

function textOf(stream: Readable | null): () => string {
  let text = '';
  stream?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-2_000);
  });
  return () => text;
}

async function end({ process, links }: Node): Promise<void> {
  for (const link of links) link.destroy();
  if (process.exitCode !== null || process.signalCode !== null) return;
  const exit = once(process, 'exit');
  process.kill('SIGKILL');
  await exit;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { SchemaName } from './schemas.ts';

const ENTRY = join(import.meta.dirname, 'sync-server.ts');
const NAMES = join(import.meta.dirname, '../../../scripts/source-names.ts');

/** A sync server process over one file: started, killed and started again on the same port. */
export class ServerProcess {
  readonly file: string;
  readonly #schema: SchemaName;
  readonly #under: readonly string[];
  #child: ChildProcess | null = null;
  #port = 0;

  /** @param options `under`: a command that runs the server as its child, such as a tracer. */
  constructor(options: { schema: SchemaName; file: string; under?: readonly string[] }) {
    this.#schema = options.schema;
    this.file = options.file;
    this.#under = options.under ?? [];
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const [command = '', ...args] = [
      ...this.#under,
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      '--import',
      NAMES,
      ENTRY,
    ];
    const child = spawn(command, args, {
      env: { ...process.env, SCHEMA: this.#schema, FILE: this.file, PORT: String(this.#port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    // However this process ends, it leaves no server behind.
    const endWithUs = () => void child.kill('SIGKILL');
    process.once('exit', endWithUs);
    child.once('exit', () => process.off('exit', endWithUs));
    this.#port = Number(new URL(await listeningUrl(child)).port);
  }

  /** The death that leaves no time for anything. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** The process stands still, and its sockets stay open. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  let output = '';
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk;
      const line = output.split('\n').find((one) => one.startsWith('{"url"'));
      if (line) resolve((JSON.parse(line) as { url: string }).url);
    });
    child.once('exit', (code) => reject(new Error(`The sync server ended with ${code}: ${errors}`)));
  });
}

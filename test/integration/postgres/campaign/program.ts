import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface ProgramOptions {
  readonly name: string;
  readonly databaseUrl: string;
  readonly seed: number;
  readonly onCommitted: () => void;
}

/** Runs a program that writes to the database on its own, and keeps book of what it was told. */
export class Program {
  readonly #options: ProgramOptions;
  /** Numbers of the transactions it was told of that they had committed. */
  readonly committed: number[] = [];
  #nextTx = 0;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  async writeUntil(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) await this.#run(stopped);
  }

  /** One run of the program: until it is told to stop, or its driver ends it. */
  async #run(stopped: AbortSignal): Promise<void> {
    const { name, databaseUrl, seed } = this.#options;
    const args = [databaseUrl, name, String(seed), String(this.#nextTx)];
    const process = fork(join(import.meta.dirname, 'program-process.ts'), args, { execArgv: [], stdio: 'ignore' });
    process.on('message', (said: { begun?: number; committed?: number }) => this.#note(said));
    const stop = () => process.connected && process.send('stop');
    stopped.addEventListener('abort', stop);
    await once(process, 'close');
    stopped.removeEventListener('abort', stop);
  }

  #note({ begun, committed }: { begun?: number; committed?: number }): void {
    if (begun !== undefined) this.#nextTx = begun + 1;
    if (committed === undefined) return;
    this.committed.push(committed);
    this.#options.onCommitted();
  }
}

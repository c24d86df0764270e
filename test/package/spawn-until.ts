import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Spawned {
  /** What the pattern found in the output. */
  match: RegExpExecArray;
  /** Sends a signal and resolves with the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const running = new Set<ChildProcess>();

/** Starts a program in Node and waits until its output matches; rejects with the output if it ends before. */
export async function spawnUntil(pattern: RegExp, args: string[], options: SpawnOptions): Promise<Spawned> {
  const child = spawn(process.execPath, args, options);
  running.add(child);
  child.once('exit', () => running.delete(child));
  const match = await new Promise<RegExpExecArray>((found, failed) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk;
      const match = pattern.exec(output);
      if (match) found(match);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => failed(new Error(`${args.join(' ')} ended with ${code}: ${output}`)));
  });
  return {
    match,
    async end(signal) {
      if (child.exitCode !== null) return child.exitCode;
      const exit = once(child, 'exit');
      child.kill(signal);
      const [code] = await exit;
      return code;
    },
  };
}

/** Kills what a failed test has left running. */
export function killSpawned(): void {
  for (const child of running) child.kill('SIGKILL');
}

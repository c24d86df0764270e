import { SyncError } from 'tidemark/core';
import { HELP } from './help.ts';
import { initCommand, removeCommand } from './init.ts';
import { inspectCommand } from './inspect.ts';
import { CliError, type CliIo } from './io.ts';
import { restoredCommand } from './restored.ts';
import { serveCommand } from './serve.ts';
import { tokenCommand } from './token.ts';

type Command = (args: readonly string[], io: CliIo) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = {
  serve: serveCommand,
  inspect: inspectCommand,
  init: initCommand,
  remove: removeCommand,
  restored: restoredCommand,
  token: tokenCommand,
};

/** Runs the command line; resolves with the exit code. */
export async function main(args: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || args.includes('--help') || args.includes('-h')) {
    io.print(HELP);
    return name === undefined ? 1 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    io.warn(`tidemark has no command ${JSON.stringify(name)}.\nSee: tidemark help`);
    return 1;
  }
  try {
    return await command(rest, io);
  } catch (error) {
    io.warn(explain(error));
    return 1;
  }
}

/** Mistakes are told in a sentence; what should not happen, with everything there is. */
function explain(error: unknown): string {
  if (error instanceof CliError || error instanceof SyncError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

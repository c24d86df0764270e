import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { CliError } from './io.ts';

/** Reads the options of a command; whatever it does not know is a mistake. */
export function parseOptions<const O extends ParseArgsOptionsConfig>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new CliError(`${error instanceof Error ? error.message : String(error)}\nSee: tidemark help`);
  }
}

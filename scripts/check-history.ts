/**
 * `npm run check-history -- FILE [--explain] [--strict]`: checks recorded histories for causal consistency, and prints one
 * JSON line per history: `{"id","valid","violations"}`. `-` reads the standard input. `--explain` adds where each was
 * found. Ends with 2 if the file cannot be read, with 1 under `--strict` if a history is not valid, and with 0 otherwise.
 * The format stands in test/checker/history.ts, the meaning of the names in test/checker/violation.ts.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SyncError } from '../src/shared/error.ts';
import { checkHistory } from '../test/checker/check-history.ts';
import { type History, parseHistories } from '../test/checker/history.ts';

interface Options {
  readonly file: string;
  readonly explain: boolean;
  readonly strict: boolean;
}

function readOptions(): Options {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { explain: { type: 'boolean', default: false }, strict: { type: 'boolean', default: false } },
    });
    const [file] = positionals;
    if (file !== undefined && positionals.length === 1) return { file, ...values };
  } catch (error) {
    throw SyncError.from(error, 'misuse', 'Cannot read the arguments');
  }
  throw new SyncError('misuse', 'Say which file: npm run check-history -- FILE [--explain] [--strict]');
}

function readHistories(file: string): History[] {
  try {
    return parseHistories(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (error) {
    throw SyncError.from(error, 'invalid-value', `Cannot read ${file}`);
  }
}

try {
  const { file, explain, strict } = readOptions();
  for (const history of readHistories(file)) {
    const { details, ...verdict } = checkHistory(history);
    console.log(JSON.stringify(explain ? { ...verdict, details } : verdict));
    if (strict && !verdict.valid) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof SyncError)) throw error;
  console.error(`check-history: ${error.message}`);
  process.exitCode = 2;
}

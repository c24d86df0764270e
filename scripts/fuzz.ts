/**
 * `npm run fuzz -- --seconds N [--seed S]`: sends broken messages to the decoder and to a running server, over HTTP,
 * WebSocket and bare TCP, and ends with one line of JSON. A failure prints what was sent, in hex, and the command that
 * sends it again (`--target T --bytes HEX[,HEX…]`); the exit code is then 1.
 */
import { parseArgs } from 'node:util';
import { FuzzFailure } from '../test/fuzz/failure.ts';
import { runFuzz } from '../test/fuzz/run-fuzz.ts';
import { sendAgain } from '../test/fuzz/send-again.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string' },
    target: { type: 'string' },
    bytes: { type: 'string' },
  },
});

function wholeNumber(text: string, option: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`fuzz: --${option} must be a whole number; received ${text}`);
  process.exit(2);
}

const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : wholeNumber(values.seed, 'seed');
const seconds = wholeNumber(values.seconds, 'seconds');

try {
  if (values.target !== undefined && values.bytes !== undefined) {
    const frames = values.bytes.split(',').map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
    await sendAgain(values.target, frames);
    console.log(JSON.stringify({ ok: true, target: values.target, frames: frames.length }));
  } else {
    console.log(`seed ${seed}, ${seconds} s`);
    console.log(JSON.stringify({ ok: true, ...(await runFuzz({ seed, seconds })) }));
  }
} catch (error) {
  const failure = error instanceof FuzzFailure ? error : null;
  console.error(error);
  if (failure && failure.frames.length > 0) console.error(`Send it again: ${failure.rerun}`);
  console.log(JSON.stringify({ ok: false, seed, seconds, target: failure?.target, failure: String(error) }));
  process.exitCode = 1;
}

import { encode, type WireMap, type WireValue } from '../../src/protocol/codec.ts';
import { handshakeResponse } from '../../src/protocol/messages/handshake.ts';
import { pullPage } from '../../src/protocol/messages/pull.ts';
import { parseMessage } from '../../src/protocol/parse.ts';
import { fuzzDecoder } from './decoder.ts';
import { FuzzFailure } from './failure.ts';
import { fuzzHttp } from './http.ts';
import { GROWTH_MIB, type MemoryReport, MemoryWatch } from './memory.ts';
import { frame, handshake, type Known, type Path, paths, requestTo } from './messages.ts';
import { mutateBytes, mutatedBytes } from './mutate.ts';
import { type Random, randomOf } from './random.ts';
import { fuzzRaw, rawRequest } from './raw.ts';
import { FuzzSocket } from './socket.ts';
import { checkStored } from './stored.ts';
import { openWorld, type World } from './world.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly seconds: number;
}

export interface FuzzReport {
  readonly seed: number;
  readonly seconds: number;
  readonly decoded: number;
  /** Of the decoded, how many were refused. */
  readonly refused: number;
  readonly requests: number;
  /** Of the requests, how many were answered with 200. */
  readonly answered: number;
  readonly frames: number;
  readonly sockets: number;
  readonly raw: number;
  readonly rowsStored: number;
  readonly memory: MemoryReport;
}

type Counts = { -readonly [K in Exclude<keyof FuzzReport, 'seed' | 'seconds' | 'rowsStored' | 'memory'>]: number };

const SAMPLES = 15;

/**
 * Sends broken messages to the decoder and to a running server until the time is over.
 *
 * @throws FuzzFailure for the first thing that went wrong, with what was sent.
 */
export async function runFuzz({ seed, seconds }: FuzzOptions): Promise<FuzzReport> {
  const world = await openWorld();
  const stray = watchStray();
  try {
    const run = new FuzzRun(world, seed);
    const memory = await run.until(seconds * 1000);
    await world.stop();
    run.checkServer(stray.errors);
    const rowsStored = checkStored(world.file);
    return { seed, seconds, ...run.counts, rowsStored, memory };
  } finally {
    stray.stop();
    await world.stop();
    world.remove();
  }
}

/** Errors that nobody caught would end a server's process. */
function watchStray() {
  const errors: string[] = [];
  const note = (error: unknown) => void errors.push(error instanceof Error ? String(error.stack) : String(error));
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  const stop = () => {
    process.off('uncaughtException', note);
    process.off('unhandledRejection', note);
  };
  return { errors, stop };
}

class FuzzRun {
  readonly counts: Counts = { decoded: 0, refused: 0, requests: 0, answered: 0, frames: 0, sockets: 0, raw: 0 };
  /** What was sent last, and where to. */
  #last: { readonly target: string; readonly frames: readonly Uint8Array[] } = { target: 'none', frames: [] };
  readonly #world: World;
  readonly #seed: number;
  readonly #known: Known = { epoch: 'unknown', head: 0, resumes: [] };
  #socket: FuzzSocket | null = null;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#seed = seed;
  }

  async until(ms: number): Promise<MemoryReport> {
    await this.#learn();
    const memory = new MemoryWatch();
    const startedAt = performance.now();
    const elapsed = () => performance.now() - startedAt;
    for (let samples = 0; elapsed() < ms; ) {
      for (let i = 0; i < 1000; i++) this.#decode();
      for (let i = 0; i < 20; i++) await this.#request();
      for (let i = 0; i < 20; i++) await this.#frame();
      for (let i = 0; i < 2; i++) await this.#raw();
      this.checkServer();
      if (elapsed() < (samples * ms) / SAMPLES) continue;
      await this.#learn();
      memory.sample();
      samples++;
    }
    this.#socket?.close();
    const report = memory.report();
    if (report.lastMiB - report.firstMiB <= GROWTH_MIB) return report;
    throw new FuzzFailure('memory', [], `Memory grew from ${report.firstMiB} to ${report.lastMiB} MiB.`);
  }

  /** Where the server stands: real positions make for messages that get further. */
  async #learn(): Promise<void> {
    const { url } = this.#world;
    const bytes = encode({ protocol: 1, schemaVersion: 1, clientId: 'watcher', capabilities: [] });
    const answer = await fuzzHttp(url, '/v1/handshake', bytes);
    if (!answer) throw new FuzzFailure('http:/v1/handshake', [bytes], 'A proper handshake was refused.');
    const { epoch, head } = parseMessage(handshakeResponse, answer);
    Object.assign(this.#known, { epoch, head });
  }

  #decode(): void {
    const random = this.#random('decode', this.counts.decoded++);
    const message = this.#anyMessage(random);
    if (!fuzzDecoder(mutatedBytes(message, random))) this.counts.refused++;
    if (random.chance(0.98)) return;
    const whole = encode(message);
    for (let length = 0; length < whole.length; length++) fuzzDecoder(whole.subarray(0, length));
  }

  async #request(): Promise<void> {
    const random = this.#random('http', this.counts.requests++);
    const path = random.pick([...paths, '/v1/push', '/v1/push'] as const);
    const bytes = mutatedBytes(requestTo(random.chance(0.95) ? path : random.pick(paths), random, this.#known), random);
    this.#last = { target: `http:${path}`, frames: [bytes] };
    const answer = await fuzzHttp(this.#world.url, path, bytes);
    if (answer) this.#learnFrom(path, answer, random);
  }

  /** Answers are real messages, too: what a client may get is broken in turn. */
  #learnFrom(path: Path, answer: Uint8Array, random: Random): void {
    this.counts.answered++;
    fuzzDecoder(mutateBytes(answer.subarray(0, 4000), random));
    if (path !== '/v1/pull') return;
    const { resume } = parseMessage(pullPage, answer);
    if (resume !== null) this.#known.resumes.push(resume);
    if (this.#known.resumes.length > 10) this.#known.resumes.shift();
  }

  async #frame(): Promise<void> {
    const random = this.#random('socket', this.counts.frames++);
    if (!this.#socket?.isOpen) return this.#greet(random);
    this.#last = { target: 'socket', frames: this.#socket.sent };
    // Most frames must be sound, or no socket would live long enough to be in any state.
    const message = frame(random, this.#known);
    await this.#socket.send(random.chance(0.5) ? encode(notAHello(message)) : mutatedBytes(message, random));
  }

  async #greet(random: Random): Promise<void> {
    this.#socket?.close();
    this.#socket = await FuzzSocket.open(this.#world.url);
    this.counts.sockets++;
    this.#last = { target: 'socket', frames: this.#socket.sent };
    const hello: WireMap = { type: 'hello', token: null, handshake: handshake(random) };
    await this.#socket.greet(random.chance(0.8) ? encode(hello) : mutatedBytes(hello, random));
  }

  async #raw(): Promise<void> {
    const random = this.#random('raw', this.counts.raw++);
    const bytes = mutateBytes(rawRequest(encode(requestTo('/v1/push', random, this.#known)), random), random);
    this.#last = { target: 'raw', frames: [bytes] };
    await fuzzRaw(this.#world.url, bytes);
  }

  checkServer(stray: readonly string[] = []): void {
    const [failure] = [...stray, ...this.#world.failures];
    if (failure === undefined) return;
    const { target, frames } = this.#last;
    throw new FuzzFailure(target, frames, `The server failed inside, at this or some frames before: ${failure}`);
  }

  #anyMessage(random: Random): WireValue {
    if (random.chance(0.3)) return frame(random, this.#known);
    return requestTo(random.pick(paths), random, this.#known);
  }

  #random(target: string, index: number): Random {
    return randomOf(this.#seed, target, index);
  }
}

function notAHello(message: WireMap): WireMap {
  return message.type === 'hello' ? { type: 'ping', at: 1 } : message;
}

import { type ComposeOptions, composeEngine } from '../../../src/client/engine/compose.ts';
import type { Engine } from '../../../src/client/engine/engine.ts';
import type { EngineConnection, EnginePush } from '../../../src/client/engine-api.ts';
import { applyDelta, type LiveRows } from '../../../src/client/live/apply-delta.ts';
import type { SyncState } from '../../../src/client/types.ts';
import type { Cursor } from '../../../src/core/change.ts';
import type { Resolution } from '../../../src/core/policy.ts';
import type { AuthFunction } from '../../../src/server/edge/options.ts';
import type { Cell } from '../../../src/shared/cell.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { Runtime } from '../../../src/shared/runtime.ts';
import type { LocalDatabase } from '../../../src/storage/local-database.ts';
import type { Transport } from '../../../src/transport/transport.ts';
import { NOTHING, type Transaction } from '../../checker/history.ts';
import type { Chance } from './chance.ts';
import { ProgramDisk } from './disk.ts';
import { type Link, LinkTransport } from './network.ts';
import { Process } from './process.ts';
import { schema } from './schema.ts';
import type { Server } from './server.ts';
import { Violation } from './violation.ts';

/** What a harness self-test may put in place of a client's parts. */
export interface ClientPlants {
  readonly database?: (database: LocalDatabase, process: Process) => LocalDatabase;
  readonly transport?: (transport: Transport, process: Process, database: LocalDatabase) => Transport;
  readonly compose?: (options: ComposeOptions) => Engine;
}

export interface ClientOptions {
  readonly name: string;
  readonly user: string;
  readonly clock: Runtime;
  readonly chance: Chance;
  readonly link: Link;
  readonly server: Server;
  /** What outlives the programs of this machine. */
  readonly disk: LocalDatabase;
  readonly auth: AuthFunction;
  readonly tabCount: number;
  readonly token: () => string;
  readonly plants: ClientPlants;
  readonly report: (violation: Violation) => void;
}

/** A write of an entry, as an observer outside the client remembers it. */
export interface Written {
  readonly tally: string;
  readonly amount: number;
  /** `write()` has resolved. */
  isAcknowledged: boolean;
}

interface Program {
  readonly process: Process;
  readonly disk: ProgramDisk;
  readonly engine: Engine;
  readonly tabs: EngineConnection[];
}

const LIVE = `SELECT l.id AS id, l.nonce AS l, r.nonce AS r FROM left_half l JOIN right_half r ON r.id = l.id ORDER BY l.id`;

/** One machine with one local database: its program comes and goes, the disk stays. */
export class Client {
  readonly options: ClientOptions;
  readonly entries = new Map<string, Written>();
  #program: Program | null = null;
  #state: Partial<SyncState> = {};
  #lastCursor: Cursor | null = null;
  #live: LiveRows | null = null;
  skewMs = 0;
  /** What it shows when it is asked for a token: a signed-out person has an old one. */
  token: string;
  writeCount = 0;
  crashCount = 0;
  /** Of its own and of others' rows, what it has seen: reset where history began anew. */
  seenEntries = new Set<string>();
  seenReg = new Map<string, number>();
  /** What it wrote to and read from `reg`, for the causal checker. */
  readonly causal: Transaction[] = [];
  #ownCount = 0;
  #lastRead = '';

  constructor(options: ClientOptions) {
    this.options = options;
    this.token = options.token();
  }

  get name(): string {
    return this.options.name;
  }

  get program(): Program | null {
    return this.#program;
  }

  get state(): Partial<SyncState> {
    return this.#state;
  }

  start(): void {
    if (this.#program) return;
    const { clock, link, server, auth, plants, tabCount, disk } = this.options;
    const process = new Process(clock, this.skewMs);
    const ownDisk = new ProgramDisk(disk, () => this.crash());
    const database = plants.database?.(ownDisk, process) ?? ownDisk;
    try {
      const engine = (plants.compose ?? composeEngine)({
        schema,
        database,
        runtime: process,
        decides: ['of_app'],
        deviceName: this.name,
        createTransport: (getToken) => {
          const transport = new LinkTransport({ link, server, process, auth, getToken });
          return plants.transport?.(transport, process, database) ?? transport;
        },
      });
      const tabs = Array.from({ length: tabCount }, (_, index) => engine.connect(`${this.name}-${index}`));
      this.#program = { process, disk: ownDisk, engine, tabs };
      for (const tab of tabs) {
        tab.onPush((push) => {
          if (!process.isDead) this.#pushed(tab, push);
        });
      }
      this.#live = null;
      tabs[0]?.methods.openLive('pairs', { sql: LIVE, parameters: [] }).catch(() => {});
    } catch (error) {
      process.kill();
      ownDisk.die();
      this.#undo();
      throw error;
    }
  }

  /** The browser is gone, in the middle of whatever it was doing. */
  crash(): void {
    const program = this.#program;
    this.crashCount += 1;
    if (!program) return;
    this.#program = null;
    this.#state = {};
    program.process.kill();
    program.disk.die();
    for (const socket of [...this.options.link.sockets]) socket.cut();
    // Not before the call that it died in has been left.
    void Promise.resolve().then(() => this.#undo());
  }

  async close(): Promise<void> {
    await this.#program?.engine.close();
    this.#program?.process.kill();
    this.#program = null;
    this.options.disk.close();
  }

  read(sql: string, parameters: readonly Cell[] = []): readonly (readonly Cell[])[] {
    return this.options.disk.read(sql, parameters).rows;
  }

  /** Notes what is to be seen now: first its own writes since the last look, then a read of everything. */
  look(keys: readonly string[]): ReadonlyMap<string, number> {
    const found = new Map(this.read('SELECT id, n FROM reg').map(([id, n]) => [String(id), Number(n)]));
    const c = this.name;
    for (let v = this.#ownCount + 1; v <= (found.get(c) ?? 0); v += 1) {
      this.causal.push({ c, ops: [{ o: 'w', k: c, v }] });
      this.#ownCount = v;
    }
    const ops = keys.map((k) => ({ o: 'r' as const, k, v: found.get(k) ?? NOTHING }));
    const shown = JSON.stringify(ops);
    if (shown !== this.#lastRead) this.causal.push({ c, ops });
    this.#lastRead = shown;
    return found;
  }

  /** The live query tells what the tables hold. */
  checkLive(): void {
    if (!this.#live) return;
    const shown = JSON.stringify(this.#live.rows.map((row) => [row.id, row.l, row.r]));
    const held = JSON.stringify(this.read(LIVE));
    if (shown !== held)
      throw new Violation('C4', `${this.name}: a live query shows ${shown}, the tables hold ${held}.`);
  }

  forgetHistory(): void {
    this.seenEntries.clear();
    this.seenReg.clear();
  }

  #undo(): void {
    if (!this.#program && this.options.disk.inTransaction) this.options.disk.rollback();
  }

  #pushed(tab: EngineConnection, push: EnginePush): void {
    if (push.type === 'state') this.#mirror(push.state);
    if (push.type === 'live') this.#liveChanged(push);
    if (push.type === 'ask') this.#asked(tab, push);
  }

  #mirror(state: Partial<SyncState>): void {
    this.#state = { ...this.#state, ...state };
    const cursor = state.cursors?.[0]?.cursor ?? null;
    const last = this.#lastCursor;
    if (cursor && last && cursor.epoch === last.epoch && cursor.seq < last.seq) {
      this.options.report(new Violation('C6', `${this.name}: the cursor fell from ${last.seq} to ${cursor.seq}.`));
    }
    if (cursor) this.#lastCursor = cursor;
  }

  #liveChanged({ delta }: Extract<EnginePush, { type: 'live' }>): void {
    this.#live = applyDelta(schema, this.#live, delta);
    const torn = this.#live.rows.find((row) => row.l !== row.r);
    if (!torn) return;
    this.options.report(
      new Violation('C4', `${this.name}: a live query shows half a transaction: ${JSON.stringify(torn)}.`),
    );
  }

  #asked(tab: EngineConnection, { askId, question }: Extract<EnginePush, { type: 'ask' }>): void {
    const { methods } = tab;
    if (question.type === 'token') void methods.answer(askId, { type: 'token', token: this.token });
    else void methods.answer(askId, { type: 'resolve', resolution: decide(question.conflict) });
  }
}

/** The app's resolver: of the log alone. */
function decide({ local, remote }: { local: unknown; remote: unknown }): Resolution | null {
  const weight = JSON.stringify([local, remote]).length % 4;
  if (weight === 0) return null;
  if (weight === 1) return 'local';
  if (weight === 2 || !local || !remote) return 'remote';
  return { merged: { a: 'merged' } };
}

/** Errors that a person meets in bad weather, and a program that has just died. */
export function isExpected(error: unknown): boolean {
  const kinds = [
    'closed',
    'aborted',
    'network',
    'timeout',
    'interrupted',
    'quota',
    'needs-auth',
    'server',
    'not-found',
  ];
  return (
    error instanceof SyncError && [...kinds, 'misuse', 'invalid-value', 'storage', 'forbidden'].includes(error.kind)
  );
}

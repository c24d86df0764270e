import { type ComposeOptions, composeEngine } from '../../../src/client/engine/compose.ts';
import type { Engine } from '../../../src/client/engine/engine.ts';
import { unpackChanges } from '../../../src/client/store/pack.ts';
import { missingRow } from '../../../src/client/store/rebase.ts';
import type { SyncState } from '../../../src/client/types.ts';
import type { WorkerPush } from '../../../src/client/worker-api.ts';
import type { Cursor } from '../../../src/core/change.ts';
import type { ConflictInput, Resolution } from '../../../src/core/policy.ts';
import type { AuthFunction } from '../../../src/server/edge/options.ts';
import type { Cell } from '../../../src/shared/cell.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { Runtime } from '../../../src/shared/runtime.ts';
import type { LocalDatabase } from '../../../src/storage/local-database.ts';
import type { Transport } from '../../../src/transport/transport.ts';
import { NOTHING, type Transaction } from '../../checker/history.ts';
import type { Chance } from './chance.ts';
import { noHazards, openImage, ProgramDisk } from './disk.ts';
import { type Link, LinkTransport } from './network.ts';
import { OwnWrites } from './own-writes.ts';
import { Process } from './process.ts';
import { schemas } from './schema.ts';
import type { Server } from './server.ts';
import {
  BADGE_KEY,
  Browser,
  connectTabs,
  LIVE,
  openTab,
  type PageApp,
  type Pair,
  type Tab,
  type TabOptions,
} from './tabs.ts';
import { Violation } from './violation.ts';
import type { Written } from './written.ts';

/** What a harness self-test may put in place of a client's parts. */
export interface ClientPlants {
  readonly database?: (database: LocalDatabase, process: Process) => LocalDatabase;
  readonly transport?: (transport: Transport, process: Process, database: LocalDatabase) => Transport;
  readonly compose?: (options: ComposeOptions) => Engine;
  /** A tab whose lock was stolen is not told, and the file can be held twice. */
  readonly hasTwoLeaders?: boolean;
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
  /** Whether each tab has a worker of its own, and one of them leads. */
  readonly hasWorkers: boolean;
  readonly token: (user: string) => string;
  readonly plants: ClientPlants;
  readonly report: (violation: Violation) => void;
  /** All entries that were ever written, by id. */
  readonly written: Map<string, Written>;
}

/** What is known of a device while it changes hands. */
export interface Switching {
  readonly to: string;
  readonly deviceId: string;
  /** The program that wipes. */
  readonly process: Process;
  /** The entries that were on its disk. */
  readonly held: readonly string[];
  /** Whether it was said that what has not been sent may be lost. */
  readonly losesUnsent: boolean;
}

/** One machine with one local database: its programs come and go, the disk stays. */
export class Client {
  readonly options: ClientOptions;
  readonly hazards = noHazards();
  /** What the person who uses it now has written. */
  entries = new Map<string, Written>();
  /** Who uses it. */
  user: string;
  /** The name its rows carry: a new one for each person, and for a copy. */
  author: string;
  readonly authors = new Set<string>();
  /** The version of the app that is started next. */
  schemaVersion = 1;
  disk: LocalDatabase;
  tabs: readonly Tab[] = [];
  skewMs = 0;
  /** What it shows when it is asked for a token: a signed-out person has an old one. */
  token: string;
  /** One person is leaving, and another one comes. */
  switching: Switching | null = null;
  writeCount = 0;
  /** Writes that have begun and not ended. */
  openWriteCount = 0;
  crashCount = 0;
  /** How many entries it had written when its disk was last copied. */
  lonelyUntil = 0;
  /** An earlier state of the disk, for a power cut that takes what was not flushed. */
  image: Uint8Array | null = null;
  /** Of its own and of others' rows, what it has seen: reset where history began anew. */
  seenEntries = new Set<string>();
  seenReg = new Map<string, number>();
  readonly own = new OwnWrites();
  /** What it wrote to and read from `reg`, for the causal checker. */
  readonly causal: Transaction[] = [];
  readonly #browser: Browser;
  readonly #app: PageApp;
  #lastCursor: Cursor | null = null;
  /** By author: how many of its writes to `reg` have been noted. */
  readonly #ownCounts = new Map<string, number>();
  #lastRead = '';
  #tabNumber = 0;
  #generation = 0;

  constructor(options: ClientOptions) {
    this.options = options;
    this.#browser = new Browser(options.plants.hasTwoLeaders ?? false);
    this.disk = options.disk;
    this.user = options.user;
    this.author = options.name;
    this.authors.add(this.author);
    this.token = options.token(options.user);
    this.#app = {
      deviceName: options.name,
      token: () => this.token,
      resolve: decide,
      onPush: (tab, push) => this.#pushed(tab, push),
    };
    options.link.onDie = (process) => this.#crashOf(process);
  }

  get name(): string {
    return this.options.name;
  }

  get isRunning(): boolean {
    return this.tabs.length > 0;
  }

  get deviceId(): string {
    return String(this.read("SELECT value FROM _tidemark_meta WHERE name = 'client_id'")[0]?.[0]);
  }

  /** Whether its database knows whose it is. */
  get isBound(): boolean {
    const isThere = this.read("SELECT 1 FROM sqlite_schema WHERE name = '_tidemark_meta'").length > 0;
    return isThere && this.read("SELECT 1 FROM _tidemark_meta WHERE name = 'subject'").length > 0;
  }

  /** What the tab shows that has the engine. */
  get state(): Partial<SyncState> {
    return (this.tabs.find(({ isLeader }) => isLeader) ?? this.tabs[0])?.state ?? {};
  }

  start(): void {
    if (this.isRunning) return;
    if (this.options.hasWorkers) {
      for (let index = 0; index < this.options.tabCount; index += 1) this.openTab();
      return;
    }
    const process = new Process(this.options.clock, this.skewMs);
    // Of a program that has died just now.
    if (this.disk.inTransaction) this.disk.rollback();
    this.#browser.owner = process;
    try {
      const { engine } = this.#compose(process);
      this.tabs = connectTabs(
        engine,
        Array.from({ length: this.options.tabCount }, () => this.#newTab(process)),
      );
      for (const tab of this.tabs) this.#lookLive(tab);
    } catch (error) {
      this.tabs = [];
      process.kill();
      this.#undo(process);
      throw error;
    }
  }

  /** One more tab with a worker. */
  openTab(): void {
    const process = new Process(this.options.clock, this.skewMs);
    const tab = openTab(this.#newTab(process), { browser: this.#browser, open: () => this.#compose(process) });
    this.tabs = [...this.tabs, tab];
    this.#lookLive(tab);
  }

  /** The browser is gone, in the middle of whatever it was doing. */
  crash(): void {
    this.crashCount += 1;
    const { tabs } = this;
    this.tabs = [];
    for (const { process } of tabs) this.#kill(process);
  }

  /** One tab is gone. */
  crashTab(tab: Tab): void {
    this.crashCount += 1;
    this.tabs = this.tabs.filter((one) => one !== tab);
    this.#kill(tab.process);
  }

  /** What the processes of this machine are: several tabs may live in one. */
  get processes(): Process[] {
    return [...new Set(this.tabs.map(({ process }) => process))];
  }

  /** Starts over with this file, which some copy was made of. */
  async replaceDisk(bytes: Uint8Array): Promise<void> {
    const old = this.disk;
    this.disk = await openImage(bytes);
    old.close();
  }

  /** Another person sits down, or the machine is a copy: what it writes from here on is told apart. */
  becomeNew(user: string): void {
    this.#generation += 1;
    this.user = user;
    this.author = `${this.name}.${this.#generation}`;
    this.authors.add(this.author);
    this.entries = new Map();
    this.own.clear();
    this.image = null;
    this.#lastRead = '';
    this.forgetHistory();
  }

  async close(): Promise<void> {
    this.crash();
    await Promise.resolve();
    this.disk.close();
  }

  read(sql: string, parameters: readonly Cell[] = []): readonly (readonly Cell[])[] {
    return this.disk.read(sql, parameters).rows;
  }

  /** Notes what is to be seen now: first its own writes since the last look, then a read of everything. */
  look(keys: readonly string[]): ReadonlyMap<string, number> {
    const found = new Map(this.read('SELECT id, n FROM reg').map(([id, n]) => [String(id), Number(n)]));
    const c = this.author;
    this.noteOwn(c, found.get(c) ?? 0);
    const ops = keys.map((k) => ({ o: 'r' as const, k, v: found.get(k) ?? NOTHING }));
    const shown = JSON.stringify(ops);
    if (shown !== this.#lastRead) this.causal.push({ c, ops });
    this.#lastRead = shown;
    return found;
  }

  /** So many writes to `reg` are this author's. Some were pushed, seen by others and wiped before anybody looked here. */
  noteOwn(c: string, count: number): void {
    for (let v = (this.#ownCounts.get(c) ?? 0) + 1; v <= count; v += 1) {
      this.causal.push({ c, ops: [{ o: 'w', k: c, v }] });
      this.#ownCounts.set(c, v);
    }
  }

  /** What the pages show is what the database holds. Another tab hears of it a moment later. */
  checkPages(): void {
    const held = JSON.stringify(this.read(LIVE));
    const waiting = this.read("SELECT count(*) FROM _tidemark_outbox WHERE state <> 'accepted'")[0]?.[0];
    const unsent = this.read('SELECT changes FROM _tidemark_outbox').flatMap(([changes]) => unpackChanges(changes));
    const isTouched = unsent.some(({ table, key }) => table === 'tally' && key[0] === BADGE_KEY);
    for (const tab of this.#listening) {
      this.#checkLive(tab, held);
      const claim = (what: string) =>
        new Violation('C9', `${tab.sessionId}: ${what} synced, and ${waiting} mutations wait.`);
      if (tab.state.status.phase === 'synced' && waiting !== 0) throw claim('it calls itself');
      if (tab.badge.getSnapshot() === 'synced' && isTouched) throw claim('a row of theirs is called');
    }
  }

  /** A frozen tab shows what it showed; one that has just come back asks for a line, and hears nothing while who leads is frozen. */
  get #listening(): readonly Tab[] {
    const isLed = this.tabs.some(({ isLeader, process }) => isLeader && !process.isFrozen);
    return this.tabs.filter(({ isLeader, process }) => !process.isFrozen && (isLed || isLeader));
  }

  #checkLive({ live, sessionId }: Tab, held: string): void {
    const { rows, error } = live.getSnapshot();
    if (!rows) return;
    const shown = JSON.stringify(rows.map((row) => [row.id, row.l, row.r]));
    const isShut = error instanceof SyncError && error.kind === 'forbidden';
    const isHidden = shown === '[]' && (isShut || this.#isLocked);
    if (shown !== held && !isHidden)
      throw new Violation('C4', `${sessionId}: a live query shows ${shown}, the tables hold ${held}.`);
  }

  /** Somebody else is signed in, or was until the server next tells: then nothing is shown. A full disk may not hold that. */
  get #isLocked(): boolean {
    if (!this.token.startsWith(`${this.user}#`)) return true;
    if (this.tabs.some(({ state }) => state.status?.error?.kind === 'forbidden')) return true;
    return this.read("SELECT 1 FROM _tidemark_meta WHERE name = 'locked' AND value IS NOT NULL").length > 0;
  }

  forgetHistory(): void {
    this.seenEntries.clear();
    this.seenReg.clear();
    this.#lastCursor = null;
  }

  get #schema() {
    return schemas[this.schemaVersion - 1] ?? schemas[0];
  }

  #sessionId(): string {
    this.#tabNumber += 1;
    return `${this.name}-${this.#tabNumber}`;
  }

  #compose(process: Process): { engine: Engine; database: LocalDatabase } {
    const { link, server, auth, plants } = this.options;
    const disk = new ProgramDisk({
      inner: this.disk,
      process,
      hazards: this.hazards,
      onCrash: () => this.#crashOf(process),
      onClose: () => this.#letGo(process),
    });
    const database = plants.database?.(disk, process) ?? disk;
    const schema = this.#schema;
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
    return { engine, database };
  }

  /** Half of the crashes of a tab take the whole browser along. */
  #crashOf(process: Process): void {
    const tab = this.tabs.find((one) => one.process === process);
    if (this.options.hasWorkers && tab && this.options.chance.happens(0.5)) this.crashTab(tab);
    else this.crash();
    if (!process.isDead) this.#kill(process);
  }

  #kill(process: Process): void {
    if (process.isDead) return;
    process.kill();
    if (this.#browser.owner === process || !this.options.hasWorkers) {
      for (const socket of [...this.options.link.sockets]) socket.cut();
    }
    // Not before the call that it died in has been left.
    void Promise.resolve().then(() => this.#undo(process));
  }

  /** What was not committed is undone, as a journal does on the next opening. */
  #undo(process: Process): void {
    if (this.#browser.owner !== process) return;
    if (this.disk.inTransaction) this.disk.rollback();
    this.#browser.owner = null;
  }

  #letGo(process: Process): void {
    if (this.#browser.owner === process) this.#browser.owner = null;
  }

  #newTab(process: Process): TabOptions {
    return { app: this.#app, sessionId: this.#sessionId(), process, schema: this.#schema };
  }

  #lookLive(tab: Tab): void {
    tab.badge.subscribe(() => {});
    tab.live.subscribe(() => this.#checkPairs(tab.live.getSnapshot().rows ?? []));
  }

  #pushed(tab: Tab, push: WorkerPush): void {
    if (push.type !== 'state') return;
    const { state } = push;
    const cursor = state.cursors?.[0]?.cursor ?? null;
    this.#checkCursor(tab.cursor, cursor);
    tab.cursor = cursor ?? tab.cursor;
    this.#checkEvents(state.events ?? []);
    if (!cursor || !tab.isLeader) return;
    this.#checkCursor(this.#lastCursor, cursor);
    this.#lastCursor = cursor;
  }

  /** A device that lacks a row which the server takes it to have was told too little before. */
  #checkEvents(events: SyncState['events']): void {
    const found = events.find((event) => event.type === 'resync' && event.reason.includes(IS_LACKING));
    if (found?.type === 'resync') this.options.report(new Violation('C6', `${this.name}: ${found.reason}`));
  }

  #checkCursor(last: Cursor | null, cursor: Cursor | null): void {
    if (!cursor || !last || cursor.epoch !== last.epoch || cursor.seq >= last.seq) return;
    this.options.report(new Violation('C6', `${this.name}: the cursor fell from ${last.seq} to ${cursor.seq}.`));
  }

  #checkPairs(pairs: readonly Pair[]): void {
    const torn = pairs.find((row) => row.l !== row.r);
    if (!torn) return;
    this.options.report(
      new Violation('C4', `${this.name}: a live query shows half a transaction: ${JSON.stringify(torn)}.`),
    );
  }
}

/** How a device says so, whatever the table. */
const IS_LACKING = missingRow('\0').message.split('\0')[1] ?? '';

/** The app's resolver: of the log alone. */
function decide({ local, remote }: ConflictInput): Resolution | undefined {
  const weight = JSON.stringify([local, remote]).length % 4;
  if (weight === 0) return undefined;
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
    'version',
    'epoch',
    'resync',
  ];
  return (
    error instanceof SyncError && [...kinds, 'misuse', 'invalid-value', 'storage', 'forbidden'].includes(error.kind)
  );
}

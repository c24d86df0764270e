import type { Engine } from '../../../src/client/engine/engine.ts';
import { beginTerm, type OpenEngine } from '../../../src/client/open-engine.ts';
import type { LiveQuery, Sync, SyncOptions } from '../../../src/client/sync.ts';
import type { SyncState } from '../../../src/client/types.ts';
import type { WorkerConfig, WorkerPush } from '../../../src/client/worker-api.ts';
import type { Cursor } from '../../../src/core/change.ts';
import type { Resolver } from '../../../src/core/policy.ts';
import type { Schema } from '../../../src/core/schema.ts';
import type { SqlQuery } from '../../../src/core/sql.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { LocalDatabase } from '../../../src/storage/local-database.ts';
import { toConfig } from '../../../src/store/options.ts';
import { type InThreadEngine, inThreadLine, type SessionLine } from '../../../src/store/session-line.ts';
import { createSyncHandle } from '../../../src/store/sync-handle.ts';
import { portLine } from '../../../src/store/worker-line.ts';
import { hostSession } from '../../../src/worker/session-host.ts';
import type { Process } from './process.ts';
import { Receipts } from './receipts.ts';
import { TALLIES } from './schema.ts';
import { pageLine, TabChannels } from './tab-lines.ts';
import { TabLocks } from './tab-locks.ts';

export const LIVE = `SELECT l.id AS id, l.nonce AS l, r.nonce AS r FROM left_half l JOIN right_half r ON r.id = l.id ORDER BY l.id`;

/** The row of `tally` whose status each page shows. */
export const [BADGE_KEY] = TALLIES;

/** A row of it: both halves of a pair. */
export interface Pair {
  readonly id: string;
  readonly l: string;
  readonly r: string;
}

/** What the app of one machine gives to each of its pages. */
export interface PageApp {
  readonly deviceName: string;
  readonly token: () => string;
  readonly resolve: Resolver;
  readonly onPush: (tab: Tab, push: WorkerPush) => void;
}

export interface TabOptions {
  readonly app: PageApp;
  readonly sessionId: string;
  readonly process: Process;
  readonly schema: Schema;
}

/** One tab: the package's own page, over a line to its engine. */
export class Tab {
  readonly sessionId: string;
  readonly process: Process;
  readonly schema: Schema;
  /** What the app has in its hands. */
  readonly page: Sync;
  readonly live: LiveQuery<Pair>;
  /** Whether a row that many write is synced. */
  readonly badge: ReturnType<Sync['rowStatus']>;
  readonly receipts = new Receipts();
  /** What it was told last. */
  cursor: Cursor | null = null;

  constructor({ app, sessionId, process, schema }: TabOptions, lineOf: (config: WorkerConfig) => SessionLine) {
    this.sessionId = sessionId;
    this.process = process;
    this.schema = schema;
    const options: SyncOptions = {
      schema,
      server: { url: 'http://simulated.example', auth: app.token },
      resolvers: { of_app: app.resolve },
      deviceName: app.deviceName,
    };
    const line = lineOf(toConfig(options, { sessionId, kind: 'opfs', page: null }));
    this.page = createSyncHandle({ options, sessionId, line, runtime: process });
    line.onPush((push) => app.onPush(this, push));
    this.live = this.page.liveQuery<SqlQuery<Pair>>({ sql: LIVE, parameters: [] });
    this.badge = this.page.rowStatus('tally', BADGE_KEY);
    this.page.ready.catch(() => {});
  }

  /** What the page shows. */
  get state(): SyncState {
    return this.page.store.getState();
  }

  get isLeader(): boolean {
    return this.state.isLeader;
  }
}

/** Several pages of one engine in one process: an app without workers. */
export function connectTabs(engine: Engine, tabs: readonly TabOptions[]): Tab[] {
  return tabs.map((options) => new Tab(options, () => inThreadLine(async () => connect(engine, options))));
}

function connect(engine: Engine, { sessionId, process }: TabOptions): InThreadEngine {
  const connection = engine.connect(sessionId);
  return {
    connection: {
      sessionId,
      methods: connection.methods,
      // The dead hear nothing.
      onPush: (listener) => connection.onPush((push) => !process.isDead && listener(push)),
      close: () => connection.close(),
    },
    close: () => engine.close(),
  };
}

/** What the tabs of one browser share: locks, channels and the one file, which one worker at a time can hold. */
export class Browser {
  readonly locks: TabLocks;
  readonly channels = new TabChannels();
  readonly isFileShared: boolean;
  owner: Process | null = null;

  /** A harness self-test may take away what keeps two leaders apart. */
  constructor(hasTwoLeaders = false) {
    this.locks = new TabLocks({ tellsOfSteal: !hasTwoLeaders });
    this.isFileShared = hasTwoLeaders;
  }
}

interface Opening {
  readonly browser: Browser;
  readonly process: Process;
  readonly open: () => { engine: Engine; database: LocalDatabase };
}

/** A tab with a worker of its own, the package's: session host, membership, leadership and relay, on the browser's locks and channels. */
export function openTab(options: TabOptions, { browser, open }: Omit<Opening, 'process'>): Tab {
  const { process } = options;
  const line = pageLine(process);
  hostSession({
    page: line.worker,
    runtime: process,
    sharing: {
      locks: browser.locks.of(process),
      openChannel: (name) => browser.channels.open(process, name),
    },
    openEngine: (_config, lastTerm) => openExclusively({ browser, process, open }, lastTerm),
  });
  return new Tab(options, (config) => portLine(line.page, config, process));
}

const RETRY_MS = 40;
const WAIT_MS = 3_000;

/** As the private file system of a browser: who has the file open keeps everybody else out, frozen or not. */
async function openExclusively({ browser, process, open }: Opening, lastTerm: number): Promise<OpenEngine> {
  for (let waited = 0; browser.owner !== null && !browser.isFileShared; waited += RETRY_MS) {
    if (waited >= WAIT_MS) {
      throw new SyncError('storage', 'The local database file cannot be opened', { details: { reason: 'locked' } });
    }
    await new Promise<void>((resolve) => {
      process.setTimer(RETRY_MS, resolve);
    });
  }
  browser.owner = process;
  try {
    const { engine, database } = open();
    return await beginTerm({ engine, database, lastTerm });
  } catch (error) {
    if (browser.owner === process) browser.owner = null;
    throw error;
  }
}

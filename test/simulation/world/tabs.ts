import type { Engine } from '../../../src/client/engine/engine.ts';
import type { EngineMethods } from '../../../src/client/engine-api.ts';
import { applyDelta, type LiveRows } from '../../../src/client/live/apply-delta.ts';
import { beginTerm, type OpenEngine } from '../../../src/client/open-engine.ts';
import { RpcClient } from '../../../src/client/rpc/client.ts';
import { engineMethodsOver } from '../../../src/client/rpc/methods.ts';
import { schemaToWire } from '../../../src/client/schema-wire.ts';
import type { SyncState } from '../../../src/client/types.ts';
import type { WorkerConfig, WorkerPush } from '../../../src/client/worker-api.ts';
import type { Schema } from '../../../src/core/schema.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { LocalDatabase } from '../../../src/storage/local-database.ts';
import { hostSession } from '../../../src/worker/session-host.ts';
import type { Process } from './process.ts';
import { pageLine, TabChannels } from './tab-lines.ts';
import { TabLocks } from './tab-locks.ts';

/** What an observer of one tab sees. */
export interface Tab {
  readonly sessionId: string;
  readonly process: Process;
  readonly schema: Schema;
  methods: EngineMethods;
  state: Partial<SyncState>;
  live: LiveRows | null;
  /** Its live query was told that the data are somebody else's. */
  isShut: boolean;
  isLeader: boolean;
}

export const LIVE = `SELECT l.id AS id, l.nonce AS l, r.nonce AS r FROM left_half l JOIN right_half r ON r.id = l.id ORDER BY l.id`;

export const newTab = (sessionId: string, process: Process, schema: Schema): Tab => ({
  sessionId,
  process,
  schema,
  // Replaced before anybody calls.
  methods: {} as EngineMethods,
  state: {},
  live: null,
  isShut: false,
  isLeader: false,
});

export type OnPush = (tab: Tab, push: WorkerPush) => void;

/** Several sessions of one engine in one process: an app without workers. */
export function connectTabs(engine: Engine, tabs: readonly Tab[], onPush: OnPush): void {
  for (const tab of tabs) {
    const connection = engine.connect(tab.sessionId);
    tab.methods = connection.methods;
    tab.isLeader = true;
    connection.onPush((push) => {
      if (!tab.process.isDead) onPush(tab, push);
    });
  }
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

export interface OpenTabOptions {
  readonly browser: Browser;
  readonly tab: Tab;
  readonly open: () => { engine: Engine; database: LocalDatabase };
  readonly onPush: OnPush;
}

/** The real worker of one tab: session host, membership, leadership and relay, on the browser's locks and channels. */
export function openTab({ browser, tab, open, onPush }: OpenTabOptions): void {
  const { process, sessionId, schema } = tab;
  const line = pageLine(process);
  hostSession({
    page: line.worker,
    runtime: process,
    sharing: {
      locks: browser.locks.of(process),
      openChannel: (name) => browser.channels.open(process, name),
    },
    openEngine: (_config, lastTerm) => openExclusively({ browser, process, open, lastTerm }),
  });
  const client = new RpcClient(line.page, (push) => {
    if (!process.isDead) onPush(tab, push as WorkerPush);
  });
  tab.methods = engineMethodsOver((method, args) => client.call(method, args));
  const config: WorkerConfig = {
    sessionId,
    name: 'sim',
    kind: 'opfs',
    schema: schemaToWire(schema),
    serverUrl: null,
    hasAuth: true,
    autoSync: {},
    localSchema: [],
    deviceName: null,
    decides: ['of_app'],
  };
  client.call('start', [config]).catch(() => {});
}

const RETRY_MS = 40;
const WAIT_MS = 3_000;

/** As the private file system of a browser: who has the file open keeps everybody else out, frozen or not. */
async function openExclusively(options: {
  browser: Browser;
  process: Process;
  open: OpenTabOptions['open'];
  lastTerm: number;
}): Promise<OpenEngine> {
  const { browser, process, open, lastTerm } = options;
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

/** The delta of a live query, applied as the page does. */
export function follow(tab: Tab, push: Extract<WorkerPush, { type: 'live' }>): void {
  tab.live = applyDelta(tab.schema, tab.live, push.delta);
}

import { afterEach, describe, expect, test } from 'vitest';
import type { EngineMethods } from '../../../src/client/engine-api.ts';
import { RpcClient } from '../../../src/client/rpc/client.ts';
import { engineMethodsOver } from '../../../src/client/rpc/methods.ts';
import { broadcastPort, messagePort, type RpcPort } from '../../../src/client/rpc/port.ts';
import type { WorkerConfig, WorkerPush } from '../../../src/client/worker-api.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { Runtime } from '../../../src/shared/runtime.ts';
import { hostSession } from '../../../src/worker/session-host.ts';
import { sessionLine } from '../../../src/worker/tabs/session-line.ts';
import { FakeDisk, type FakeEngine } from './fake-engine.ts';
import { FakeLocks } from './fake-locks.ts';
import { ManualRuntime } from './manual-runtime.ts';

const insert = (sql: string) => ({ sql, parameters: [] });

/** A page with its worker, in this thread. */
interface Tab {
  readonly sessionId: string;
  readonly methods: EngineMethods;
  readonly ready: Promise<unknown>;
  readonly pushes: WorkerPush[];
  readonly engines: FakeEngine[];
  isLeader(): boolean;
  suspend(): Promise<unknown>;
  wake(): Promise<unknown>;
  leave(): Promise<unknown>;
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function group() {
  const disk = new FakeDisk();
  const locks = new FakeLocks();
  const runtime = new ManualRuntime();
  const name = crypto.randomUUID();
  let count = 0;
  const openTab = (
    options: {
      schemaVersion?: number;
      runtime?: Runtime;
      isDeaf?: () => boolean;
      failure?: () => SyncError | null;
    } = {},
  ): Tab => {
    count += 1;
    const sessionId = `session-${count}`;
    const { port1, port2 } = new MessageChannel();
    const channels: BroadcastChannel[] = [];
    const engines: FakeEngine[] = [];
    port1.start();
    port2.start();
    ends.push(() => {
      port1.close();
      port2.close();
      for (const channel of channels) channel.close();
    });
    hostSession({
      page: messagePort(port2),
      runtime: options.runtime ?? runtime,
      sharing: {
        locks: locks.api,
        openChannel: (channelName) => {
          const channel = new BroadcastChannel(channelName);
          channels.push(channel);
          return hardOfHearing(broadcastPort(channel), options.isDeaf);
        },
      },
      openEngine: async (_config, lastTerm) => {
        const failure = options.failure?.();
        if (failure) throw failure;
        const opened = await disk.open(lastTerm);
        engines.push(opened.engine);
        return opened;
      },
    });
    const pushes: WorkerPush[] = [];
    const client = new RpcClient(messagePort(port1), (push) => pushes.push(push as WorkerPush));
    const schema = { version: options.schemaVersion ?? 1, tables: [] };
    const config: WorkerConfig = {
      sessionId,
      name,
      kind: 'memory',
      schema,
      serverUrl: null,
      hasAuth: false,
      autoSync: false,
      localSchema: [],
      deviceName: null,
      decides: [],
    };
    const ready = client.call('start', [config]);
    ready.catch(() => {});
    return {
      sessionId,
      methods: engineMethodsOver((method, args) => client.call(method, args)),
      ready,
      pushes,
      engines,
      isLeader: () => pushes.findLast((push) => push.type === 'leadership')?.isLeader ?? false,
      suspend: () => client.call('suspend', []),
      wake: () => client.call('wake', []),
      leave: () => client.call('leave', []),
    };
  };
  return { disk, locks, runtime, openTab };
}

/** A line on which nothing is heard while its end is deaf. */
function hardOfHearing(port: RpcPort, isDeaf: () => boolean = () => false): RpcPort {
  return { ...port, listen: (listener) => port.listen((message) => !isDeaf() && listener(message)) };
}

function gate() {
  let open = () => {};
  let reach = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return {
    open,
    reached,
    pass: () => {
      reach();
      return opened;
    },
  };
}

async function firstEngine(tab: Tab): Promise<FakeEngine> {
  await tab.ready;
  const engine = tab.engines.at(-1);
  if (!engine) throw new Error('This tab has not led.');
  return engine;
}

describe('tabs of one database', () => {
  test('write through the first one, which leads', async () => {
    const { disk, openTab } = group();
    const a = openTab();
    await a.ready;
    const b = openTab();
    await b.ready;
    await a.methods.writeRun('w1', insert('from a'));
    await a.methods.writeCommit('w1');
    await b.methods.writeRun('w2', insert('from b'));
    expect(await b.methods.writeCommit('w2')).toEqual({ mutationId: 2 });
    expect(disk.rows).toEqual(['from a', 'from b']);
    expect([a.isLeader(), b.isLeader()]).toEqual([true, false]);
    expect((await a.methods.query(insert(''))).rows).toHaveLength(2);
  });

  test('take over when the leader leaves, in a later term', async () => {
    const { disk, openTab } = group();
    const a = openTab();
    await a.ready;
    const b = openTab();
    const c = openTab();
    await Promise.all([b.ready, c.ready]);
    await a.leave();
    await b.methods.writeRun('w', insert('after'));
    await b.methods.writeCommit('w');
    expect(disk.rows).toEqual(['after']);
    expect(disk.term).toBe(2);
    expect((await c.methods.query(insert(''))).rows).toEqual([['after']]);
    expect(b.isLeader()).toBe(true);
  });

  test('carry errors as they are', async () => {
    const { openTab } = group();
    const a = openTab();
    await a.ready;
    const b = openTab();
    await expect(b.methods.stats()).rejects.toMatchObject({ name: 'SyncError', kind: 'misuse' });
  });

  test('fail typed when the database cannot be opened, and recover when it can', async () => {
    const { disk, openTab, runtime } = group();
    disk.failure = new SyncError('version', 'The database is newer than this app.');
    const a = openTab();
    await expect(a.ready).rejects.toMatchObject({ kind: 'version' });
    await expect(a.methods.query(insert(''))).rejects.toMatchObject({ kind: 'version' });
    disk.failure = null;
    const b = openTab();
    await b.ready;
    runtime.pass(3_000);
    await expect
      .poll(() =>
        a.methods.query(insert('')).then(
          () => 'ok',
          () => 'failed',
        ),
      )
      .toBe('ok');
  });

  test('roll back the open write of a tab that dies', async () => {
    const { openTab } = group();
    const a = openTab();
    const engine = await firstEngine(a);
    const b = openTab();
    await b.methods.writeRun('w', insert('half'));
    expect(engine.open.size).toBe(1);
    await b.leave();
    await expect.poll(() => engine.open.size).toBe(0);
  });

  test('roll back the open write of a tab that dies without a word', async () => {
    const { locks, openTab } = group();
    const a = openTab();
    const engine = await firstEngine(a);
    const b = openTab();
    await b.methods.writeRun('w', insert('half'));
    expect(engine.open.size).toBe(1);
    const [lock] = locks.heldNames().filter((name) => name.endsWith(b.sessionId));
    locks.free(lock ?? '');
    await expect.poll(() => engine.open.size).toBe(0);
  });

  test('let a tab with a newer schema open the database', async () => {
    const { openTab } = group();
    const a = openTab({ schemaVersion: 1 });
    await a.ready;
    const b = openTab({ schemaVersion: 2 });
    await b.ready;
    expect(b.isLeader()).toBe(true);
    expect((await a.methods.query(insert(''))).rows).toEqual([]);
    expect(a.isLeader()).toBe(false);
  });

  test('keep the lead while one with a newer schema cannot open the database, and let it try again', async () => {
    const { openTab, runtime } = group();
    const a = openTab({ schemaVersion: 1 });
    await a.ready;
    let failure: SyncError | null = new SyncError('quota', 'The disk is full.');
    const b = openTab({ schemaVersion: 2, failure: () => failure });
    await expect(b.ready).rejects.toMatchObject({ kind: 'quota' });
    await expect.poll(() => a.isLeader()).toBe(true);
    for (let i = 0; i < 20; i += 1) expect((await a.methods.query(insert(''))).rows).toEqual([]);
    // Once more, when the other let go: not over and over.
    expect(a.engines.length).toBe(2);
    failure = null;
    runtime.pass(3_000);
    await expect.poll(() => b.isLeader()).toBe(true);
  });
});

describe('a call in flight while the leader goes', () => {
  test('is asked again when it is a read', async () => {
    const { openTab } = group();
    const a = openTab();
    const engine = await firstEngine(a);
    const b = openTab();
    await b.ready;
    const held = gate();
    engine.before = (method) => (method === 'query' ? held.pass() : undefined);
    const answer = b.methods.query(insert(''));
    await held.reached;
    await a.leave();
    held.open();
    expect((await answer).rows).toEqual([]);
  });

  test('is interrupted when it is part of a transaction, and so is what follows', async () => {
    const { disk, openTab } = group();
    const a = openTab();
    await a.ready;
    const b = openTab();
    await b.methods.writeRun('w', insert('first half'));
    await a.leave();
    await expect(b.methods.writeRun('w', insert('second half'))).rejects.toMatchObject({ kind: 'interrupted' });
    await expect(b.methods.writeCommit('w')).rejects.toMatchObject({ kind: 'interrupted' });
    await b.methods.writeRollback('w');
    expect(disk.rows).toEqual([]);
  });

  test('is found when it is a commit that happened', async () => {
    const { disk, openTab } = group();
    const a = openTab();
    const engine = await firstEngine(a);
    const b = openTab();
    await b.methods.writeRun('w', insert('kept'));
    const held = gate();
    engine.after = (method) => (method === 'writeCommit' ? held.pass() : undefined);
    const committed = b.methods.writeCommit('w');
    await held.reached;
    await a.leave();
    expect(await committed).toEqual({ mutationId: 1 });
    expect(disk.rows).toEqual(['kept']);
  });

  test('is found when it is a whole write whose answer was lost', async () => {
    const { disk, openTab } = group();
    const a = openTab();
    const engine = await firstEngine(a);
    const b = openTab();
    await b.ready;
    const held = gate();
    engine.after = (method) => (method === 'writeCommit' ? held.pass() : undefined);
    const written = b.methods.writeOnce('w', insert('kept'));
    await held.reached;
    await a.leave();
    expect(await written).toEqual({ rowCount: 1, mutationId: 1 });
    expect(disk.rows).toEqual(['kept']);
  });

  test('is interrupted when it is a commit that did not happen', async () => {
    const { disk, openTab } = group();
    const a = openTab();
    const engine = await firstEngine(a);
    const b = openTab();
    await b.methods.writeRun('w', insert('lost'));
    const held = gate();
    engine.before = (method) => (method === 'writeCommit' ? held.pass() : undefined);
    const committed = b.methods.writeCommit('w');
    await held.reached;
    await a.leave();
    await expect(committed).rejects.toMatchObject({ kind: 'interrupted' });
    expect(disk.rows).toEqual([]);
  });

  test('is told honestly when it may have happened', async () => {
    const { openTab } = group();
    const a = openTab();
    const engine = await firstEngine(a);
    const b = openTab();
    await b.ready;
    const held = gate();
    engine.after = (method) => (method === 'discardMutation' ? held.pass() : undefined);
    const discarded = b.methods.discardMutation(1);
    await held.reached;
    await a.leave();
    await expect(discarded).rejects.toMatchObject({ kind: 'interrupted' });
  });

  test('opens live queries anew at the next leader', async () => {
    const { openTab } = group();
    const a = openTab();
    await a.ready;
    const b = openTab();
    await b.methods.openLive('live-1', insert('SELECT'));
    const lives = () => b.pushes.filter((push) => push.type === 'live').length;
    expect(lives()).toBe(1);
    await a.leave();
    await expect.poll(lives).toBe(2);
  });

  test('tells what a live query failed with as the engine told it, in every tab', async () => {
    const { openTab } = group();
    const a = openTab();
    const engine = await firstEngine(a);
    const b = openTab();
    const error = { kind: 'forbidden', message: 'These data belong to ana.', details: { owner: 'ana' } } as const;
    for (const tab of [a, b]) {
      await tab.methods.openLive('live-1', insert('SELECT'));
      engine.sessions.get(tab.sessionId)?.emit({ type: 'live-error', liveId: 'live-1', error });
      await expect
        .poll(() => tab.pushes.filter((push) => push.type === 'live-error').at(-1))
        .toEqual({ type: 'live-error', liveId: 'live-1', error });
    }
  });
});

describe('a session’s line', () => {
  test('hears and says nothing of another term', async () => {
    const { port1, port2 } = new MessageChannel();
    ends.push(() => {
      port1.close();
      port2.close();
    });
    port1.start();
    port2.start();
    const heard: unknown[] = [];
    const session = messagePort(port2);
    sessionLine(session, 'leader', 2).listen((body) => heard.push(body));
    sessionLine(messagePort(port1), 'session', 1).post('from an old leader');
    sessionLine(messagePort(port1), 'session', 2).post('from the leader');
    await expect.poll(() => heard).toEqual(['from the leader']);
  });
});

describe('page lifecycle', () => {
  test('a frozen leader lets go, and joins again as a follower', async () => {
    const { disk, openTab } = group();
    const a = openTab();
    await a.ready;
    const b = openTab();
    await b.ready;
    await a.suspend();
    await b.methods.writeRun('w', insert('while frozen'));
    await b.methods.writeCommit('w');
    expect(b.isLeader()).toBe(true);
    const late = a.methods.query(insert(''));
    await a.wake();
    expect((await late).rows).toEqual([['while frozen']]);
    expect(a.isLeader()).toBe(false);
    expect(disk.term).toBe(2);
  });

  test('a leader whose timers sleep is asked, and keeps the lead', async () => {
    const { openTab, runtime } = group();
    const sleepy = openTab({ runtime: new ManualRuntime() });
    await sleepy.ready;
    const b = openTab();
    await b.ready;
    for (let beat = 0; beat < 30; beat++) {
      runtime.pass(1_000);
      await b.methods.query(insert(''));
    }
    expect([sleepy.isLeader(), b.isLeader()]).toEqual([true, false]);
    expect(b.pushes.filter((push) => push.type === 'trouble' && push.error !== null)).toEqual([]);
  });

  test('a leader that falls silent loses the lock and closes itself', async () => {
    const { disk, openTab, runtime } = group();
    // It holds the lock, beats no more and hears nothing, as in an endless loop.
    let isDeaf = false;
    const silent = openTab({ runtime: new ManualRuntime(), isDeaf: () => isDeaf });
    await silent.ready;
    const b = openTab();
    await b.ready;
    await b.methods.writeRun('w', insert('lost'));
    isDeaf = true;
    runtime.pass(6_000);
    const troubles = () => b.pushes.filter((push) => push.type === 'trouble' && push.error !== null);
    await expect.poll(troubles).toMatchObject([{ error: { kind: 'storage' } }]);
    runtime.pass(12_000);
    await expect
      .poll(() => {
        runtime.pass(100);
        return b.isLeader();
      })
      .toBe(true);
    isDeaf = false;
    await expect(b.methods.writeCommit('w')).rejects.toMatchObject({ kind: 'interrupted' });
    await b.methods.writeRun('w2', insert('kept'));
    await b.methods.writeCommit('w2');
    runtime.pass(1_000);
    expect((await silent.methods.query(insert(''))).rows).toEqual([['kept']]);
    expect(silent.isLeader()).toBe(false);
    expect(disk).toMatchObject({ openCount: 1, term: 2, rows: ['kept'] });
  });
});

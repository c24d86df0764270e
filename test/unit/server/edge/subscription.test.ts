import { beforeEach, describe, expect, test } from 'vitest';
import type { Cursor } from '../../../../src/core/change.ts';
import type { PullPage } from '../../../../src/protocol/messages/pull.ts';
import type { ServerFrame } from '../../../../src/protocol/messages/realtime.ts';
import { Subscription, UNSEEN_MS } from '../../../../src/server/edge/subscription.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { type ManualRuntime, manualRuntime } from '../../../../src/testing/manual-runtime.ts';

/** A log that grows, pulls that wait for the test, and a socket that may be full. */
class World {
  head = 0;
  isFull = false;
  readonly sent: ServerFrame[] = [];
  readonly errors: unknown[] = [];
  readonly pulls: { readonly cursor: Cursor; answer(change?: Partial<PullPage>): void; fail(error: unknown): void }[] =
    [];
  readonly runtime: ManualRuntime = manualRuntime();
  readonly subscription = new Subscription({
    pull: ({ cursor }) =>
      new Promise((resolve, reject) => {
        const answer = (change: Partial<PullPage> = {}) => resolve({ ...this.page(cursor), ...change });
        this.pulls.push({ cursor, answer, fail: reject });
      }),
    send: (frame) => this.sent.push(frame),
    isFull: () => this.isFull,
    setTimer: this.runtime.setTimer,
    elapsed: this.runtime.elapsed,
    onTold: () => {},
    head: () => this.head,
    onError: (error) => this.errors.push(error),
  });

  page(cursor: Cursor): PullPage {
    const seqs = Array.from({ length: this.head - cursor.seq }, (_, index) => cursor.seq + index + 1);
    const transactions = seqs.map((seq) => ({ seq, clientId: 'b', mutationId: seq, hlc: '0', changes: [] }));
    const progress = { rowsDone: 0, rowsTotal: 0 };
    const rest = { snapshot: [], progress, resume: null, scopes: ['x', 'y'], replaces: [], head: this.head };
    return { epoch: 'e', from: cursor.seq, transactions, cursor: { epoch: 'e', seq: this.head }, ...rest };
  }

  commit(): void {
    this.head++;
    this.subscription.wake();
  }

  async answer(change?: Partial<PullPage>): Promise<void> {
    this.pulls.shift()?.answer(change);
    await this.runtime.advance(0);
  }

  /** What was sent, in short. */
  get frames(): string[] {
    return this.sent.map((frame) =>
      frame.type === 'changes' ? `changes ${frame.page.from}-${frame.page.cursor?.seq}` : frame.type,
    );
  }
}

let world: World;

beforeEach(() => {
  world = new World();
  world.subscription.start({ cursor: { epoch: 'e', seq: 0 }, scopes: ['y', 'x'] });
});

describe('a subscription', () => {
  test('looks at once, and says nothing when there is nothing', async () => {
    expect(world.pulls).toHaveLength(1);
    await world.answer();
    expect(world.frames).toEqual([]);
  });

  test('sends each commit on top of the last', async () => {
    await world.answer();
    for (let count = 0; count < 3; count++) {
      world.commit();
      await world.answer();
    }
    expect(world.frames).toEqual(['changes 0-1', 'changes 1-2', 'changes 2-3']);
  });

  test('pulls once at a time, and once for all commits meanwhile', async () => {
    for (let count = 0; count < 5; count++) world.commit();
    expect(world.pulls).toHaveLength(1);
    await world.answer({ cursor: { epoch: 'e', seq: 1 }, head: 1 });
    expect(world.pulls).toHaveLength(1);
    await world.answer();
    expect(world.frames).toEqual(['changes 0-1', 'changes 1-5']);
    expect(world.pulls).toHaveLength(0);
  });

  describe('of commits that hold nothing for the client', () => {
    const unseen = { transactions: [] };

    test('says nothing, and later goes on from where the client is', async () => {
      await world.answer();
      for (let count = 0; count < 3; count++) {
        world.commit();
        await world.answer(unseen);
      }
      expect(world.frames).toEqual([]);
      world.commit();
      await world.answer();
      expect(world.frames).toEqual(['changes 0-4']);
      expect(world.runtime.timerCount).toBe(0);
    });

    test('moves the client on once in a while, however many there were', async () => {
      await world.answer();
      for (let count = 0; count < 10; count++) {
        world.commit();
        await world.answer(unseen);
        await world.runtime.advance(UNSEEN_MS / 10);
      }
      await world.answer(unseen);
      expect(world.frames).toEqual(['changes 0-10']);
    });

    test('tells at once up to what the client has heard of by itself', async () => {
      await world.answer();
      world.commit();
      await world.answer(unseen);
      world.subscription.wantSeq(1);
      await world.answer(unseen);
      expect(world.frames).toEqual(['changes 0-1']);
      world.subscription.wantSeq(2);
      world.commit();
      await world.answer(unseen);
      world.commit();
      await world.answer(unseen);
      expect(world.frames).toEqual(['changes 0-1', 'changes 1-2']);
    });

    test('forgets them when it is started anew, and when it ends', async () => {
      await world.answer();
      world.commit();
      await world.answer(unseen);
      world.subscription.start({ cursor: { epoch: 'e', seq: 1 }, scopes: ['x', 'y'] });
      await world.answer();
      world.commit();
      await world.answer(unseen);
      world.subscription.close();
      await world.runtime.advance(UNSEEN_MS);
      expect([world.frames, world.runtime.timerCount]).toEqual([[], 0]);
    });
  });

  test('goes on by itself when a page stops short of the head', async () => {
    world.head = 3;
    await world.answer({ cursor: { epoch: 'e', seq: 2 } });
    await world.answer();
    expect(world.frames).toEqual(['changes 0-2', 'changes 2-3']);
  });

  test.each<[string, Partial<PullPage>]>([
    ['a chain of several pages', { resume: 'more' }],
    ['a snapshot', { snapshot: [{ table: 'note', columns: ['id'], rows: [['a']] }] }],
    ['tables to be replaced', { replaces: ['note'] }],
    ['a scope more', { scopes: ['x', 'y', 'z'] }],
    ['a scope less', { scopes: ['x'] }],
    ['another scope', { scopes: ['x', 'z'] }],
    ['another history', { epoch: 'f' }],
    ['another beginning', { from: 7 }],
  ])('pokes for %s, and is silent until it is started anew', async (_, change) => {
    world.head = 2;
    await world.answer(change);
    expect(world.sent).toEqual([{ type: 'poke', head: 2 }]);
    world.commit();
    await world.runtime.advance(1000);
    expect([world.frames, world.pulls]).toEqual([['poke'], []]);
    world.subscription.start({ cursor: { epoch: 'e', seq: 2 }, scopes: ['x', 'y'] });
    await world.answer();
    expect(world.frames).toEqual(['poke', 'changes 2-3']);
  });

  test.each(['epoch', 'resync'] as const)('pokes when its cursor is refused as `%s`', async (kind) => {
    world.pulls[0]?.fail(new SyncError(kind, ''));
    await world.runtime.advance(0);
    expect([world.frames, world.errors]).toEqual([['poke'], []]);
  });

  test('hands other errors on', async () => {
    const error = new SyncError('needs-auth', '');
    world.pulls[0]?.fail(error);
    await world.runtime.advance(0);
    expect([world.frames, world.errors]).toEqual([[], [error]]);
  });

  test('drops a page for a position that no longer holds', async () => {
    world.head = 1;
    world.subscription.start({ cursor: { epoch: 'e', seq: 1 }, scopes: ['x', 'y'] });
    await world.answer();
    await world.answer();
    expect(world.frames).toEqual([]);
    world.commit();
    await world.answer();
    expect(world.frames).toEqual(['changes 1-2']);
  });

  test('sends nothing after its end', async () => {
    world.commit();
    world.subscription.close();
    await world.answer();
    world.commit();
    expect([world.frames, world.pulls, world.runtime.timerCount]).toEqual([[], [], 0]);
  });
});

describe('a socket that is full', () => {
  beforeEach(async () => {
    await world.answer();
    world.isFull = true;
  });

  test('is not given more, but one poke once it has drained', async () => {
    for (let count = 0; count < 100; count++) world.commit();
    await world.runtime.advance(10_000);
    expect([world.frames, world.pulls]).toEqual([[], []]);
    world.isFull = false;
    await world.runtime.advance(1000);
    expect(world.sent).toEqual([{ type: 'poke', head: 100 }]);
    expect(world.runtime.timerCount).toBe(0);
  });

  test('is given changes again when its client has come back by itself', async () => {
    world.commit();
    world.isFull = false;
    world.subscription.start({ cursor: { epoch: 'e', seq: 0 }, scopes: ['x', 'y'] });
    await world.runtime.advance(0);
    await world.answer();
    await world.runtime.advance(1000);
    expect(world.frames).toEqual(['changes 0-1']);
  });

  test('leaves no timer when it ends', async () => {
    world.commit();
    world.subscription.close();
    expect(world.runtime.timerCount).toBe(0);
  });
});

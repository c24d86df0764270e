import { describe, expect, test } from 'vitest';
import { Leadership } from '../../../src/worker/tabs/leadership.ts';
import { holdLock } from '../../../src/worker/tabs/locks.ts';
import { tabNames } from '../../../src/worker/tabs/messages.ts';
import { FakeDisk } from './fake-engine.ts';
import { FakeLocks } from './fake-locks.ts';

describe('a lock', () => {
  test('that was stolen is held no more, and says so', async () => {
    const { api } = new FakeLocks();
    const first = await holdLock(api, 'lead');
    const second = await holdLock(api, 'lead', { steal: true });
    await first.gone;
    expect([first.isHeld, second.isHeld]).toEqual([false, true]);
  });

  test('that was released is held no more, and says so', async () => {
    const lock = await holdLock(new FakeLocks().api, 'lead');
    lock.release();
    await lock.gone;
    expect(lock.isHeld).toBe(false);
  });
});

test('a leader without its lock does not touch the database: not for a call that comes before it has heard of the loss', async () => {
  const disk = new FakeDisk();
  const { engine, term } = await disk.open(0);
  const { api } = new FakeLocks();
  const lock = { isHeld: true, gone: new Promise<void>(() => {}), release: () => {} };
  const openChannel = () => ({ post: () => {}, listen: () => () => {}, close: () => {} });
  const leadership = new Leadership({ engine, term, lock, locks: api, names: tabNames('fenced'), openChannel });
  const link = leadership.connectOwn('own', () => {});
  const write = (writeId: string) => link.call('writeOnce', [writeId, { sql: writeId, parameters: [] }]);
  await write('before');
  lock.isHeld = false;
  const calls: string[] = [];
  engine.before = (method) => void calls.push(method);
  write('after').catch(() => {});
  expect({ calls, rows: disk.rows }).toEqual({ calls: [], rows: ['before'] });
});

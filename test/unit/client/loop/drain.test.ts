/** A large outbox goes up on the real store, server and protocol, over a network that cuts, by a device that dies. */
import { afterEach, expect, test } from 'vitest';
import type { SyncProgress } from '../../../../src/client/types.ts';
import { encode } from '../../../../src/protocol/codec.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { openWorld, type RealDevice, type World } from './support/real-parts.ts';

/** 100,000 take most of a minute: `DRAIN_MUTATIONS=100000`. */
const MUTATION_COUNT = Number(process.env.DRAIN_MUTATIONS || 20_000);
const COUNTER_COUNT = 1_000;
/** A second one for whoever has the time. */
const seeds = process.env.DRAIN_MUTATIONS ? [11, 12] : [11];

let world: World;
afterEach(() => world.close());

/** Every second one adds one to a counter, which shows what took effect twice; the others bring a row of about 300 bytes. */
function writeMany({ store, runtime }: RealDevice): void {
  for (let index = 0; index < MUTATION_COUNT; index += 1) {
    store.beginWrite();
    if (index < COUNTER_COUNT) store.runWrite('INSERT INTO issue (id, title) VALUES (?, ?)', [`i${index}`, 'counted']);
    else if (index % 2 === 0)
      store.runWrite('UPDATE issue SET votes = votes + 1 WHERE id = ?', [`i${index % COUNTER_COUNT}`]);
    else
      store.runWrite('INSERT INTO comment (id, issue_id, body) VALUES (?, ?, ?)', [
        `c${index}`,
        'i1',
        `note ${index} `.padEnd(200, '.'),
      ]);
    store.commitWrite({ writeId: `write-${index}`, now: runtime.now() });
  }
}

/** What the app hears of the upload, checked as it comes. */
class UploadWatch {
  /** Of the device as it lives now; none before its first request was answered. */
  last: Pick<SyncProgress, 'done' | 'total'> | null = null;
  count = 0;
  readonly wrong: string[] = [];

  heard({ done, total }: SyncProgress, pendingCount: number): void {
    this.count += 1;
    const text = `${done} of ${total}, with ${pendingCount} waiting`;
    if (done + pendingCount !== total) this.wrong.push(`${text} does not add up`);
    if (this.last && this.last.total !== total) this.wrong.push(`${text} after a total of ${this.last.total}`);
    if (this.last && this.last.done > done) this.wrong.push(`${text} after ${this.last.done} done`);
    this.last = { done, total };
  }
}

type Cut = 'none' | 'before the server' | 'before the answer' | 'with the device';

test.each(seeds)(
  `X9: ${MUTATION_COUNT} mutations go up in requests of at most 1 MiB, whatever is cut (seed %i)`,
  {
    timeout: 300_000,
  },
  async (seed) => {
    if (MUTATION_COUNT < 100_000)
      console.info('The drain test runs with 20,000 mutations; DRAIN_MUTATIONS=100000 for all.');
    world = await openWorld(seed);
    const { runtime } = world;
    const watch = new UploadWatch();
    const device = await world.device({
      onEvent: (event) => {
        if (event.type !== 'progress' || event.progress.step !== 'push') return;
        watch.heard(event.progress, device.store.counts().pendingCount);
      },
    });
    device.loop.start();
    await runtime.advance(100);
    device.loop.pause('offline');
    writeMany(device);
    device.loop.written();
    expect(device.store.counts().pendingCount).toBe(MUTATION_COUNT);

    const sizes: number[] = [];
    const cuts: Cut[] = [];
    let dies = () => {};
    const push = device.transport.push;
    device.transport.push = async (request, signal) => {
      sizes.push(encode({ ...request }).length);
      const cut = cutOf(runtime.random(), cuts);
      cuts.push(cut);
      if (cut === 'before the server') throw new SyncError('network', 'The request was lost.');
      const answer = await push(request, signal);
      if (cut === 'before the answer') throw new SyncError('network', 'The answer was lost.');
      if (cut !== 'with the device') return answer;
      // Committed on the server; the device ends before it hears of it.
      dies();
      return new Promise(() => {});
    };

    device.loop.resume('offline');
    let pendingCount = MUTATION_COUNT;
    for (let turn = 0; turn < 10_000 && device.loop.status().phase !== 'synced'; turn += 1) {
      let isDead = false;
      dies = () => {
        isDead = true;
      };
      await runtime.advance(250);
      if (isDead) {
        await device.restart();
        watch.last = null;
      }
      const status = device.loop.status();
      expect(status.pendingCount).toBeLessThanOrEqual(pendingCount);
      pendingCount = status.pendingCount;
      if (pendingCount > 0) expect(status.phase).not.toBe('synced');
    }

    expect(device.loop.status()).toMatchObject({
      phase: 'synced',
      pendingCount: 0,
      rejectedCount: 0,
      conflictCount: 0,
    });
    expect(new Set(cuts)).toEqual(new Set<Cut>(['none', 'before the server', 'before the answer', 'with the device']));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(LIMITS.maxRequestBytes);
    expect(watch.wrong).toEqual([]);
    expect(watch.last).toMatchObject({ done: watch.last?.total });
    // Each mutation is one commit of the server's: one that counted twice would be one more.
    expect(device.loop.cursors()).toMatchObject([{ cursor: { seq: MUTATION_COUNT }, head: MUTATION_COUNT }]);
    const other = await world.device();
    other.loop.start();
    for (let turn = 0; turn < 100 && other.loop.status().phase !== 'synced'; turn += 1) await runtime.advance(250);
    const counted = (of: RealDevice) =>
      of.database.read(
        'SELECT (SELECT count(*) FROM issue), (SELECT sum(votes) FROM issue), (SELECT count(*) FROM comment)',
      ).rows;
    const half = (MUTATION_COUNT - COUNTER_COUNT) / 2;
    expect(counted(other)).toEqual([[COUNTER_COUNT, half, half]]);
    expect(counted(device)).toEqual(counted(other));
    console.info(
      `${MUTATION_COUNT} mutations, ${sizes.length} requests, largest ${Math.max(...sizes)} bytes, progress ${watch.count} times; cuts: ${cuts.join(', ')}`,
    );
  },
);

/** Each kind of cut comes once at least, in any order; after that by chance. */
function cutOf(chance: number, before: readonly Cut[]): Cut {
  const kinds: readonly Cut[] = ['before the answer', 'with the device', 'before the server', 'none'];
  const missing = kinds.filter((kind) => !before.includes(kind));
  if (missing.length > 0 && before.length >= 1) return missing[Math.floor(chance * missing.length)] ?? 'none';
  if (before.length > 40) return 'none';
  return chance < 0.5 ? 'none' : (kinds[Math.floor(chance * 6) % 3] ?? 'none');
}

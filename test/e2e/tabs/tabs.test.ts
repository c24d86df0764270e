/** Scenario 7: several tabs of one app, and the leader among them goes in every way a tab can go. */
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { synced, World } from '../harness/world.ts';

const DEVICE = 'first';

let world: World;

beforeAll(async () => {
  world = new World('task');
  await world.start();
});
afterAll(() => world?.close());
afterEach(async () => {
  await Promise.all(open.splice(0).map((tab) => tab.close()));
});

const open: Page[] = [];

/** Opens tabs of one device, one after the other: the first one leads. */
async function openTabs(count: number): Promise<Page[]> {
  open.push(await world.openDevice(DEVICE));
  while (open.length < count) open.push(await world.openTab(world.contextOf(DEVICE)));
  return [...open];
}

const isLeader = (tab: Page): Promise<boolean> => tab.evaluate(() => window.device.sync.store.getState().isLeader);

const add = (tab: Page, id: string): Promise<void> =>
  tab.evaluate(async (id) => {
    await window.device.sync.write((tx) => tx.insert('task', { id, title: id }));
  }, id);

const ids = (tab: Page, prefix: string): Promise<string[]> =>
  tab.evaluate(async (prefix) => {
    const { sync, sql } = window.device;
    const rows = await sync.query(sql`SELECT id FROM task WHERE id LIKE ${`${prefix}%`} ORDER BY id`);
    return rows.map((row) => String(row.id));
  }, prefix);

const integrity = (tab: Page): Promise<string[]> => tab.evaluate(() => window.device.sync.inspect.integrityCheck());

async function crash(tab: Page): Promise<void> {
  const crashed = tab.waitForEvent('crash');
  const session = await tab.context().newCDPSession(tab);
  session.send('Page.crash').catch(() => undefined);
  await crashed;
  await tab.close();
}

interface Written {
  /** The ids whose write was acknowledged. */
  readonly ids: string[];
  /** What the receipts said in the end, each once. */
  readonly outcomes: string[];
}

/** Writes without a pause until told to stop. */
function writeOn(tab: Page, prefix: string): { stop(): Promise<Written> } {
  const writing = tab.evaluate(async (prefix) => {
    const { sync } = window.device;
    const state = window as unknown as { stopWriting: boolean };
    state.stopWriting = false;
    const ids: string[] = [];
    const settled: Promise<{ outcome: string }>[] = [];
    for (let index = 0; !state.stopWriting; index += 1) {
      const id = `${prefix}${String(index).padStart(5, '0')}`;
      const receipt = await sync.write(async (tx) => {
        await tx.insert('task', { id, title: id });
        await tx.insert('tag', { task_id: id, name: 'tag', weight: 1 });
      });
      ids.push(id);
      settled.push(receipt.settled);
    }
    const outcomes = (await Promise.all(settled)).map(({ outcome }) => outcome);
    return { ids, outcomes: [...new Set(outcomes)] };
  }, prefix);
  return {
    async stop() {
      await tab.evaluate(() => {
        (window as unknown as { stopWriting: boolean }).stopWriting = true;
      });
      return writing;
    },
  };
}

test('each tab reads and writes, live, through the leader', async () => {
  const tabs = await openTabs(3);
  expect(await Promise.all(tabs.map(isLeader))).toEqual([true, false, false]);
  const [first, second, third] = tabs as [Page, Page, Page];
  await third.evaluate(() => {
    const { sync, sql } = window.device;
    const live = sync.liveQuery(sql`SELECT id FROM task WHERE id LIKE 'live-%' ORDER BY id`);
    live.subscribe(() => {
      (window as unknown as { shown: unknown }).shown = live.getSnapshot().rows;
    });
  });
  await add(first, 'live-1');
  await add(second, 'live-2');
  await third.waitForFunction(() => (window as unknown as { shown?: unknown[] }).shown?.length === 2);
});

const leavings: readonly (readonly [string, (tab: Page) => Promise<unknown>])[] = [
  ['closed', (tab) => tab.close()],
  ['crashed', crash],
  ['reloaded', (tab) => tab.reload()],
  ['sent elsewhere', (tab) => tab.goto('about:blank')],
];

for (const [how, leave] of leavings) {
  test(`when the leader is ${how} while another tab writes, nothing is lost`, async () => {
    const prefix = `${how.replaceAll(' ', '-')}-`;
    const tabs = await openTabs(3);
    const [leader, writer, third] = tabs as [Page, Page, Page];
    const writing = writeOn(writer, prefix);
    await expect.poll(async () => (await ids(third, prefix)).length, { timeout: 20_000 }).toBeGreaterThan(20);
    await leave(leader);
    const before = (await ids(third, prefix)).length;
    await expect.poll(async () => (await ids(third, prefix)).length, { timeout: 20_000 }).toBeGreaterThan(before + 20);
    const { ids: acknowledged, outcomes } = await writing.stop();
    expect(outcomes).toEqual(['applied']);
    expect(await ids(third, prefix)).toEqual(acknowledged);
    expect(await integrity(third)).toEqual([]);
    expect((await Promise.all([writer, third].map(isLeader))).filter(Boolean)).toHaveLength(1);
    await synced(third);
    const onServer = world.serverRows(['task'], { task: 'id' }).task as { id: string }[];
    expect(onServer.map((row) => row.id).filter((id) => id.startsWith(prefix))).toEqual(acknowledged);
  });
}

test('a leader that is told to freeze lets go, and follows when it is back', async () => {
  const [leader, other] = (await openTabs(2)) as [Page, Page];
  await add(leader, 'ice-1');
  // Chromium freezes hidden pages only, and headless it hides none: the page hears the event alone.
  await leader.evaluate(() => document.dispatchEvent(new Event('freeze')));
  await add(other, 'ice-2');
  await expect.poll(() => isLeader(other)).toBe(true);
  await leader.evaluate(() => document.dispatchEvent(new Event('resume')));
  await add(leader, 'ice-3');
  expect(await ids(leader, 'ice-')).toEqual(['ice-1', 'ice-2', 'ice-3']);
  expect(await Promise.all([leader, other].map(isLeader))).toEqual([false, true]);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WRITE_IDLE_MS } from '../../../../src/client/engine/write-desk.ts';
import { toAppRows } from '../../../../src/client/live/app-rows.ts';
import { type Setup, schema, setUp, type Tab } from './engine-setup.ts';

const QUERIES = [
  'SELECT * FROM issue ORDER BY title, id LIMIT 3',
  'SELECT id, votes FROM issue WHERE votes > 1',
  'SELECT count(*) AS n, sum(votes) AS votes FROM issue',
  'SELECT issue.id, name FROM issue LEFT JOIN label ON label.issue_id = issue.id ORDER BY issue.id, name',
];

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const sql = fc.oneof(
  fc.record({
    sql: fc.constant('INSERT INTO issue VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET title = excluded.title'),
    parameters: fc.tuple(id, fc.constantFrom('x', 'y', 'z'), fc.nat(3)),
  }),
  fc.record({ sql: fc.constant('UPDATE issue SET votes = votes + 1 WHERE id > ?'), parameters: fc.tuple(id) }),
  fc.record({ sql: fc.constant('DELETE FROM issue WHERE id = ?'), parameters: fc.tuple(id) }),
  fc.record({ sql: fc.constant('REPLACE INTO label VALUES (?, ?)'), parameters: fc.tuple(id, id) }),
);

/** A transaction of one tab, and how it ends. `leave`: the tab goes away with it open; `forget`: nobody goes on with it. */
const write = fc.record({
  tab: fc.nat(2),
  statements: fc.array(sql, { minLength: 1, maxLength: 4 }),
  end: fc.oneof({ weight: 6, arbitrary: fc.constant('commit') }, fc.constantFrom('rollback', 'leave', 'forget')),
});

type Write = typeof write extends fc.Arbitrary<infer T> ? T : never;

test('tabs that write across each other see whole transactions only, and the same in every live query', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 8 }), async (writes) => {
      const setup = await setUp();
      const tabs = [0, 1, 2].map((index) => setup.tab(`tab ${index}`));
      for (const tab of tabs) await openAll(tab);
      const running = writes.map((one, index) => runWrite({ setup, tabs, one, writeId: `w${index}` }));
      await setup.runtime.advance(WRITE_IDLE_MS * (writes.length + 1));
      const committed = (await Promise.all(running)).flat();
      await expectAll(setup, tabs[0] ?? setup.tab('late'), committed);
      await setup.engine.close();
    }),
    { numRuns: 60 },
  );
}, 60_000);

async function openAll(tab: Tab): Promise<void> {
  for (const [index, query] of QUERIES.entries())
    await tab.methods.openLive(`q${index}`, { sql: query, parameters: [] });
}

interface RunningWrite {
  readonly setup: Setup;
  readonly tabs: Tab[];
  readonly one: Write;
  readonly writeId: string;
}

/** Returns the statements that were committed. */
async function runWrite({ setup, tabs, one, writeId }: RunningWrite): Promise<Write['statements']> {
  const tab = tabs[one.tab] ?? setup.tab('none');
  try {
    for (const statement of one.statements) await tab.methods.writeRun(writeId, statement);
    if (one.end === 'commit') {
      await tab.methods.writeCommit(writeId);
      return one.statements;
    }
    if (one.end === 'rollback') await tab.methods.writeRollback(writeId);
    if (one.end === 'leave') {
      await tab.connection.close();
      tabs[one.tab] = setup.tab(`after ${writeId}`);
      await openAll(tabs[one.tab] ?? tab);
    }
  } catch (error) {
    // The tab of another write went away under this one.
    expect(['interrupted', 'closed']).toContain((error as { kind?: string }).kind);
  }
  return [];
}

/** Replays what was committed on a database of its own, and compares every live query of every tab with that. */
async function expectAll(setup: Setup, tab: Tab, committed: Write['statements']): Promise<void> {
  const other = await setUp();
  for (const { sql: text, parameters } of committed) other.database.run(text, parameters);
  for (const [index, query] of QUERIES.entries()) {
    const expected = toAppRows(schema, other.database.read(query));
    const byId = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(byId(toAppRows(schema, setup.database.read(query)))).toEqual(byId(expected));
    expect(byId(tab.live.get(`q${index}`)?.rows ?? [])).toEqual(byId(expected));
  }
  await other.engine.close();
}

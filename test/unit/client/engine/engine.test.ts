import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WRITE_IDLE_MS } from '../../../../src/client/engine/write-desk.ts';
import { type Setup, setUp, type Tab } from './engine-setup.ts';

const INSERT = 'INSERT INTO issue (id, title) VALUES (?, ?)';

let setup: Setup;
let tab: Tab;
let other: Tab;

beforeEach(async () => {
  setup = await setUp();
  tab = setup.tab('tab');
  other = setup.tab('other');
});

afterEach(async () => {
  await setup.engine.close();
  expect(setup.runtime.timerCount).toBe(0);
});

/** Resolves to the outcome of a promise that is settled already, or to `waiting`. */
async function now<T>(promise: Promise<T>): Promise<T | 'waiting'> {
  const outcome: Promise<T | 'waiting'>[] = [promise, setup.runtime.advance(0).then(() => 'waiting')];
  return Promise.race(outcome);
}

describe('a write', () => {
  test('is seen by itself at once and by others when it is committed', async () => {
    expect(await tab.run('w', INSERT, ['1', 'one'])).toBe(1);
    const read = await tab.methods.writeRead('w', { sql: 'SELECT title FROM issue', parameters: [] });
    expect(read.rows).toEqual([['one']]);
    const reading = other.rows('SELECT title FROM issue');
    expect(await now(reading)).toBe('waiting');
    expect(await tab.methods.writeCommit('w')).toMatchObject({ mutationId: null });
    expect(await reading).toEqual([['one']]);
    expect(await tab.methods.findWrite('w')).toMatchObject({ mutationId: null });
    expect(await tab.methods.findWrite('x')).toBeNull();
  });

  test('waits for the write before it, whoever began it', async () => {
    await tab.run('first', INSERT, ['1', 'one']);
    const second = other.run('second', INSERT, ['2', 'two']);
    const third = tab.run('third', INSERT, ['3', 'three']);
    expect(await now(second)).toBe('waiting');
    await tab.methods.writeRollback('first');
    expect(await second).toBe(1);
    expect(await now(third)).toBe('waiting');
    await other.methods.writeCommit('second');
    await third;
    await tab.methods.writeCommit('third');
    expect(await tab.rows('SELECT id FROM issue ORDER BY id')).toEqual([['2'], ['3']]);
  });

  test('takes several statements at once, in their order', async () => {
    const counts = await Promise.all([
      tab.run('w', INSERT, ['1', 'one']),
      tab.run('w', "UPDATE issue SET title = 'uno'"),
      tab.methods.writeCommit('w'),
    ]);
    expect(counts).toEqual([1, 1, { mutationId: null, clientId: expect.any(String) }]);
    expect(await tab.rows('SELECT title FROM issue')).toEqual([['uno']]);
  });

  test('goes on after a statement that failed, and keeps the rest', async () => {
    await tab.run('w', INSERT, ['1', 'one']);
    await expect(tab.run('w', INSERT, ['1', 'again'])).rejects.toMatchObject({ kind: 'invalid-value' });
    await expect(tab.run('w', 'INSERT INTO nothing VALUES (1)')).rejects.toMatchObject({ kind: 'invalid-query' });
    await tab.methods.writeCommit('w');
    expect(await tab.rows('SELECT title FROM issue')).toEqual([['one']]);
  });

  test('that did nothing commits without a trace', async () => {
    expect(await tab.methods.writeCommit('empty')).toMatchObject({ mutationId: null });
  });

  test('that is over takes no more statements', async () => {
    await tab.run('done', INSERT, ['1', 'one']);
    await tab.methods.writeCommit('done');
    await tab.run('undone', INSERT, ['2', 'two']);
    await tab.methods.writeRollback('undone');
    await expect(tab.run('done', 'DELETE FROM issue')).rejects.toMatchObject({ kind: 'misuse' });
    await expect(tab.methods.writeCommit('done')).rejects.toMatchObject({ kind: 'misuse' });
    await expect(tab.run('undone', 'DELETE FROM issue')).rejects.toMatchObject({ kind: 'aborted' });
    expect(await tab.rows('SELECT id FROM issue')).toEqual([['1']]);
  });

  test('that nobody goes on with is rolled back, and the next one gets its turn', async () => {
    await tab.run('idle', INSERT, ['1', 'one']);
    const next = other.run('next', INSERT, ['2', 'two']);
    await setup.runtime.advance(WRITE_IDLE_MS - 1);
    await tab.run('idle', INSERT, ['3', 'three']);
    await setup.runtime.advance(WRITE_IDLE_MS - 1);
    expect(await now(next)).toBe('waiting');
    await setup.runtime.advance(1);
    expect(await next).toBe(1);
    await setup.runtime.advance(1_000);
    const told = other.state.events?.filter(({ type }) => type === 'stalled');
    expect(told).toMatchObject([{ what: 'write', error: { kind: 'timeout' } }]);
    await expect(tab.run('idle', INSERT, ['4', 'four'])).rejects.toMatchObject({ kind: 'timeout' });
    await expect(tab.methods.writeCommit('idle')).rejects.toMatchObject({ kind: 'timeout' });
    await other.methods.writeCommit('next');
    expect(await tab.rows('SELECT id FROM issue')).toEqual([['2']]);
  });

  test('of a tab that went away is rolled back, also while it waits', async () => {
    await tab.run('open', INSERT, ['1', 'one']);
    const waiting = other.run('waiting', INSERT, ['2', 'two']);
    const third = setup.tab('third');
    const next = third.run('next', INSERT, ['3', 'three']);
    await other.connection.close();
    await tab.connection.close();
    await expect(waiting).rejects.toMatchObject({ kind: 'interrupted' });
    expect(await next).toBe(1);
    await third.methods.writeCommit('next');
    expect(await third.rows('SELECT id FROM issue')).toEqual([['3']]);
    await expect(tab.run('late', INSERT, ['4', 'four'])).rejects.toMatchObject({ kind: 'closed' });
  });

  test('that SQLite itself rolls back takes nothing more', async () => {
    await tab.run('w', INSERT, ['1', 'one']);
    const orRollback = INSERT.replace('INSERT', 'INSERT OR ROLLBACK');
    await expect(tab.run('w', orRollback, ['1', 'again'])).rejects.toMatchObject({ kind: 'invalid-value' });
    await expect(tab.run('w', INSERT, ['3', 'three'])).rejects.toMatchObject({ kind: 'invalid-value' });
    await expect(tab.methods.writeCommit('w')).rejects.toMatchObject({ kind: 'invalid-value' });
    expect(await other.rows('SELECT id FROM issue')).toEqual([]);
  });

  test.each([
    'CREATE TABLE more (id)',
    'DROP TABLE issue',
    'COMMIT',
    'ROLLBACK',
    "ATTACH ':memory:' AS other",
    'PRAGMA user_version = 9',
    'DELETE FROM _tidemark_meta',
    "UPDATE sqlite_schema SET sql = ''",
    'SELECT 1; DELETE FROM issue',
  ])('cannot run %s', async (sql) => {
    await expect(tab.run('w', sql)).rejects.toMatchObject({ kind: expect.stringMatching(/^(misuse|invalid-query)$/) });
    await tab.run('w', INSERT, ['1', 'one']);
    await tab.methods.writeCommit('w');
    expect(await tab.rows('SELECT id FROM issue')).toEqual([['1']]);
  });
});

describe('a live query', () => {
  const open = (of: Tab, liveId: string, sql: string) => of.methods.openLive(liveId, { sql, parameters: [] });

  test('has changed before the write that changed it resolves, in every tab', async () => {
    expect(await open(tab, 'q', 'SELECT id FROM issue')).toMatchObject({
      liveId: 'q',
      tablesRead: ['issue'],
    });
    await open(other, 'mine', 'SELECT id FROM issue');
    await tab.run('w', INSERT, ['1', 'one']);
    expect(other.told('live').length).toBe(1);
    await tab.methods.writeCommit('w');
    expect([tab.live.get('q')?.rows, other.live.get('mine')?.rows]).toEqual([[{ id: '1' }], [{ id: '1' }]]);
    expect((await tab.methods.liveQueries()).map(({ sql, tabCount, runCount }) => [sql, tabCount, runCount])).toEqual([
      ['SELECT id FROM issue', 2, 2],
    ]);
  });

  test('opened during a write shows what is committed', async () => {
    await tab.run('w', INSERT, ['1', 'one']);
    const opening = open(other, 'q', 'SELECT id FROM issue');
    await tab.methods.writeRollback('w');
    await opening;
    expect(other.live.get('q')?.rows).toEqual([]);
  });

  test('closed while it waits for a write is not opened afterwards', async () => {
    await tab.run('w', INSERT, ['1', 'one']);
    const opening = open(other, 'q', 'SELECT id FROM issue');
    await other.methods.closeLive('q');
    await tab.methods.writeCommit('w');
    await expect(opening).rejects.toMatchObject({ kind: 'aborted' });
    expect([other.told('live'), await other.methods.liveQueries()]).toEqual([[], []]);
  });

  test('follows tables of this device and search tables too', async () => {
    await open(tab, 'drafts', 'SELECT count(*) AS n FROM draft');
    await open(tab, 'found', "SELECT title FROM found WHERE found MATCH 'word'");
    await other.run('w', "INSERT INTO draft VALUES ('x')");
    await other.run('w', INSERT, ['1', 'a word']);
    await other.methods.writeCommit('w');
    expect([tab.live.get('drafts')?.rows, tab.live.get('found')?.rows]).toEqual([[{ n: 1 }], [{ title: 'a word' }]]);
  });

  test('is replaced by opening it again, and silent once it is closed', async () => {
    await open(tab, 'q', 'SELECT id FROM issue');
    await open(tab, 'q', 'SELECT title FROM issue');
    await tab.run('w', INSERT, ['1', 'one']);
    await tab.methods.writeCommit('w');
    expect(tab.live.get('q')?.rows).toEqual([{ title: 'one' }]);
    await tab.methods.closeLive('q');
    const told = tab.told('live').length;
    await tab.run('w2', INSERT, ['2', 'two']);
    await tab.methods.writeCommit('w2');
    expect([tab.told('live').length, await tab.methods.liveQueries()]).toEqual([told, []]);
  });

  test('must read', async () => {
    await expect(open(tab, 'q', 'DELETE FROM issue')).rejects.toMatchObject({ kind: 'invalid-query' });
    await expect(open(tab, 'q', 'SELECT * FROM nothing')).rejects.toMatchObject({ kind: 'invalid-query' });
  });
});

describe('the state', () => {
  test('is told whole to a session that comes, and then by the parts that change', async () => {
    expect(Object.keys(tab.state).sort()).toEqual(
      ['clientId', 'conflicts', 'cursors', 'devices', 'events', 'lab', 'outbox', 'status'].sort(),
    );
    expect(tab.state.status).toMatchObject({ phase: 'local', persisted: false });
    await setup.runtime.advance(1_000);
    tab.pushes.length = 0;
    await setup.runtime.advance(1_000);
    expect(tab.pushes).toEqual([]);
  });

  test('has the last events', async () => {
    for (let n = 0; n < 3; n++) setup.engine.tell({ at: n, type: 'paused', reason: String(n) });
    await setup.runtime.advance(100);
    expect(other.state.events?.map(({ at }) => at)).toEqual([0, 1, 2]);
    for (let n = 3; n < 700; n++) setup.engine.tell({ at: n, type: 'paused', reason: String(n) });
    await setup.runtime.advance(1_000);
    expect([other.state.events?.length, other.state.events?.at(-1)?.at]).toEqual([500, 699]);
  });
});

describe('upkeep', () => {
  test('wipes everything and shows it', async () => {
    await tab.methods.openLive('q', { sql: 'SELECT id FROM issue', parameters: [] });
    await tab.run('w', INSERT, ['1', 'one']);
    await tab.methods.writeCommit('w');
    await tab.methods.wipe();
    expect(tab.live.get('q')?.rows).toEqual([]);
    await tab.run('w2', INSERT, ['2', 'two']);
    await tab.methods.writeCommit('w2');
    expect(tab.live.get('q')?.rows).toEqual([{ id: '2' }]);
  });

  test('tells tables, size, health, and gives the database as a file', async () => {
    await tab.run('w', INSERT, ['1', 'one']);
    await tab.methods.writeCommit('w');
    expect(await tab.methods.inspectTables()).toEqual([
      { table: 'issue', rowCount: 1 },
      { table: 'label', rowCount: 0 },
    ]);
    expect(await tab.methods.integrityCheck()).toEqual([]);
    expect((await tab.methods.exportDatabase()).length).toBe((await tab.methods.stats()).storageBytes);
  });

  test('watches rows', async () => {
    await tab.methods.watchRow('r', 'issue', ['1']);
    expect(tab.told('row-status').map(({ status }) => status)).toEqual(['synced']);
    await tab.methods.unwatchRow('r');
    await expect(tab.methods.watchRow('r', 'nothing', ['1'])).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('refuses everything after close', async () => {
    await setup.engine.close();
    await expect(tab.rows('SELECT 1')).rejects.toMatchObject({ kind: 'closed' });
    expect(() => setup.engine.connect('late')).toThrow(expect.objectContaining({ kind: 'closed' }));
  });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LiveDelta } from '../../../../src/client/engine-api.ts';
import { applyDelta, type LiveRows } from '../../../../src/client/live/apply-delta.ts';
import type { LiveQuery } from '../../../../src/client/live/live-query.ts';
import { LiveRegistry } from '../../../../src/client/live/live-registry.ts';
import type { ChangedRows } from '../../../../src/client/local-store.ts';
import { createTableSql } from '../../../../src/core/ddl.ts';
import { defineSchema, t, table } from '../../../../src/core/schema.ts';
import { type Cell, keyText } from '../../../../src/shared/cell.ts';
import type { SyncErrorJson } from '../../../../src/shared/error.ts';
import type { LocalDatabase } from '../../../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';
import { type ManualRuntime, manualRuntime } from '../../../../src/testing/manual-runtime.ts';

const schema = defineSchema({
  version: 1,
  tables: {
    issue: table({ id: t.text(), title: t.text(), status: t.text() }),
    label: table({ issue_id: t.text(), name: t.text() }, { primaryKey: ['issue_id', 'name'] }),
  },
});

/** Follows a query as a page does. */
class Follower {
  rows: LiveRows | null = null;
  readonly deltas: LiveDelta[] = [];
  readonly errors: SyncErrorJson[] = [];

  onDelta(delta: LiveDelta): void {
    this.deltas.push(delta);
    this.rows = applyDelta(schema, this.rows, delta);
  }

  onError(error: SyncErrorJson): void {
    this.errors.push(error);
  }
}

let database: LocalDatabase;
let time: ManualRuntime;
/** How much time passes between two looks at the clock: work that takes long. */
let cost: number;
let live: LiveRegistry;

beforeEach(async () => {
  database = await openMemoryDatabase();
  for (const one of Object.values(schema.tables)) database.exec(createTableSql(one));
  database.exec(`
    CREATE VIRTUAL TABLE issue_search USING fts5(title, id UNINDEXED);
    CREATE TRIGGER issue_found AFTER INSERT ON issue BEGIN INSERT INTO issue_search VALUES (new.title, new.id); END;
    CREATE TABLE draft (text TEXT);
    INSERT INTO issue VALUES ('1', 'one', 'open'), ('2', 'two', 'open'), ('3', 'three', 'closed');
  `);
  time = manualRuntime();
  cost = 0;
  let spent = 0;
  const elapsed = () => {
    spent += cost;
    return time.elapsed() + spent;
  };
  live = new LiveRegistry({ schema, database, runtime: { ...time, elapsed } });
});

afterEach(() => {
  live.closeAll();
  database.close();
});

function follow(sql: string, parameters: readonly Cell[] = []): { follower: Follower; query: LiveQuery } {
  const follower = new Follower();
  return { follower, query: live.open({ sql, parameters }, follower) };
}

function rowsOf(name: string, ...keys: readonly Cell[][]): ChangedRows {
  return new Map([[name, new Set(keys.map(keyText))]]);
}

function write(sql: string, changed: ChangedRows): void {
  database.run(sql);
  live.changed(changed);
}

describe('a live query', () => {
  test('gives the whole result first, then only what changed, and keeps the other rows', () => {
    const { follower } = follow('SELECT * FROM issue ORDER BY id');
    const first = follower.rows?.rows ?? [];
    expect(first.map((row) => row.title)).toEqual(['one', 'two', 'three']);
    write("UPDATE issue SET title = 'zwei' WHERE id = '2'", rowsOf('issue', ['2']));
    expect(follower.deltas[1]).toEqual({
      version: 2,
      runs: [{ from: 0, count: 1 }, { rows: [['2', 'zwei', 'open']] }, { from: 2, count: 1 }],
    });
    const second = follower.rows?.rows ?? [];
    expect(second[1]).toEqual({ id: '2', title: 'zwei', status: 'open' });
    expect([second[0] === first[0], second[2] === first[2]]).toEqual([true, true]);
  });

  test('says nothing when its result did not change', () => {
    const { follower, query } = follow("SELECT id FROM issue WHERE status = 'open'");
    write("UPDATE issue SET title = 'other' WHERE id = '3'", rowsOf('issue', ['3']));
    expect([query.runCount, follower.deltas.length]).toEqual([2, 1]);
  });

  test('is not run again for other tables', () => {
    const { query } = follow('SELECT * FROM issue');
    write("INSERT INTO label VALUES ('1', 'bug')", rowsOf('label', ['1', 'bug']));
    expect(query.runCount).toBe(1);
  });

  test('by primary key is run again for its own row only', () => {
    const one = follow('SELECT * FROM issue WHERE id = ?', ['1']);
    const label = follow('SELECT * FROM "label" WHERE name = ? AND issue_id = ? LIMIT 1', ['bug', '1']);
    const list = follow('SELECT * FROM issue WHERE status = ?', ['open']);
    write("UPDATE issue SET title = 'x'", rowsOf('issue', ['2'], ['3']));
    write("INSERT INTO label VALUES ('2', 'bug')", rowsOf('label', ['2', 'bug']));
    expect([one, label, list].map(({ query }) => query.runCount)).toEqual([1, 1, 2]);
    write("INSERT INTO label VALUES ('1', 'bug')", rowsOf('label', ['1', 'bug']));
    write("UPDATE issue SET title = 'y' WHERE id = '1'", rowsOf('issue', ['1']));
    expect([one, label].map(({ query }) => query.runCount)).toEqual([2, 2]);
    write("UPDATE issue SET title = 'z'", new Map([['issue', '*' as const]]));
    expect(one.follower.rows?.rows).toEqual([{ id: '1', title: 'z', status: 'open' }]);
  });

  test('over a search table follows the table that triggers fill it from', () => {
    const { follower } = follow('SELECT id FROM issue_search WHERE issue_search MATCH ?', ['four']);
    write("INSERT INTO issue VALUES ('4', 'four', 'open')", rowsOf('issue', ['4']));
    expect(follower.rows?.rows).toEqual([{ id: '4' }]);
  });

  test('over joins, views and subqueries follows every table below', () => {
    database.exec('CREATE VIEW tagged AS SELECT issue.id, name FROM issue JOIN label ON label.issue_id = issue.id');
    const { follower } = follow('SELECT (SELECT count(*) FROM tagged) AS n FROM draft');
    database.run("INSERT INTO draft VALUES ('x')");
    live.changed(new Map([['draft', '*' as const]]));
    write("INSERT INTO label VALUES ('1', 'bug')", rowsOf('label', ['1', 'bug']));
    expect(follower.rows?.rows).toEqual([{ n: 1 }]);
  });

  test('runs once for all who follow it, and gives a later follower the result as it is', () => {
    const first = follow('SELECT * FROM issue');
    write("DELETE FROM issue WHERE id = '1'", rowsOf('issue', ['1']));
    const second = follow('SELECT * FROM issue');
    expect(second.query).toBe(first.query);
    expect(second.follower.deltas).toMatchObject([
      { version: 1, runs: [{ rows: [['2'], ['3']].map((id) => [...id, expect.anything(), expect.anything()]) }] },
    ]);
    write("DELETE FROM issue WHERE id = '2'", rowsOf('issue', ['2']));
    expect([first, second].map(({ follower }) => follower.deltas.at(-1)?.version)).toEqual([3, 2]);
    expect(second.query.runCount).toBe(3);
    live.close(first.query, first.follower);
    live.close(second.query, second.follower);
    expect([...live.queries]).toEqual([]);
  });

  test('tells an error, and recovers at the next change', () => {
    const { follower } = follow('SELECT json_extract(title, ?) AS x FROM issue WHERE id = ?', ['$', '9']);
    write("INSERT INTO issue VALUES ('9', 'no json', 'open')", rowsOf('issue', ['9']));
    expect(follower.errors.map(({ kind }) => kind)).toEqual(['invalid-query']);
    write("UPDATE issue SET title = '5' WHERE id = '9'", rowsOf('issue', ['9']));
    expect(follower.rows?.rows).toEqual([{ x: 5 }]);
    write("UPDATE issue SET title = '{' WHERE id = '9'", rowsOf('issue', ['9']));
    write("UPDATE issue SET title = '5' WHERE id = '9'", rowsOf('issue', ['9']));
    expect(follower.deltas.at(-1)).toEqual({ version: 3, runs: [{ from: 0, count: 1 }] });
  });

  test('of wrong SQL is refused', () => {
    expect(() => follow('SELECT * FROM nothing')).toThrow(expect.objectContaining({ kind: 'invalid-query' }));
    expect([...live.queries]).toEqual([]);
  });
});

describe('refreshing', () => {
  test('waits for the end of an open transaction', () => {
    const { follower } = follow('SELECT count(*) AS n FROM issue');
    database.begin();
    write("INSERT INTO issue VALUES ('4', 'four', 'open')", rowsOf('issue', ['4']));
    expect(follower.deltas.length).toBe(1);
    database.commit();
    live.refresh();
    expect(follower.rows?.rows).toEqual([{ n: 4 }]);
  });

  test('of expensive queries is shared by commits that come fast', async () => {
    const { follower, query } = follow('SELECT count(*) AS n FROM issue');
    cost = 8;
    for (let id = 10; id < 20; id++) write(`INSERT INTO issue VALUES ('${id}', '', '')`, rowsOf('issue', [String(id)]));
    expect(query.runCount).toBe(2);
    await time.advance(100);
    expect(query.runCount).toBe(3);
    expect(follower.rows?.rows).toEqual([{ n: 13 }]);
  });

  test('of many expensive queries leaves room for others, and leaves none behind', async () => {
    const follows = ['id', 'title', 'status'].map((column) => follow(`SELECT count(${column}) AS n FROM issue`));
    cost = 8;
    const runs = () => follows.map(({ query }) => query.runCount);
    write("INSERT INTO issue VALUES ('4', '', '')", rowsOf('issue', ['4']));
    expect(runs()).toEqual([2, 1, 1]);
    write("INSERT INTO issue VALUES ('5', '', '')", rowsOf('issue', ['5']));
    await time.advance(500);
    expect(runs()).toEqual([3, 2, 2]);
    expect(follows.map(({ follower }) => follower.rows?.rows)).toEqual([[{ n: 5 }], [{ n: 5 }], [{ n: 5 }]]);
  });
});

/** Scenario 1: real data written on one device arrives on another one equal, table by table, row by row. */
import type { Page } from 'playwright';
import { afterEach, describe, expect, test } from 'vitest';
import { chinookRows, githubRows, sampleDataMissing } from './harness/sample-data.ts';
import { type SchemaName, schemas } from './harness/schemas.ts';
import { synced, World } from './harness/world.ts';

type Rows = Record<string, Record<string, unknown>[]>;

if (sampleDataMissing) console.warn(`SKIPPED: sample data scenarios, ${sampleDataMissing}`);

let world: World;
afterEach(() => world?.close());

describe.skipIf(sampleDataMissing)('sample data', () => {
  test('the GitHub issues arrive on the second device equal', async () => {
    await crosses('github', githubRows());
  });

  test('the Chinook database arrives on the second device equal', async () => {
    await crosses('chinook', chinookRows(Object.keys(schemas.chinook.tables)));
  });
});

/** Writes all rows on the first device, and then, from the second, an edit of every table back. */
async function crosses(schema: SchemaName, rows: Rows): Promise<void> {
  world = new World(schema);
  await world.start();
  const first = await world.openDevice('first');
  const second = await world.openDevice('second');
  await writeAll(first, rows);
  await synced(first);
  await synced(second);
  const written = sorted(schema, rows);
  expect(await readAll(first, schema)).toEqual(written);
  expect(await readAll(second, schema)).toEqual(written);

  await deleteFirstRows(second, schema);
  await synced(second);
  await synced(first);
  const afterwards = await readAll(second, schema);
  for (const [table, list] of Object.entries(written))
    expect(afterwards[table]).toHaveLength(Math.max(list.length - 1, 0));
  expect(await readAll(first, schema)).toEqual(afterwards);

  await deleteAll(second, schema);
  await writeAll(second, rows);
  await synced(second);
  await synced(first);
  expect(await readAll(first, schema)).toEqual(written);
}

/** One transaction for everything, as an import would be. */
async function writeAll(page: Page, rows: Rows): Promise<void> {
  await page.evaluate(async (tables) => {
    const { sync } = window.device;
    await sync.write(async (tx) => {
      for (const [table, list] of Object.entries(tables)) await tx.insertMany(table as never, list as never);
    });
  }, rows);
}

async function readAll(page: Page, schema: SchemaName): Promise<Rows> {
  const keys = Object.entries(schemas[schema].tables).map(([name, { primaryKey }]) => ({ name, primaryKey }));
  return page.evaluate(
    async (tables) => {
      const { sync } = window.device;
      const result: Rows = {};
      for (const { name, primaryKey } of tables) {
        const order = primaryKey.map((column) => `"${column}"`).join(', ');
        result[name] = (await sync.query({
          sql: `SELECT * FROM "${name}" ORDER BY ${order}`,
          parameters: [],
        })) as Rows[string];
      }
      return result;
    },
    keys as { name: string; primaryKey: string[] }[],
  );
}

async function deleteFirstRows(page: Page, schema: SchemaName): Promise<void> {
  await runOnEach(page, schema, 'DELETE FROM "$" WHERE rowid = (SELECT min(rowid) FROM "$")');
}

async function deleteAll(page: Page, schema: SchemaName): Promise<void> {
  await runOnEach(page, schema, 'DELETE FROM "$"');
}

async function runOnEach(page: Page, schema: SchemaName, statement: string): Promise<void> {
  const statements = Object.keys(schemas[schema].tables)
    .reverse()
    .map((name) => statement.replaceAll('$', name));
  await page.evaluate(async (list) => {
    await window.device.sync.write(async (tx) => {
      for (const text of list) await tx.run({ sql: text, parameters: [] });
    });
  }, statements);
}

/** The rows as the devices are asked for them: in key order, as SQLite sorts (numbers, then text by its bytes). */
function sorted(schema: SchemaName, rows: Rows): Rows {
  const tables = schemas[schema].tables as Record<string, { primaryKey: readonly string[] }>;
  return Object.fromEntries(
    Object.entries(tables).map(([name, { primaryKey }]) => [name, (rows[name] ?? []).toSorted(byKey(primaryKey))]),
  );
}

function byKey(primaryKey: readonly string[]) {
  return (a: Record<string, unknown>, b: Record<string, unknown>): number => {
    for (const column of primaryKey) {
      const order = compare(a[column], b[column]);
      if (order !== 0) return order;
    }
    return 0;
  };
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

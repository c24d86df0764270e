import { expect, test } from 'vitest';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { sql } from '../../../src/core/sql.ts';
import { createTestServer } from '../../../src/testing/test-server.ts';
import { createTestSync } from '../../../src/testing/test-sync.ts';

const schema = defineSchema({ version: 1, tables: { note: table({ id: t.text() }) } });

/** A sync as plain JavaScript sees it: anything can be called with anything. */
function untyped() {
  const sync = createTestSync({ schema, server: createTestServer({ schema }) });
  return {
    sync,
    calls: sync as unknown as Record<'write' | 'wipe' | 'pause' | 'resume', (given?: unknown) => Promise<unknown>>,
  };
}

test.each([undefined, null, 'INSERT', {}])('a write of %o is misuse', async (given) => {
  await expect(untyped().calls.write(given)).rejects.toMatchObject({ kind: 'misuse' });
});

test.each([undefined, {}, { unsent: 'maybe' }])('a wipe with %o is misuse, and deletes nothing', async (given) => {
  const { sync, calls } = untyped();
  await sync.write((tx) => tx.insert('note', { id: 'a' }));
  await expect(calls.wipe(given)).rejects.toMatchObject({ kind: 'misuse' });
  expect(await sync.query(sql`SELECT id FROM note`)).toEqual([{ id: 'a' }]);
});

test.each([5, '', null])('a pause for the reason %o is refused, and holds nothing', async (given) => {
  const { sync, calls } = untyped();
  await expect(calls.pause(given)).rejects.toMatchObject({ kind: 'invalid-value' });
  await expect(calls.resume(given)).rejects.toMatchObject({ kind: 'invalid-value' });
  await sync.sync();
  expect(sync.store.getState().status).toMatchObject({ phase: 'synced', pausedBy: [] });
});

test.each([
  ['one row', { id: 'a' }, 'misuse'],
  ['a Map', new Map([['id', 'a']]), 'misuse'],
  ['an array with a hole', Object.assign(new Array(3), { 0: { id: 'a' }, 2: { id: 'b' } }), 'invalid-value'],
])('insertMany with %s is refused: no row is left out in silence', async (_, rows, kind) => {
  const { sync } = untyped();
  await expect(sync.write((tx) => tx.insertMany('note', rows as never))).rejects.toMatchObject({ kind });
  expect(await sync.query(sql`SELECT id FROM note`)).toEqual([]);
});

/** Signing out while something is still being written: in this thread, with a server that need not be there. */
import { expect, test } from 'vitest';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { sql } from '../../../src/core/sql.ts';
import { createSync } from '../../../src/store/create-sync.ts';

const schema = defineSchema({ version: 1, tables: { note: table({ id: t.text() }) } });
const ids = sql<{ id: string }>`SELECT id FROM note`;

function device() {
  return createSync({ schema, server: { url: 'http://127.0.0.1:9' }, autoSync: false });
}

test.each([0, 1, 2, 3, 4, 8])(
  'a wipe that refuses to lose work loses none that is written meanwhile (%i turns)',
  async (turns) => {
    const sync = device();
    await sync.ready;
    const written = sync.write((tx) => tx.insert('note', { id: 'a' }));
    for (let turn = 0; turn < turns; turn++) await null;
    const wiped = sync.wipe({ unsent: 'refuse' });
    await written;
    await wiped.catch((error: unknown) => expect(error).toMatchObject({ kind: 'unsent-work', details: { count: 1 } }));
    expect(await sync.query(ids)).toEqual([{ id: 'a' }]);
    await sync.close();
  },
);

test('a wipe that exports has every write in the file that it took away', async () => {
  const sync = device();
  await sync.ready;
  const written = Promise.all(['a', 'b', 'c'].map((id) => sync.write((tx) => tx.insert('note', { id }))));
  const text = await sync.wipe({ unsent: 'export' });
  await written;
  const left = (await sync.query(ids)).map(({ id }) => id);
  const { mutations } = JSON.parse(text ?? '') as { mutations: { changes: { key: string[] }[] }[] };
  const exported = mutations.flatMap(({ changes }) => changes.flatMap(({ key }) => key));
  expect([...exported, ...left].sort()).toEqual(['a', 'b', 'c']);
  await sync.close();
});

import { defineSchema, t, table } from 'tidemark/core';

/** Yours goes here. */
export const schema = defineSchema({
  version: 1,
  tables: {
    note: table({ id: t.uuid(), owner: t.text(), body: t.text() }, { scope: { kind: 'user', by: 'owner' } }),
  },
});

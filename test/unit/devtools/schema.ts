import { defineSchema, t, table } from '../../../src/core/schema.ts';

export const schema = defineSchema({
  version: 1,
  tables: {
    issue: table({
      id: t.text(),
      title: t.text().conflict('manual'),
      body: t.text().nullable(),
      done: t.boolean().conflict('server-wins'),
      votes: t.counter(),
      size: t.bigint().default(0n),
      data: t.json().nullable(),
      hash: t.blob().nullable(),
      ratio: t.real().default(0),
    }),
    tag: table({ issue_id: t.text(), label: t.text() }, { primaryKey: ['issue_id', 'label'] }),
  },
});

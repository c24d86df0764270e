import { defineSchema, t, table } from '../../../../src/core/schema.ts';

/** Entries come once and in whole transactions, a tally counts them, and notes are fought over. */
export const schema = defineSchema({
  version: 1,
  tables: {
    entry: table({ id: t.text(), writer: t.text(), tx: t.integer(), total: t.integer() }),
    tally: table({ id: t.text(), sum: t.counter() }),
    note: table({ id: t.text(), body: t.text(), by: t.text() }),
  },
});

/** `done` is not synced: a program's own word on which of its transactions have committed. */
export const TABLES = `
  CREATE TABLE entry (id text PRIMARY KEY, writer text NOT NULL, tx integer NOT NULL, total integer NOT NULL);
  CREATE TABLE tally (id text PRIMARY KEY, sum bigint NOT NULL);
  CREATE TABLE note (id text PRIMARY KEY, body text NOT NULL, by text NOT NULL);
  CREATE TABLE done (writer text NOT NULL, tx integer NOT NULL, total integer NOT NULL, deleted integer);
  INSERT INTO tally VALUES ('all', 0)`;

export const NOTE_COUNT = 5;

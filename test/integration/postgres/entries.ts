import type { Change } from '../../../src/core/change.ts';
import { defineSchema, type Schema, t, table } from '../../../src/core/schema.ts';
import { put } from '../../unit/server/support/fixture.ts';

/** What several processes write into one database. */
export const ENTRIES: Schema = defineSchema({ version: 2, tables: { entry: table({ id: t.text(), n: t.integer() }) } });

export const entryOf = (clientId: string, n: number): Change => put('entry', [`${clientId}.${n}`], { n });

import { defineSchema, t, table } from '../../../src/core/schema.ts';

export const ROLLING = defineSchema({ version: 1, tables: { note: table({ id: t.text(), body: t.text() }) } });

/** What a device is told to do. */
export interface ToDevice {
  readonly write: string;
}

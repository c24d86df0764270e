import { createSync, type Sync } from 'tidemark';
import { type Schema, schema, searchSchema } from '../schema.ts';

/** A device: one local database that syncs with the server. Two names on one page are two devices. */
export function createDevice(name: string, deviceName: string): Sync<Schema> {
  return createSync({
    schema,
    server: { url: '/sync' },
    storage: { kind: 'opfs', name },
    localSchema: searchSchema,
    deviceName,
  });
}

import * as v from 'valibot';
import { count, name } from './shared.ts';

/** `POST /v1/devices`: list, and optionally rename or revoke first. */
export const devicesRequest = v.object({
  clientId: name,
  /** Whose the local data is, as far as the client knows. From anybody else the request is refused, whatever its device is known as. */
  owner: v.optional(name),
  rename: v.optional(v.object({ name })),
  revoke: v.optional(v.object({ deviceId: name })),
});

export const devicesResponse = v.object({
  devices: v.array(
    v.object({
      /** The clientId of the device's local database. */
      deviceId: name,
      name: v.nullable(name),
      firstSeenAt: count,
      lastSeenAt: count,
      revoked: v.boolean(),
    }),
  ),
});

export type DevicesRequest = v.InferOutput<typeof devicesRequest>;
export type DevicesResponse = v.InferOutput<typeof devicesResponse>;

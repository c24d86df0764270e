import * as v from 'valibot';
import { count, name, seq } from './shared.ts';

/** `POST /v1/handshake`, and the first frame of a WebSocket. */
export const handshakeRequest = v.object({
  /** The protocol version the client speaks. */
  protocol: count,
  /** `schema.version` of the app. */
  schemaVersion: count,
  clientId: name,
  /** Optional features the client understands. Unknown ones are ignored. */
  capabilities: v.array(name),
  /** A name for the device list. */
  deviceName: v.optional(name),
  /** Whose the local data is, as far as the client knows. Anybody else is told who they are, and the device is not noted as theirs. */
  owner: v.optional(name),
});

export const handshakeResponse = v.object({
  protocol: count,
  /** The server's schema version. */
  schemaVersion: count,
  capabilities: v.array(name),
  /** Names this history of the database; changes when the server is restored or cloned. */
  epoch: name,
  /** The seq of the newest commit. */
  head: seq,
  /** Epoch milliseconds on the server. */
  serverTime: count,
  /** Who the server takes the caller for. Local data belongs to one subject. */
  subject: name,
  /** The scopes the caller may read. `*` stands for all. */
  scopes: v.array(name),
  /** The declared limits, by name: see `limits.ts`. */
  limits: v.record(name, count),
});

export type HandshakeRequest = v.InferOutput<typeof handshakeRequest>;
export type HandshakeResponse = v.InferOutput<typeof handshakeResponse>;

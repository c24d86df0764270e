import * as v from 'valibot';
import { errorMessage } from './error.ts';
import { handshakeRequest, handshakeResponse } from './handshake.ts';
import { leftOut, pullPage } from './pull.ts';
import { pushRequest, pushResponse } from './push.ts';
import { count, cursor, name, seq } from './shared.ts';

/** The frames of the WebSocket at `/v1/ws`. Each is one CBOR map with a `type`. */

/** Client → server. `hello` comes first and carries the token, so that none stands in a URL. */
export const clientFrame = v.variant('type', [
  v.object({ type: v.literal('hello'), token: v.nullable(v.string()), handshake: handshakeRequest }),
  /** From here on, send what happens after `cursor` in `scopes`. Sent again after each chain pulled by HTTP. */
  v.object({
    type: v.literal('subscribe'),
    cursor,
    scopes: v.array(name),
    /** The scopes left out of what the client holds: they stay left out. */
    without: v.optional(leftOut),
  }),
  v.object({ type: v.literal('push'), requestId: count, request: pushRequest }),
  v.object({ type: v.literal('ping'), at: count }),
]);

/** Server → client. */
export const serverFrame = v.variant('type', [
  v.object({ type: v.literal('welcome'), handshake: handshakeResponse }),
  /** A whole chain in one page, starting where the last one ended. */
  v.object({ type: v.literal('changes'), page: pullPage }),
  /** There is something to pull: too much for a frame, or the scopes changed. */
  v.object({ type: v.literal('poke'), head: seq }),
  v.object({ type: v.literal('pushed'), requestId: count, response: pushResponse }),
  v.object({ type: v.literal('push-failed'), requestId: count, error: errorMessage }),
  v.object({ type: v.literal('pong'), at: count }),
  /** The reason for a close that follows. */
  v.object({ type: v.literal('error'), error: errorMessage }),
]);

export type ClientFrame = v.InferOutput<typeof clientFrame>;
export type ServerFrame = v.InferOutput<typeof serverFrame>;

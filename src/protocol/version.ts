/**
 * The version of the protocol that this package speaks. It counts up whenever a message changes its shape or its meaning
 * in a way that a peer of the version before would get wrong. docs/protocol.md tells how the two sides agree.
 */
export const PROTOCOL_VERSION = 1;

/** The oldest version that this package still speaks: from version 2 on, the one before, so that servers and apps can be updated in turn. */
export const OLDEST_PROTOCOL_VERSION = 1;

/**
 * The version that two peers speak with each other: the older one's newest; null where they have none in common. Of a peer that
 * is ahead by one it is taken that it speaks the version before too.
 */
export function commonProtocol(
  theirs: number,
  { newest, oldest } = { newest: PROTOCOL_VERSION, oldest: OLDEST_PROTOCOL_VERSION },
): number | null {
  return theirs < oldest || theirs > newest + 1 ? null : Math.min(theirs, newest);
}

/**
 * The optional features of this version, as both sides list them in the handshake. A feature is used only if both name
 * it; names that one side does not know are ignored.
 *
 * - `realtime`: the WebSocket at `/v1/ws`.
 * - `parts`: mutations larger than one request, sent in parts.
 * - `snapshot-tables`: `snapshotTables` in a pull.
 * - `devices`: `/v1/devices`.
 * - `gzip`: requests may be compressed.
 * - `without`: scopes a client leaves out by choice.
 */
export const CAPABILITIES: readonly string[] = Object.freeze([
  'realtime',
  'parts',
  'snapshot-tables',
  'devices',
  'gzip',
  'without',
]);

/** The media type of every request and answer that carries a message. */
export const CONTENT_TYPE = 'application/cbor';

/** The header in which the server tells how often an event stream gives a sign of life, in milliseconds. */
export const BEAT_HEADER = 'tidemark-beat';

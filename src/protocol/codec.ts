/**
 * The one codec of the protocol: CBOR (RFC 8949) in the profile that docs/protocol.md describes. Why it is our own and
 * not a library's: docs/decisions/0002-cbor-codec.md.
 */
export { decode } from './codec/decode.ts';
export { encode } from './codec/encode.ts';
export type { CodecLimits, WireMap, WireValue } from './codec/wire-value.ts';

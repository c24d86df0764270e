import type { ProtocolLimits } from '../limits.ts';
import { LIMITS } from '../limits.ts';

/**
 * What a message is made of: the values that CBOR carries between the devices and the server.
 *
 * An integer comes back as `number` when it is safe (±(2^53 − 1)) and as `bigint` otherwise, however it was given:
 * `5n` decodes as `5`. Doubles keep their bits (−0 and ±Infinity too); NaN is not a value. Text is valid Unicode and is
 * not normalised.
 */
export type WireValue = null | boolean | number | bigint | string | Uint8Array | readonly WireValue[] | WireMap;

/** A map with text keys. A property whose value is `undefined` is left out when encoding. */
export interface WireMap {
  readonly [key: string]: WireValue | undefined;
}

/** Bounds on one encoded value; each has the meaning and the default of its namesake in {@link LIMITS}. */
export interface CodecLimits
  extends Pick<ProtocolLimits, 'maxDepth' | 'maxItems' | 'maxTextBytes' | 'maxBlobBytes' | 'maxKeyBytes'> {
  /** Longest encoding, in bytes. Default: `LIMITS.maxMessageBytes`. */
  readonly maxBytes: number;
}

const DEFAULTS: CodecLimits = {
  maxBytes: LIMITS.maxMessageBytes,
  maxDepth: LIMITS.maxDepth,
  maxItems: LIMITS.maxItems,
  maxTextBytes: LIMITS.maxTextBytes,
  maxBlobBytes: LIMITS.maxBlobBytes,
  maxKeyBytes: LIMITS.maxKeyBytes,
};

/** Both directions recurse once per level: more than this could exhaust the stack, whatever limit is asked for. */
const MOST_LEVELS = 512;

/** The given limits over the defaults. One that is no number is one not given: it must not become no limit at all. */
export function withDefaults(given: Partial<CodecLimits> | null | undefined): CodecLimits {
  if (!given) return DEFAULTS;
  const limit = (name: keyof CodecLimits) => {
    const value = given[name];
    return typeof value === 'number' && !Number.isNaN(value) ? value : DEFAULTS[name];
  };
  return {
    maxBytes: limit('maxBytes'),
    maxDepth: Math.min(limit('maxDepth'), MOST_LEVELS),
    maxItems: limit('maxItems'),
    maxTextBytes: limit('maxTextBytes'),
    maxBlobBytes: limit('maxBlobBytes'),
    maxKeyBytes: limit('maxKeyBytes'),
  };
}

const typeNameOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get;

/**
 * By the brand that no object can claim for itself; not by `instanceof`, which fails on values of another realm (a frame, a test
 * environment).
 */
export function isBytes(value: unknown): value is Uint8Array {
  return typeNameOf?.call(value) === 'Uint8Array';
}

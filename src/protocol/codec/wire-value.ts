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

/** The given limits over the defaults. One that is `undefined` is one not given: it must not become no limit at all. */
export function withDefaults(given: Partial<CodecLimits> | undefined): CodecLimits {
  if (given === undefined) return DEFAULTS;
  return {
    maxBytes: given.maxBytes ?? DEFAULTS.maxBytes,
    maxDepth: given.maxDepth ?? DEFAULTS.maxDepth,
    maxItems: given.maxItems ?? DEFAULTS.maxItems,
    maxTextBytes: given.maxTextBytes ?? DEFAULTS.maxTextBytes,
    maxBlobBytes: given.maxBlobBytes ?? DEFAULTS.maxBlobBytes,
    maxKeyBytes: given.maxKeyBytes ?? DEFAULTS.maxKeyBytes,
  };
}

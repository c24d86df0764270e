const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * What either side may send, in one place. The handshake declares these numbers, so that a client learns what its
 * server takes before it builds a request. Sizes are bytes of encoded CBOR before compression unless said otherwise.
 */
export type ProtocolLimits = {
  /** Largest body of one request, and largest frame a client may send over a socket. Bytes. */
  readonly maxRequestBytes: number;
  /** What the mutations (or the part of one) in a push may take together; the rest is for its envelope. Bytes. */
  readonly maxBatchBytes: number;
  /** Most mutations in one push. */
  readonly maxBatchMutations: number;
  /** Largest mutation (one local transaction). Beyond `maxBatchBytes` it travels in parts. Bytes. */
  readonly maxMutationBytes: number;
  /** Largest row: all its columns together. Bytes. */
  readonly maxRowBytes: number;
  /** Largest message a server may send: a page, its last row, and a conflict that carries a row three times. Bytes. */
  readonly maxMessageBytes: number;
  /** A server closes a page of rows or changes once it has reached this size; the last row may go over it. Bytes. */
  readonly pageBytes: number;
  /** A server closes a page of rows or changes at this count too, which bounds the transaction that applies it. */
  readonly pageRows: number;
  /** Longest text value, in bytes of UTF-8. */
  readonly maxTextBytes: number;
  /** Longest blob value. Bytes. */
  readonly maxBlobBytes: number;
  /** Longest map key (a field of a message, a column name), in bytes of UTF-8. */
  readonly maxKeyBytes: number;
  /** Deepest nesting of arrays and maps; a flat array has depth 1. */
  readonly maxDepth: number;
  /** Most values in one message: each element of an array counts one, each entry of a map two. */
  readonly maxItems: number;
};

/** The limits of this version of the protocol. {@link ProtocolLimits} says what each one means. */
export const LIMITS: ProtocolLimits = Object.freeze({
  maxRequestBytes: 1 * MIB,
  maxBatchBytes: 1 * MIB - 16 * KIB,
  maxBatchMutations: 10_000,
  maxMutationBytes: 64 * MIB,
  maxRowBytes: 16 * MIB,
  maxMessageBytes: 64 * MIB,
  pageBytes: 1 * MIB,
  pageRows: 10_000,
  maxTextBytes: 16 * MIB,
  maxBlobBytes: 16 * MIB,
  maxKeyBytes: 1 * KIB,
  maxDepth: 32,
  maxItems: 8 * 1024 * 1024,
});

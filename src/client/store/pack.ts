import type { Change } from '../../core/change.ts';
import { decode, encode, type WireValue } from '../../protocol/codec.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Cells } from '../../shared/cell.ts';

/** Our own blobs: written by this module from typed values, so that reading them back needs no second check. */

/** What a mutation holds besides its changes. */
const MUTATION_HEAD_BYTES = 128;

/**
 * @throws SyncError `too-large` for what the server would not take.
 */
export function packChanges(changes: readonly Change[]): Uint8Array {
  const bytes = pack(changes, LIMITS.maxMutationBytes - MUTATION_HEAD_BYTES);
  // A row beyond the limit makes for at least as many bytes.
  if (bytes.length > LIMITS.maxRowBytes) for (const change of changes) pack(change, LIMITS.maxRowBytes);
  return bytes;
}

export function unpackChanges(bytes: unknown): readonly Change[] {
  return unpack<readonly Change[]>(bytes);
}

export function packCells(cells: Cells): Uint8Array {
  return encode(cells);
}

export function unpackCells(bytes: unknown): Cells {
  return unpack<Cells>(bytes);
}

/** Any plain value; `undefined` properties are left out. */
export function pack(value: object, maxBytes: number = LIMITS.maxMessageBytes): Uint8Array {
  return encode(value as WireValue, { maxBytes });
}

export function unpack<T>(bytes: unknown): T {
  return decode(bytes instanceof Uint8Array ? bytes : new Uint8Array(0)) as T;
}

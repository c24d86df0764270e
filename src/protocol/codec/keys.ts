import { readUtf8 } from './utf8.ts';

interface CachedKey {
  readonly bytes: Uint8Array;
  readonly text: string;
}

const SLOTS = 512;
const CACHED_KEY_BYTES = 32;

/**
 * Map keys repeat: every row of a page has the same ones. Comparing a few bytes and handing out the string made the last
 * time is several times faster than making and interning it anew (see docs/decisions/0002). Direct-mapped, so bounded.
 */
const cache: (CachedKey | undefined)[] = new Array<CachedKey | undefined>(SLOTS).fill(undefined);

/** Like {@link readUtf8}, for text that is likely to come again. */
export function readUtf8Key(bytes: Uint8Array, start: number, length: number): string | undefined {
  if (length === 0 || length > CACHED_KEY_BYTES) return readUtf8(bytes, start, length);
  const slot = slotOf(bytes, start, length);
  const cached = cache[slot];
  if (cached?.bytes.length === length && matches(bytes, start, cached.bytes)) return cached.text;
  const text = readUtf8(bytes, start, length);
  // A copy by `from`: the `slice` of a Node buffer would be a view of a message that somebody may write over.
  if (text !== undefined) cache[slot] = { bytes: Uint8Array.from(bytes.subarray(start, start + length)), text };
  return text;
}

function slotOf(bytes: Uint8Array, start: number, length: number): number {
  const first = bytes[start] as number;
  const middle = bytes[start + (length >> 1)] as number;
  const last = bytes[start + length - 1] as number;
  return (first * 31 + middle * 17 + last * 7 + length * 5) & (SLOTS - 1);
}

function matches(bytes: Uint8Array, start: number, key: Uint8Array): boolean {
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false;
  return true;
}

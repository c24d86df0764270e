import { encode, type WireValue } from '../../src/protocol/codec.ts';
import { hostileBytes, hostileValues } from './hostile.ts';
import type { Random } from './random.ts';

/** The bytes of a message with something wrong: in its bytes, in its fields, in both, and now and then nothing. */
export function mutatedBytes(message: WireValue, random: Random): Uint8Array {
  if (random.chance(0.1)) return encode(message);
  const changed = random.chance(0.55) ? mutateValue(message, random) : message;
  // A peer need not keep to the depth that is allowed.
  const bytes = encode(changed, { maxDepth: 1000 });
  if (changed !== message && random.chance(0.8)) return bytes;
  return mutateBytes(bytes, random);
}

/** Puts a hostile value somewhere into a message, once or a few times. */
export function mutateValue(message: WireValue, random: Random): WireValue {
  let value = message;
  for (let left = 1 + random.below(3); left > 0; left--) value = changeAt(value, random, 0);
  return value;
}

function changeAt(value: WireValue, random: Random, depth: number): WireValue {
  // The deeper, the likelier: the fields at the top are few and soon refused.
  if (random.chance(depth === 0 ? 0.03 : 0.15 * depth)) return random.pick(hostileValues);
  if (Array.isArray(value)) return changeList(value, random, depth);
  if (isMap(value)) return changeMap(value, random, depth);
  return random.pick(hostileValues);
}

function changeList(list: readonly WireValue[], random: Random, depth: number): WireValue {
  const at = random.below(Math.max(1, list.length));
  if (list.length === 0 || random.chance(0.1)) return [...list, random.pick(hostileValues)];
  const item = list[at] ?? null;
  if (random.chance(0.1)) return list.toSpliced(at, 1);
  if (random.chance(0.1)) return list.toSpliced(at, 0, item);
  return list.with(at, changeAt(item, random, depth + 1));
}

type Fields = { readonly [key: string]: WireValue | undefined };

function changeMap(map: Fields, random: Random, depth: number): WireValue {
  const entries = Object.entries(map).filter((entry): entry is [string, WireValue] => entry[1] !== undefined);
  const entry = entries[random.below(Math.max(1, entries.length))];
  if (!entry) return { [random.pick(keys)]: random.pick(hostileValues) };
  const [key, value] = entry;
  if (random.chance(0.08)) return Object.fromEntries(entries.filter(([name]) => name !== key));
  // `fromEntries` defines: `__proto__` becomes a key like any other.
  if (random.chance(0.08)) return Object.fromEntries([...entries, [random.pick(keys), random.pick(hostileValues)]]);
  return Object.fromEntries(
    entries.map(([name, old]) => [name, name === key ? changeAt(value, random, depth + 1) : old]),
  );
}

const keys = ['__proto__', 'constructor', 'toString', 'part', 'old', 'counters', '*', '', '_tidemark_seq', '\u0000'];

function isMap(value: WireValue): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

type Edit = (bytes: number[], random: Random) => void;

const edits: readonly Edit[] = [
  (bytes, random) => flip(bytes, random),
  (bytes, random) => void bytes.splice(random.below(bytes.length), 1, random.below(256)),
  (bytes, random) => void bytes.splice(random.below(bytes.length + 1), 0, random.below(256)),
  (bytes, random) => void bytes.splice(random.below(bytes.length), 1 + random.below(8)),
  (bytes, random) => void bytes.splice(random.below(bytes.length)),
  (bytes, random) => void bytes.splice(random.below(bytes.length + 1), random.below(3), ...random.pick(hostileBytes)),
  (bytes, random) => repeat(bytes, random),
  (bytes, random) =>
    void bytes.splice(random.below(bytes.length + 1), 0, ...new Array(1 + random.below(2000)).fill(0x81)),
  (bytes, random) =>
    void bytes.splice(random.below(bytes.length + 1), 0, ...new Array(1 + random.below(200)).fill(0xa1)),
  (bytes, random) => void bytes.push(...Array.from({ length: 1 + random.below(8) }, () => random.below(256))),
];

/** One to four edits, without regard to what the bytes mean. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const list = [...bytes];
  for (let left = 1 + random.below(4); left > 0 && list.length > 0; left--) random.pick(edits)(list, random);
  return Uint8Array.from(list);
}

function flip(bytes: number[], random: Random): void {
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
}

function repeat(bytes: number[], random: Random): void {
  const from = random.below(bytes.length);
  const piece = bytes.slice(from, from + 1 + random.below(32));
  for (let left = 1 + random.below(20); left > 0; left--) bytes.splice(from, 0, ...piece);
}

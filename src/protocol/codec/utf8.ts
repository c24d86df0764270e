import type { Writer } from './writer.ts';
import { reserve, writeHead } from './writer.ts';

/** Up to this length a loop in JavaScript beats a call into the platform (measured in V8, see docs/decisions/0002). */
const SHORT_TEXT_LENGTH = 48;

/** `fatal`: ill-formed UTF-8 throws. `ignoreBOM`: a byte order mark is text like any other and stays. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** One reusable argument list per length, so that short text costs no garbage but itself. */
const unitsByLength = Array.from({ length: SHORT_TEXT_LENGTH + 1 }, (_, length) => new Array<number>(length).fill(0));

/** The text in `length` bytes from `start`, or undefined when they are not valid UTF-8. */
export function readUtf8(bytes: Uint8Array, start: number, length: number): string | undefined {
  const units = unitsByLength[length];
  if (units !== undefined) {
    const text = readAscii(bytes, start, units);
    if (text !== undefined) return text;
  }
  try {
    return decoder.decode(bytes.subarray(start, start + length));
  } catch {
    return undefined;
  }
}

function readAscii(bytes: Uint8Array, start: number, units: number[]): string | undefined {
  for (let i = 0; i < units.length; i++) {
    const byte = bytes[start + i] ?? 0;
    if (byte > 0x7f) return undefined;
    units[i] = byte;
  }
  return String.fromCharCode.apply(null, units);
}

const TEXT = 3;
/** With the `u` flag a pair of surrogates is one code point, so this finds only those that stand alone. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Writes text with its head and returns the length of its UTF-8 in bytes; nothing is written and the result is undefined
 * when the text has a surrogate without its partner, which UTF-8 cannot express.
 */
export function writeText(writer: Writer, text: string): number | undefined {
  const length = text.length;
  if (length <= SHORT_TEXT_LENGTH && writeShortAscii(writer, text)) return length;
  reserve(writer, 9 + length * 3);
  const start = writer.position;
  writeHead(writer, TEXT, length);
  const { written } = encoder.encodeInto(text, writer.bytes.subarray(writer.position));
  if (written === length) {
    writer.position += written;
    return written;
  }
  if (LONE_SURROGATE.test(text)) {
    writer.position = start;
    return undefined;
  }
  moveBehindHead(writer, { start, written });
  return written;
}

/** The head was guessed from the count of UTF-16 units; now that the bytes are known it may have to be longer. */
function moveBehindHead(writer: Writer, { start, written }: { start: number; written: number }): void {
  const from = writer.position;
  const bytesEnd = from + written;
  const { bytes } = writer;
  const headOf = (length: number): number => (length < 24 ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : 5);
  const to = start + headOf(written);
  if (to !== from) bytes.copyWithin(to, from, bytesEnd);
  writer.position = start;
  writeHead(writer, TEXT, written);
  writer.position = to + written;
}

function writeShortAscii(writer: Writer, text: string): boolean {
  const length = text.length;
  const start = writer.position;
  writeHead(writer, TEXT, length);
  reserve(writer, length);
  const { bytes, position } = writer;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) {
      writer.position = start;
      return false;
    }
    bytes[position + i] = unit;
  }
  writer.position = position + length;
  return true;
}

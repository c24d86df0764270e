/** A growing buffer of CBOR bytes. */
export interface Writer {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;
  position: number;
}

const INITIAL_BYTES = 64 * 1024;
/** A buffer that has grown beyond this is left to the garbage collector instead of being kept for the next call. */
const KEPT_BYTES = 2 * 1024 * 1024;

let spare: Uint8Array<ArrayBuffer> | undefined;

/**
 * Lends `write` a buffer and returns a copy of what it wrote. The buffer is kept for the next call; a call from within
 * `write` (a getter may do that) finds none and makes its own.
 */
export function collectBytes(write: (writer: Writer) => void): Uint8Array {
  const bytes = spare ?? new Uint8Array(INITIAL_BYTES);
  spare = undefined;
  const writer: Writer = { bytes, view: new DataView(bytes.buffer), position: 0 };
  try {
    write(writer);
    return writer.bytes.slice(0, writer.position);
  } finally {
    if (writer.bytes.length <= KEPT_BYTES) spare = writer.bytes;
  }
}

/** Makes sure that `length` more bytes fit. */
export function reserve(writer: Writer, length: number): void {
  const needed = writer.position + length;
  if (needed <= writer.bytes.length) return;
  const grown = new Uint8Array(Math.max(needed, writer.bytes.length * 2));
  grown.set(writer.bytes.subarray(0, writer.position));
  writer.bytes = grown;
  writer.view = new DataView(grown.buffer);
}

/** Writes a major type and its argument, a safe integer, in the fewest bytes. */
export function writeHead(writer: Writer, major: number, argument: number): void {
  reserve(writer, 9);
  const { bytes, view, position } = writer;
  const type = major << 5;
  if (argument < 24) {
    bytes[position] = type | argument;
    writer.position = position + 1;
  } else if (argument < 0x100) {
    bytes[position] = type | 24;
    bytes[position + 1] = argument;
    writer.position = position + 2;
  } else if (argument < 0x1_0000) {
    bytes[position] = type | 25;
    view.setUint16(position + 1, argument);
    writer.position = position + 3;
  } else if (argument < 0x1_0000_0000) {
    bytes[position] = type | 26;
    view.setUint32(position + 1, argument);
    writer.position = position + 5;
  } else {
    writeHead64(writer, major, BigInt(argument));
  }
}

/** Writes a major type and an argument of 8 bytes. */
export function writeHead64(writer: Writer, major: number, argument: bigint): void {
  reserve(writer, 9);
  writer.bytes[writer.position] = (major << 5) | 27;
  writer.view.setBigUint64(writer.position + 1, argument);
  writer.position += 9;
}

/** Writes `true`, `false` or `null`, by their initial byte. */
export function writeSimple(writer: Writer, initial: number): void {
  reserve(writer, 1);
  writer.bytes[writer.position++] = initial;
}

/** Writes a float, in 4 bytes where nothing is lost. */
export function writeFloat(writer: Writer, value: number): void {
  reserve(writer, 9);
  const { bytes, view, position } = writer;
  if (Math.fround(value) === value) {
    bytes[position] = 0xfa;
    view.setFloat32(position + 1, value);
    writer.position = position + 5;
  } else {
    bytes[position] = 0xfb;
    view.setFloat64(position + 1, value);
    writer.position = position + 9;
  }
}

/** Writes bytes as they are, without a head. */
export function writeRaw(writer: Writer, raw: Uint8Array): void {
  reserve(writer, raw.length);
  writer.bytes.set(raw, writer.position);
  writer.position += raw.length;
}

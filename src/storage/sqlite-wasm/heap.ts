import type { Pointer, SqliteModule } from './module.ts';

const encoder = new TextEncoder();
/** `ignoreBOM`: a leading U+FEFF is part of the text. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Up to here a loop over ASCII bytes beats the call into the decoder. */
const SHORT_TEXT_BYTES = 16;
const SCRATCH_BYTES = 64 * 1024;
const KEPT_SCRATCH_BYTES = 1024 * 1024;

/** The memory of SQLite: reads and writes text and bytes, and lends one scratch area at a time. */
export class Heap {
  readonly #module: SqliteModule;
  #bytes: Uint8Array;
  #scratch: Pointer = 0;
  #scratchSize = 0;

  constructor(module: SqliteModule) {
    this.#module = module;
    this.#bytes = module.sqlite3.wasm.heap8u();
  }

  /** All memory. Growing replaces the buffer, so never keep this over a call into SQLite. */
  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#bytes = this.#module.sqlite3.wasm.heap8u();
    return this.#bytes;
  }

  text(at: Pointer, size: number): string {
    if (size === 0) return '';
    const bytes = this.bytes;
    return size <= SHORT_TEXT_BYTES ? shortText(bytes, at, size) : decoder.decode(bytes.subarray(at, at + size));
  }

  /** A C string; null for a null pointer. */
  zeroTerminated(at: Pointer): string | null {
    return at === 0 ? null : this.text(at, this.bytes.indexOf(0, at) - at);
  }

  copy(at: Pointer, size: number): Uint8Array {
    return this.bytes.slice(at, at + size);
  }

  int32(at: Pointer): number {
    const bytes = this.bytes;
    return new DataView(bytes.buffer).getInt32(at, true);
  }

  /** Writes text at `at` (three bytes per UTF-16 unit must be free); returns how many bytes it took. */
  writeText(text: string, at: Pointer): number {
    const bytes = this.bytes;
    return encoder.encodeInto(text, bytes.subarray(at, at + text.length * 3)).written;
  }

  writeBytes(source: Uint8Array, at: Pointer): void {
    this.bytes.set(source, at);
  }

  /** An area of at least `size` bytes, valid until the next call. */
  scratch(size: number): Pointer {
    const tooBig = this.#scratchSize > KEPT_SCRATCH_BYTES && size <= SCRATCH_BYTES;
    if (size > this.#scratchSize || tooBig) {
      this.releaseScratch();
      const wanted = Math.max(size, SCRATCH_BYTES);
      this.#scratch = this.#module.exports.malloc(wanted);
      if (this.#scratch === 0) throw new RangeError(`SQLite has no memory for ${wanted} bytes`);
      this.#scratchSize = wanted;
    }
    return this.#scratch;
  }

  releaseScratch(): void {
    if (this.#scratch !== 0) this.#module.exports.free(this.#scratch);
    this.#scratch = 0;
    this.#scratchSize = 0;
  }
}

function shortText(bytes: Uint8Array, at: Pointer, size: number): string {
  let text = '';
  for (let index = at; index < at + size; index++) {
    const byte = bytes[index] ?? 0;
    if (byte > 0x7f) return decoder.decode(bytes.subarray(at, at + size));
    text += String.fromCharCode(byte);
  }
  return text;
}

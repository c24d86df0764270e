import { decode } from 'tidemark/protocol';

const BLANK_LINE = '\r\n\r\n';
const OPCODE_CONTINUATION = 0;
const OPCODE_BINARY = 2;

/**
 * Reads along one direction of one connection, and names the sync messages in it: `push`, `pushed`, `changes`, … as they stand in the
 * frames of a WebSocket. Of plain HTTP it names a push by its path; what the answer says is not looked at.
 */
export class FrameReader {
  #kind: 'unknown' | 'http' | 'frames' = 'unknown';
  #rest: Buffer = Buffer.alloc(0);
  /** The frames so far of a message that comes in several: browsers part long ones. */
  #parts: Buffer[] = [];

  /** The messages that are complete with this chunk. */
  read(chunk: Buffer): string[] {
    if (this.#kind === 'unknown') return this.#readHead(chunk);
    if (this.#kind === 'http') return isHttpPush(chunk) ? ['push'] : ['http'];
    this.#rest = Buffer.concat([this.#rest, chunk]);
    return this.#readFrames();
  }

  #readHead(chunk: Buffer): string[] {
    const head = chunk.toString('latin1');
    const end = head.indexOf(BLANK_LINE);
    if (end < 0 || !/^upgrade: websocket/im.test(head.slice(0, end))) {
      this.#kind = 'http';
      return isHttpPush(chunk) ? ['push'] : ['http'];
    }
    this.#kind = 'frames';
    this.#rest = chunk.subarray(end + BLANK_LINE.length);
    return this.#readFrames();
  }

  #readFrames(): string[] {
    const names: string[] = [];
    for (let frame = readFrame(this.#rest); frame; frame = readFrame(this.#rest)) {
      this.#rest = this.#rest.subarray(frame.end);
      if (frame.opcode !== OPCODE_BINARY && frame.opcode !== OPCODE_CONTINUATION) continue;
      this.#parts.push(frame.payload);
      if (frame.isLast) names.push(nameOf(Buffer.concat(this.#parts.splice(0))));
    }
    return names;
  }
}

function isHttpPush(chunk: Buffer): boolean {
  return /^POST \S*\/v1\/push /.test(chunk.subarray(0, 200).toString('latin1'));
}

interface Frame {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly payload: Buffer;
  /** Where the next frame begins. */
  readonly end: number;
}

/** RFC 6455, section 5.2. Null when the frame is not complete yet. */
function readFrame(bytes: Buffer): Frame | null {
  if (bytes.length < 2) return null;
  const opcode = bytes.readUInt8(0) & 0x0f;
  const isLast = bytes.readUInt8(0) >= 0x80;
  const short = bytes.readUInt8(1) & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (bytes.length < 2 + lengthBytes) return null;
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(lengthBytes === 8 ? 4 : 2, lengthBytes === 8 ? 6 : 2);
  const isMasked = bytes.readUInt8(1) >= 0x80;
  const start = 2 + lengthBytes + (isMasked ? 4 : 0);
  const end = start + length;
  if (bytes.length < end) return null;
  const payload = Buffer.from(bytes.subarray(start, end));
  if (isMasked) unmask(payload, bytes.subarray(start - 4, start));
  return { opcode, isLast, payload, end };
}

function unmask(payload: Buffer, mask: Buffer): void {
  for (let index = 0; index < payload.length; index += 1) {
    payload[index] = (payload[index] ?? 0) ^ (mask[index % 4] ?? 0);
  }
}

function nameOf(payload: Buffer): string {
  const value: unknown = decode(payload);
  return typeof value === 'object' && value !== null && 'type' in value ? String(value.type) : 'unreadable';
}

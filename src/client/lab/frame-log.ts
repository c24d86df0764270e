import { decode, type WireValue } from '../../protocol/codec.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { WireFrame, WireFrames } from '../inspection.ts';

/** So long after somebody asked for the frames, they are still recorded. */
const LEASE_MS = 3_000;
const MOST_FRAMES = 1_000;
/** The bodies kept altogether. */
const MOST_BYTES = 8 * 1_024 * 1_024;

/** What is known of a frame when it passes. `type` null: it stands in the frame itself. */
export interface PassingFrame extends Pick<WireFrame, 'direction' | 'channel'> {
  readonly type: string | null;
  readonly bytes: Uint8Array | null;
  readonly status?: number | null;
  readonly durationMs?: number | null;
  readonly error?: string | null;
}

interface KeptFrame {
  readonly passing: PassingFrame;
  readonly frameId: number;
  readonly at: number;
  /** Null once there was no room for it. */
  bytes: Uint8Array | null;
  /** Made when somebody asks. */
  shown: WireFrame | null;
}

/**
 * The newest frames between this device and the server. It records only while somebody keeps asking: when nobody does any
 * more it forgets everything, and a frame that passes costs one comparison. Nothing is decoded before it is asked for.
 */
export class FrameLog {
  readonly #runtime: Runtime;
  #frames: KeptFrame[] = [];
  #byteCount = 0;
  #lastId = 0;
  #stopLease: (() => void) | null = null;

  /** Names the recording: made when it begins. */
  #recordingId = '';

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  get isRecording(): boolean {
    return this.#stopLease !== null;
  }

  elapsed(): number {
    return this.#runtime.elapsed();
  }

  add(passing: PassingFrame): void {
    if (!this.isRecording) return;
    this.#lastId += 1;
    const { bytes } = passing;
    this.#frames.push({ passing, frameId: this.#lastId, at: this.#runtime.now(), bytes, shown: null });
    this.#byteCount += bytes?.length ?? 0;
    if (this.#frames.length > MOST_FRAMES) this.#byteCount -= this.#frames.shift()?.bytes?.length ?? 0;
    this.#makeRoom();
  }

  /** The frames after this one; records from now on, for a while. */
  after(frameId: number): WireFrames {
    this.#renew();
    const frames = this.#frames.filter((frame) => frame.frameId > frameId).map(shownFrame);
    return { recordingId: this.#recordingId, frames };
  }

  /** What a frame carries, tokens left out; null when it is not kept (any more), or carries nothing that can be read. */
  async content(frameId: number): Promise<WireValue> {
    this.#renew();
    const frame = this.#frames.find((one) => one.frameId === frameId);
    return frame?.bytes ? withoutToken(decoded(await unpacked(frame.bytes))) : null;
  }

  close(): void {
    this.#stopLease?.();
    this.#stopLease = null;
    this.#frames = [];
    this.#byteCount = 0;
    this.#lastId = 0;
  }

  #renew(): void {
    if (!this.isRecording) this.#recordingId = this.#runtime.uuid();
    this.#stopLease?.();
    this.#stopLease = this.#runtime.setTimer(LEASE_MS, () => this.close());
  }

  /** The oldest bodies go first; what is known of their frames stays. */
  #makeRoom(): void {
    for (let index = 0; this.#byteCount > MOST_BYTES && index < this.#frames.length; index++) {
      const frame = this.#frames[index];
      if (!frame?.bytes) continue;
      shownFrame(frame);
      this.#byteCount -= frame.bytes.length;
      frame.bytes = null;
    }
  }
}

function shownFrame(frame: KeptFrame): WireFrame {
  frame.shown ??= describe(frame);
  return frame.shown;
}

function describe({ passing, frameId, at, bytes }: KeptFrame): WireFrame {
  const { direction, channel, type, status = null, durationMs = null, error = null } = passing;
  const isUnread = type === null && bytes !== null;
  const read = isUnread ? typeIn(bytes) : type;
  return {
    frameId,
    at,
    direction,
    channel,
    type: read ?? 'unreadable',
    sizeBytes: passing.bytes?.length ?? 0,
    status,
    durationMs,
    error: error ?? (isUnread && read === null ? 'These bytes are no message of the protocol.' : null),
  };
}

function typeIn(bytes: Uint8Array): string | null {
  const value = decoded(bytes);
  return isMap(value) && typeof value.type === 'string' ? value.type : null;
}

/** Large requests go out packed. No message begins as gzip does. */
async function unpacked(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || !('DecompressionStream' in globalThis)) return bytes;
  // Bytes of ours are never of a shared buffer.
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function decoded(bytes: Uint8Array): WireValue {
  try {
    return decode(bytes);
  } catch {
    return null;
  }
}

/** The first frame of a channel carries the app's token: it is nobody's to see. */
function withoutToken(value: WireValue): WireValue {
  return isMap(value) && typeof value.token === 'string' ? { ...value, token: '(hidden)' } : value;
}

function isMap(value: WireValue): value is Readonly<Record<string, WireValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** A case that the decoder or the server did not stand. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
  readonly target: string;
  /** What was sent: the bytes of a message, or the frames of a socket since its hello. */
  readonly frames: readonly Uint8Array[];

  constructor(target: string, frames: readonly Uint8Array[], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.target = target;
    this.frames = frames;
  }

  /** The command that sends the same again. */
  get rerun(): string {
    const hex = this.frames.map((frame) => Buffer.from(frame).toString('hex'));
    return `npm run fuzz -- --target ${this.target} --bytes ${hex.join(',')}`;
  }
}

/** How long anything may take before it counts as a hang, on a busy machine too. */
export const HANG_MS = 15_000;

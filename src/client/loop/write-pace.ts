/** Writes that follow one another faster than this come from a program, not from a person. */
const BURST_GAP_MS = 5;

/** How fast the app writes: what arrives in a burst is worth gathering, what comes alone is not worth delaying. */
export class WritePace {
  #lastWriteAt = Number.NEGATIVE_INFINITY;
  #isBurst = false;

  wrote(elapsed: number): void {
    this.#isBurst = elapsed - this.#lastWriteAt < BURST_GAP_MS;
    this.#lastWriteAt = elapsed;
  }

  /** Whether one waiting mutation may go at once, however recent the last push is. */
  isLone(pendingCount: number): boolean {
    return pendingCount === 1 && !this.#isBurst;
  }
}

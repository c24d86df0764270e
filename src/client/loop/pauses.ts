/** Named reasons to hold still; any one of them holds. */
export class Pauses {
  readonly #reasons = new Set<string>();

  get reasons(): readonly string[] {
    return [...this.#reasons];
  }

  /** Whether the reason is new. */
  add(reason: string): boolean {
    if (this.#reasons.has(reason)) return false;
    this.#reasons.add(reason);
    return true;
  }

  /** Whether the reason was there. */
  remove(reason: string): boolean {
    return this.#reasons.delete(reason);
  }

  get isHeld(): boolean {
    return this.#reasons.size > 0;
  }
}

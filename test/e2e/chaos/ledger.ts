/** What the page tells as it happens, one call per event. */
export type LedgerEntry =
  /** `write()` resolved: durable on the device. */
  | { readonly type: 'resolved'; readonly id: string }
  /** The server answered for it. */
  | { readonly type: 'settled'; readonly id: string; readonly outcome: string }
  /** `write()` rejected. */
  | { readonly type: 'failed'; readonly id: string; readonly message: string }
  /** One read saw numbers that no whole set of transactions gives. */
  | { readonly type: 'torn'; readonly device: string; readonly seen: string };

/** The acknowledgements, kept outside the devices and the server, so that it outlives each of them. */
export class Ledger {
  readonly resolved = new Set<string>();
  readonly acknowledged = new Set<string>();
  /** Settled otherwise than by being applied. */
  readonly refused: string[] = [];
  readonly failed: string[] = [];
  readonly torn: string[] = [];
  readonly #waiting = new Set<() => void>();

  record(entry: LedgerEntry): void {
    if (entry.type === 'resolved') this.resolved.add(entry.id);
    else if (entry.type === 'failed') this.failed.push(`${entry.id}: ${entry.message}`);
    else if (entry.type === 'torn') this.torn.push(`${entry.device}: ${entry.seen}`);
    else if (entry.outcome === 'applied' || entry.outcome === 'merged') this.acknowledged.add(entry.id);
    else this.refused.push(`${entry.id}: ${entry.outcome}`);
    for (const check of [...this.#waiting]) check();
  }

  /** Resolves after this many more resolved writes. */
  moreWrites(count: number): Promise<void> {
    const wanted = this.resolved.size + count;
    return new Promise((resolve) => {
      const check = () => {
        if (this.resolved.size < wanted) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }
}

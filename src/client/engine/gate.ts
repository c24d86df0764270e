import type { SyncError } from '../../shared/error.ts';

interface Waiter {
  enter(): void;
  refuse(error: SyncError): void;
}

/** One at a time, first come, first served: who is inside may leave a transaction open between calls. */
export class Gate {
  readonly #waiting: Waiter[] = [];
  #isHeld = false;
  #closed: SyncError | null = null;

  /** Resolves when it is the caller's turn; what it resolves to ends the turn, once. */
  async enter(): Promise<() => void> {
    if (this.#closed) throw this.#closed;
    if (this.#isHeld) await new Promise<void>((enter, refuse) => this.#waiting.push({ enter, refuse }));
    this.#isHeld = true;
    let isInside = true;
    return () => {
      if (isInside) this.#next();
      isInside = false;
    };
  }

  async run<T>(fn: () => T | Promise<T>): Promise<T> {
    const leave = await this.enter();
    try {
      return await fn();
    } finally {
      leave();
    }
  }

  /** Refuses who waits and who comes. */
  close(reason: SyncError): void {
    this.#closed = reason;
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(reason);
  }

  #next(): void {
    const next = this.#waiting.shift();
    // It stays held on the way to the next one, so that nobody slips in between.
    if (next) next.enter();
    else this.#isHeld = false;
  }
}

import type { Runtime } from '../shared/runtime.ts';

/** How long something that nobody uses any more is kept: React unmounts and mounts again, lists scroll back. */
export const LINGER_MS = 2_000;

/**
 * Counts who needs a resource and lets go of it a while after the last one: opened when first needed, opened again
 * when needed again.
 */
export class Holder {
  readonly #runtime: Runtime;
  readonly #open: () => void;
  readonly #close: () => void;
  #holds = 0;
  #isOpen = false;
  #cancelLinger = () => {};

  constructor(runtime: Runtime, source: { readonly open: () => void; readonly close: () => void }) {
    this.#runtime = runtime;
    this.#open = source.open;
    this.#close = source.close;
  }

  /** Keeps the resource until the returned function is called. */
  hold(): () => void {
    this.#holds += 1;
    this.#ensureOpen();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds -= 1;
      this.#linger();
    };
  }

  /** Keeps the resource for a short while: for whoever looks without holding it. */
  touch(): void {
    this.#ensureOpen();
    this.#linger();
  }

  /** Lets go at once. */
  close(): void {
    this.#cancelLinger();
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#close();
  }

  #ensureOpen(): void {
    this.#cancelLinger();
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#open();
  }

  #linger(): void {
    this.#cancelLinger();
    if (this.#holds > 0) return;
    this.#cancelLinger = this.#runtime.setTimer(LINGER_MS, () => {
      if (this.#holds === 0) this.close();
    });
  }
}

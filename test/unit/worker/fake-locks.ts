import type { Locks } from '../../../src/worker/tabs/locks.ts';

interface Entry {
  run(): Promise<unknown>;
  steal(): void;
}

/** Exclusive Web Locks inside one process: queue, abort by signal, and steal. */
export class FakeLocks {
  readonly #held = new Map<string, Entry>();
  readonly #queues = new Map<string, Entry[]>();

  /** As `navigator.locks`. The cast is for the overloads of the DOM's type. */
  readonly api = { request: this.#request.bind(this) } as unknown as Locks;

  heldNames(): string[] {
    return [...this.#held.keys()];
  }

  /** Takes the lock from its holder, as the browser does when the holder's tab dies. */
  free(name: string): void {
    this.#held.delete(name);
    this.#grant(name);
  }

  #request(
    name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    callback: () => Promise<unknown>,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let isStolen = false;
      const entry: Entry = {
        run: () => callback().then((value) => !isStolen && resolve(value), reject),
        steal: () => {
          isStolen = true;
          reject(new DOMException('The lock was stolen.', 'AbortError'));
        },
      };
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      if (options.steal) {
        this.#held.get(name)?.steal();
        this.#held.delete(name);
        queue.unshift(entry);
      } else queue.push(entry);
      options.signal?.addEventListener('abort', () => {
        const index = queue.indexOf(entry);
        if (index < 0) return;
        queue.splice(index, 1);
        reject(options.signal?.reason);
      });
      if (options.signal?.aborted) reject(options.signal.reason);
      this.#grant(name);
    });
  }

  #grant(name: string): void {
    if (this.#held.has(name)) return;
    const entry = this.#queues.get(name)?.shift();
    if (!entry) return;
    this.#held.set(name, entry);
    void Promise.resolve()
      .then(() => entry.run())
      .finally(() => {
        if (this.#held.get(name) === entry) this.#held.delete(name);
        this.#grant(name);
      });
  }
}

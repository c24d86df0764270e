import type { Locks } from '../../../src/worker/tabs/locks.ts';
import type { Process } from './process.ts';

interface Entry {
  readonly process: Process;
  run(): void;
  steal(): void;
  refuse(reason: unknown): void;
}

/** The Web Locks of one browser: exclusive, with a queue, abort and steal. A tab that dies lets go; one that is frozen does not. */
export class TabLocks {
  readonly #tellsOfSteal: boolean;
  readonly #held = new Map<string, Entry>();
  readonly #queues = new Map<string, Entry[]>();

  constructor({ tellsOfSteal }: { readonly tellsOfSteal: boolean }) {
    this.#tellsOfSteal = tellsOfSteal;
  }

  /** `navigator.locks` of one tab. The cast is for the overloads of the DOM's type. */
  of(process: Process): Locks {
    process.onKill(() => this.#died(process));
    const request = (name: string, options: LockOptions, hold: () => Promise<unknown>) =>
      this.#request(process, { name, options, hold });
    return { request } as unknown as Locks;
  }

  #request(process: Process, asked: { name: string; options: LockOptions; hold: () => Promise<unknown> }) {
    const { name, options, hold } = asked;
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        process,
        run: () =>
          process.whenAwake(() => {
            const done = (end: () => void) => {
              this.#free(name, entry);
              end();
            };
            hold().then(
              (value) => done(() => resolve(value)),
              (error) => done(() => reject(error)),
            );
          }),
        steal: () => process.whenAwake(() => reject(new DOMException('The lock was stolen.', 'AbortError'))),
        refuse: reject,
      };
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      if (options.steal) {
        if (this.#tellsOfSteal) this.#held.get(name)?.steal();
        this.#held.delete(name);
        queue.unshift(entry);
      } else queue.push(entry);
      options.signal?.addEventListener('abort', () => this.#giveUp(name, entry, options.signal?.reason));
      if (options.signal?.aborted) this.#giveUp(name, entry, options.signal.reason);
      this.#grant(name);
    });
  }

  #giveUp(name: string, entry: Entry, reason: unknown): void {
    const queue = this.#queues.get(name) ?? [];
    if (!queue.includes(entry)) return;
    this.#queues.set(
      name,
      queue.filter((one) => one !== entry),
    );
    entry.refuse(reason);
  }

  #grant(name: string): void {
    if (this.#held.has(name)) return;
    const entry = this.#queues.get(name)?.shift();
    if (!entry) return;
    this.#held.set(name, entry);
    queueMicrotask(() => entry.run());
  }

  #free(name: string, entry: Entry): void {
    if (this.#held.get(name) !== entry) return;
    this.#held.delete(name);
    this.#grant(name);
  }

  #died(process: Process): void {
    for (const [name, queue] of this.#queues)
      this.#queues.set(
        name,
        queue.filter((entry) => entry.process !== process),
      );
    for (const [name, entry] of [...this.#held]) if (entry.process === process) this.#free(name, entry);
  }
}

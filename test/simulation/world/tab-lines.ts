import type { RpcPort } from '../../../src/client/rpc/port.ts';
import type { Process } from './process.ts';

/** The BroadcastChannels of one browser. Messages are cloned and arrive in order; the frozen hear them later, the dead never. */
export class TabChannels {
  readonly #ends = new Map<string, Set<End>>();

  open(process: Process, name: string): RpcPort {
    const ends = this.#ends.get(name) ?? new Set();
    this.#ends.set(name, ends);
    const end = new End(process, (message) => {
      for (const other of [...ends]) if (other !== end) other.deliver(structuredClone(message));
    });
    ends.add(end);
    const remove = () => ends.delete(end);
    process.onKill(remove);
    return end.port(remove);
  }
}

/** The line between a page and its worker: both live in the same tab. */
export function pageLine(process: Process): { page: RpcPort; worker: RpcPort } {
  const page: End = new End(process, (message) => worker.deliver(structuredClone(message)));
  const worker: End = new End(process, (message) => page.deliver(structuredClone(message)));
  return { page: page.port(() => {}), worker: worker.port(() => {}) };
}

class End {
  readonly #process: Process;
  readonly #post: (message: unknown) => void;
  readonly #listeners = new Set<(message: unknown) => void>();
  #isOpen = true;

  constructor(process: Process, post: (message: unknown) => void) {
    this.#process = process;
    this.#post = post;
  }

  deliver(message: unknown): void {
    queueMicrotask(() =>
      this.#process.whenAwake(() => {
        if (this.#isOpen) for (const listener of [...this.#listeners]) listener(message);
      }),
    );
  }

  port(onClose: () => void): RpcPort {
    return {
      post: (message) => {
        if (this.#isOpen && !this.#process.isDead) this.#post(message);
      },
      listen: (listener) => {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
      },
      close: () => {
        this.#isOpen = false;
        this.#listeners.clear();
        onClose();
      },
    };
  }
}

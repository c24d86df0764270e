import type { BareRequest } from './bare-worker.ts';

/** A line to the bare worker: one message there, one back. */
export class Bare {
  readonly #worker = new Worker(new URL('./bare-worker.ts', import.meta.url), { type: 'module' });
  readonly #waiting = new Map<number, (value: unknown) => void>();
  #lastId = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<{ id: number; value: unknown }>) => {
      this.#waiting.get(data.id)?.(data.value);
      this.#waiting.delete(data.id);
    };
    this.#worker.onerror = (event) => {
      throw new Error(`The bare worker failed: ${event.message}`);
    };
  }

  static async open(name: string, options: { isFresh?: boolean; issueCount?: number } = {}): Promise<Bare> {
    const bare = new Bare();
    await bare.ask({ type: 'open', name, isFresh: options.isFresh ?? true });
    if (options.issueCount) await bare.ask({ type: 'generate', count: options.issueCount });
    return bare;
  }

  ask<T = unknown>(request: BareRequest): Promise<T> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#worker.postMessage({ id, request });
    return new Promise((resolve) => this.#waiting.set(id, (value) => resolve(value as T)));
  }

  async vote(id: string): Promise<void> {
    await this.ask({ type: 'transaction', sql: 'UPDATE issue SET title = title || ? WHERE id = ?', bind: ['.', id] });
  }

  close(): void {
    this.#worker.terminate();
  }
}

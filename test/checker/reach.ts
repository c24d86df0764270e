import { NOTHING } from './history.ts';
import type { WriteIndex } from './write-index.ts';

/** The farthest point of a session that was seen through some key, and the farthest through any other key. */
interface Farthest {
  count: number;
  key: string;
  otherCount: number;
}

/**
 * How far a session has seen into those of others, and through a read of which key. The key matters: that `x = 2` was
 * read says by itself that `x` is 2 at least; that it also promises what came before is a finding about other keys only.
 */
export class Reach {
  readonly #byClient = new Map<number, Farthest>();
  readonly #writes: WriteIndex;

  constructor(writes: WriteIndex) {
    this.#writes = writes;
  }

  /** Notes that the first `count` transactions of a client were seen through `key`. */
  extend(client: number, count: number, key: string): void {
    if (count === 0) return;
    const far = this.#byClient.get(client);
    if (far && count <= far.otherCount) return;
    if (!far) this.#byClient.set(client, { count, key, otherCount: 0 });
    else if (far.key === key) far.count = Math.max(far.count, count);
    else if (count > far.count) Object.assign(far, { count, key, otherCount: far.count });
    else far.otherCount = Math.max(far.otherCount, count);
  }

  /** The least value of `key` that this promises, by what was seen through other keys, or through any. */
  promised(key: string, through: 'other-keys' | 'any-key' = 'other-keys'): number {
    let value = NOTHING;
    const isShorter = this.#byClient.size < this.#writes.authorCount(key);
    for (const client of isShorter ? this.#byClient.keys() : this.#writes.authors(key)) {
      const far = this.#byClient.get(client);
      if (!far) continue;
      const count = far.key === key && through === 'other-keys' ? far.otherCount : far.count;
      value = Math.max(value, this.#writes.greatest(key, client, count));
    }
    return value;
  }
}

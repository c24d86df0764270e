import type { PushRequest } from '../../protocol/messages/push.ts';
import { keyText } from '../../shared/cell.ts';

type PushedMutation = PushRequest['mutations'][number];

/**
 * The rows that mutations of one push wait for. A mutation was written on top of those before it: where one of them was
 * refused, or is in conflict, what comes after it on the same rows cannot be decided before that one has been answered.
 */
export class StoppedRows {
  readonly #rows: Set<string>;
  /** The push is one of a copied database: what it has beyond the original stops altogether. */
  isCopy: boolean;

  constructor(rows: Iterable<string> = [], isCopy = false) {
    this.#rows = new Set(rows);
    this.isCopy = isCopy;
  }

  copy(): StoppedRows {
    return new StoppedRows(this.#rows, this.isCopy);
  }

  /** Whether it has to wait. What comes after it on its other rows then waits for it. */
  holds(mutation: PushedMutation): boolean {
    if (this.#rows.size === 0) return false;
    const isHeld = mutation.changes.some((change) => this.#rows.has(rowOf(change)));
    if (isHeld) this.stop(mutation);
    return isHeld;
  }

  /** Nothing of this mutation was applied. */
  stop(mutation: PushedMutation): void {
    for (const change of mutation.changes) this.#rows.add(rowOf(change));
  }
}

function rowOf({ table, key }: PushedMutation['changes'][number]): string {
  return `${table} ${keyText(key)}`;
}

import { SyncError } from '../../shared/error.ts';
import type { SyncRound } from '../types.ts';
import { hasLostItsPlace } from './round.ts';
import { isBehind, type Position } from './status.ts';

/** After so many pulls that bring nothing of what the server tells of, it is told. */
const STALLED_PULLS = 5;

/** Notices that the cursor does not move although the server tells of more. */
export class CursorWatch {
  #behindSince: number | null = null;
  #fruitlessCount = 0;
  #seqBefore: number | null = null;

  /** Pulls in a row that have not brought what the server tells of. */
  get fruitlessCount(): number {
    return this.#fruitlessCount;
  }

  /**
   * Since when (monotonic clock) something is known to wait on the server; null when nothing is. All of it waits for a device that has lost
   * its place in the log, also before it has heard how long the new one is.
   */
  behindSince(position: Position, now: number, store: Parameters<typeof hasLostItsPlace>[0]): number | null {
    const isLate = hasLostItsPlace(store) || (position.head !== null && isBehind(position));
    this.#behindSince = isLate ? (this.#behindSince ?? now) : null;
    return this.#behindSince;
  }

  began({ seq }: Position): void {
    this.#seqBefore = seq;
  }

  /** A round that ends well leaves nothing on the server that it told of: unless it never had it. What is to be told, once. */
  ended({ trigger }: SyncRound, { seq, head }: Position): SyncError | null {
    const isFruitless = head !== null && isBehind({ seq, head }) && seq === this.#seqBefore;
    if (!isFruitless) this.#fruitlessCount = 0;
    else if (trigger === 'changes') this.#fruitlessCount += 1;
    if (!isFruitless || this.#fruitlessCount !== STALLED_PULLS) return null;
    const message = `The server tells of commits up to ${head}, and ${STALLED_PULLS} pulls in a row have brought none after ${seq}.`;
    return new SyncError('server', message);
  }
}

import type { MutationOutcome } from '../client/types.ts';
import { familyOf, isOfOneFamily } from '../core/client-family.ts';
import { SyncError } from '../shared/error.ts';

/** Outcomes nobody has asked for yet are kept this many deep: one may come before its receipt is made. */
const RECENT_LIMIT = 1_000;

interface Waiting {
  /** Of the local database that the mutation is in, as far as known. */
  readonly writtenBy: string | null;
  readonly promise: Promise<MutationOutcome>;
  resolve(outcome: MutationOutcome): void;
  reject(error: SyncError): void;
}

/** Matches what the server said with the receipts that wait for it, whichever tab led at the time. */
export class Settlements {
  readonly #waiting = new Map<number, Waiting>();
  readonly #recent = new Map<number, MutationOutcome>();
  /** Local databases that were wiped. */
  readonly #wiped = new Set<string>();

  /**
   * Resolves when this mutation has its first outcome. The answer to its commit may come after the word that all was wiped: by then the
   * number may be another mutation's.
   */
  outcomeOf(mutationId: number, writtenBy: string | null): Promise<MutationOutcome> {
    if (writtenBy !== null && this.#wiped.has(familyOf(writtenBy))) return Promise.resolve(discarded(mutationId));
    const known = this.#recent.get(mutationId);
    if (known) return Promise.resolve(known);
    const waiting = this.#waiting.get(mutationId) ?? makeWaiting(writtenBy);
    this.#waiting.set(mutationId, waiting);
    return waiting.promise;
  }

  /** The mutations whose outcome is not known yet. */
  waitingIds(): number[] {
    return [...this.#waiting.keys()];
  }

  deliver(outcome: MutationOutcome): void {
    const { mutationId } = outcome;
    this.#waiting.get(mutationId)?.resolve(outcome);
    this.#waiting.delete(mutationId);
    this.#recent.set(mutationId, outcome);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > RECENT_LIMIT && oldest !== undefined) this.#recent.delete(oldest);
  }

  /** After a change of leader: what may have been told to nobody. */
  reconcile(outcomes: readonly MutationOutcome[]): void {
    for (const outcome of outcomes) if (this.#waiting.has(outcome.mutationId)) this.deliver(outcome);
  }

  /** This local database was wiped, and its mutations with it. One of the next may be known before that is. */
  discardAll(clientId: string): void {
    this.#wiped.add(familyOf(clientId));
    for (const [mutationId, { writtenBy }] of [...this.#waiting]) {
      if (writtenBy === null || isOfOneFamily(writtenBy, clientId)) this.deliver(discarded(mutationId));
    }
    this.#recent.clear();
  }

  close(): void {
    const reason = new SyncError('closed', 'This session was closed before the server answered; the change is kept.');
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
    this.#waiting.clear();
  }
}

/** What becomes of a mutation with the local data that it was in. */
function discarded(mutationId: number): MutationOutcome {
  return { mutationId, outcome: 'discarded', seq: null, reason: null };
}

function makeWaiting(writtenBy: string | null): Waiting {
  let resolve: Waiting['resolve'] = () => {};
  let reject: Waiting['reject'] = () => {};
  const promise = new Promise<MutationOutcome>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Nobody has to look at a receipt.
  promise.catch(() => {});
  return { writtenBy, promise, resolve, reject };
}

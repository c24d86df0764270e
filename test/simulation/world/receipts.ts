import type { MutationOutcome } from '../../../src/client/types.ts';

/** The receipts that one page has given for its writes. */
export class Receipts {
  readonly #outcomes = new Map<number, MutationOutcome | null>();

  given(mutationId: number, settled: Promise<MutationOutcome>): void {
    this.#outcomes.set(mutationId, null);
    settled.then(
      (outcome) => this.#outcomes.set(mutationId, outcome),
      // The page is gone.
      () => this.#outcomes.delete(mutationId),
    );
  }

  /** The mutations whose receipts have not settled. */
  get unsettled(): number[] {
    return [...this.#outcomes].filter(([, outcome]) => outcome === null).map(([mutationId]) => mutationId);
  }

  /** Those that the app took to be on the server. */
  get applied(): number[] {
    const isApplied = (outcome: MutationOutcome | null) =>
      outcome?.outcome === 'applied' || outcome?.outcome === 'merged';
    return [...this.#outcomes].filter(([, outcome]) => isApplied(outcome)).map(([mutationId]) => mutationId);
  }
}

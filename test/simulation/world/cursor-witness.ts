import type { PullPage, PullRequest } from '../../../src/protocol/messages/pull.ts';
import { Violation } from './violation.ts';

export interface Pulled {
  readonly request: PullRequest;
  readonly page: PullPage;
  /** Up to where the log was gone when the request came. */
  readonly prunedTo: number;
}

/** Stands at the server's door, and knows which cursors it gave away: none is answered with a gap. */
export class CursorWitness {
  /** By epoch and seq, how often the database had been set back when the cursor was given away. */
  readonly #given = new Map<string, number>();
  readonly #generation: () => number;
  readonly #report: (violation: Violation) => void;

  constructor(generation: () => number, report: (violation: Violation) => void) {
    this.#generation = generation;
    this.#report = report;
  }

  /** A page on its way. */
  answered({ request, page, prunedTo }: Pulled): void {
    const { cursor, resume } = request;
    if (cursor && resume === null) {
      const { epoch, seq } = cursor;
      const given = this.#given.get(`${epoch} ${seq}`) ?? this.#generation();
      if (given !== this.#generation()) {
        this.#report(new Violation('C11', `a cursor of a history that is gone, at ${seq} of ${epoch}, was answered.`));
      }
      const isDelta = page.from === seq && page.progress.rowsTotal === 0;
      if (isDelta && seq < prunedTo) {
        this.#report(
          new Violation('C10', `a cursor at ${seq} was answered with a delta; the log begins after ${prunedTo}.`),
        );
      }
    }
    if (page.cursor) this.#given.set(`${page.cursor.epoch} ${page.cursor.seq}`, this.#generation());
  }
}

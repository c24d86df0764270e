import type { PullPage } from '../../protocol/messages/pull.ts';
import { SyncError } from '../../shared/error.ts';

/** Pages in a row that may bring nothing: scopes without rows give some. */
const MAX_EMPTY_PAGES = 100;

/** Sees to it that a chain of pages comes to an end: each page leads on, and they bring something. */
export class ChainWatch {
  readonly #seen = new Set<string>();
  #emptyCount = 0;

  /** @throws SyncError `protocol` when the chain goes in circles, or on and on without bringing anything. */
  check({ resume, snapshot, transactions }: PullPage, asked: string | null): void {
    if (asked !== null) this.#seen.add(asked);
    if (resume !== null && this.#seen.has(resume)) {
      throw endless(`the continuation ${resume} has been there before`);
    }
    const isEmpty = snapshot.every(({ rows }) => rows.length === 0) && transactions.length === 0;
    this.#emptyCount = isEmpty ? this.#emptyCount + 1 : 0;
    if (this.#emptyCount > MAX_EMPTY_PAGES) throw endless(`${MAX_EMPTY_PAGES} pages in a row brought nothing`);
  }
}

function endless(why: string): SyncError {
  return new SyncError('protocol', `The server's pages have no end: ${why}.`);
}

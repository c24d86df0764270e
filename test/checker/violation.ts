/**
 * What a history can break. A transaction reads one view: a set of transactions that is closed under causality and holds its
 * session's own; of each key it shows the greatest value in the set. Everything below follows from the history alone.
 * "Older" is a smaller value. Several names may fit one read, and each one that does is reported.
 *
 * - `aborted-read`: a read of a value that no transaction wrote. Such a read proves nothing else.
 * - `future-read`: a read of a value that is written only later: by a later operation or transaction of the same session, or
 *   by a transaction that causally follows the reader. Such a read proves nothing else.
 * - `read-your-writes`: a session reads an older value than it had written itself.
 * - `monotonic-reads`: a session reads an older value than it had read before.
 * - `atomic-visibility`: a session read one write of a transaction, and in the same transaction (in any order) or later reads an
 *   older value of another key that it wrote; or reads a value that its own transaction had already replaced; or a
 *   transaction reads a key twice and sees a foreign write appear in between.
 * - `monotonic-writes`: a session read a write of another client, and with it or later reads an older value, of another key, than
 *   that client had written in an earlier transaction.
 * - `writes-follow-reads`: a session read a write, and with it or later reads an older value, of another key, than what
 *   causally precedes that write through a read (over any number of clients).
 * - `convergence`: the closing reads of a key differ.
 * - `lost-update`: all closing reads of a key are older than the greatest write of it. All writes in a history are acknowledged.
 *
 * That a value is merely not there yet is allowed, so the last two need to know that the history came to rest. It tells so
 * by a closing round: see `closing-round.ts`.
 */
export const VIOLATIONS = [
  'aborted-read',
  'atomic-visibility',
  'convergence',
  'future-read',
  'lost-update',
  'monotonic-reads',
  'monotonic-writes',
  'read-your-writes',
  'writes-follow-reads',
] as const;

export type ViolationName = (typeof VIOLATIONS)[number];

/** One proof that a history is broken. */
export interface Violation {
  readonly name: ViolationName;
  /** The place of the reading transaction in the file, from 0. */
  readonly txn: number;
  readonly key: string;
  readonly read: number;
  /** The least value that would have been right, where there is one. */
  readonly least?: number;
}

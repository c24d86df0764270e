import * as v from 'valibot';
import { change } from './change.ts';
import { outcome } from './push.ts';
import { count, cursor, hlc, mutationId, name, rows, seq } from './shared.ts';

/** Ids of mutations, both ends included. A database that found out to be a copy of another has had several clientIds. */
const idSpan = v.object({ clientId: name, from: mutationId, to: mutationId });

/** Scopes that a client can leave out at most. */
export const MAX_SCOPES_LEFT_OUT = 1_000;

export const leftOut = v.pipe(v.array(name), v.maxLength(MAX_SCOPES_LEFT_OUT));

/**
 * `POST /v1/pull`. The answer is a chain of one or more pages: while `resume` is not null, ask again with it.
 * The pages of one chain are applied in one local transaction, in their order, and in each page the snapshot before the
 * transactions: a chain never ends inside a commit. A patch always finds its row; a delete may be of a row that is not
 * there (rows of a snapshot may be newer than its seq).
 */
export const pullRequest = v.object({
  clientId: name,
  schemaVersion: count,
  /** Where the client stands; null before its first pull. */
  cursor: v.nullable(cursor),
  /** The scopes whose rows the client holds complete at `cursor`. The server adds and takes away by access. */
  scopes: v.array(name),
  /** Scopes that the client does not want, though it may read them: as if it could not. */
  without: v.optional(leftOut),
  /** Of `*` in `scopes`: those that it does not hold, since they were left out at `cursor`. */
  lacks: v.optional(leftOut),
  /** The continuation the last page gave, or null to begin a chain. */
  resume: v.nullable(v.string()),
  /** A wish for the size of a page in bytes; the server's limit holds. */
  maxBytes: v.optional(count),
  /** Fetch these tables anew as a snapshot (all scopes), whatever the client holds. Only when a chain begins. */
  snapshotTables: v.optional(v.array(name)),
  /**
   * The client has mutations among these ids (the lowest and the highest, by the clientId they go under, ascending) without an
   * answer in this history: a snapshot may hold them already. Not there when every answer has come.
   */
  unanswered: v.optional(v.pipe(v.array(idSpan), v.maxLength(1_000))),
  /** Whose the local data is, as far as the client knows. From anybody else the request is refused, whatever its device is known as. */
  owner: v.optional(name),
});

/** One commit of the log, filtered to the caller's scopes. */
export const transaction = v.object({
  seq,
  /** The mutation it came from; null for a write made directly in the database. */
  clientId: v.nullable(name),
  mutationId: v.nullable(count),
  hlc: name,
  /** In order. A row that leaves the caller's scopes is a delete. Values are as stored: what the echo shows is final. */
  changes: v.array(change),
});

/** What was answered to a mutation, with its stamp as it was sent: two copies of a database count under one clientId. */
export const storedOutcome = v.object({ ...outcome.entries, hlc });

/** An epoch before the current one: up to which seq the two have the same log. */
export const formerEpoch = v.object({ epoch: name, seq });

/** Rows of one table in a snapshot, positional: `columns` names the cells, key columns included. */
export const snapshotRows = v.object({ table: name, columns: v.array(name), rows });

export const pullPage = v.object({
  epoch: name,
  /** The cursor this chain starts from (0 where the client held nothing): a push of changes applies only on top of it. */
  from: seq,
  snapshot: v.array(snapshotRows),
  /** Rows delivered so far in this chain's snapshot, and how many there will be (an estimate). */
  progress: v.object({ rowsDone: count, rowsTotal: count }),
  transactions: v.array(transaction),
  /** Null on the last page of the chain. */
  resume: v.nullable(v.string()),
  /** On the last page: where the client stands once the chain is applied. */
  cursor: v.nullable(cursor),
  /** On the last page: the scopes then held. Those the client had and are missing here are to be dropped with their rows. */
  scopes: v.array(name),
  /** On the last page, for who asked `without` some: those that were left out. Rows of theirs are to be dropped. */
  without: v.optional(v.array(name)),
  /** On the first page: tables whose confirmed rows this chain's snapshot replaces entirely (resync, hydrate). */
  replaces: v.array(name),
  head: seq,
  /**
   * Of the `unanswered` mutations those that are in what the chain brings, with their stored outcomes. They come with the
   * last page, and in pages of their own before it where they are many.
   */
  outcomes: v.optional(v.array(storedOutcome)),
  /**
   * On the last page of a chain from nothing, where the server was restored or cloned before: the epochs that this one came from, newest
   * first. What a mutation had seen in one of them counts up to its seq; in an epoch that is not named, not at all.
   */
  formerEpochs: v.optional(v.array(formerEpoch)),
});

export type FormerEpoch = v.InferOutput<typeof formerEpoch>;
export type PullRequest = v.InferOutput<typeof pullRequest>;
export type PullPage = v.InferOutput<typeof pullPage>;
export type PulledTransaction = v.InferOutput<typeof transaction>;
export type IdSpan = v.InferOutput<typeof idSpan>;
export type StoredOutcome = v.InferOutput<typeof storedOutcome>;
export type SnapshotRows = v.InferOutput<typeof snapshotRows>;

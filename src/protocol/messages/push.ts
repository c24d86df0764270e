import * as v from 'valibot';
import { change } from './change.ts';
import { cells, count, hlc, mutationId, name, rowKey, seq } from './shared.ts';

/** One transaction going up. */
export const mutation = v.object({
  mutationId,
  hlc,
  base: seq,
  changes: v.array(change),
});

/**
 * A slice of a mutation that is larger than one request: `bytes` are the encoded {@link mutation}, cut into
 * `count` parts. The server keeps the parts and decides when it has all of them.
 */
export const mutationPart = v.object({
  mutationId,
  /** The stamp of the mutation: tells a part sent again from one of a copy of the same local database. */
  hlc: v.optional(hlc),
  index: count,
  count: v.pipe(count, v.minValue(1)),
  bytes: v.instance(Uint8Array),
});

/** `POST /v1/push`. The encoded request is at most `LIMITS.maxRequestBytes`. */
export const pushRequest = v.object({
  clientId: name,
  schemaVersion: count,
  mutations: v.array(mutation),
  part: v.optional(mutationPart),
  /** Tables whose conflicts the client decides itself (app resolvers, a person), whatever the schema says. */
  decides: v.array(name),
  /** The epoch whose seqs the bases are: one of another history is refused with `epoch`, and decides nothing. */
  epoch: v.optional(name),
  /** The client takes `waiting` for an answer. Without it every mutation gets an outcome. */
  waits: v.optional(v.boolean()),
  /** Whose the local data is, as far as the client knows. From anybody else the request is refused, whatever its device is known as. */
  owner: v.optional(name),
});

const author = v.object({ clientId: v.nullable(name), hlc });

/** Most rows that a conflict names in `children`. */
export const MAX_CHILDREN_NAMED = 20;

/** A meeting of two writes on one row, or on a row and the one it hangs below: open (the client decides), or decided by the server's policies. */
export const conflictReport = v.object({
  table: name,
  key: rowKey,
  kind: v.picklist(['update-update', 'update-delete', 'delete-update', 'insert-insert']),
  /** The columns both sides changed to different values. For a delete: the columns the other side changed. */
  columns: v.array(name),
  /** The confirmed row before this mutation: every non-key column; null when it was deleted. */
  remote: v.nullable(cells),
  /** Where `remote` is null: what the row held when it was deleted, as long as the server remembers it. */
  image: v.optional(cells),
  /**
   * In an `update-delete`: the row itself may be untouched, but those above it were deleted. Nearest first, up to one that lives, with what they held.
   * Who keeps the row writes them anew with it.
   */
  parents: v.optional(v.array(v.object({ table: name, key: rowKey, columns: cells }))),
  /** In a `delete-update`: rows that came below it unseen, or stay there though they were to go with it. At most {@link MAX_CHILDREN_NAMED}. */
  children: v.optional(v.array(v.object({ table: name, key: rowKey }))),
  remoteSeq: seq,
  remoteAuthor: author,
  /** By column, or `*` for the whole row: which policy decided, for whom. Empty while open. */
  decided: v.record(
    v.string(),
    v.object({
      policy: v.picklist(['merge', 'server-wins', 'client-wins', 'last-write-wins', 'manual']),
      winner: v.picklist(['local', 'remote']),
    }),
  ),
});

/**
 * The code of a mutation whose id the server has decided with other content: two databases count under one clientId, one being a copy of
 * the other. Not final for the mutation: the client sends it, and all that it wrote after it, under a fresh clientId.
 */
export const COPIED = 'copied';

/** The one final answer to a mutation. A repeated push gets the same again. */
export const outcome = v.object({
  mutationId,
  /**
   * - `applied`: as written. `merged`: applied beside or in part under concurrent changes.
   * - `conflict`: nothing applied; the client answers with a new mutation. `rejected`: nothing applied.
   */
  outcome: v.picklist(['applied', 'merged', 'conflict', 'rejected']),
  /** The commit of an applied or merged mutation. null when it had no effect left, or was not applied. */
  seq: v.nullable(seq),
  conflicts: v.array(conflictReport),
  /** Why it was rejected: a SyncError kind and a text for people. */
  reason: v.optional(v.object({ code: name, message: v.string() })),
});

export const pushResponse = v.object({
  epoch: name,
  /** In the order of the request. Empty for a part that is not the last. */
  outcomes: v.array(outcome),
  head: seq,
  /**
   * Mutations that were not decided, in the order of the request: they touch rows of one before them that was refused, is in
   * conflict, or waits itself. To be sent again once that one has been answered. Never the first of a request.
   */
  waiting: v.optional(v.array(mutationId)),
});

export type PushRequest = v.InferOutput<typeof pushRequest>;
export type PushResponse = v.InferOutput<typeof pushResponse>;
export type MutationPart = v.InferOutput<typeof mutationPart>;
export type Outcome = v.InferOutput<typeof outcome>;
export type ConflictReport = v.InferOutput<typeof conflictReport>;

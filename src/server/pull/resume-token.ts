import * as v from 'valibot';
import { name, rowKey, seq } from '../../protocol/messages/shared.ts';
import { encodeMessage, parseMessage } from '../../protocol/parse.ts';
import { SyncError } from '../../shared/error.ts';

const names = v.array(name);

/**
 * Where a chain of pages stands. It travels as an opaque text inside `resume`, so that the server keeps nothing between two
 * pages. Nothing in it is trusted: scopes are held against the caller's access at every page.
 *
 * A chain has up to four phases: `catch-up` (the log of the scopes already held, up to `at`), `snapshot` (rows of what is
 * new, read at `at` or later), `log` (of all scopes, from `at` on, until everything the snapshot may have shown is in), and
 * `outcomes` (of the client's own mutations that are in all this), where they do not fit on the last page of the log.
 */
const chainState = v.object({
  epoch: name,
  phase: v.picklist(['catch-up', 'snapshot', 'log', 'outcomes']),
  /** The seq the chain starts from. */
  from: seq,
  /** The head when the chain began: the snapshot's seq. */
  at: seq,
  /** Scopes the client held complete at `from`, and those it gets now. */
  held: names,
  added: names,
  /** Scopes the client leaves out: a chain is of one choice. */
  without: v.optional(names, []),
  /** Tables fetched anew in all scopes. */
  tables: names,
  /** In the snapshot: the step (table and scope) and the last key of it. */
  step: seq,
  afterKey: v.nullable(rowKey),
  /** In the log: after this entry, and the seq that has to be reached. */
  after: v.object({ seq, n: seq }),
  until: seq,
  /** In the outcomes: the mutation to go on with. */
  nextId: seq,
  rowsDone: seq,
  rowsTotal: seq,
});

export type ChainState = v.InferOutput<typeof chainState>;

export function toToken(state: ChainState): string {
  return toBase64(encodeMessage({ ...state, afterKey: state.afterKey && [...state.afterKey] }));
}

/** @throws SyncError `protocol` for what is no token of ours. */
export function fromToken(token: string): ChainState {
  try {
    return parseMessage(chainState, fromBase64(token));
  } catch (error) {
    throw new SyncError('protocol', 'The resume token is not valid: begin a new chain.', { cause: error });
  }
}

const CHUNK_BYTES = 8_192;

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  }
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

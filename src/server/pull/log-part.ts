import type { Schema } from '../../core/schema.ts';
import { ALL_SCOPES } from '../../core/scope.ts';
import type { PulledTransaction } from '../../protocol/messages/pull.ts';
import { COMMIT_END, type LogEntry, type LogPosition } from '../records.ts';
import type { StorageReader } from '../storage.ts';
import type { ChainState } from './resume-token.ts';
import { toTransactions } from './transactions.ts';

export interface LogPart {
  readonly transactions: PulledTransaction[];
  /** Where the log stands after this page. `n` is `COMMIT_END` at the boundary of a commit. */
  readonly after: LogPosition;
  /** Whether `until` has been reached. */
  readonly isEnd: boolean;
}

export interface LogPartInput {
  readonly schema: Schema;
  readonly reader: StorageReader;
  readonly state: ChainState;
  readonly until: number;
  readonly maxBytes: number;
}

/** Reads the log as far as a page goes: to the end of a commit, or inside one only if it is larger than a page. */
export async function readLogPart({ schema, reader, state, until, maxBytes }: LogPartInput): Promise<LogPart> {
  const scopes = state.phase === 'catch-up' ? state.held : [...state.held, ...state.added];
  const all = await reader.log({
    after: state.after,
    until,
    scopes: scopes.includes(ALL_SCOPES) ? null : scopes,
    maxBytes,
  });
  const { entries, after, isEnd } = all.isEnd
    ? { entries: all.entries, after: { seq: until, n: COMMIT_END }, isEnd: true }
    : cutAtCommit(all.entries, state.after);
  // Not wanted: tables that are no more, and those that the snapshot brings anew.
  const skipped = new Set(state.phase === 'catch-up' ? state.tables : []);
  const wanted = entries.filter(({ table }) => Object.hasOwn(schema.tables, table) && !skipped.has(table));
  return { transactions: toTransactions(wanted), after, isEnd };
}

function cutAtCommit(
  entries: LogEntry[],
  from: LogPosition,
): { entries: LogEntry[]; after: LogPosition; isEnd: false } {
  const first = entries[0];
  const last = entries.at(-1);
  if (!first || !last) return { entries, after: from, isEnd: false };
  if (first.commit.seq === last.commit.seq)
    return { entries, after: { seq: last.commit.seq, n: last.n }, isEnd: false };
  const whole = entries.filter((entry) => entry.commit.seq < last.commit.seq);
  const seq = whole.at(-1)?.commit.seq ?? from.seq;
  return { entries: whole, after: { seq, n: COMMIT_END }, isEnd: false };
}

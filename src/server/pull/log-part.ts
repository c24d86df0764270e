import type { Schema } from '../../core/schema.ts';
import { ALL_SCOPES } from '../../core/scope.ts';
import type { PulledTransaction } from '../../protocol/messages/pull.ts';
import { keyText } from '../../shared/cell.ts';
import { COMMIT_END, type LogEntry, type LogPosition } from '../records.ts';
import type { LogRange, StorageReader } from '../storage.ts';
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
export async function readLogPart(input: LogPartInput): Promise<LogPart> {
  const { schema, reader, state, until, maxBytes } = input;
  const all = await reader.log({ after: state.after, until, ...scopesOf(state), maxBytes });
  const { entries, after, isEnd } = all.isEnd
    ? { entries: all.entries, after: { seq: until, n: COMMIT_END }, isEnd: true }
    : cutAtCommit(all.entries, state.after);
  const isMoot = await findMootPatches(input);
  // Not wanted either: tables that are no more, and those that the snapshot brings anew.
  const skipped = new Set(state.phase === 'catch-up' ? state.tables : []);
  const wanted = entries.filter(
    (entry) => Object.hasOwn(schema.tables, entry.table) && !skipped.has(entry.table) && !isMoot(entry),
  );
  return { transactions: toTransactions(wanted), after, isEnd };
}

function scopesOf({ phase, held, added, without }: ChainState): Pick<LogRange, 'scopes' | 'except'> {
  const isCatchingUp = phase === 'catch-up';
  const scopes = isCatchingUp ? held : [...held, ...added];
  if (!scopes.includes(ALL_SCOPES)) return { scopes };
  return { scopes: null, except: isCatchingUp ? [...without, ...added] : without };
}

/**
 * Tells the patches that lead nowhere. A page of a snapshot may have been read after a row had gone, so the client lacks the
 * row that an earlier patch is for. That the row goes, or comes back whole, before the chain ends makes the patch moot.
 */
async function findMootPatches({ reader, state }: LogPartInput): Promise<(entry: LogEntry) => boolean> {
  const { after, until } = state;
  if (state.phase === 'catch-up' || after.seq >= until) return () => false;
  const range = { after, until, ...scopesOf(state), maxBytes: Number.POSITIVE_INFINITY, isWholeRows: true };
  const lastWhole = new Map<string, number>();
  for (let position = after, isEnd = false; !isEnd; ) {
    const part = await reader.log({ ...range, after: position });
    for (const entry of part.entries) lastWhole.set(rowId(entry), entry.commit.seq);
    const last = part.entries.at(-1);
    if (last) position = { seq: last.commit.seq, n: last.n };
    isEnd = part.isEnd;
  }
  return (entry) => entry.op === 'patch' && (lastWhole.get(rowId(entry)) ?? 0) > entry.commit.seq;
}

function rowId({ table, key }: LogEntry): string {
  return `${table} ${keyText(key)}`;
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

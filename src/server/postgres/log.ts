import type { Commit, LogEntry } from '../records.ts';
import type { LogRange, PruneBounds } from '../storage.ts';
import { entryToBytes, prunable, toLogEntry } from '../stored-form.ts';
import { type Transaction, textArray, toHex } from './connection.ts';

const APPEND_COMMITS = `INSERT INTO tidemark.commit SELECT seq::bigint, client, mutation::bigint, hlc, at::bigint
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) c(seq, client, mutation, hlc, at)`;
const APPEND_LOG = `INSERT INTO tidemark.log SELECT seq::bigint, n::integer, scope, tbl, op, decode(row, 'hex')
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) l(seq, n, scope, tbl, op, row)`;

/** Appends entries, and moves the head to the last of them. */
export async function appendLog(transaction: Transaction, entries: readonly LogEntry[]): Promise<void> {
  const head = entries.at(-1)?.commit.seq;
  if (head === undefined) return;
  const commits = new Map<number, Commit>(entries.map(({ commit }) => [commit.seq, commit]));
  const of = [...commits.values()];
  const commitTexts = [
    of.map(({ seq }) => String(seq)),
    of.map(({ clientId }) => clientId),
    of.map(({ mutationId }) => (mutationId === null ? null : String(mutationId))),
    of.map(({ hlc }) => hlc),
    of.map(({ at }) => String(at)),
  ];
  const logTexts = [
    entries.map(({ commit }) => String(commit.seq)),
    entries.map(({ n }) => String(n)),
    entries.map(({ scope }) => scope),
    entries.map(({ table }) => table),
    entries.map(({ op }) => op),
    entries.map(({ key, columns }) => toHex(entryToBytes(key, columns))),
  ];
  await Promise.all([
    transaction.all(APPEND_COMMITS, commitTexts.map(textArray)),
    transaction.all(APPEND_LOG, logTexts.map(textArray)),
    transaction.all('UPDATE tidemark.state SET head = $1', [head]),
  ]);
}

const ENTRY_OVERHEAD_BYTES = 40;
const FIRST_ENTRIES = 200;
const MAX_ENTRIES = 5_000;

export async function readLog(
  transaction: Transaction,
  range: LogRange,
): Promise<{ entries: LogEntry[]; isEnd: boolean }> {
  const { until, scopes, except = [], maxBytes, isWholeRows = false } = range;
  const by = scopes !== null ? 'scopes' : except.length > 0 ? 'others' : 'all';
  const sql = logSql({ by, isWholeRows });
  const entries: LogEntry[] = [];
  let { seq, n } = range.after;
  let bytes = 0;
  for (let limit = FIRST_ENTRIES; ; limit = MAX_ENTRIES) {
    const parameters = [seq, Math.min(n, MAX_N), until, limit, ...(by === 'all' ? [] : [textArray(scopes ?? except)])];
    const part = await transaction.all(sql, parameters);
    for (const row of part) {
      const entry = toLogEntry(row);
      entries.push(entry);
      bytes += ENTRY_OVERHEAD_BYTES + (row[9] as Uint8Array).length;
      if (bytes >= maxBytes) return { entries, isEnd: false };
      seq = entry.commit.seq;
      n = entry.n;
    }
    if (part.length < limit) return { entries, isEnd: true };
  }
}

/** The greatest `integer`: after the last entry of a commit. */
const MAX_N = 2 ** 31 - 1;

const IN_SCOPES = {
  all: '',
  scopes: 'AND l.scope = ANY ($5::text[])',
  others: 'AND l.scope <> ALL ($5::text[])',
} as const;

interface LogSql {
  readonly by: keyof typeof IN_SCOPES;
  readonly isWholeRows: boolean;
}

function logSql({ by, isWholeRows }: LogSql): string {
  return `SELECT l.seq, l.n, l.scope, l.tbl, l.op, c.client_id, c.mutation_id, c.hlc, c.at, l.row
    FROM tidemark.log l JOIN tidemark.commit c ON c.seq = l.seq
    WHERE (l.seq, l.n) > ($1::bigint, $2::integer) AND l.seq <= $3::bigint
    ${IN_SCOPES[by]} ${isWholeRows ? "AND l.op <> 'patch'" : ''}
    ORDER BY l.seq, l.n LIMIT $4::bigint`;
}

/** Drops the oldest commits within the bounds; returns how many, and up to which seq. */
export async function pruneLog(
  transaction: Transaction,
  bounds: PruneBounds & { readonly prunedTo: number },
): Promise<{ count: number; prunedTo: number }> {
  const rows = await transaction.all('SELECT seq, at FROM tidemark.commit WHERE seq > $1 ORDER BY seq LIMIT $2', [
    bounds.prunedTo,
    bounds.maxCommits,
  ]);
  const pruned = prunable(rows, bounds);
  if (pruned === null) return { count: 0, prunedTo: bounds.prunedTo };
  const { prunedTo } = pruned;
  await Promise.all([
    transaction.all('DELETE FROM tidemark.log WHERE seq <= $1', [prunedTo]),
    transaction.all('DELETE FROM tidemark.commit WHERE seq <= $1', [prunedTo]),
    transaction.all('UPDATE tidemark.state SET pruned_to = $1', [prunedTo]),
  ]);
  return pruned;
}

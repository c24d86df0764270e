import type { PulledTransaction } from '../../protocol/messages/pull.ts';
import { keyText } from '../../shared/cell.ts';
import type { LogEntry } from '../records.ts';

/** Log entries as transactions. Of a row that moved between scopes the caller has both, only the arrival is left. */
export function toTransactions(entries: readonly LogEntry[]): PulledTransaction[] {
  const transactions: PulledTransaction[] = [];
  for (const commit of groupByCommit(entries)) {
    const first = commit[0];
    if (!first) continue;
    const { seq, clientId, mutationId, hlc } = first.commit;
    transactions.push({ seq, clientId, mutationId, hlc, changes: changesOf(commit) });
  }
  return transactions;
}

function groupByCommit(entries: readonly LogEntry[]): LogEntry[][] {
  const groups: LogEntry[][] = [];
  for (const entry of entries) {
    const last = groups.at(-1);
    if (last?.[0]?.commit.seq === entry.commit.seq) last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

function changesOf(commit: readonly LogEntry[]): PulledTransaction['changes'] {
  const rows = commit.length > 1 ? lastOfEachRow(commit) : commit;
  return rows.map(({ table, key, op, columns }) => ({ table, key: [...key], op, columns }));
}

function lastOfEachRow(commit: readonly LogEntry[]): LogEntry[] {
  const rows = new Map<string, LogEntry>();
  for (const entry of commit) rows.set(`${entry.table} ${keyText(entry.key)}`, entry);
  return [...rows.values()];
}

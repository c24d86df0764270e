import type { FormerEpoch } from '../../protocol/messages/pull.ts';
import type { Cell } from '../../shared/cell.ts';
import { EPOCHS_SETTING, formerEpochsFrom, parseFormerEpochs } from '../epochs.ts';
import type { LogEntry, Position } from '../records.ts';
import type { LogRange, PruneBounds } from '../storage.ts';
import { entryToBytes, prunable, toLogEntry } from '../stored-form.ts';
import type { Connection } from './connection.ts';

export function readPosition(connection: Connection): Position {
  const rows = connection.all('SELECT name, value FROM _tidemark_meta');
  const meta = new Map(rows.map(([name, value]) => [String(name), String(value)]));
  return {
    epoch: meta.get('epoch') ?? '',
    head: Number(meta.get('head') ?? 0),
    prunedTo: Number(meta.get('prunedTo') ?? 0),
    epochFrom: meta.has('epochFrom') ? Number(meta.get('epochFrom')) : null,
  };
}

export function setMeta(
  connection: Connection,
  name: 'epoch' | 'head' | 'prunedTo' | 'epochFrom',
  value: string | number,
): void {
  const sql = 'INSERT INTO _tidemark_meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';
  connection.run(sql, [name, String(value)]);
}

export function beginEpoch(connection: Connection, epoch: string): void {
  const position = readPosition(connection);
  const former = formerEpochsFrom(position, readFormerEpochs(connection));
  saveSetting(connection, EPOCHS_SETTING, JSON.stringify(former));
  setMeta(connection, 'epochFrom', position.head);
  setMeta(connection, 'epoch', epoch);
}

export function readFormerEpochs(connection: Connection): FormerEpoch[] {
  return parseFormerEpochs(readSetting(connection, EPOCHS_SETTING));
}

export function readSetting(connection: Connection, name: string): string | null {
  const row = connection.get('SELECT value FROM _tidemark_setting WHERE name = ?', [name]);
  return row ? String(row[0]) : null;
}

export function saveSetting(connection: Connection, name: string, value: string): void {
  const sql = 'INSERT INTO _tidemark_setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';
  connection.run(sql, [name, value]);
}

export function appendLog(connection: Connection, entries: readonly LogEntry[]): void {
  let head = -1;
  for (const { commit, n, scope, table, key, op, columns } of entries) {
    if (commit.seq !== head) {
      const { seq, clientId, mutationId, hlc, at } = commit;
      connection.run('INSERT INTO _tidemark_commit VALUES (?, ?, ?, ?, ?)', [seq, clientId, mutationId, hlc, at]);
      head = seq;
    }
    const row = entryToBytes(key, columns);
    connection.run('INSERT INTO _tidemark_log VALUES (?, ?, ?, ?, ?, ?)', [commit.seq, n, scope, table, op, row]);
  }
  if (head >= 0) setMeta(connection, 'head', head);
}

const ENTRY_OVERHEAD_BYTES = 40;
/** Up to so many commits are read through, whatever their scope; a longer range goes by the index of scopes. */
const SCAN_COMMITS = 2_000;
/** What goes by the index has to be sorted: this bounds it. */
const SORTED_ENTRIES = 5_000;

export function readLog(connection: Connection, range: LogRange): { entries: LogEntry[]; isEnd: boolean } {
  const { after, until, scopes, except = [], maxBytes, isWholeRows = false } = range;
  const isSorted = scopes !== null && until - after.seq > SCAN_COMMITS;
  const parameters: Cell[] = [after.seq, after.seq, after.n, until];
  const by = scopes !== null ? 'scopes' : except.length > 0 ? 'others' : 'all';
  if (by !== 'all') parameters.push(JSON.stringify(scopes ?? except));
  const sql = logSql({ by, isSorted, isWholeRows });
  const { rows, isEnd } = connection.take(sql, parameters, { maxBytes, bytesOf: entryBytes });
  return { entries: rows.map(toLogEntry), isEnd: isEnd && !(isSorted && rows.length === SORTED_ENTRIES) };
}

function entryBytes(cells: readonly Cell[]): number {
  const row = cells[9];
  return ENTRY_OVERHEAD_BYTES + (row instanceof Uint8Array ? row.length : 0);
}

const IN_SCOPES = {
  all: '',
  scopes: 'AND l.scope IN (SELECT value FROM json_each(?))',
  others: 'AND l.scope NOT IN (SELECT value FROM json_each(?))',
} as const;

interface LogSql {
  readonly by: keyof typeof IN_SCOPES;
  readonly isSorted: boolean;
  readonly isWholeRows: boolean;
}

function logSql({ by, isSorted, isWholeRows }: LogSql): string {
  const index = isSorted ? 'INDEXED BY _tidemark_log_scope' : 'NOT INDEXED';
  return `SELECT l.seq, l.n, l.scope, l.tbl, l.op, c.client_id, c.mutation_id, c.hlc, c.at, l.row
    FROM _tidemark_log l ${index} CROSS JOIN _tidemark_commit c ON c.seq = l.seq
    WHERE l.seq >= ? AND (l.seq, l.n) > (?, ?) AND l.seq <= ?
    ${IN_SCOPES[by]} ${isWholeRows ? "AND l.op <> 'patch'" : ''}
    ORDER BY l.seq, l.n ${isSorted ? `LIMIT ${SORTED_ENTRIES}` : ''}`;
}

/** Drops the oldest commits within the bounds; returns how many. */
export function pruneLog(connection: Connection, bounds: PruneBounds): number {
  const { prunedTo } = readPosition(connection);
  const rows = connection.all('SELECT seq, at FROM _tidemark_commit WHERE seq > ? ORDER BY seq LIMIT ?', [
    prunedTo,
    bounds.maxCommits,
  ]);
  const pruned = prunable(rows, bounds);
  if (pruned === null) return 0;
  connection.run('DELETE FROM _tidemark_log WHERE seq <= ?', [pruned.prunedTo]);
  connection.run('DELETE FROM _tidemark_commit WHERE seq <= ?', [pruned.prunedTo]);
  setMeta(connection, 'prunedTo', pruned.prunedTo);
  return pruned.count;
}

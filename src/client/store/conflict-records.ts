import { hlcAfter, hlcMs, ZERO_HLC } from '../../core/hlc.ts';
import type { ConflictKind, DecidedColumn } from '../../core/policy.ts';
import type { Table } from '../../core/schema.ts';
import { fromCell, toAppKey, toAppRow } from '../../core/values.ts';
import type { Cell, Cells, RowKey } from '../../shared/cell.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { Conflict, ConflictFilter, ConflictResolution } from '../types.ts';
import type { LocalTables } from './local-table.ts';
import { pack, unpack } from './pack.ts';

/** A conflict as it is stored: cells, so that nothing is lost in between. */
export interface ConflictRecord {
  readonly id: string;
  readonly mutationId: number;
  readonly table: string;
  readonly key: RowKey;
  readonly kind: ConflictKind;
  readonly columns: readonly string[];
  /** Whole rows without the key; null where there was none. */
  readonly base: Cells | null;
  readonly local: Cells | null;
  readonly remote: Cells | null;
  /** Of the rows above and below that it is about; left out where it is about none, as in all from before there were any. */
  readonly parents?: readonly { readonly table: string; readonly key: RowKey; readonly columns: Cells }[];
  readonly children?: readonly { readonly table: string; readonly key: RowKey }[];
  readonly remoteSeq: number;
  /** Where the history has changed since: as much of it as `remoteSeq` still stands for. */
  readonly seenSeq?: number;
  readonly remoteClientId: string | null;
  readonly remoteHlc: string;
  readonly localHlc: string;
  readonly detectedAt: number;
  readonly resolution: StoredResolution | null;
}

/** How it was decided. `merged` and `values` are cells. */
export interface StoredResolution {
  readonly by: 'person' | 'resolver' | 'policy';
  readonly choice: 'local' | 'remote' | 'merged';
  readonly policies: Readonly<Record<string, DecidedColumn>>;
  /** The columns that were written; null when the row ended deleted. */
  readonly values: Cells | null;
  readonly at: number;
}

/** Conflicts, open and resolved, kept for good. */
export interface ConflictRecords {
  readonly openCount: number;
  /** Adds it, unless one with its id is there. Returns whether it was new. */
  add(record: ConflictRecord): boolean;
  get(id: string): ConflictRecord | null;
  resolve(record: ConflictRecord, resolution: StoredResolution): void;
  ofMutation(mutationId: number): ConflictRecord[];
  /** Of what the conflicts of this mutation showed, only this much is part of the history now. */
  lowerSeen(mutationId: number, seq: number): void;
  /** Newest first. */
  list(filter: ConflictFilter & { limit?: number }): ConflictRecord[];
  load(): void;
  /** Which side wrote later. */
  laterSide(record: ConflictRecord): 'local' | 'remote';
  toPublic(record: ConflictRecord): Conflict;
}

export function createConflictRecords(parts: {
  readonly database: LocalDatabase;
  readonly tables: LocalTables;
  readonly clientId: () => string;
}): ConflictRecords {
  const { database, tables } = parts;
  let openCount = 0;
  const bodies = (sql: string, parameters: readonly Cell[]) =>
    database.read(sql, parameters).rows.map(([body]) => unpack<ConflictRecord>(body));
  const ofMutation = (mutationId: number) =>
    bodies('SELECT body FROM _tidemark_conflict WHERE mutation_id = ? ORDER BY n', [mutationId]);
  return {
    get openCount() {
      return openCount;
    },
    add(record) {
      const state = record.resolution === null ? 'open' : 'resolved';
      const added = database.run(
        'INSERT OR IGNORE INTO _tidemark_conflict (id, mutation_id, tbl, state, body) VALUES (?, ?, ?, ?, ?)',
        [record.id, record.mutationId, record.table, state, pack(record)],
      );
      if (added > 0 && state === 'open') openCount++;
      return added > 0;
    },
    get: (id) => bodies('SELECT body FROM _tidemark_conflict WHERE id = ?', [id])[0] ?? null,
    resolve(record, resolution) {
      database.run("UPDATE _tidemark_conflict SET state = 'resolved', body = ? WHERE id = ?", [
        pack({ ...record, resolution }),
        record.id,
      ]);
      if (record.resolution === null) openCount--;
    },
    ofMutation: (mutationId) => ofMutation(mutationId),
    lowerSeen(mutationId, seq) {
      for (const record of ofMutation(mutationId)) {
        const seenSeq = Math.min(seq, record.seenSeq ?? record.remoteSeq);
        database.run('UPDATE _tidemark_conflict SET body = ? WHERE id = ?', [pack({ ...record, seenSeq }), record.id]);
      }
    },
    list({ table, state, limit }) {
      return bodies(
        `SELECT body FROM _tidemark_conflict WHERE (?1 IS NULL OR tbl = ?1) AND (?2 IS NULL OR state = ?2)
         ORDER BY state = 'resolved', n DESC LIMIT ?3`,
        [table ?? null, state ?? null, limit ?? -1],
      );
    },
    load() {
      openCount = Number(
        database.read("SELECT count(*) FROM _tidemark_conflict WHERE state = 'open'").rows[0]?.[0] ?? 0,
      );
    },
    laterSide: (record) => (isLocalLater(record, parts.clientId()) ? 'local' : 'remote'),
    toPublic: (record) => toPublic(record, (name) => tables.get(name)?.table, parts.clientId()),
  };
}

/** In app values. A table this version no longer has shows its cells as they are. */
function toPublic(record: ConflictRecord, tableOf: (name: string) => Table | undefined, clientId: string): Conflict {
  const table = tableOf(record.table);
  const row = (columns: Cells | null) => {
    if (columns === null) return null;
    return table ? toAppRow(table, record.key, columns) : { ...columns };
  };
  const value = (column: string, columns: Cells | null) => {
    const cell = columns?.[column];
    if (cell === undefined) return undefined;
    const kind = table?.columns[column]?.kind;
    return kind ? fromCell(kind, cell) : cell;
  };
  return {
    id: record.id,
    mutationId: record.mutationId,
    state: record.resolution === null ? 'open' : 'resolved',
    table: record.table,
    kind: record.kind,
    key: keyOf(table, record.key),
    columns: record.columns,
    fields: Object.fromEntries(
      record.columns.map((name) => [
        name,
        { base: value(name, record.base), local: value(name, record.local), remote: value(name, record.remote) },
      ]),
    ),
    base: row(record.base),
    local: row(record.local),
    remote: row(record.remote),
    ...related(record, tableOf),
    localIsLater: isLocalLater(record, clientId),
    detectedAt: record.detectedAt,
    remoteClientId: record.remoteClientId,
    remoteAt: isLost(record) ? null : hlcMs(record.remoteHlc),
    localAt: hlcMs(record.localHlc),
    remoteSeq: record.remoteSeq,
    resolution: record.resolution && publicResolution(record.resolution, table),
  };
}

/** The rows above and below that it is about. */
function related(
  { parents, children }: ConflictRecord,
  tableOf: (name: string) => Table | undefined,
): Pick<Conflict, 'parents' | 'children'> {
  const above = parents?.map(({ table: name, key, columns }) => {
    const table = tableOf(name);
    return { table: name, key: keyOf(table, key), row: table ? toAppRow(table, key, columns) : { ...columns } };
  });
  const below = children?.map(({ table: name, key }) => ({ table: name, key: keyOf(tableOf(name), key) }));
  return { ...(above ? { parents: above } : {}), ...(below ? { children: below } : {}) };
}

function keyOf(table: Table | undefined, key: RowKey): Readonly<Record<string, unknown>> {
  return table ? toAppKey(table, key) : Object.fromEntries(key.map((cell, index) => [index, cell]));
}

/** A deletion whose time nobody remembers. It is not the earlier one: nothing comes back for want of knowledge. */
const isLost = ({ remoteHlc }: ConflictRecord) => remoteHlc === ZERO_HLC;

function isLocalLater(record: ConflictRecord, clientId: string): boolean {
  const { localHlc, remoteHlc, remoteClientId } = record;
  return !isLost(record) && hlcAfter(localHlc, clientId, remoteHlc, remoteClientId ?? '');
}

function publicResolution(resolution: StoredResolution, table: Table | undefined): ConflictResolution {
  const values: Record<string, unknown> = {};
  for (const [name, cell] of Object.entries(resolution.values ?? {})) {
    const kind = table?.columns[name]?.kind;
    values[name] = kind ? fromCell(kind, cell) : cell;
  }
  return { ...resolution, values: resolution.values && values };
}

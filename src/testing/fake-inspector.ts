import type {
  ConfirmedRow,
  InspectedRow,
  LabConditions,
  LiveQueryInfo,
  RowsPage,
  RowsRequest,
  WireFrame,
} from '../client/inspection.ts';
import { NO_LAB_CONDITIONS } from '../client/inspection.ts';
import type { KeyInput, LabOptions, SyncInspector } from '../client/sync.ts';
import type { ScopeInfo } from '../client/types.ts';
import type { Change } from '../core/change.ts';
import { columnOf, type Schema, type Table, tableOf } from '../core/schema.ts';
import { fromCell, toCell, toKey } from '../core/values.ts';
import { type Cell, keyText, type RowKey } from '../shared/cell.ts';
import type { FakeCore } from './fake-core.ts';
import type { FakeRow } from './fake-live.ts';
import type { FakeOutbox } from './fake-outbox.ts';

/** What a fake's `inspect` tells beyond its state. */
export interface FakeInspection {
  /** The rows of each table, in app values, as they are here. Their state follows from the outbox; writes change them. */
  readonly rows?: Readonly<Record<string, readonly FakeRow[]>>;
  /** The keys of rows that the server has deleted meanwhile, by table. */
  readonly deletedThere?: Readonly<Record<string, readonly KeyInput[]>>;
  /** How many rows lie in which scope. Default: none in each that has a cursor. */
  readonly scopes?: readonly ScopeInfo[];
  readonly liveQueries?: readonly LiveQueryInfo[];
  readonly frames?: readonly WireFrame[];
  /** What frames carry, by `frameId`. */
  readonly contents?: Readonly<Record<number, unknown>>;
  /** Whether the lab may be used. Default: true. */
  readonly isLabAvailable?: boolean;
  /** Nothing can be asked: the database never opens. */
  readonly isOpening?: boolean;
  /** What the integrity check finds. */
  readonly problems?: readonly string[];
}

export interface FakeInspectorParts {
  readonly schema: Schema;
  readonly core: FakeCore;
  readonly outbox: FakeOutbox;
  readonly current: () => FakeInspection;
}

export function fakeInspector({ schema, core, outbox, current }: FakeInspectorParts): SyncInspector {
  const opened = <T>(value: T): Promise<T> => (current().isOpening ? new Promise<T>(() => {}) : Promise.resolve(value));
  const scripted = (table: string) => current().rows?.[table] ?? [];
  const rowsOf = (table: string) => afterWrites(tableOf(schema, table), scripted(table), outbox.written(table));
  return {
    store: core.store,
    cursors: () => core.state.cursors,
    tables: () => opened(Object.keys(schema.tables).map((table) => ({ table, rowCount: rowsOf(table).length }))),
    scopes: async () => [...(current().scopes ?? core.state.cursors.map(({ scope }) => ({ scope, rowCount: 0 })))],
    async rows(request) {
      const of = tableOf(schema, request.table);
      const gone = new Set((current().deletedThere?.[of.name] ?? []).map((key) => keyText(toKey(of, key))));
      return pageOf({ of, scripted: scripted(of.name), rows: rowsOf(of.name), outbox, gone, request });
    },
    liveQueries: () => opened([...(current().liveQueries ?? [])]),
    async frames(afterId = 0) {
      core.called('inspect.frames', afterId);
      const frames = (current().frames ?? []).filter(({ frameId }) => frameId > afterId);
      return { recordingId: 'fake', frames };
    },
    frameContent: async (frameId) => current().contents?.[frameId] ?? null,
    integrityCheck: async () => [...(current().problems ?? [])],
    exportDatabase: async () => new Uint8Array(),
    lab: {
      get isAvailable() {
        return current().isLabAvailable ?? true;
      },
      async set(conditions: Partial<LabConditions>, options?: LabOptions) {
        core.called('lab.set', conditions, ...(options ? [options] : []));
        core.setState({ lab: withConditions(core.state.lab, conditions) });
      },
      async clear() {
        core.called('lab.clear');
        core.setState({ lab: null });
      },
      endLeadership: async (options) => core.called('lab.endLeadership', ...(options ? [options] : [])),
    },
  };
}

function withConditions(before: LabConditions | null, given: Partial<LabConditions>): LabConditions | null {
  const next = { ...NO_LAB_CONDITIONS, ...before, ...given };
  const names = Object.keys(next) as (keyof LabConditions)[];
  return names.every((name) => next[name] === NO_LAB_CONDITIONS[name]) ? null : next;
}

interface PageOptions {
  readonly of: Table;
  /** As they were when the script began. */
  readonly scripted: readonly FakeRow[];
  readonly rows: readonly FakeRow[];
  readonly outbox: FakeOutbox;
  /** The keys of rows that the server no longer has. */
  readonly gone: ReadonlySet<string>;
  readonly request: RowsRequest;
}

/** The rows with what was written since over them; deleted ones stay, as those that wait to be deleted. */
function afterWrites(of: Table, rows: readonly FakeRow[], written: readonly Change[]): readonly FakeRow[] {
  const byKey = new Map(rows.map((row) => [keyText(toKey(of, row)), row]));
  for (const { key, op, columns, counters = {} } of written) {
    const before = byKey.get(keyText(key));
    if (op === 'delete' || (op === 'patch' && !before)) continue;
    const row: Record<string, unknown> = { ...before };
    of.primaryKey.forEach((name, index) => {
      row[name] = key[index];
    });
    for (const [name, cell] of Object.entries(columns)) row[name] = fromCell(columnOf(of, name).kind, cell);
    for (const [name, step] of Object.entries(counters)) row[name] = Number(row[name] ?? 0) + step;
    byKey.set(keyText(key), row);
  }
  return [...byKey.values()];
}

function pageOf({ of, scripted, rows, outbox, gone, request }: PageOptions): RowsPage {
  const { key: only, after, offset = 0, search = '', unsyncedOnly = false, limit = 100 } = request;
  const columns = [...of.primaryKey, ...of.valueColumns];
  const before = new Map(scripted.map((row) => [keyText(toKey(of, row)), cellsOf(of, columns, row)]));
  const all = rows.map((row) => inspected({ of, columns, row, outbox, gone, before }));
  if (only) {
    const one = all.filter(({ key }) => keyText(key) === keyText(only));
    return { columns, rows: one, next: null, rowCount: one.length };
  }
  const wanted = search.toLowerCase();
  const listed = all.filter(({ status }) => !unsyncedOnly || status !== 'synced');
  const start = after ? listed.findIndex(({ key }) => keyText(key) === keyText(after)) + 1 : 0;
  const found = listed
    .slice(start)
    .filter(({ key, cells }) => (cells ?? key).some((cell) => String(cell).toLowerCase().includes(wanted)))
    .slice(offset, offset + limit);
  const next = found.length === limit ? (found.at(-1)?.key ?? null) : null;
  return { columns, rows: found, next, rowCount: search === '' ? listed.length : null };
}

interface RowInput {
  readonly of: Table;
  readonly columns: readonly string[];
  readonly row: FakeRow;
  readonly outbox: FakeOutbox;
  readonly gone: ReadonlySet<string>;
  /** The cells of each row as they were when the script began. */
  readonly before: ReadonlyMap<string, readonly Cell[]>;
}

function cellsOf(of: Table, columns: readonly string[], row: FakeRow): Cell[] {
  return columns.map((name) => toCell(columnOf(of, name), row[name] ?? null, `${of.name}.${name}`));
}

function inspected({ of, columns, row, outbox, gone, before }: RowInput): InspectedRow {
  const cells = cellsOf(of, columns, row);
  const key = cells.slice(0, of.primaryKey.length);
  const status = outbox.rowStatus(of.name, keyText(key));
  if (status === 'synced') return { key, cells, status, confirmed: null };
  const isDeleted = outbox.changesOf(of.name, keyText(key)).at(-1)?.op === 'delete' && status !== 'rejected';
  const confirmed: ConfirmedRow = gone.has(keyText(key))
    ? { state: 'deleted' }
    : confirmedOf({ of, columns, key, outbox, cells: before.get(keyText(key)) ?? cells });
  return { key, cells: isDeleted ? null : cells, status, confirmed };
}

/** The cells as the oldest waiting change found them. */
function confirmedOf(input: {
  readonly of: Table;
  readonly columns: readonly string[];
  readonly cells: readonly Cell[];
  readonly key: RowKey;
  readonly outbox: FakeOutbox;
}): ConfirmedRow {
  const { of, columns, cells, key, outbox } = input;
  const changes = outbox.changesOf(of.name, keyText(key));
  if (changes[0]?.op === 'put' && !changes[0].old) return { state: 'unknown' };
  const old: Record<string, Cell> = {};
  for (const change of changes) {
    for (const [name, cell] of Object.entries(change.old ?? {})) if (!Object.hasOwn(old, name)) old[name] = cell;
  }
  return {
    state: 'exists',
    cells: columns.map((name, index) => (Object.hasOwn(old, name) ? old[name] : cells[index]) ?? null),
  };
}

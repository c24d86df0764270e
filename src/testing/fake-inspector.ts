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
import type { LabOptions, SyncInspector } from '../client/sync.ts';
import type { ScopeInfo } from '../client/types.ts';
import { columnOf, type Schema, type Table, tableOf } from '../core/schema.ts';
import { toCell } from '../core/values.ts';
import { type Cell, keyText, type RowKey } from '../shared/cell.ts';
import type { FakeCore } from './fake-core.ts';
import type { FakeRow } from './fake-live.ts';
import type { FakeOutbox } from './fake-outbox.ts';

/** What a fake's `inspect` tells beyond its state. */
export interface FakeInspection {
  /** The rows of each table, in app values. Their state follows from the outbox. */
  readonly rows?: Readonly<Record<string, readonly FakeRow[]>>;
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
  const rowsOf = (table: string) => current().rows?.[table] ?? [];
  return {
    store: core.store,
    cursors: () => core.state.cursors,
    tables: () => opened(Object.keys(schema.tables).map((table) => ({ table, rowCount: rowsOf(table).length }))),
    scopes: async () => [...(current().scopes ?? core.state.cursors.map(({ scope }) => ({ scope, rowCount: 0 })))],
    rows: async (request) =>
      pageOf({ of: tableOf(schema, request.table), rows: rowsOf(request.table), outbox, request }),
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
  readonly rows: readonly FakeRow[];
  readonly outbox: FakeOutbox;
  readonly request: RowsRequest;
}

function pageOf({ of, rows, outbox, request }: PageOptions): RowsPage {
  const { key: only, after, offset = 0, search = '', unsyncedOnly = false, limit = 100 } = request;
  const columns = [...of.primaryKey, ...of.valueColumns];
  const all = rows.map((row) => inspected({ of, columns, row, outbox }));
  if (only) {
    const one = all.filter(({ key }) => keyText(key) === keyText(only));
    return { columns, rows: one, next: null, rowCount: one.length };
  }
  const wanted = search.toLowerCase();
  const listed = all.filter(({ status }) => !unsyncedOnly || status !== 'synced');
  const start = after ? listed.findIndex(({ key }) => keyText(key) === keyText(after)) + 1 : 0;
  const found = listed
    .slice(start)
    .filter(({ cells }) => (cells ?? []).some((cell) => String(cell).toLowerCase().includes(wanted)))
    .slice(offset, offset + limit);
  const next = found.length === limit ? (found.at(-1)?.key ?? null) : null;
  return { columns, rows: found, next, rowCount: search === '' ? listed.length : null };
}

interface RowInput {
  readonly of: Table;
  readonly columns: readonly string[];
  readonly row: FakeRow;
  readonly outbox: FakeOutbox;
}

function inspected({ of, columns, row, outbox }: RowInput): InspectedRow {
  const cells = columns.map((name) => toCell(columnOf(of, name), row[name] ?? null, `${of.name}.${name}`));
  const key = cells.slice(0, of.primaryKey.length);
  const status = outbox.rowStatus(of.name, keyText(key));
  const confirmed = status === 'synced' ? null : confirmedOf({ of, columns, cells, key, outbox });
  return { key, cells, status, confirmed };
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
  return { state: 'exists', cells: columns.map((name, index) => old[name] ?? cells[index] ?? null) };
}

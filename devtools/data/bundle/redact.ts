import type { LiveQueryInfo } from '../../../src/client/inspection.ts';
import type { Conflict, OutboxEntry, SyncEvent, SyncState } from '../../../src/client/types.ts';
import type { Change } from '../../../src/core/change.ts';
import type { RelatedRow } from '../../../src/core/policy.ts';
import { type Cell, type Cells, keyText, type RowKey } from '../../../src/shared/cell.ts';

/**
 * The state without what people wrote: values become their kind and length, keys, names and scopes become numbers that stay
 * the same throughout one bundle, and texts in quotes go out of messages. Counts, times, tables and columns stay.
 */
export function redactedState(state: SyncState): SyncState {
  const names = new Pseudonyms();
  return {
    ...state,
    status: {
      ...state.status,
      error: state.status.error && { ...state.status.error, message: redactedText(state.status.error.message) },
    },
    outbox: state.outbox.map((entry) => redactedEntry(entry, names)),
    conflicts: state.conflicts.map((conflict) => redactedConflict(conflict, names)),
    cursors: state.cursors.map((cursor) => ({ ...cursor, scope: redactedScope(cursor.scope, names) })),
    devices: state.devices.map((device) => ({
      ...device,
      name: device.name === null ? null : names.of('Device', device.deviceId),
    })),
    events: state.events.map(redactedEvent),
  };
}

/** The SQL with its literals taken out; parameters as their kinds. */
export function redactedQueries(queries: readonly LiveQueryInfo[]): LiveQueryInfo[] {
  return queries.map((query) => ({
    ...query,
    sql: query.sql.replace(/'(?:[^']|'')*'/g, "'…'"),
    parameters: query.parameters.map(redactedValue) as Cell[],
    error: query.error === null ? null : redactedText(query.error),
  }));
}

/** A message without what it quotes. */
export function redactedText(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, '"…"').replace(/'[^']*'/g, "'…'");
}

/** Numbers for things that must be told apart, and not known. */
class Pseudonyms {
  readonly #numbers = new Map<string, number>();

  of(kind: string, thing: string): string {
    const name = `${kind} ${thing}`;
    const number = this.#numbers.get(name) ?? this.#numbers.size + 1;
    this.#numbers.set(name, number);
    return `${kind} ${number}`;
  }
}

function redactedEntry(entry: OutboxEntry, names: Pseudonyms): OutboxEntry {
  return {
    ...entry,
    changes: entry.changes.map((change) => redactedChange(change, names)),
    reason: entry.reason && { ...entry.reason, message: redactedText(entry.reason.message) },
  };
}

function redactedChange(change: Change, names: Pseudonyms): Change {
  return {
    ...change,
    key: redactedKey(change.table, change.key, names),
    columns: redactedCells(change.columns),
    ...(change.counters ? { counters: Object.fromEntries(Object.keys(change.counters).map((name) => [name, 0])) } : {}),
    ...(change.old ? { old: redactedCells(change.old) } : {}),
  };
}

function redactedConflict(conflict: Conflict, names: Pseudonyms): Conflict {
  const { fields, resolution, parents, children } = conflict;
  const named = ({ table, key }: RelatedRow) => ({ table, key: namedKey({ table, key }, names) });
  return {
    ...conflict,
    ...(parents ? { parents: parents.map((one) => ({ ...named(one), row: redactedRow(one.row) })) } : {}),
    ...(children ? { children: children.map(named) } : {}),
    key: namedKey(conflict, names),
    base: conflict.base && redactedRow(conflict.base),
    local: conflict.local && redactedRow(conflict.local),
    remote: conflict.remote && redactedRow(conflict.remote),
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, { base, local, remote }]) => [
        name,
        { base: redactedValue(base), local: redactedValue(local), remote: redactedValue(remote) },
      ]),
    ),
    resolution: resolution && { ...resolution, values: resolution.values && redactedRow(resolution.values) },
  };
}

function redactedEvent(event: SyncEvent): SyncEvent {
  switch (event.type) {
    case 'mutation-settled': {
      const { outcome } = event;
      const reason = outcome.reason && { ...outcome.reason, message: redactedText(outcome.reason.message) };
      return { ...event, outcome: { ...outcome, reason } };
    }
    case 'sync-failed':
    case 'resolver-failed':
      return { ...event, error: { ...event.error, message: redactedText(event.error.message) } };
    default:
      return event;
  }
}

/** `user:mara` says who: the kind stays. */
function redactedScope(scope: string, names: Pseudonyms): string {
  const colon = scope.indexOf(':');
  return colon < 0 ? scope : `${scope.slice(0, colon)}:${names.of('scope', scope)}`;
}

function redactedKey(table: string, key: RowKey, names: Pseudonyms): RowKey {
  return key.map((cell, index) => names.of('row', `${table} ${index} ${keyText([cell])}`));
}

function namedKey({ table, key }: RelatedRow, names: Pseudonyms): Conflict['key'] {
  const parts = Object.entries(key).map(([name, value], index) => [
    name,
    names.of('row', `${table} ${index} ${keyText([value as Cell])}`),
  ]);
  return Object.fromEntries(parts);
}

function redactedCells(cells: Cells): Cells {
  return Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, redactedValue(cell) as Cell]));
}

function redactedRow(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, redactedValue(value)]));
}

/** What kind of thing it was. */
function redactedValue(value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (typeof value === 'string') return `(text of ${value.length})`;
  if (value instanceof Uint8Array) return `(${value.length} bytes)`;
  return `(${typeof value === 'object' ? 'json' : typeof value})`;
}

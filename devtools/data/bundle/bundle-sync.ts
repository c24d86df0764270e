import { createStore } from 'zustand/vanilla';
import { schemaFromWire } from '../../../src/client/schema-wire.ts';
import type { Sync, SyncInspector } from '../../../src/client/sync.ts';
import { EVENT_MIRROR_LIMIT, type OutboxFilter } from '../../../src/client/types.ts';
import { keyText } from '../../../src/shared/cell.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { Bundle } from './bundle.ts';

/** A bundle that the panel shows in place of the app. */
export interface OpenBundle {
  /** Another one for each file that is opened. */
  readonly openedId: number;
  readonly fileName: string;
  readonly bundle: Bundle;
  readonly sync: Sync;
}

/** A `Sync` that stands still at the moment of a bundle. It tells what is in the file, and refuses everything else. */
export function bundleSync(bundle: Bundle): Sync {
  // A panel writes no more events than it can have; a file of any size may come along.
  const events = bundle.state.events.slice(-EVENT_MIRROR_LIMIT);
  const store = createStore(() => ({ ...bundle.state, events, lab: bundle.state.lab ?? null }));
  const round = refuse;
  return {
    schema: schemaFromWire(bundle.schema),
    ready: Promise.resolve(),
    write: refuse,
    query: refuse,
    liveQuery: () => ({
      subscribe: () => () => {},
      getSnapshot: () => ({ rows: [], error: readOnly(), tables: [] }),
      ready: Promise.resolve([]),
      close: () => {},
    }),
    rowStatus: () => ({ subscribe: () => () => {}, getSnapshot: () => 'synced' }),
    sync: round,
    push: round,
    pull: round,
    seed: round,
    hydrate: round,
    pause: refuse,
    resume: refuse,
    outbox: outboxOf(bundle),
    conflicts: { list: async () => [...bundle.state.conflicts], resolve: refuse, resolveAll: refuse },
    scopes: { subscribe: refuse, unsubscribe: refuse },
    devices: { list: async () => [...bundle.state.devices], rename: refuse, revoke: refuse },
    stats: async () => bundle.stats ?? refuse(),
    history: async () => [...bundle.rounds],
    subscribe: () => () => {},
    store,
    inspect: inspectorOf(bundle, store),
    close: async () => {},
    wipe: refuse,
  };
}

function outboxOf({ state }: Bundle): Sync['outbox'] {
  const matching = ({ states, table, row = '' }: OutboxFilter) =>
    state.outbox.filter(
      (entry) =>
        (!states || states.includes(entry.state)) &&
        (table === undefined || entry.tables.includes(table)) &&
        entry.changes.some(({ key }) => keyText(key).toLowerCase().includes(row.toLowerCase())),
    );
  return {
    async list({ limit = Number.POSITIVE_INFINITY, offset = 0, ...filter } = {}) {
      return matching(filter).slice(offset, offset + limit);
    },
    count: async (filter = {}) => matching(filter).length,
    retry: refuse,
    retryAll: refuse,
    discard: refuse,
    edit: refuse,
    export: refuse,
    import: refuse,
  };
}

function inspectorOf(bundle: Bundle, store: SyncInspector['store']): SyncInspector {
  return {
    store,
    cursors: () => bundle.state.cursors,
    tables: async () => [...bundle.tables],
    scopes: async () => [],
    rows: refuse,
    liveQueries: async () => [...bundle.queries],
    frames: async () => ({ recordingId: 'bundle', frames: [] }),
    frameContent: async () => null,
    integrityCheck: refuse,
    exportDatabase: refuse,
    lab: { isAvailable: false, set: refuse, clear: refuse, endLeadership: refuse },
  };
}

async function refuse(): Promise<never> {
  throw readOnly();
}

function readOnly(): SyncError {
  return new SyncError('misuse', 'This is a support bundle: it can only be read, and has no rows of the app.');
}

import type { StoreApi } from 'zustand/vanilla';
import { NO_LAB_CONDITIONS } from '../client/inspection.ts';
import type { LabOptions, SyncInspector, SyncLab } from '../client/sync.ts';
import type { SyncState } from '../client/types.ts';
import { SyncError } from '../shared/error.ts';
import type { LiveQueries } from './live-queries.ts';
import type { SessionLine } from './session-line.ts';

export interface InspectorParts {
  readonly line: SessionLine;
  readonly lives: LiveQueries;
  readonly store: StoreApi<SyncState>;
}

/** What devtools read, and an app may. */
export function createInspector({ line, lives, store }: InspectorParts): SyncInspector {
  const { methods } = line;
  return {
    store,
    cursors: () => store.getState().cursors,
    tables: () => methods.inspectTables(),
    scopes: () => methods.inspectScopes(),
    rows: (request) => methods.inspectRows(request),
    async liveQueries() {
      const records = await methods.liveQueries();
      return records.map((record) => ({ ...record, subscriberCount: lives.listenerCount(record) }));
    },
    frames: (afterId = 0) => methods.frames(afterId),
    frameContent: (frameId) => methods.frameContent(frameId),
    integrityCheck: () => methods.integrityCheck(),
    exportDatabase: () => methods.exportDatabase(),
    lab: createLab(line),
  };
}

function createLab(line: SessionLine): SyncLab {
  const isAvailable = isDevelopment();
  const refuse = ({ force = false }: LabOptions) => {
    if (isAvailable || force) return;
    throw new SyncError('misuse', 'The lab is not in production builds. To use it all the same, pass { force: true }.');
  };
  return {
    isAvailable,
    async set(conditions, options = {}) {
      refuse(options);
      await line.methods.setLab(conditions);
    },
    clear: () => line.methods.setLab(NO_LAB_CONDITIONS),
    async endLeadership(options = {}) {
      refuse(options);
      await line.endLeadership();
    },
  };
}

/** Where nothing tells (a page without a bundler), it is production. */
function isDevelopment(): boolean {
  try {
    return process.env.NODE_ENV !== 'production';
  } catch {
    return false;
  }
}

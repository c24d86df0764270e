import type { Conflict, ConflictFilter, ConflictResolution } from '../client/types.ts';
import type { Resolution } from '../core/policy.ts';
import { SyncError } from '../shared/error.ts';
import type { FakeCore } from './fake-core.ts';

/** What the app calls as `sync.conflicts`: a resolved one goes to the history, and its mutation out of the queue. */
export function fakeConflicts(core: FakeCore) {
  const resolve = async (id: string, resolution: Resolution) => {
    core.called('conflicts.resolve', id, resolution);
    const { conflicts, outbox } = core.state;
    const conflict = conflicts.find((one) => one.id === id && one.state === 'open');
    if (!conflict) throw new SyncError('not-found', `There is no open conflict ${id}.`);
    const resolved: Conflict = {
      ...conflict,
      state: 'resolved',
      resolution: decided(conflict, resolution, core.now()),
    };
    core.setState({
      conflicts: conflicts.map((one) => (one === conflict ? resolved : one)),
      outbox: outbox.filter((entry) => entry.mutationId !== conflict.mutationId),
    });
    core.emit({ at: core.now(), type: 'conflict-resolved', conflictId: id, table: conflict.table });
  };
  return {
    list: async (filter: ConflictFilter = {}) => core.state.conflicts.filter((one) => isWanted(one, filter)),
    resolve,
    async resolveAll(resolution: 'local' | 'remote' | 'later', filter: ConflictFilter = {}) {
      core.called('conflicts.resolveAll', resolution, filter);
      const open = core.state.conflicts.filter((one) => isWanted(one, { ...filter, state: 'open' }));
      const later = ({ localIsLater }: Conflict) => (localIsLater ? 'local' : 'remote');
      for (const one of open) await resolve(one.id, resolution === 'later' ? later(one) : resolution);
      return open.length;
    },
  };
}

function isWanted(conflict: Conflict, { table, state }: ConflictFilter): boolean {
  return (table === undefined || conflict.table === table) && (state === undefined || conflict.state === state);
}

function decided(conflict: Conflict, resolution: Resolution, at: number): ConflictResolution {
  const common = { by: 'person', policies: {}, at } as const;
  if (typeof resolution !== 'string') return { ...common, choice: 'merged', values: resolution.merged };
  const side = conflict[resolution];
  const values = side && Object.fromEntries(conflict.columns.map((column) => [column, side[column]]));
  return { ...common, choice: resolution, values };
}

export interface ConflictScript {
  readonly id: string;
  readonly table: string;
  readonly key: Conflict['key'];
  readonly fields: Conflict['fields'];
  /** The mutation that it holds up. Default: 1. */
  readonly mutationId?: number;
  readonly at?: number;
}

/** An open conflict in which both sides changed the same columns, for the state of a fake. */
export function conflictBetween({ id, table, key, fields, mutationId = 1, at = Date.now() }: ConflictScript): Conflict {
  const side = (name: 'base' | 'local' | 'remote') => ({
    ...key,
    ...Object.fromEntries(Object.entries(fields).map(([column, field]) => [column, field[name]])),
  });
  return {
    id,
    mutationId,
    table,
    kind: 'update-update',
    key,
    state: 'open',
    columns: Object.keys(fields),
    fields,
    base: side('base'),
    local: side('local'),
    remote: side('remote'),
    localIsLater: true,
    detectedAt: at,
    remoteClientId: 'another-device',
    remoteAt: at - 1_000,
    localAt: at,
    remoteSeq: 1,
    resolution: null,
  };
}

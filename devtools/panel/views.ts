import { type ComponentType, lazy } from 'react';
import { OUTBOX_MIRROR_LIMIT, type SyncState } from '../../src/client/types.ts';
import { Conflicts } from '../views/conflicts/conflicts.tsx';
import { Cursors } from '../views/cursors/cursors.tsx';
import { conditionWords } from '../views/lab/conditions.ts';
import { Overview } from '../views/overview/overview.tsx';
import { Queue } from '../views/queue/queue.tsx';

const Data = lazy(async () => ({ default: (await import('../views/data/data.tsx')).Data }));
const Queries = lazy(async () => ({ default: (await import('../views/queries/queries.tsx')).Queries }));
const Events = lazy(async () => ({ default: (await import('../views/events/events.tsx')).Events }));
const Lab = lazy(async () => ({ default: (await import('../views/lab/lab.tsx')).Lab }));
const Devices = lazy(async () => ({ default: (await import('../views/devices/devices.tsx')).Devices }));
const Support = lazy(async () => ({ default: (await import('../views/support/support.tsx')).Support }));

export interface PanelView {
  readonly id: string;
  readonly label: string;
  readonly View: ComponentType;
  /** What stands beside the label; 0 for nothing. */
  readonly count: (state: SyncState) => number;
}

const none = () => 0;

/** The store has the first entries only: of more, the status counts those that have no good outcome yet. */
const queueLength = ({ status, outbox }: SyncState) =>
  outbox.length < OUTBOX_MIRROR_LIMIT
    ? outbox.length
    : Math.max(outbox.length, status.pendingCount + status.rejectedCount + status.conflictCount);

const overview: PanelView = { id: 'overview', label: 'Overview', View: Overview, count: none };

/** The views, in the order of their tabs. */
export const VIEWS: readonly PanelView[] = [
  overview,
  { id: 'queue', label: 'Queue', View: Queue, count: queueLength },
  { id: 'conflicts', label: 'Conflicts', View: Conflicts, count: ({ status }) => status.conflictCount },
  { id: 'cursors', label: 'Cursors', View: Cursors, count: none },
  { id: 'data', label: 'Data', View: Data, count: none },
  { id: 'queries', label: 'Queries', View: Queries, count: none },
  { id: 'events', label: 'Events', View: Events, count: none },
  { id: 'devices', label: 'Devices', View: Devices, count: none },
  { id: 'lab', label: 'Lab', View: Lab, count: ({ lab }) => (lab ? conditionWords(lab).length : 0) },
  { id: 'support', label: 'Support', View: Support, count: none },
];

export function findView(id: string): PanelView {
  return VIEWS.find((view) => view.id === id) ?? overview;
}

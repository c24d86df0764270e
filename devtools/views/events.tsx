import { useMemo, useState } from 'react';
import type { SyncEvent } from '../../src/client/types.ts';
import { useInspected } from '../data/inspected.ts';
import { preciseClockWords } from '../data/time.ts';
import { jsonSafe } from '../data/value-text.ts';
import type { Tone } from '../data/words.ts';
import { Badge } from '../ui/badge.tsx';
import { Empty } from '../ui/empty.tsx';
import { MasterDetail } from '../ui/master-detail.tsx';
import { VirtualList } from '../ui/virtual-list.tsx';

/** The newest events of the engine, newest first. */
export function Events() {
  const events = useInspected((state) => state.events);
  const [filter, setFilter] = useState('');
  const [selected, setSelected] = useState<SyncEvent | null>(null);
  const shown = useMemo(() => newestFirst(events, filter), [events, filter]);
  if (events.length === 0) return <Empty title="No events yet">They are kept from the moment the app starts.</Empty>;
  const list = (
    <>
      <div className="toolbar">
        <input
          type="search"
          aria-label="Filter events"
          placeholder="Filter: type, table, reason…"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <span className="muted">{shown.length} shown</span>
      </div>
      <VirtualList
        label="Events"
        count={shown.length}
        rowHeight={30}
        selected={selected ? shown.indexOf(selected) : -1}
        onSelect={(index) => setSelected(shown[index] ?? null)}
        renderRow={(index) => <EventRow event={shown[index]} />}
      />
    </>
  );
  return (
    <MasterDetail
      list={list}
      hint="Select an event to see what it carries."
      detail={selected && <pre className="payload">{payloadText(selected)}</pre>}
      onBack={() => setSelected(null)}
    />
  );
}

function EventRow({ event }: { readonly event: SyncEvent | undefined }) {
  if (!event) return null;
  return (
    <>
      <time className="mono muted">{preciseClockWords(event.at)}</time>
      <Badge tone={toneOf(event)}>{event.type}</Badge>
      <span className="ellipsis muted">{gist(event)}</span>
    </>
  );
}

function newestFirst(events: readonly SyncEvent[], filter: string): SyncEvent[] {
  const wanted = filter.trim().toLowerCase();
  return events.filter((event) => wanted === '' || payloadText(event).toLowerCase().includes(wanted)).reverse();
}

function payloadText(event: SyncEvent): string {
  return JSON.stringify(event, jsonSafe, 2);
}

/** What the event carries, on one line. */
function gist({ at: _at, type: _type, ...payload }: SyncEvent): string {
  return Object.entries(payload)
    .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value, jsonSafe) : String(value)}`)
    .join('  ');
}

const TONES: Partial<Readonly<Record<SyncEvent['type'], Tone>>> = {
  'sync-failed': 'bad',
  'sync-finished': 'ok',
  'conflict-detected': 'warn',
  'conflict-resolved': 'ok',
  'mutation-settled': 'ok',
  resync: 'warn',
  'sync-started': 'busy',
  progress: 'busy',
};

function toneOf(event: SyncEvent): Tone {
  if (event.type === 'mutation-settled' && event.outcome.outcome === 'rejected') return 'bad';
  if (event.type === 'mutation-settled' && event.outcome.outcome === 'conflict') return 'warn';
  return TONES[event.type] ?? 'idle';
}

import { memo, type ReactNode, useCallback, useMemo, useState } from 'react';
import type { SyncEvent } from '../../../src/client/types.ts';
import { eventWords } from '../../data/event-words.ts';
import { useInspected } from '../../data/inspected.ts';
import { preciseClockWords } from '../../data/time.ts';
import { jsonSafe } from '../../data/value-text.ts';
import { countWords, formatBytes, type Tone } from '../../data/words.ts';
import { Badge } from '../../ui/badge.tsx';
import { Empty } from '../../ui/empty.tsx';
import { JsonTree } from '../../ui/json-tree.tsx';
import { MasterDetail } from '../../ui/master-detail.tsx';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { CLEARED, StreamToolbar, useHeldStream } from './stream-toolbar.tsx';

/** The newest events of the engine, newest first. */
export function EventStream({ head }: { readonly head: ReactNode }) {
  const events = useInspected((state) => state.events);
  const stream = useHeldStream(events, events.at(-1));
  const [search, setSearch] = useState('');
  const [type, setType] = useState('');
  const [selected, setSelected] = useState<SyncEvent | null>(null);
  const types = useMemo(() => [...new Set(stream.items.map((event) => event.type))].sort(), [stream.items]);
  const shown = useMemo(() => newestFirst(stream.items, type, search), [stream.items, type, search]);
  const select = useCallback((index: number) => setSelected(shown[index] ?? null), [shown]);
  const renderRow = useCallback((index: number) => <EventRow event={shown[index]} />, [shown]);
  if (events.length === 0) {
    return (
      <>
        <div className="toolbar">{head}</div>
        <Empty title="No events yet">They are kept from the moment the app starts.</Empty>
      </>
    );
  }
  const toolbar = (
    <StreamToolbar
      head={head}
      label="Filter events"
      placeholder="Search in events…"
      kinds={types}
      {...{ search, type, stream }}
      onSearch={setSearch}
      onType={setType}
      count={countWords(shown.length, 'event')}
    />
  );
  const list = (
    <VirtualList
      label="Events"
      count={shown.length}
      {...(stream.items.length === 0 ? { empty: CLEARED } : {})}
      rowHeight={26}
      selected={selected ? shown.indexOf(selected) : -1}
      onSelect={select}
      renderRow={renderRow}
    />
  );
  return (
    <MasterDetail
      isEven
      toolbar={toolbar}
      list={list}
      hint="Select an event to see what it carries."
      detail={selected && <EventDetail event={selected} />}
      onBack={() => setSelected(null)}
    />
  );
}

const EventRow = memo(function EventRow({ event }: { readonly event: SyncEvent | undefined }) {
  if (!event) return null;
  return (
    <>
      <time className="mono muted">{preciseClockWords(event.at)}</time>
      <Badge tone={toneOf(event)}>{event.type}</Badge>
      <span className="ellipsis muted">{eventWords(event)}</span>
    </>
  );
});

function EventDetail({ event }: { readonly event: SyncEvent }) {
  const { at, type, ...payload } = event;
  return (
    <div className="padded">
      <h3 className="detail-title">
        <Badge tone={toneOf(event)}>{type}</Badge> <time className="mono">{preciseClockWords(at)}</time>
      </h3>
      <p>{eventWords(event)}</p>
      {type === 'mutation-written' && <MutationSize mutationId={event.mutationId} />}
      <JsonTree value={payload} openLevels={3} />
    </div>
  );
}

/** Known as long as the mutation is in the outbox. */
function MutationSize({ mutationId }: { readonly mutationId: number }) {
  const entry = useInspected((state) => state.outbox.find((one) => one.mutationId === mutationId));
  if (!entry) return null;
  return (
    <p className="muted">
      {countWords(entry.changeCount, 'change')}, {formatBytes(entry.sizeBytes)} to send
    </p>
  );
}

function newestFirst(events: readonly SyncEvent[], type: string, search: string): SyncEvent[] {
  const wanted = search.trim().toLowerCase();
  return events
    .filter((event) => type === '' || event.type === type)
    .filter((event) => wanted === '' || textOf(event).toLowerCase().includes(wanted))
    .reverse();
}

/** What a search goes through: all that an event carries, and what is said of it. */
function textOf(event: SyncEvent): string {
  return `${JSON.stringify(event, jsonSafe)} ${eventWords(event)}`;
}

const TONES: Partial<Readonly<Record<SyncEvent['type'], Tone>>> = {
  'sync-failed': 'bad',
  'sync-finished': 'ok',
  'conflict-detected': 'warn',
  'conflict-resolved': 'ok',
  'mutation-settled': 'ok',
  resync: 'warn',
  stalled: 'warn',
  'resolver-failed': 'warn',
  'sync-started': 'busy',
  progress: 'busy',
};

function toneOf(event: SyncEvent): Tone {
  if (event.type === 'mutation-settled' && event.outcome.outcome === 'rejected') return 'bad';
  if (event.type === 'mutation-settled' && event.outcome.outcome === 'conflict') return 'warn';
  return TONES[event.type] ?? 'idle';
}

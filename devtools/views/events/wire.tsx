import { memo, type ReactNode, useCallback, useMemo, useState } from 'react';
import type { WireFrame } from '../../../src/client/inspection.ts';
import { useInspected } from '../../data/inspected.ts';
import { preciseClockWords } from '../../data/time.ts';
import { countWords, formatBytes } from '../../data/words.ts';
import { Badge } from '../../ui/badge.tsx';
import { Empty } from '../../ui/empty.tsx';
import { MasterDetail } from '../../ui/master-detail.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { FrameDetail, frameTone } from './frame-detail.tsx';
import { CLEARED, StreamToolbar, useHeldStream } from './stream-toolbar.tsx';
import { useFrames } from './use-frames.ts';

/** The messages between this device and the server, newest first. */
export function Wire({ head }: { readonly head: ReactNode }) {
  const { frames, error } = useFrames();
  const stream = useHeldStream(frames, frames.at(-1));
  const isLocal = useInspected((state) => state.status.phase === 'local');
  const [search, setSearch] = useState('');
  const [type, setType] = useState('');
  const [selected, setSelected] = useState<WireFrame | null>(null);
  const types = useMemo(() => [...new Set(stream.items.map((frame) => frame.type))].sort(), [stream.items]);
  const shown = useMemo(() => newestFirst(stream.items, type, search), [stream.items, type, search]);
  const select = useCallback((index: number) => setSelected(shown[index] ?? null), [shown]);
  const renderRow = useCallback((index: number) => <FrameRow frame={shown[index]} />, [shown]);
  if (frames.length === 0) {
    return (
      <>
        <div className="toolbar">{head}</div>
        <NoFrames isLocal={isLocal} error={error} />
      </>
    );
  }
  const toolbar = (
    <>
      <StreamToolbar
        head={head}
        label="Filter messages"
        placeholder="Search by kind, way or error…"
        kinds={types}
        {...{ search, type, stream }}
        onSearch={setSearch}
        onType={setType}
        count={`${countWords(shown.length, 'message')}, ${formatBytes(shown.reduce((sum, one) => sum + one.sizeBytes, 0))}`}
      />
      <ErrorNotice error={error} />
    </>
  );
  const list = (
    <VirtualList
      label="Messages"
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
      hint="Select a message to read what it carries. They are recorded while this view is open; tokens are never kept."
      detail={selected && <FrameDetail key={`${selected.at} ${selected.frameId}`} frame={selected} />}
      onBack={() => setSelected(null)}
    />
  );
}

function NoFrames({ isLocal, error }: { readonly isLocal: boolean; readonly error: string | null }) {
  if (error !== null) {
    return (
      <div className="padded">
        <ErrorNotice error={error} />
      </div>
    );
  }
  if (isLocal) return <Empty title="No server, no messages">This app keeps its data on this device only.</Empty>;
  return (
    <Empty title="Listening…">Messages are recorded while this is open, without tokens. “Sync now” makes some.</Empty>
  );
}

const FrameRow = memo(function FrameRow({ frame }: { readonly frame: WireFrame | undefined }) {
  if (!frame) return null;
  return (
    <>
      <time className="mono muted">{preciseClockWords(frame.at)}</time>
      <span className="direction" data-direction={frame.direction}>
        <span aria-hidden="true">{frame.direction === 'sent' ? '↑' : '↓'}</span>
        <span className="hidden">{frame.direction}</span>
      </span>
      <Badge tone={frameTone(frame)}>{frame.type}</Badge>
      <span className="ellipsis muted">
        {[frame.channel, frame.status, frame.error].filter((part) => part !== null).join(', ')}
      </span>
      <span className="spring" />
      <span className="mono muted">{formatBytes(frame.sizeBytes)}</span>
    </>
  );
});

function newestFirst(frames: readonly WireFrame[], type: string, search: string): WireFrame[] {
  const wanted = search.trim().toLowerCase();
  return frames
    .filter((frame) => type === '' || frame.type === type)
    .filter(({ type: kind, channel, direction, error, status }) =>
      `${kind} ${channel} ${direction} ${error ?? ''} ${status ?? ''}`.toLowerCase().includes(wanted),
    )
    .reverse();
}

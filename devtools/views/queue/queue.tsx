import { useMemo, useState } from 'react';
import type { OutboxEntry } from '../../../src/client/types.ts';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { Empty } from '../../ui/empty.tsx';
import { MasterDetail } from '../../ui/master-detail.tsx';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { MutationDetail } from './mutation-detail.tsx';
import { MutationRow } from './mutation-row.tsx';
import { useOutboxWindow } from './outbox-window.ts';
import { matches, type QueueFilter, QueueToolbar } from './queue-toolbar.tsx';

const NO_FILTER: QueueFilter = { text: '', state: 'all' };

/** Every mutation the server has not taken yet, in the order in which it will go. */
export function Queue() {
  const sync = useInspectedSync();
  const window = useOutboxWindow(sync);
  const mirrored = useInspected((state) => state.outbox);
  const [filter, setFilter] = useState(NO_FILTER);
  const [selectedId, setSelectedId] = useState<number | null>(null);
  const isFiltered = filter.text !== '' || filter.state !== 'all';
  const filtered = useMemo(() => mirrored.filter((entry) => matches(entry, filter)), [mirrored, filter]);
  const entryAt = isFiltered ? (index: number) => filtered[index] : window.entryAt;
  const count = isFiltered ? filtered.length : window.count;
  const [picked, setPicked] = useState<OutboxEntry | null>(null);
  const selected = mirrored.find((entry) => entry.mutationId === selectedId) ?? stillOut(picked, mirrored);
  const select = (entry: OutboxEntry | undefined) => {
    setSelectedId(entry?.mutationId ?? null);
    setPicked(entry ?? null);
  };

  if (mirrored.length === 0) {
    return <EmptyQueue />;
  }
  const list = (
    <>
      <QueueToolbar filter={filter} onFilter={setFilter} count={count} />
      <VirtualList
        label="Mutations"
        count={count}
        rowHeight={46}
        selected={indexOf(selected, count, entryAt)}
        onSelect={(index) => select(entryAt(index))}
        onRange={window.onRange}
        renderRow={(index) => <MutationRow entry={entryAt(index)} />}
      />
    </>
  );
  return (
    <MasterDetail
      list={list}
      hint="Select a mutation to see its changes."
      detail={selected && <MutationDetail key={selected.mutationId} entry={selected} />}
      onBack={() => select(undefined)}
    />
  );
}

function EmptyQueue() {
  const phase = useInspected((state) => state.status.phase);
  if (phase === 'starting') return <Empty title="The database is being opened" />;
  if (phase === 'local') return <Empty title="No server, no queue">Writes stay on this device.</Empty>;
  return <Empty title="The queue is empty">Every write of this device has reached the server.</Empty>;
}

/** An entry beyond the mirrored ones is shown as it was when it was picked; one within them that is gone, is gone. */
function stillOut(picked: OutboxEntry | null, mirrored: readonly OutboxEntry[]): OutboxEntry | null {
  const last = mirrored.at(-1);
  return picked && last && picked.mutationId > last.mutationId ? picked : null;
}

function indexOf(
  entry: OutboxEntry | null,
  count: number,
  entryAt: (index: number) => OutboxEntry | undefined,
): number {
  if (!entry) return -1;
  for (let index = 0; index < count; index += 1) {
    if (entryAt(index)?.mutationId === entry.mutationId) return index;
  }
  return -1;
}

import { useCallback, useContext, useState } from 'react';
import type { OutboxEntry } from '../../../src/client/types.ts';
import { AboutContext, useInspected, useInspectedSync } from '../../data/inspected.ts';
import { Empty } from '../../ui/empty.tsx';
import { LiveOnly } from '../../ui/live-only.tsx';
import { MasterDetail } from '../../ui/master-detail.tsx';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { ImportButton, type ImportedWork, ImportNotices, useImportedWork } from './import-file.tsx';
import { MutationDetail } from './mutation-detail.tsx';
import { MutationRow } from './mutation-row.tsx';
import { type OutboxWindow, useOutboxWindow } from './outbox-window.ts';
import { filterFor, isUnfiltered } from './queue-filter.ts';
import { QueueToolbar } from './queue-toolbar.tsx';

/** What was picked: an index of the list, and the entry that was there (null while its page is under way). */
interface Picked {
  readonly index: number;
  readonly entry: OutboxEntry | null;
}

const FIRST: Picked = { index: 0, entry: null };

/** Every mutation the server has not taken yet, in the order in which it will go. */
export function Queue() {
  const sync = useInspectedSync();
  const about = useContext(AboutContext);
  const [filter, setFilter] = useState(() => filterFor(about));
  // What came of a file is told although its work fills the queue, and has left it a moment later.
  const imported = useImportedWork();
  const window = useOutboxWindow(sync, filter);
  const isEmpty = useInspected((state) => state.outbox.length === 0);
  const [picked, setPicked] = useState<Picked | null>(about && FIRST);
  const selected = picked && current(picked, window);
  const { entryAt } = window;
  const pick = useCallback((index: number) => setPicked({ index, entry: entryAt(index) ?? null }), [entryAt]);
  const renderRow = useCallback((index: number) => <MutationRow entry={entryAt(index)} />, [entryAt]);
  // The page of an entry far away came after it was picked.
  if (picked && !picked.entry && selected?.entry) setPicked(selected);

  if (isEmpty) return <EmptyQueue imported={imported} />;
  return (
    <MasterDetail
      isEven
      toolbar={<QueueToolbar filter={filter} onFilter={setFilter} count={window.count} imported={imported} />}
      list={
        <VirtualList
          label="Mutations"
          count={window.count}
          rowHeight={42}
          selected={selected?.index ?? -1}
          onSelect={pick}
          onRange={window.onRange}
          renderRow={renderRow}
        />
      }
      hint={isUnfiltered(filter) ? 'Select a mutation to see its changes.' : 'Select one of these mutations.'}
      detail={selected?.entry ? <MutationDetail key={selected.entry.mutationId} entry={selected.entry} /> : null}
      onBack={() => setPicked(null)}
    />
  );
}

function EmptyQueue({ imported }: { readonly imported: ImportedWork }) {
  const phase = useInspected((state) => state.status.phase);
  const stranger = useInspected(({ status: { error } }) => (error?.details?.localSubject ? error.message : null));
  if (stranger) return <Empty title="Not for the person signed in">{stranger}</Empty>;
  if (phase === 'starting') return <Empty title="The database is being opened" />;
  if (phase === 'local') return <Empty title="No server, no queue">Writes stay on this device.</Empty>;
  return (
    <>
      <div className="padded">
        <ImportNotices imported={imported} />
      </div>
      <Empty
        title="The queue is empty"
        actions={
          <LiveOnly>
            <ImportButton imported={imported} />
          </LiveOnly>
        }
      >
        Every write of this device has reached the server.
      </Empty>
    </>
  );
}

/** What was picked, as it is now: entries move up as those before them go. Null when it is gone. */
function current({ index, entry }: Picked, window: OutboxWindow): Picked | null {
  if (!entry) return { index, entry: window.entryAt(index) ?? null };
  const now = window.indexOf(entry.mutationId);
  if (now >= 0) return { index: now, entry: window.entryAt(now) ?? entry };
  // Another one stands in its place, or nothing does: it went. Where nothing is loaded, it is shown as it was.
  const isGone = window.entryAt(index) !== undefined || index >= window.count;
  return isGone ? null : { index, entry };
}

import { memo, useCallback, useContext, useMemo, useState } from 'react';
import type { Conflict } from '../../../src/client/types.ts';
import { type Schema, tableOf } from '../../../src/core/schema.ts';
import { toKey } from '../../../src/core/values.ts';
import { keyText } from '../../../src/shared/cell.ts';
import { type About, AboutContext, useInspected, useInspectedSync } from '../../data/inspected.ts';
import { ageWords, useNow } from '../../data/time.ts';
import { valueText } from '../../data/value-text.ts';
import { Badge } from '../../ui/badge.tsx';
import { Empty } from '../../ui/empty.tsx';
import { MasterDetail } from '../../ui/master-detail.tsx';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { ConflictToolbar } from './conflict-toolbar.tsx';
import { OpenConflict } from './open-conflict.tsx';
import { PastConflict } from './past-conflict.tsx';

/** Conflicts that wait for a decision, and those that were decided. */
export function Conflicts() {
  const all = useInspected((state) => state.conflicts);
  const [picked, setPicked] = useState<Conflict['state'] | null>(null);
  const { schema } = useInspectedSync();
  const about = useContext(AboutContext);
  const [selectedId, setSelectedId] = useState<string | null>(() => about && idOf(schema, all, about));
  const hasOpen = all.some((one) => one.state === 'open');
  const shown = picked ?? (hasOpen || all.length === 0 ? 'open' : 'resolved');
  const [table, setTable] = useState<string | null>(null);
  const listed = useMemo(() => inOrder(all, shown, table), [all, shown, table]);
  // A conflict stays on the screen when it is decided while one looks at it.
  const selected = all.find((one) => one.id === selectedId) ?? null;
  const select = useCallback((index: number) => setSelectedId(listed[index]?.id ?? null), [listed]);
  const renderRow = useCallback((index: number) => <ConflictRow conflict={listed[index]} />, [listed]);
  if (all.length === 0) return <NoConflicts />;
  const list =
    listed.length === 0 ? (
      <Empty title={shown === 'open' ? 'Nothing to decide' : 'None was decided yet'} />
    ) : (
      <VirtualList
        label={shown === 'open' ? 'Open conflicts' : 'Past conflicts'}
        count={listed.length}
        rowHeight={42}
        selected={listed.findIndex((one) => one.id === selectedId)}
        onSelect={select}
        renderRow={renderRow}
      />
    );
  return (
    <MasterDetail
      toolbar={<ConflictToolbar {...{ all, listed, shown, table }} onShow={setPicked} onTable={setTable} />}
      list={list}
      hint={shown === 'open' ? 'Select a conflict to decide it.' : 'Select a conflict to see how it was decided.'}
      detail={selected && <Detail key={`${selected.id} ${selected.state}`} conflict={selected} />}
      onBack={() => setSelectedId(null)}
    />
  );
}

function NoConflicts() {
  const phase = useInspected((state) => state.status.phase);
  if (phase === 'local') return <Empty title="No server, no conflicts">Nobody else changes what is here.</Empty>;
  if (phase === 'starting') return <Empty title="The database is opening">Its conflicts appear here.</Empty>;
  return (
    <Empty title="No conflicts">When two devices change the same columns, both values are kept and shown here.</Empty>
  );
}

function Detail({ conflict }: { readonly conflict: Conflict }) {
  return conflict.state === 'open' ? <OpenConflict conflict={conflict} /> : <PastConflict conflict={conflict} />;
}

/** The open conflict of a row. */
function idOf(schema: Schema, all: readonly Conflict[], { table, key }: About): string | null {
  const of = tableOf(schema, table);
  const isIt = (one: Conflict) =>
    one.state === 'open' && one.table === table && keyText(toKey(of, one.key)) === keyText(key);
  return all.find(isIt)?.id ?? null;
}

/** Open ones in the order of their mutations, since a later one waits for the earlier; past ones newest first. */
function inOrder(all: readonly Conflict[], state: Conflict['state'], table: string | null): Conflict[] {
  const listed = all.filter((one) => one.state === state && (table === null || one.table === table));
  return state === 'open'
    ? listed.sort((a, b) => a.mutationId - b.mutationId)
    : listed.sort((a, b) => whenOf(b) - whenOf(a));
}

function whenOf(conflict: Conflict): number {
  return conflict.resolution?.at ?? conflict.detectedAt;
}

const ConflictRow = memo(function ConflictRow({ conflict }: { readonly conflict: Conflict | undefined }) {
  const now = useNow();
  if (!conflict) return null;
  return (
    <>
      <span className="row-main">
        <span className="ellipsis">
          <b>{conflict.table}</b> {conflict.columns.join(', ')}
        </span>
        <span className="ellipsis muted">{Object.values(conflict.key).map(valueText).join(', ')}</span>
      </span>
      <span className="row-side">
        <Badge tone={conflict.state === 'open' ? 'warn' : 'idle'}>{conflict.kind}</Badge>
        <span className="muted">{ageWords(whenOf(conflict), now)}</span>
      </span>
    </>
  );
});

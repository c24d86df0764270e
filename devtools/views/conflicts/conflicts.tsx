import { useMemo, useState } from 'react';
import type { Conflict } from '../../../src/client/types.ts';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { ageWords, useNow } from '../../data/time.ts';
import { valueText } from '../../data/value-text.ts';
import { formatCount } from '../../data/words.ts';
import { Badge } from '../../ui/badge.tsx';
import { Empty } from '../../ui/empty.tsx';
import { MasterDetail } from '../../ui/master-detail.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { useAction } from '../../ui/use-action.ts';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { OpenConflict } from './open-conflict.tsx';
import { PastConflict } from './past-conflict.tsx';

type Shown = Conflict['state'];

/** Conflicts that wait for a decision, and those that were decided. */
export function Conflicts() {
  const all = useInspected((state) => state.conflicts);
  const [picked, setPicked] = useState<Shown | null>(null);
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const hasOpen = all.some((one) => one.state === 'open');
  const shown = picked ?? (hasOpen || all.length === 0 ? 'open' : 'resolved');
  const listed = useMemo(() => inOrder(all, shown), [all, shown]);
  // A conflict stays on the screen when it is decided while one looks at it.
  const selected = all.find((one) => one.id === selectedId) ?? null;
  if (all.length === 0) {
    return (
      <Empty title="No conflicts">When two devices change the same columns, both values are kept and shown here.</Empty>
    );
  }
  const list = (
    <>
      <ConflictToolbar all={all} shown={shown} onShow={setPicked} />
      {listed.length === 0 ? (
        <Empty title={shown === 'open' ? 'Nothing to decide' : 'None was decided yet'} />
      ) : (
        <VirtualList
          label={shown === 'open' ? 'Open conflicts' : 'Past conflicts'}
          count={listed.length}
          rowHeight={46}
          selected={listed.findIndex((one) => one.id === selectedId)}
          onSelect={(index) => setSelectedId(listed[index]?.id ?? null)}
          renderRow={(index) => <ConflictRow conflict={listed[index]} />}
        />
      )}
    </>
  );
  return (
    <MasterDetail
      list={list}
      hint={shown === 'open' ? 'Select a conflict to decide it.' : 'Select a conflict to see how it was decided.'}
      detail={selected && <Detail key={`${selected.id} ${selected.state}`} conflict={selected} />}
      onBack={() => setSelectedId(null)}
    />
  );
}

function Detail({ conflict }: { readonly conflict: Conflict }) {
  return conflict.state === 'open' ? <OpenConflict conflict={conflict} /> : <PastConflict conflict={conflict} />;
}

/** Open ones in the order of their mutations, since a later one waits for the earlier; past ones newest first. */
function inOrder(all: readonly Conflict[], state: Shown): Conflict[] {
  const listed = all.filter((one) => one.state === state);
  return state === 'open'
    ? listed.sort((a, b) => a.mutationId - b.mutationId)
    : listed.sort((a, b) => whenOf(b) - whenOf(a));
}

function whenOf(conflict: Conflict): number {
  return conflict.resolution?.at ?? conflict.detectedAt;
}

interface ConflictToolbarProps {
  readonly all: readonly Conflict[];
  readonly shown: Shown;
  readonly onShow: (shown: Shown) => void;
}

function ConflictToolbar({ all, shown, onShow }: ConflictToolbarProps) {
  const sync = useInspectedSync();
  const action = useAction();
  const openCount = all.filter((one) => one.state === 'open').length;
  const counts: Readonly<Record<Shown, number>> = { open: openCount, resolved: all.length - openCount };
  return (
    <div className="toolbar">
      <fieldset className="segments" aria-label="Conflicts shown">
        {(['open', 'resolved'] as const).map((state) => (
          <button key={state} type="button" aria-pressed={state === shown} onClick={() => onShow(state)}>
            {state === 'open' ? 'Open' : 'Past'} {formatCount(counts[state])}
          </button>
        ))}
      </fieldset>
      <span className="spring" />
      {shown === 'open' && openCount > 1 && (
        <>
          <button
            type="button"
            disabled={action.isRunning}
            onClick={() => action.run(() => sync.conflicts.resolveAll('local'))}
          >
            All mine
          </button>
          <button
            type="button"
            disabled={action.isRunning}
            onClick={() => action.run(() => sync.conflicts.resolveAll('remote'))}
          >
            All theirs
          </button>
        </>
      )}
      <ErrorNotice error={action.error} />
    </div>
  );
}

function ConflictRow({ conflict }: { readonly conflict: Conflict | undefined }) {
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
}

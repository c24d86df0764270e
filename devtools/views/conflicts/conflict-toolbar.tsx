import { useState } from 'react';
import { CONFLICT_MIRROR_LIMIT, type Conflict } from '../../../src/client/types.ts';
import { useInspected } from '../../data/inspected.ts';
import { formatCount } from '../../data/words.ts';
import { LiveOnly } from '../../ui/live-only.tsx';
import { DecideAll } from './decide-all.tsx';

type Shown = Conflict['state'];

interface ConflictToolbarProps {
  readonly all: readonly Conflict[];
  /** Those in the list now. */
  readonly listed: readonly Conflict[];
  readonly shown: Shown;
  readonly table: string | null;
  readonly onShow: (shown: Shown) => void;
  readonly onTable: (table: string | null) => void;
}

/** Open or past, of which table, and what can be decided for all of these at once. */
export function ConflictToolbar({ all, listed, shown, table, onShow, onTable }: ConflictToolbarProps) {
  const [isDeciding, setDeciding] = useState(false);
  const hereCount = all.filter((one) => one.state === 'open').length;
  // The store has the first ones only; the status counts them all.
  const openCount = Math.max(
    hereCount,
    useInspected((state) => state.status.conflictCount),
  );
  const counts: Readonly<Record<Shown, number>> = { open: openCount, resolved: all.length - hereCount };
  const isPart = shown === 'open' ? openCount > hereCount : all.length >= CONFLICT_MIRROR_LIMIT;
  const tables = [...new Set(all.map((one) => one.table))].sort();
  const canDecide = shown === 'open' && listed.length > 1;
  return (
    <div className="toolbar">
      <fieldset className="segments" aria-label="Conflicts shown">
        {(['open', 'resolved'] as const).map((state) => (
          <button key={state} type="button" aria-pressed={state === shown} onClick={() => onShow(state)}>
            {state === 'open' ? 'Open' : 'Past'} {formatCount(counts[state])}
          </button>
        ))}
      </fieldset>
      {tables.length > 1 && (
        <select
          aria-label="Tables shown"
          value={table ?? ''}
          onChange={(event) => onTable(event.target.value === '' ? null : event.target.value)}
        >
          <option value="">All tables</option>
          {tables.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      )}
      {isPart && <span className="muted">the first {formatCount(listed.length)} are listed</span>}
      <span className="spring" />
      <LiveOnly>
        {canDecide && (
          <button type="button" aria-expanded={isDeciding} onClick={() => setDeciding(!isDeciding)}>
            Decide {formatCount(listed.length)}…
          </button>
        )}
      </LiveOnly>
      {canDecide && isDeciding && (
        <DecideAll conflicts={listed} table={table} isPart={isPart} onDone={() => setDeciding(false)} />
      )}
    </div>
  );
}

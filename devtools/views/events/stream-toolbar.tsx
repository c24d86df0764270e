import { type ReactNode, useState } from 'react';
import { formatCount } from '../../data/words.ts';

/** Something that keeps coming, as it stood when it was held. */
export interface HeldStream<T> {
  readonly items: readonly T[];
  readonly isHeld: boolean;
  readonly toggle: () => void;
  /** Takes what is there out of sight; what comes later is shown. */
  readonly clear: () => void;
  /** How many have come since it was held. */
  readonly missedCount: number;
}

/** Stands in the list that was just cleared. */
export const CLEARED = 'Cleared. What comes from now on is shown here.';

/** Lets a person hold a stream to read it, and begin anew. `last` marks where it is cleared. */
export function useHeldStream<T>(items: readonly T[], last: T | undefined): HeldStream<T> {
  const [held, setHeld] = useState<readonly T[] | null>(null);
  const [clearedAt, setClearedAt] = useState<T | undefined>(undefined);
  const after = (list: readonly T[]) => (clearedAt === undefined ? list : list.slice(list.lastIndexOf(clearedAt) + 1));
  const heldLast = held?.at(-1);
  return {
    items: after(held ?? items),
    isHeld: held !== null,
    toggle: () => setHeld(held ? null : items),
    clear: () => {
      setClearedAt(last);
      if (held) setHeld(items);
    },
    missedCount: held ? items.length - 1 - (heldLast === undefined ? -1 : items.lastIndexOf(heldLast)) : 0,
  };
}

interface StreamToolbarProps {
  /** Stands first. */
  readonly head: ReactNode;
  readonly label: string;
  readonly placeholder: string;
  readonly search: string;
  readonly onSearch: (text: string) => void;
  readonly kinds: readonly string[];
  /** Empty: all. */
  readonly type: string;
  readonly onType: (type: string) => void;
  readonly count: string;
  readonly stream: Pick<HeldStream<unknown>, 'isHeld' | 'toggle' | 'clear' | 'missedCount'>;
}

/** Search, a choice of kind, hold, and clear. */
export function StreamToolbar(props: StreamToolbarProps) {
  const { head, label, placeholder, search, onSearch, kinds, type, onType, count, stream } = props;
  return (
    <div className="toolbar">
      {head}
      <input
        type="search"
        aria-label={label}
        placeholder={placeholder}
        value={search}
        onChange={(event) => onSearch(event.target.value)}
      />
      <select aria-label="Kind" value={type} onChange={(event) => onType(event.target.value)}>
        <option value="">all kinds</option>
        {kinds.map((kind) => (
          <option key={kind}>{kind}</option>
        ))}
      </select>
      <button type="button" data-active={stream.isHeld} onClick={stream.toggle}>
        {stream.isHeld ? `Go on${stream.missedCount > 0 ? ` (${formatCount(stream.missedCount)} new)` : ''}` : 'Hold'}
      </button>
      <button type="button" onClick={stream.clear}>
        Clear
      </button>
      <span className="spring" />
      <span className="muted">{count}</span>
    </div>
  );
}

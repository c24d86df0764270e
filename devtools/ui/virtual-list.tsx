import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type KeyboardEvent, memo, type ReactNode, useEffect, useId, useRef } from 'react';
import { slotCount } from './slots.ts';

interface VirtualListProps {
  readonly label: string;
  readonly count: number;
  readonly rowHeight: number;
  readonly selected: number;
  readonly onSelect: (index: number) => void;
  /** Rows stay as they are while the list scrolls: what they show may change with this function only. */
  readonly renderRow: (index: number) => ReactNode;
  /** Stands where there are no rows. Default: that nothing matches. */
  readonly empty?: string;
  /** Told of the rows on the screen. */
  readonly onRange?: (first: number, last: number) => void;
}

const PAGE = 10;

/** A list of any length of which only what is on the screen exists. One tab stop; arrow keys move the selection. */
export function VirtualList(props: VirtualListProps) {
  const { label, count, rowHeight, selected, onSelect, renderRow, onRange, empty = 'Nothing matches.' } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const items = virtualizer.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  const slots = slotCount(items.length);
  useEffect(() => {
    onRange?.(first, last);
  }, [onRange, first, last]);
  const move = (event: KeyboardEvent) => {
    const target = targetOf(event.key, selected, count);
    if (target === undefined) return;
    event.preventDefault();
    onSelect(target);
    virtualizer.scrollToIndex(target);
  };
  // A list box without options is none.
  if (count === 0) return <p className="hint">{empty}</p>;
  return (
    <div
      ref={scroller}
      className="list"
      role="listbox"
      aria-label={label}
      aria-activedescendant={selected >= first && selected <= last ? `${id}-${selected}` : undefined}
      tabIndex={0}
      style={contentHeight(virtualizer.getTotalSize())}
      onKeyDown={move}
    >
      <div role="presentation" style={{ height: virtualizer.getTotalSize(), position: 'relative' }}>
        {items.map((item) => (
          <ListRow
            // An element that has left the screen takes the place of one that comes.
            key={item.index % slots}
            id={`${id}-${item.index}`}
            index={item.index}
            top={item.start}
            isSelected={item.index === selected}
            {...{ count, rowHeight, onSelect, renderRow }}
          />
        ))}
      </div>
    </div>
  );
}

/** What the list would like to have, for a place that gives it no more than that. */
function contentHeight(height: number): CSSProperties {
  return { '--content-height': `${height}px` } as CSSProperties;
}

interface ListRowProps extends Pick<VirtualListProps, 'count' | 'rowHeight' | 'onSelect' | 'renderRow'> {
  readonly id: string;
  readonly index: number;
  readonly top: number;
  readonly isSelected: boolean;
}

const ListRow = memo(function ListRow(props: ListRowProps) {
  const { id, index, top, count, rowHeight, isSelected, onSelect, renderRow } = props;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list itself takes the keys
    // biome-ignore lint/a11y/useFocusableInteractive: focus stays on the list (aria-activedescendant)
    <div
      id={id}
      className="list-row"
      role="option"
      aria-selected={isSelected}
      aria-posinset={index + 1}
      aria-setsize={count}
      style={{ height: rowHeight, transform: `translateY(${top}px)` }}
      onClick={() => onSelect(index)}
    >
      {renderRow(index)}
    </div>
  );
});

function targetOf(key: string, selected: number, count: number): number | undefined {
  const last = count - 1;
  const targets: Readonly<Record<string, number>> = {
    ArrowDown: selected + 1,
    ArrowUp: selected - 1,
    PageDown: selected + PAGE,
    PageUp: selected - PAGE,
    Home: 0,
    End: last,
  };
  const target = targets[key];
  return target === undefined || count === 0 ? undefined : Math.max(0, Math.min(last, target));
}

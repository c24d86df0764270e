import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  useCallback,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from 'react';
import { slotCount } from './slots.ts';

export interface GridColumn {
  readonly name: string;
  /** In px. */
  readonly width: number;
  /** Stands below the name. */
  readonly note?: string;
  readonly isNumber?: boolean;
  /** Takes the space that is left. */
  readonly grows?: boolean;
}

export interface DataGridProps<Row> {
  readonly label: string;
  readonly columns: readonly GridColumn[];
  readonly rowCount: number;
  /** Undefined while it is under way. A row that is the same one is not rendered again. */
  readonly rowAt: (index: number) => Row | undefined;
  /** Must keep its identity: what cells show may change with the row, and with this function. */
  readonly renderCell: (row: Row, column: number) => ReactNode;
  /** The row that is shown elsewhere; -1: none. */
  readonly selected?: number;
  /** A row was chosen, by click or arrow key. */
  readonly onSelect?: (row: number) => void;
  /** Enter or a double click on a cell. */
  readonly onOpenCell?: (row: number, column: number) => void;
  /** Told of the rows on the screen. */
  readonly onRange?: (first: number, last: number) => void;
  readonly rowMark?: (row: Row) => string | undefined;
}

const ROW_HEIGHT = 26;
const HEAD_HEIGHT = 28;
const PAGE = 12;

/** A table of any length of which only what is on the screen exists. One tab stop; the arrow keys go from cell to cell. */
export function DataGrid<Row>(props: DataGridProps<Row>) {
  const { label, rowCount, rowAt, renderCell, rowMark, selected = -1, onSelect, onOpenCell, onRange } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const columns = useFitting(scroller, props.columns);
  const id = useId();
  const [active, setActive] = useState({ row: 0, column: 0 });
  const virtualizer = useVirtualizer({
    count: rowCount,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    // The head covers so much of the top, and moves the rows down by it.
    scrollPaddingEnd: HEAD_HEIGHT,
  });
  const items = virtualizer.getVirtualItems();
  const slots = slotCount(items.length);
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => {
    onRange?.(first, last);
  }, [onRange, first, last]);
  const row = Math.max(0, Math.min(selected >= 0 ? selected : active.row, rowCount - 1));
  const column = Math.min(active.column, columns.length - 1);
  const isShown = items.some((item) => item.index === row);
  const goTo = (next: { row: number; column: number }) => {
    setActive(next);
    virtualizer.scrollToIndex(next.row);
    if (next.row !== selected) onSelect?.(next.row);
  };
  const calls = useLatest({ onSelect, onOpenCell });
  const onCell = useCallback(
    (at: Place) => {
      setActive(at);
      calls.current.onSelect?.(at.row);
    },
    [calls],
  );
  const onOpen = useCallback((at: Place) => calls.current.onOpenCell?.(at.row, at.column), [calls]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && onOpenCell) {
      event.preventDefault();
      onOpenCell(row, column);
      return;
    }
    const next = targetOf(event, { row, column }, { rowCount, columnCount: columns.length });
    if (!next) return;
    event.preventDefault();
    goTo(next);
    scrollToColumn(scroller.current, columns, next.column);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table of absolutely placed rows is none to a browser
    <div
      ref={scroller}
      className="grid"
      role="grid"
      aria-label={label}
      aria-rowcount={rowCount + 1}
      aria-colcount={columns.length}
      aria-activedescendant={isShown && rowCount > 0 ? `${id}-${row}-${column}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <GridHead columns={columns} />
      <div
        role="presentation"
        style={{ height: virtualizer.getTotalSize(), width: widthOf(columns), minWidth: '100%', position: 'relative' }}
      >
        {items.map((item) => {
          const data = rowAt(item.index);
          return (
            <GridRow
              // An element that has left the screen takes the place of one that comes.
              key={item.index % slots}
              {...{ id, columns, onCell, onOpen }}
              row={data}
              // Between this component and its rows, the kind of row is nobody's business.
              renderCell={renderCell as RenderCell}
              index={item.index}
              top={item.start}
              activeColumn={item.index === row ? column : -1}
              isSelected={item.index === selected}
              mark={data && rowMark?.(data)}
            />
          );
        })}
      </div>
    </div>
  );
}

function GridHead({ columns }: { readonly columns: readonly GridColumn[] }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: part of the grid above
    // biome-ignore lint/a11y/useFocusableInteractive: the grid itself takes the focus
    <div className="grid-head" role="row" aria-rowindex={1} style={{ width: widthOf(columns) }}>
      {columns.map(({ name, note, width, isNumber }) => (
        // biome-ignore lint/a11y/useSemanticElements: part of the grid above
        // biome-ignore lint/a11y/useFocusableInteractive: the grid itself takes the focus
        <div key={name} role="columnheader" className="grid-cell" data-number={isNumber} style={{ width }}>
          {name} {note !== undefined && <span className="muted">{note}</span>}
        </div>
      ))}
    </div>
  );
}

type RenderCell = (row: unknown, column: number) => ReactNode;

interface GridRowProps {
  readonly id: string;
  readonly index: number;
  readonly top: number;
  readonly columns: readonly GridColumn[];
  readonly row: unknown;
  readonly renderCell: RenderCell;
  /** -1: another row is active. */
  readonly activeColumn: number;
  readonly isSelected: boolean;
  readonly mark: string | undefined;
  readonly onCell: (at: Place) => void;
  readonly onOpen: (at: Place) => void;
}

/** Stays as it is while the grid scrolls, and while other rows change. */
const GridRow = memo(function GridRow(props: GridRowProps) {
  const { id, index, top, columns, row, renderCell, activeColumn, isSelected, mark, onCell, onOpen } = props;
  return (
    // biome-ignore lint/a11y/useSemanticElements: part of the grid above
    // biome-ignore lint/a11y/useFocusableInteractive: the grid itself takes the focus
    <div
      role="row"
      className="grid-row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-mark={mark}
      style={{ height: ROW_HEIGHT, transform: `translateY(${top}px)` }}
    >
      {columns.map(({ name, width, isNumber }, column) => (
        // biome-ignore lint/a11y/useSemanticElements: part of the grid above
        // biome-ignore lint/a11y/useFocusableInteractive: the grid itself takes the focus and the keys
        // biome-ignore lint/a11y/useKeyWithClickEvents: the grid itself takes the focus and the keys
        <div
          key={name}
          id={`${id}-${index}-${column}`}
          role="gridcell"
          className="grid-cell"
          data-active={column === activeColumn}
          data-number={isNumber}
          style={{ width }}
          onClick={() => onCell({ row: index, column })}
          onDoubleClick={() => onOpen({ row: index, column })}
        >
          {row !== undefined && renderCell(row, column)}
        </div>
      ))}
    </div>
  );
});

/** What was given last, for functions that must stay the same. */
function useLatest<T>(value: T): { readonly current: T } {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}

interface Place {
  readonly row: number;
  readonly column: number;
}

function targetOf(
  { key, ctrlKey, metaKey }: KeyboardEvent,
  { row, column }: Place,
  { rowCount, columnCount }: { rowCount: number; columnCount: number },
): Place | null {
  const isFar = ctrlKey || metaKey;
  const targets: Readonly<Record<string, Place>> = {
    ArrowDown: { row: row + 1, column },
    ArrowUp: { row: row - 1, column },
    ArrowRight: { row, column: column + 1 },
    ArrowLeft: { row, column: column - 1 },
    PageDown: { row: row + PAGE, column },
    PageUp: { row: row - PAGE, column },
    Home: isFar ? { row: 0, column } : { row, column: 0 },
    End: isFar ? { row: rowCount - 1, column } : { row, column: columnCount - 1 },
  };
  const target = targets[key];
  if (!target || rowCount === 0) return null;
  return {
    row: Math.max(0, Math.min(target.row, rowCount - 1)),
    column: Math.max(0, Math.min(target.column, columnCount - 1)),
  };
}

/** The columns, with what is left of the width given to the one that grows. */
function useFitting(
  scroller: { readonly current: HTMLDivElement | null },
  columns: readonly GridColumn[],
): readonly GridColumn[] {
  const [available, setAvailable] = useState(0);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setAvailable(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller]);
  return useMemo(() => {
    const left = available - widthOf(columns);
    if (left <= 0) return columns;
    return columns.map((column) => (column.grows ? { ...column, width: column.width + left } : column));
  }, [columns, available]);
}

function widthOf(columns: readonly GridColumn[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0);
}

/** Brings a column into sight: rows have no element of their own that could be asked for it. */
function scrollToColumn(scroller: HTMLDivElement | null, columns: readonly GridColumn[], column: number): void {
  if (!scroller) return;
  const left = widthOf(columns.slice(0, column));
  const right = left + (columns[column]?.width ?? 0);
  if (left < scroller.scrollLeft) scroller.scrollLeft = left;
  else if (right > scroller.scrollLeft + scroller.clientWidth) scroller.scrollLeft = right - scroller.clientWidth;
}

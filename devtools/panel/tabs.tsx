import { type KeyboardEvent, useRef } from 'react';
import { useInspected } from '../data/inspected.ts';
import { formatCount } from '../data/words.ts';
import { type PanelView, VIEWS } from './views.ts';

interface TabsProps {
  readonly selected: string;
  readonly onSelect: (id: string) => void;
}

/** One tab stop; the arrow keys go from tab to tab. */
export function Tabs({ selected, onSelect }: TabsProps) {
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const index = VIEWS.findIndex((view) => view.id === selected);
    const indexes: Readonly<Record<string, number>> = {
      ArrowRight: (index + 1) % VIEWS.length,
      ArrowLeft: index - 1,
      Home: 0,
      End: -1,
    };
    const target = VIEWS.at(indexes[event.key] ?? Number.NaN);
    if (!target || indexes[event.key] === undefined) return;
    event.preventDefault();
    onSelect(target.id);
    list.current?.querySelector<HTMLElement>(`#tab-${target.id}`)?.focus();
  };
  return (
    <div ref={list} className="tabs" role="tablist" aria-label="Views" onKeyDown={move}>
      {VIEWS.map(({ id, label, count }) => (
        <button
          key={id}
          type="button"
          role="tab"
          id={`tab-${id}`}
          aria-controls={id === selected ? `view-${id}` : undefined}
          aria-selected={id === selected}
          tabIndex={id === selected ? 0 : -1}
          onClick={() => onSelect(id)}
        >
          {label}
          <TabCount count={count} />
        </button>
      ))}
    </div>
  );
}

function TabCount({ count }: Pick<PanelView, 'count'>) {
  const shown = useInspected(count);
  return shown === 0 ? null : <span className="tab-count">{formatCount(shown)}</span>;
}

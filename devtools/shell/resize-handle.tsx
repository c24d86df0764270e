import type { KeyboardEvent, PointerEvent } from 'react';

/** The edges of the page where a panel can stand. */
export type Edge = 'bottom' | 'left' | 'right';

interface ResizeHandleProps {
  readonly edge: Edge;
  /** Height at the lower edge, width at the others. */
  readonly size: number;
  readonly onResize: (size: number) => void;
}

const MIN_SIZE: Readonly<Record<Edge, number>> = { bottom: 180, left: 320, right: 320 };
/** So much of the page stays in sight. */
const KEPT = 40;
const STEP = 24;

/** The keys that make it larger (+1) and smaller (−1). */
const KEYS: Readonly<Record<Edge, Readonly<Record<string, number>>>> = {
  bottom: { ArrowUp: 1, ArrowDown: -1 },
  left: { ArrowRight: 1, ArrowLeft: -1 },
  right: { ArrowLeft: 1, ArrowRight: -1 },
};

function room(edge: Edge): number {
  return edge === 'bottom' ? window.innerHeight : window.innerWidth;
}

/** A size that leaves something of the page, as far as there is room for both. */
export function boundSize(edge: Edge, size: number): number {
  return Math.round(Math.max(MIN_SIZE[edge], Math.min(size, room(edge) - KEPT)));
}

/** The inner edge of the docked panel: drag it, or move it with the arrow keys. */
export function ResizeHandle({ edge, size, onResize }: ResizeHandleProps) {
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const sizes = { bottom: room(edge) - event.clientY, left: event.clientX, right: room(edge) - event.clientX };
    onResize(boundSize(edge, sizes[edge]));
  };
  const byKey = (event: KeyboardEvent) => {
    const direction = KEYS[edge][event.key];
    if (direction === undefined) return;
    event.preventDefault();
    onResize(boundSize(edge, size + direction * STEP));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> that can be moved takes no pointer capture in every browser
    <div
      className="resize"
      role="separator"
      aria-orientation={edge === 'bottom' ? 'horizontal' : 'vertical'}
      aria-label={`${edge === 'bottom' ? 'Height' : 'Width'} of the panel`}
      aria-valuenow={size}
      aria-valuemin={MIN_SIZE[edge]}
      aria-valuemax={boundSize(edge, Number.POSITIVE_INFINITY)}
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={byKey}
    />
  );
}

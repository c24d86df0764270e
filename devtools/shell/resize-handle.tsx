import type { KeyboardEvent, PointerEvent } from 'react';

interface ResizeHandleProps {
  readonly height: number;
  readonly onResize: (height: number) => void;
}

export const MIN_HEIGHT = 180;
const STEP = 24;

export function boundHeight(height: number): number {
  return Math.round(Math.max(MIN_HEIGHT, Math.min(height, window.innerHeight - 40)));
}

/** The upper edge of the docked panel: drag it, or move it with the arrow keys. */
export function ResizeHandle({ height, onResize }: ResizeHandleProps) {
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    onResize(boundHeight(window.innerHeight - event.clientY));
  };
  const byKey = (event: KeyboardEvent) => {
    const step = { ArrowUp: STEP, ArrowDown: -STEP }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    onResize(boundHeight(height + step));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> that can be moved takes no pointer capture in every browser
    <div
      className="resize"
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of the panel"
      aria-valuenow={height}
      aria-valuemin={MIN_HEIGHT}
      aria-valuemax={window.innerHeight}
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={byKey}
    />
  );
}

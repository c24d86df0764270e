import { type ReactNode, useEffect, useRef } from 'react';

interface MasterDetailProps {
  /** Stands above both. */
  readonly toolbar?: ReactNode;
  readonly list: ReactNode;
  /** Null while nothing is selected. */
  readonly detail: ReactNode | null;
  readonly hint: string;
  /** Whether the list needs as much room as the details. */
  readonly isEven?: boolean;
  readonly onBack: () => void;
}

/** A list with the details of one entry beside it; on a narrow panel they take its place. */
export function MasterDetail({ toolbar, list, detail, hint, isEven = false, onBack }: MasterDetailProps) {
  const root = useRef<HTMLDivElement>(null);
  const back = useRef<HTMLButtonElement>(null);
  const hasDetail = detail !== null;
  useEffect(() => {
    // The list that had the focus has made room: who uses the keyboard goes along, and comes back by the first button.
    const focused = root.current && focusBeside(root.current);
    if (hasDetail && focused?.checkVisibility() === false && root.current?.contains(focused)) back.current?.focus();
    // On a narrow panel the list has given most of its height to the details: what they are of stays in sight.
    if (hasDetail) root.current?.querySelector('.master [aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [hasDetail]);
  return (
    <div className="master-detail" ref={root} data-has-detail={hasDetail} data-even={isEven}>
      <div className="master-bar">{toolbar}</div>
      <div className="master">{list}</div>
      {/* It scrolls, so the keyboard has to be able to enter it. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls */}
      <section className="detail" aria-label="Details" tabIndex={0}>
        {detail === null ? (
          <p className="hint">{hint}</p>
        ) : (
          <>
            <button ref={back} type="button" className="back" onClick={onBack}>
              ‹ Back to the list
            </button>
            {detail}
          </>
        )}
      </section>
    </div>
  );
}

/** What has the focus in the same tree. */
function focusBeside(element: HTMLElement): Element | null {
  // In a window of its own the tree is made of that window's classes: what it is cannot be asked by those of this one.
  const tree = element.getRootNode() as Node & Partial<DocumentOrShadowRoot>;
  return tree.activeElement ?? null;
}

/** Puts the details back to their top when another entry is shown. */
export function useScrollTop(identity: unknown) {
  const top = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the identity changes
  useEffect(() => {
    const scroller = top.current?.parentElement;
    if (scroller) scroller.scrollTop = 0;
  }, [identity]);
  return top;
}

import { useContext, useRef, useState } from 'react';
import type { WriteReceipt } from '../../../src/client/sync.ts';
import type { MutationOutcome } from '../../../src/client/types.ts';
import { ShowViewContext } from '../../data/inspected.ts';
import { Notice } from '../../ui/notice.tsx';

export interface Refusal {
  /** What the server answered last, where that was no. */
  readonly outcome: MutationOutcome | null;
  /** Waits for the server's answer to a write of this view; the one before is of no interest any more. */
  readonly watch: (receipt: WriteReceipt) => void;
  readonly dismiss: () => void;
}

/** What the server refuses is not applied here any more: without a word, a new row would only vanish. */
export function useRefusal(): Refusal {
  const [outcome, setOutcome] = useState<MutationOutcome | null>(null);
  const watched = useRef<WriteReceipt | null>(null);
  return {
    outcome,
    watch(receipt) {
      watched.current = receipt;
      setOutcome(null);
      receipt.settled.then(
        (settled) => {
          const isNo = settled.outcome === 'rejected' || settled.outcome === 'conflict';
          if (watched.current === receipt && isNo) setOutcome(settled);
        },
        () => {},
      );
    },
    dismiss: () => setOutcome(null),
  };
}

export function Refused({ refusal: { outcome, dismiss } }: { readonly refusal: Refusal }) {
  const showView = useContext(ShowViewContext);
  if (!outcome) return null;
  const isConflict = outcome.outcome === 'conflict';
  return (
    <Notice tone={isConflict ? 'warn' : 'bad'}>
      <p>
        <strong>{isConflict ? 'The new row met a conflict.' : 'The server refused the new row.'}</strong>{' '}
        {outcome.reason?.message}
      </p>
      <div className="actions">
        <button type="button" onClick={() => showView(isConflict ? 'conflicts' : 'queue')}>
          {isConflict ? 'Show the conflict' : 'Show in the queue'}
        </button>
        <button type="button" onClick={dismiss}>
          Dismiss
        </button>
      </div>
    </Notice>
  );
}

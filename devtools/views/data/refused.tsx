import { useContext, useRef, useState } from 'react';
import type { WriteReceipt } from '../../../src/client/sync.ts';
import type { MutationOutcome } from '../../../src/client/types.ts';
import { type About, ShowViewContext } from '../../data/inspected.ts';
import { Notice } from '../../ui/notice.tsx';

export interface Refusal {
  /** What the server answered last, where that was no. */
  readonly refused: Refused | null;
  /** Waits for the server's answer to a write of this row; the one before is of no interest any more. */
  readonly watch: (about: About, receipt: WriteReceipt) => void;
  readonly dismiss: () => void;
}

interface Refused {
  readonly about: About;
  readonly outcome: MutationOutcome;
}

/** What the server refuses is not applied here any more: without a word, a new row would only vanish. */
export function useRefusal(): Refusal {
  const [refused, setRefused] = useState<Refused | null>(null);
  const watched = useRef<WriteReceipt | null>(null);
  return {
    refused,
    watch(about, receipt) {
      watched.current = receipt;
      setRefused(null);
      receipt.settled.then(
        (settled) => {
          const isNo = settled.outcome === 'rejected' || settled.outcome === 'conflict';
          if (watched.current === receipt && isNo) setRefused({ about, outcome: settled });
        },
        () => {},
      );
    },
    dismiss: () => setRefused(null),
  };
}

export function RefusedNotice({ refusal: { refused, dismiss } }: { readonly refusal: Refusal }) {
  const showView = useContext(ShowViewContext);
  if (!refused) return null;
  const { about, outcome } = refused;
  const isConflict = outcome.outcome === 'conflict';
  return (
    <Notice tone={isConflict ? 'warn' : 'bad'}>
      <p>
        <strong>{isConflict ? 'The new row met a conflict.' : 'The server refused the new row.'}</strong>{' '}
        {outcome.reason?.message}
      </p>
      <div className="actions">
        <button type="button" onClick={() => showView(isConflict ? 'conflicts' : 'queue', about)}>
          {isConflict ? 'Show the conflict' : 'Show in the queue'}
        </button>
        <button type="button" onClick={dismiss}>
          Dismiss
        </button>
      </div>
    </Notice>
  );
}

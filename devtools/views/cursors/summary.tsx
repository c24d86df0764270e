import { useState } from 'react';
import type { CursorInfo } from '../../../src/client/types.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { countWords, formatCount } from '../../data/words.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { LiveOnly } from '../../ui/live-only.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { useAction } from '../../ui/use-action.ts';

/** How the scopes stand as a whole, and what can be done for all of them. */
export function Summary({ cursors }: { readonly cursors: readonly CursorInfo[] }) {
  const sync = useInspectedSync();
  const action = useAction();
  const [isAsking, setAsking] = useState(false);
  const followed = cursors.filter((one) => one.isFollowed);
  const leftOutCount = cursors.length - followed.length;
  const behind = followed.filter((one) => one.lag !== 0 || !one.isComplete).length;
  const resync = () => void action.run(() => sync.hydrate()).then((isDone) => isDone && setAsking(false));
  return (
    <>
      <div className="summary">
        <p>
          {countWords(followed.length, 'scope')}
          {followed.length > 0 && `, ${behind === 0 ? 'all at the head of the log' : `${behind} behind`}`}
          {leftOutCount > 0 && `; ${formatCount(leftOutCount)} left out`}
        </p>
        <LiveOnly>
          <span className="actions">
            <button type="button" disabled={action.isRunning} onClick={() => action.run(() => sync.pull())}>
              Pull now
            </button>
            <button type="button" aria-expanded={isAsking} onClick={() => setAsking(!isAsking)}>
              Resync…
            </button>
          </span>
        </LiveOnly>
      </div>
      {isAsking && (
        <Confirm
          title="Fetch all rows anew?"
          action="Resync"
          cancel="Cancel"
          isRunning={action.isRunning}
          onConfirm={resync}
          onCancel={() => setAsking(false)}
        >
          <p>The server sends every row of these scopes once more, and they replace what is confirmed here.</p>
          <p className="muted">Changes that wait stay in the queue and lie on top of it.</p>
        </Confirm>
      )}
      <ErrorNotice error={action.error} />
    </>
  );
}

import { useState } from 'react';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { countWords } from '../../data/words.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { useAction } from '../../ui/use-action.ts';
import { scopeWords } from './scope-words.ts';

interface FollowScopeProps {
  readonly scope: string;
  readonly isFollowed: boolean;
  /** Null: not counted yet. */
  readonly rowCount: number | null;
}

/** Leaves a scope out on this device, after telling what that means, or follows it again. */
export function FollowScope({ scope, isFollowed, rowCount }: FollowScopeProps) {
  const sync = useInspectedSync();
  const pendingCount = useInspected((state) => state.status.pendingCount);
  const action = useAction();
  const [isAsking, setAsking] = useState(false);
  const follow = () => void action.run(() => sync.scopes.subscribe(scope));
  const leave = () =>
    void action.run(() => sync.scopes.unsubscribe(scope)).then((isDone) => isDone && setAsking(false));
  return (
    <div className="follow">
      <div className="actions">
        <button
          type="button"
          aria-label={`${isFollowed ? 'Unsubscribe from' : 'Subscribe to'} ${scope}`}
          aria-expanded={isFollowed ? isAsking : undefined}
          disabled={action.isRunning}
          onClick={isFollowed ? () => setAsking(!isAsking) : follow}
        >
          {isFollowed ? 'Unsubscribe…' : 'Subscribe'}
        </button>
      </div>
      {isFollowed && isAsking && (
        <Confirm
          title={`Leave ${scopeWords(scope)} out?`}
          action="Unsubscribe"
          cancel="Cancel"
          isRunning={action.isRunning}
          onConfirm={leave}
          onCancel={() => setAsking(false)}
        >
          <p>
            {rowCount === null
              ? 'Its rows leave'
              : `${countWords(rowCount, 'row')} of it ${rowCount === 1 ? 'leaves' : 'leave'}`}{' '}
            this device with the next pull; the server keeps them. Subscribing brings them back.
          </p>
          {pendingCount > 0 && <p className="muted">Changes that wait stay in the queue and are sent.</p>}
        </Confirm>
      )}
      <ErrorNotice error={action.error} />
    </div>
  );
}

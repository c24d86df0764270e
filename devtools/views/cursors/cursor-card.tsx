import type { CursorInfo, SyncProgress } from '../../../src/client/types.ts';
import { useInspected } from '../../data/inspected.ts';
import { ageWords, clockWords, useNow } from '../../data/time.ts';
import { countWords, formatCount, progressWords } from '../../data/words.ts';
import { Badge } from '../../ui/badge.tsx';
import { LiveOnly } from '../../ui/live-only.tsx';
import { FollowScope } from './follow-scope.tsx';
import { scopeWords } from './scope-words.ts';

interface CursorProps {
  readonly info: CursorInfo;
  readonly rowCount: number | null;
  readonly progress: SyncProgress | null;
}

/** One scope: where this device is in it, and whether it follows it. */
export function CursorCard({ info, rowCount, progress }: CursorProps) {
  const seq = info.cursor?.seq ?? 0;
  return (
    <li className="cursor card" data-followed={info.isFollowed}>
      <div className="cursor-head">
        <code className="scope">{scopeWords(info.scope)}</code>
        <LagBadge info={info} />
      </div>
      <CursorBar info={info} progress={progress} />
      <p className="cursor-facts">
        <span>
          seq <b>{info.cursor ? formatCount(seq) : '—'}</b> of {info.head === null ? 'unknown' : formatCount(info.head)}
        </span>
        {rowCount !== null && (
          <span>
            <b>{formatCount(rowCount)}</b> {rowCount === 1 ? 'row' : 'rows'} held
          </span>
        )}
        <Lateness info={info} />
        <span>
          epoch <code>{info.cursor?.epoch ?? '—'}</code>
        </span>
        {progress?.step === 'snapshot' && <span>{progressWords(progress)}</span>}
      </p>
      <LiveOnly>
        <FollowScope scope={info.scope} isFollowed={info.isFollowed} rowCount={rowCount} />
      </LiveOnly>
    </li>
  );
}

/** While a scope is loaded for the first time, how much of it is here; afterwards, how far it is in the log. */
function CursorBar({ info, progress }: Pick<CursorProps, 'info' | 'progress'>) {
  if (progress?.step === 'snapshot' && progress.total !== null) {
    return (
      <meter
        aria-label={`Rows loaded of ${info.scope}`}
        min={0}
        max={Math.max(1, progress.total)}
        value={progress.done}
      />
    );
  }
  if (info.head === null) return null;
  return (
    <meter
      aria-label={`Position in ${info.scope}`}
      min={0}
      max={Math.max(1, info.head)}
      value={info.cursor?.seq ?? 0}
      data-complete={info.isComplete && info.lag === 0}
    />
  );
}

/** How old what is shown is: the lag in time. */
function Lateness({ info }: Pick<CursorProps, 'info'>) {
  const now = useNow();
  const lastSyncedAt = useInspected((state) => state.status.lastSyncedAt);
  if (lastSyncedAt === null || info.lag === 0 || info.lag === null) return null;
  return (
    <span>
      as of <b>{clockWords(lastSyncedAt, now)}</b> ({ageWords(lastSyncedAt, now)})
    </span>
  );
}

function LagBadge({ info }: { readonly info: CursorInfo }) {
  if (!info.isFollowed) return <Badge tone="idle">{info.cursor ? 'leaves with the next pull' : 'left out'}</Badge>;
  if (!info.isComplete) return <Badge tone="busy">first load not complete</Badge>;
  if (info.lag === null) return <Badge tone="idle">head unknown</Badge>;
  return info.lag === 0 ? (
    <Badge tone="ok">up to date</Badge>
  ) : (
    <Badge tone="busy">{countWords(info.lag, 'commit')} behind</Badge>
  );
}

import { useCallback, useState } from 'react';
import type { CursorInfo, ScopeInfo, SyncProgress } from '../../src/client/types.ts';
import { useInspected, useInspectedSync } from '../data/inspected.ts';
import { ageWords, clockWords, useNow } from '../data/time.ts';
import { useFetched } from '../data/use-fetched.ts';
import { countWords, formatCount, progressWords } from '../data/words.ts';
import { Badge } from '../ui/badge.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty } from '../ui/empty.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { useAction } from '../ui/use-action.ts';

const EVERY_SCOPE = '*';

/** Where this device stands in each scope it follows, against the server's head. */
export function Cursors() {
  const cursors = useInspected((state) => state.cursors);
  const progress = useInspected((state) => state.status.progress);
  const isLocal = useInspected((state) => state.status.phase === 'local');
  const scopes = useScopes();
  if (cursors.length === 0) {
    return (
      <Empty title={isLocal ? 'No server, no cursors' : 'No scope is followed yet'}>
        {isLocal
          ? 'This app keeps its data on this device only.'
          : 'Cursors appear with the first answer of the server.'}
      </Empty>
    );
  }
  return (
    <div className="padded">
      <Summary cursors={cursors} />
      <ul className="cursors">
        {cursors.map((cursor) => (
          <Cursor
            key={cursor.scope}
            info={cursor}
            rowCount={rowsIn(cursor.scope, scopes)}
            progress={cursor.isComplete ? null : progress}
          />
        ))}
      </ul>
      <HeldRows cursors={cursors} scopes={scopes} />
    </div>
  );
}

/** Rows by scope: counted anew when a round has brought something. */
function useScopes(): readonly ScopeInfo[] | null {
  const sync = useInspectedSync();
  const seq = useInspected((state) => state.cursors[0]?.cursor?.seq);
  const fetch = useCallback(() => sync.inspect.scopes(), [sync]);
  return useFetched(fetch, seq);
}

function rowsIn(scope: string, scopes: readonly ScopeInfo[] | null): number | null {
  if (!scopes) return null;
  if (scope === EVERY_SCOPE) return scopes.reduce((sum, one) => sum + one.rowCount, 0);
  return scopes.find((one) => one.scope === scope)?.rowCount ?? 0;
}

function Summary({ cursors }: { readonly cursors: readonly CursorInfo[] }) {
  const sync = useInspectedSync();
  const action = useAction();
  const [isAsking, setAsking] = useState(false);
  const behind = cursors.filter((one) => one.lag !== 0 || !one.isComplete).length;
  const resync = () => void action.run(() => sync.hydrate()).then((isDone) => isDone && setAsking(false));
  return (
    <>
      <div className="summary">
        <p>
          {countWords(cursors.length, 'scope')}, {behind === 0 ? 'all at the head of the log' : `${behind} behind`}
        </p>
        <span className="actions">
          <button type="button" disabled={action.isRunning} onClick={() => action.run(() => sync.pull())}>
            Pull now
          </button>
          <button type="button" aria-expanded={isAsking} onClick={() => setAsking(!isAsking)}>
            Resync…
          </button>
        </span>
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

interface CursorProps {
  readonly info: CursorInfo;
  readonly rowCount: number | null;
  readonly progress: SyncProgress | null;
}

function Cursor({ info, rowCount, progress }: CursorProps) {
  const seq = info.cursor?.seq ?? 0;
  return (
    <li className="cursor card">
      <div className="cursor-head">
        <code className="scope">{info.scope === EVERY_SCOPE ? '* (every scope)' : info.scope}</code>
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
  if (!info.isComplete) return <Badge tone="busy">first load not complete</Badge>;
  if (info.lag === null) return <Badge tone="idle">head unknown</Badge>;
  return info.lag === 0 ? (
    <Badge tone="ok">up to date</Badge>
  ) : (
    <Badge tone="busy">{countWords(info.lag, 'commit')} behind</Badge>
  );
}

/** Who follows every scope wants to know what that is. */
function HeldRows({
  cursors,
  scopes,
}: {
  readonly cursors: readonly CursorInfo[];
  readonly scopes: readonly ScopeInfo[] | null;
}) {
  const followed = new Set(cursors.map((one) => one.scope));
  const others = (scopes ?? []).filter((one) => one.scope === null || !followed.has(one.scope));
  if (others.length === 0) return null;
  const most = Math.max(1, ...others.map((one) => one.rowCount));
  const sorted = [...others].sort((a, b) => b.rowCount - a.rowCount);
  return (
    <section className="card held" aria-label="Rows by scope">
      <h3>Rows by scope</h3>
      <ul>
        {sorted.map(({ scope, rowCount }) => (
          <li key={scope}>
            <code className="ellipsis">{scope ?? 'parent not here'}</code>
            <meter aria-label={`Rows in ${scope ?? 'no scope'}`} min={0} max={most} value={rowCount} />
            <span className="count-words">{formatCount(rowCount)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

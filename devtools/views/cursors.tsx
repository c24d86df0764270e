import type { CursorInfo, SyncProgress } from '../../src/client/types.ts';
import { useInspected } from '../data/inspected.ts';
import { countWords, formatCount, progressWords } from '../data/words.ts';
import { Badge } from '../ui/badge.tsx';
import { Empty } from '../ui/empty.tsx';

/** Where this device stands in each scope it follows, against the server's head. */
export function Cursors() {
  const cursors = useInspected((state) => state.cursors);
  const progress = useInspected((state) => state.status.progress);
  const isLocal = useInspected((state) => state.status.phase === 'local');
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
          <Cursor key={cursor.scope} info={cursor} progress={cursor.isComplete ? null : progress} />
        ))}
      </ul>
    </div>
  );
}

function Summary({ cursors }: { readonly cursors: readonly CursorInfo[] }) {
  const behind = cursors.filter((one) => one.lag !== 0 || !one.isComplete).length;
  return (
    <p className="summary">
      {countWords(cursors.length, 'scope')}, {behind === 0 ? 'all at the head of the log' : `${behind} behind`}
    </p>
  );
}

function Cursor({ info, progress }: { readonly info: CursorInfo; readonly progress: SyncProgress | null }) {
  const seq = info.cursor?.seq ?? 0;
  return (
    <li className="cursor card">
      <div className="cursor-head">
        <code className="scope">{info.scope === '*' ? '* (every scope)' : info.scope}</code>
        <LagBadge info={info} />
      </div>
      {info.head !== null && (
        <meter
          aria-label={`Position in ${info.scope}`}
          min={0}
          max={Math.max(1, info.head)}
          value={seq}
          data-complete={info.isComplete && info.lag === 0}
        />
      )}
      <p className="cursor-facts">
        <span>
          seq <b>{info.cursor ? formatCount(seq) : '—'}</b> of {info.head === null ? 'unknown' : formatCount(info.head)}
        </span>
        <span>
          epoch <code>{info.cursor?.epoch ?? '—'}</code>
        </span>
        {progress?.step === 'snapshot' && <span>{progressWords(progress)}</span>}
      </p>
    </li>
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

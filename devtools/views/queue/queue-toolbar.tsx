import { OUTBOX_MIRROR_LIMIT, type OutboxEntry } from '../../../src/client/types.ts';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { jsonSafe } from '../../data/value-text.ts';
import { formatCount } from '../../data/words.ts';
import { ErrorNotice } from '../../ui/notice.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { useAction } from '../../ui/use-action.ts';

export interface QueueFilter {
  readonly text: string;
  /** `waiting`: pending, sent, accepted, parked. `stuck`: conflicted or rejected. */
  readonly state: 'all' | 'waiting' | 'stuck';
}

export function matches(entry: OutboxEntry, filter: QueueFilter): boolean {
  const isStuck = entry.state === 'conflicted' || entry.state === 'rejected';
  if (filter.state !== 'all' && isStuck !== (filter.state === 'stuck')) return false;
  const text = filter.text.trim().toLowerCase();
  return (
    text === '' ||
    JSON.stringify([entry.mutationId, entry.reason, entry.changes], jsonSafe).toLowerCase().includes(text)
  );
}

interface QueueToolbarProps {
  readonly filter: QueueFilter;
  readonly onFilter: (filter: QueueFilter) => void;
  readonly count: number;
}

/** Filter, and what can be done to the queue as a whole. */
export function QueueToolbar({ filter, onFilter, count }: QueueToolbarProps) {
  const sync = useInspectedSync();
  const outbox = useInspected((state) => state.outbox);
  const action = useAction();
  const rejected = outbox.filter((entry) => entry.state === 'rejected');
  const retryAll = async () => {
    for (const entry of rejected) await sync.outbox.retry(entry.mutationId);
  };
  const exportAll = async () => saveFile('tidemark-outbox.json', await sync.outbox.export());
  const isCut = outbox.length >= OUTBOX_MIRROR_LIMIT && (filter.text !== '' || filter.state !== 'all');
  return (
    <div className="toolbar">
      <input
        type="search"
        aria-label="Filter mutations"
        placeholder="Filter: table, key, value…"
        value={filter.text}
        onChange={(event) => onFilter({ ...filter, text: event.target.value })}
      />
      <select
        aria-label="States shown"
        value={filter.state}
        onChange={(event) => onFilter({ ...filter, state: stateOf(event.target.value) })}
      >
        <option value="all">All states</option>
        <option value="waiting">Waiting</option>
        <option value="stuck">Stuck</option>
      </select>
      <span className="muted">
        {formatCount(count)}
        {isCut && ` among the first ${formatCount(OUTBOX_MIRROR_LIMIT)}`}
      </span>
      <span className="spring" />
      {rejected.length > 0 && (
        <button type="button" disabled={action.isRunning} onClick={() => action.run(retryAll)}>
          Retry all rejected
        </button>
      )}
      <button type="button" disabled={action.isRunning} onClick={() => action.run(exportAll)}>
        Export
      </button>
      <ErrorNotice error={action.error} />
    </div>
  );
}

function stateOf(value: string): QueueFilter['state'] {
  return value === 'waiting' || value === 'stuck' ? value : 'all';
}

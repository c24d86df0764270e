import type { MutationState } from '../../../src/client/types.ts';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { countWords, formatCount } from '../../data/words.ts';
import { createWork } from '../../data/work.ts';
import { stateWords } from '../../ui/badge.tsx';
import { LiveOnly } from '../../ui/live-only.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { WorkProgress } from '../../ui/work-progress.tsx';
import { ImportButton, type ImportedWork, ImportNotices } from './import-file.tsx';
import { outboxFilter, type QueueFilter } from './queue-filter.ts';

interface QueueToolbarProps {
  readonly filter: QueueFilter;
  readonly onFilter: (filter: QueueFilter) => void;
  readonly count: number;
  readonly imported: ImportedWork;
}

const STATES: readonly MutationState[] = ['pending', 'sent', 'accepted', 'parked', 'conflicted', 'rejected'];

const useRetries = createWork<number>();
const useExports = createWork<void>();

/** Filter, and what can be done to the queue as a whole. */
export function QueueToolbar({ filter, onFilter, count, imported }: QueueToolbarProps) {
  const sync = useInspectedSync();
  const rejectedCount = useInspected((state) => state.status.rejectedCount);
  const retrying = useRetries(sync);
  const exporting = useExports(sync);
  const { states: _states, ...rows } = outboxFilter(filter);
  const isPart = rows.table !== undefined || rows.row !== undefined;
  return (
    <div className="toolbar">
      <Filters filter={filter} onFilter={onFilter} />
      <span className="muted count-words" role="status">
        {countWords(count, 'mutation')}
      </span>
      <span className="spring" />
      <LiveOnly>
        <span className="group">
          {(rejectedCount > 0 || retrying.isRunning) && (
            <button
              type="button"
              disabled={retrying.isRunning}
              onClick={() => retrying.run((call) => sync.outbox.retryAll(rows, call))}
              title={isPart ? 'Those of this table and row' : `${formatCount(rejectedCount)} were rejected`}
            >
              Retry all rejected
            </button>
          )}
          <button
            type="button"
            disabled={exporting.isRunning}
            onClick={() =>
              exporting.run(async (call) => saveFile('tidemark-outbox.json', await sync.outbox.export(call)))
            }
          >
            {exporting.isRunning ? 'Exporting…' : 'Export'}
          </button>
          <ImportButton imported={imported} />
        </span>
      </LiveOnly>
      <WorkProgress label="Retrying" work={retrying} />
      <WorkProgress label="Exporting" work={exporting} />
      <ErrorNotice error={exporting.error ?? retrying.error} />
      <ImportNotices imported={imported} />
    </div>
  );
}

function Filters({ filter, onFilter }: Pick<QueueToolbarProps, 'filter' | 'onFilter'>) {
  const { schema } = useInspectedSync();
  return (
    <>
      <input
        type="search"
        aria-label="Filter by row key"
        placeholder="Row key…"
        value={filter.row}
        onChange={(event) => onFilter({ ...filter, row: event.target.value })}
      />
      <select
        aria-label="Tables shown"
        value={filter.table}
        onChange={(event) => onFilter({ ...filter, table: event.target.value })}
      >
        <option value="all">All tables</option>
        {Object.keys(schema.tables).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label="States shown"
        value={filter.state}
        onChange={(event) => onFilter({ ...filter, state: stateOf(event.target.value) })}
      >
        <option value="all">All states</option>
        {STATES.map((state) => (
          <option key={state} value={state}>
            {stateWords(state).label}
          </option>
        ))}
      </select>
    </>
  );
}

function stateOf(value: string): QueueFilter['state'] {
  return STATES.find((state) => state === value) ?? 'all';
}

import { useRef, useState } from 'react';
import type { MutationState, OutboxImport } from '../../../src/client/types.ts';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { countWords, formatCount } from '../../data/words.ts';
import { stateWords } from '../../ui/badge.tsx';
import { ErrorNotice, Notice } from '../../ui/notice.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { useAction } from '../../ui/use-action.ts';
import { outboxFilter, type QueueFilter } from './queue-filter.ts';

interface QueueToolbarProps {
  readonly filter: QueueFilter;
  readonly onFilter: (filter: QueueFilter) => void;
  readonly count: number;
}

const STATES: readonly MutationState[] = ['pending', 'sent', 'accepted', 'parked', 'conflicted', 'rejected'];

/** Filter, and what can be done to the queue as a whole. */
export function QueueToolbar({ filter, onFilter, count }: QueueToolbarProps) {
  const sync = useInspectedSync();
  const rejectedCount = useInspected((state) => state.status.rejectedCount);
  const action = useAction();
  const { states: _states, ...rows } = outboxFilter(filter);
  const isPart = rows.table !== undefined || rows.row !== undefined;
  return (
    <div className="toolbar">
      <Filters filter={filter} onFilter={onFilter} />
      <span className="muted count-words" role="status">
        {countWords(count, 'mutation')}
      </span>
      <span className="spring" />
      <span className="group">
        {rejectedCount > 0 && (
          <button
            type="button"
            disabled={action.isRunning}
            onClick={() => action.run(() => sync.outbox.retryAll(rows))}
            title={isPart ? 'Those of this table and row' : `${formatCount(rejectedCount)} were rejected`}
          >
            Retry all rejected
          </button>
        )}
        <button
          type="button"
          disabled={action.isRunning}
          onClick={() => action.run(async () => saveFile('tidemark-outbox.json', await sync.outbox.export()))}
        >
          Export
        </button>
        <ImportButton />
      </span>
      <ErrorNotice error={action.error} />
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

/** Takes an exported file, and says what became of it. */
export function ImportButton() {
  const sync = useInspectedSync();
  const action = useAction();
  const input = useRef<HTMLInputElement>(null);
  const [result, setResult] = useState<OutboxImport | null>(null);
  const read = async (file: File | undefined) => {
    setResult(null);
    if (file) await action.run(async () => setResult(await sync.outbox.import(await file.text())));
    if (input.current) input.current.value = '';
  };
  return (
    <>
      <button type="button" disabled={action.isRunning} onClick={() => input.current?.click()}>
        Import…
      </button>
      <input
        ref={input}
        className="hidden"
        type="file"
        accept=".json,application/json"
        aria-label="File of unsent work"
        tabIndex={-1}
        onChange={(event) => void read(event.target.files?.[0])}
      />
      <ErrorNotice error={action.error} />
      {result && <ImportResult result={result} />}
    </>
  );
}

const REASONS_SHOWN = 5;

function ImportResult({ result: { writtenCount, skipped } }: { readonly result: OutboxImport }) {
  return (
    <Notice tone={skipped.length > 0 ? 'warn' : 'ok'}>
      <p role="status">
        {countWords(writtenCount, 'mutation')} written again
        {skipped.length > 0 && `, ${formatCount(skipped.length)} left out`}.
      </p>
      {skipped.slice(0, REASONS_SHOWN).map(({ mutationId, reason }) => (
        <p key={mutationId}>
          <span className="mono">#{mutationId}</span> {reason}
        </p>
      ))}
    </Notice>
  );
}

function stateOf(value: string): QueueFilter['state'] {
  return STATES.find((state) => state === value) ?? 'all';
}

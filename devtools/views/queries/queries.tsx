import { useRef, useState } from 'react';
import type { LiveQueryInfo } from '../../../src/client/inspection.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { usePolled } from '../../data/use-polled.ts';
import { formatCount } from '../../data/words.ts';
import { DataGrid } from '../../ui/data-grid.tsx';
import { Empty } from '../../ui/empty.tsx';
import { MasterDetail } from '../../ui/master-detail.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { QueryDetail } from './query-detail.tsx';
import { msWords, UpdateBadge } from './update-badge.tsx';

const POLL_MS = 400;

/** The live queries of every tab: what they cost, and how they are kept current. */
export function Queries() {
  const sync = useInspectedSync();
  const { value, error } = usePolled(sync.inspect.liveQueries, POLL_MS);
  const [search, setSearch] = useState('');
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const flashOf = useFlashes(value ?? []);
  if (value === null) {
    return error === null ? (
      <Empty title="The database is opening">Live queries appear here as soon as it is open.</Empty>
    ) : (
      <div className="padded">
        <ErrorNotice error={error} />
      </div>
    );
  }
  if (value.length === 0) {
    return <Empty title="No live queries">They appear when a component reads with useSyncedQuery or liveQuery.</Empty>;
  }
  const wanted = search.trim().toLowerCase();
  const shown = value.filter(({ sql }) => sql.toLowerCase().includes(wanted));
  const selected = shown.findIndex(({ queryId }) => queryId === selectedId);
  const detail = shown[selected];
  const toolbar = (
    <>
      <div className="toolbar">
        <input
          type="search"
          aria-label="Search queries"
          placeholder="Search in the SQL…"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <span className="spring" />
        <span className="muted">{summaryOf(value)}</span>
      </div>
      <ErrorNotice error={error} />
    </>
  );
  const list =
    shown.length === 0 ? (
      <p className="hint">Nothing matches.</p>
    ) : (
      <DataGrid
        label="Live queries"
        columns={COLUMNS}
        rowCount={shown.length}
        selected={selected}
        onSelect={(index) => setSelectedId(shown[index]?.queryId ?? null)}
        rowAt={(index) => shown[index]}
        renderCell={renderCell}
        rowMark={flashOf}
      />
    );
  return (
    <div className="queries">
      <MasterDetail
        toolbar={toolbar}
        list={list}
        hint="Select a query to see its SQL, its plan, and why it was run again."
        detail={detail ? <QueryDetail key={detail.queryId} query={detail} /> : null}
        onBack={() => setSelectedId(null)}
      />
    </div>
  );
}

/** What one looks for first stands first: a narrow panel shows no more without scrolling. */
const COLUMNS = [
  { name: 'Query', width: 172, grows: true },
  { name: 'Kept current', width: 104 },
  { name: 'Rows', width: 58, isNumber: true },
  { name: 'Last', width: 68, isNumber: true },
  { name: 'p95', width: 68, isNumber: true },
  { name: 'Updates', width: 72, isNumber: true },
  { name: 'Readers', width: 72, isNumber: true },
  { name: 'Tables', width: 100 },
];

const renderCell = (query: LiveQueryInfo, column: number) => <QueryCell query={query} column={column} />;

function QueryCell({ query, column }: { readonly query: LiveQueryInfo; readonly column: number }) {
  switch (column) {
    case 0:
      return <code className="ellipsis">{query.sql.replace(/\s+/g, ' ').trim()}</code>;
    case 1:
      return <UpdateBadge query={query} />;
    case 2:
      return formatCount(query.rowCount);
    case 3:
      return msWords(query.lastMs);
    case 4:
      return msWords(query.p95Ms);
    case 5:
      return formatCount(query.runCount);
    case 6:
      return formatCount(query.subscriberCount);
    default:
      return <span className="ellipsis">{query.tablesRead.join(', ')}</span>;
  }
}

function summaryOf(queries: readonly LiveQueryInfo[]): string {
  const updates = queries.reduce((sum, { runCount }) => sum + runCount - 1, 0);
  const incremental = queries.reduce((sum, { incrementalCount }) => sum + incrementalCount, 0);
  const share = updates === 0 ? '' : `, ${Math.round((100 * incremental) / updates)} % of updates incremental`;
  return `${formatCount(queries.length)} live ${queries.length === 1 ? 'query' : 'queries'}${share}`;
}

/** Which rows light up: those that were updated since they were first seen here. Two marks take turns, so that each update shows. */
function useFlashes(queries: readonly LiveQueryInfo[]): (query: LiveQueryInfo) => string | undefined {
  const first = useRef(new Map<string, number>());
  for (const { queryId, runCount } of queries) {
    if (!first.current.has(queryId)) first.current.set(queryId, runCount);
  }
  return (query) => {
    if (query.runCount === first.current.get(query.queryId)) return undefined;
    return query.runCount % 2 === 0 ? 'flash-even' : 'flash-odd';
  };
}

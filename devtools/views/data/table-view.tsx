import { type ReactNode, useCallback, useDeferredValue, useMemo, useState } from 'react';
import type { InspectedRow } from '../../../src/client/inspection.ts';
import type { WriteReceipt } from '../../../src/client/sync.ts';
import { type Table, tableOf } from '../../../src/core/schema.ts';
import { toKey } from '../../../src/core/values.ts';
import { keyText, type RowKey } from '../../../src/shared/cell.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { countWords } from '../../data/words.ts';
import { DataGrid } from '../../ui/data-grid.tsx';
import { Empty } from '../../ui/empty.tsx';
import { MasterDetail } from '../../ui/master-detail.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { ExportButtons } from './export-buttons.tsx';
import { GridValue } from './grid-value.tsx';
import { InsertRow } from './insert-row.tsx';
import { RefusedNotice, useRefusal } from './refused.tsx';
import { RowDetail } from './row-detail.tsx';
import { RowStateBadge } from './row-state.tsx';
import { columnSides, exportRows, gridColumns } from './row-values.ts';
import type { RowsWindow } from './rows-reader.ts';
import { readAllRows, useTableRows } from './rows-window.ts';

interface TableViewProps {
  readonly table: string;
  /** Stands first in the toolbar. */
  readonly head: ReactNode;
}

/** The rows of one table, with the one that is selected beside them. */
export function TableView({ table, head }: TableViewProps) {
  const sync = useInspectedSync();
  const of = tableOf(sync.schema, table);
  const [search, setSearch] = useState('');
  const [unsyncedOnly, setUnsyncedOnly] = useState(false);
  const [picked, setPicked] = useState<Picked | null>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const [isInserting, setInserting] = useState(false);
  const refusal = useRefusal();
  const filter = { table, search: useDeferredValue(search.trim()), unsyncedOnly };
  const { window, rowAt, onRange } = useTableRows(filter, picked?.key ?? null);
  const { columns = NO_COLUMNS, count = 0, hasMore = false, error = null } = window ?? {};
  const selected = picked && current(picked, window);
  // The row far away that was picked came afterwards.
  if (picked?.key === null && selected?.key) setPicked(selected);
  const shownColumns = useMemo(() => gridColumns(of, columns), [of, columns]);
  const renderCell = useCallback(
    (row: InspectedRow, column: number) => <RowCell {...{ of, columns, row, column }} />,
    [of, columns],
  );
  const select = useCallback(
    (index: number) => {
      setPicked(index < 0 ? null : { index, key: rowAt(index)?.key ?? null });
      setEditing(null);
      setInserting(false);
    },
    [rowAt],
  );
  const openCell = useCallback(
    (index: number, column: number) => {
      select(index);
      setEditing(columns[column - 1] ?? null);
    },
    [select, columns],
  );
  const inserted = (values: Readonly<Record<string, unknown>>, receipt: WriteReceipt) => {
    setInserting(false);
    const key = toKey(of, values);
    setPicked({ index: -1, key });
    refusal.watch({ table, key }, receipt);
  };
  const row = selected?.key ? rowOf(selected.key, window) : undefined;
  const toolbar = (
    <>
      <div className="toolbar">
        {head}
        <input
          type="search"
          aria-label="Search rows"
          placeholder="Search…"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <label className="check">
          <input type="checkbox" checked={unsyncedOnly} onChange={(event) => setUnsyncedOnly(event.target.checked)} />
          Unsynced only
        </label>
        <span className="spring" />
        <button type="button" aria-pressed={isInserting} onClick={() => setInserting(!isInserting)}>
          Insert…
        </button>
        <ExportButtons
          name={table}
          read={async () => ({ columns, rows: exportRows(of, columns, await readAllRows(sync, filter)) })}
        />
      </div>
      <ErrorNotice error={error} />
      <RefusedNotice refusal={refusal} />
    </>
  );
  const list = (
    <>
      {window && count === 0 && error === null && <NoRows isFiltered={search !== '' || unsyncedOnly} table={table} />}
      {window && count > 0 && (
        <DataGrid
          // Another search is another list, and begins at its top.
          key={`${window.filter.search} ${window.filter.unsyncedOnly}`}
          label={`Rows of ${table}`}
          columns={shownColumns}
          rowCount={count}
          rowAt={rowAt}
          renderCell={renderCell}
          rowMark={statusOf}
          selected={selected?.index ?? -1}
          onSelect={select}
          onOpenCell={openCell}
          onRange={onRange}
        />
      )}
      <p className="grid-foot muted" role="status">
        {window ? countWords(count, 'row') : 'Reading…'}
        {hasMore && ' so far; more as you scroll'}
      </p>
    </>
  );
  return (
    <MasterDetail
      toolbar={toolbar}
      list={list}
      hint="Select a row to see what the server has confirmed of it, and to edit it."
      detail={
        isInserting ? (
          <InsertRow of={of} onInserted={inserted} onCancel={() => setInserting(false)} />
        ) : row ? (
          <RowDetail key={keyText(row.key)} {...{ of, columns, row, editing }} onEdit={setEditing} />
        ) : null
      }
      onBack={() => select(-1)}
    />
  );
}

/** What was picked: an index of the list, and the key of the row that was there (null while it is under way). */
interface Picked {
  /** -1: nobody knows where it is in the list. */
  readonly index: number;
  readonly key: RowKey | null;
}

const NO_COLUMNS: readonly string[] = [];

/** What was picked, where it is now: rows move as others come and go. */
function current({ index, key }: Picked, window: RowsWindow | null): Picked {
  if (!window) return { index, key };
  const { rows, offset } = window;
  if (key === null) return { index, key: rows[index - offset]?.key ?? null };
  const at = rows.findIndex((row) => keyText(row.key) === keyText(key));
  if (at >= 0) return { index: at + offset, key };
  // It is no longer where it was, or not in sight: then it is where it was.
  const isElsewhere = rows[index - offset] !== undefined;
  return { index: isElsewhere ? -1 : index, key };
}

function rowOf(key: RowKey, window: RowsWindow | null): InspectedRow | undefined {
  const text = keyText(key);
  const isIt = (row: InspectedRow) => keyText(row.key) === text;
  return window?.rows.find(isIt) ?? (window?.followed && isIt(window.followed) ? window.followed : undefined);
}

function statusOf(row: InspectedRow): string {
  return row.status;
}

function NoRows({ isFiltered, table }: { readonly isFiltered: boolean; readonly table: string }) {
  if (isFiltered) return <Empty title="No row matches">Change the search, or show synced rows too.</Empty>;
  return (
    <Empty title={`${table} is empty`}>
      Rows appear here when the app writes some, the server sends them, or you insert one.
    </Empty>
  );
}

interface RowCellProps {
  readonly of: Table;
  readonly columns: readonly string[];
  readonly row: InspectedRow;
  /** 0: how the row stands. */
  readonly column: number;
}

function RowCell({ of, columns, row, column }: RowCellProps) {
  if (column === 0) return <RowStateBadge status={row.status} />;
  const index = column - 1;
  const { here, confirmed, isChanged } = columnSides(of, row, { name: columns[index] ?? '', index });
  if (row.cells === null) return <GridValue value={here ?? confirmed} mark="deleted" />;
  return <GridValue value={here} mark={isChanged ? 'changed' : undefined} />;
}

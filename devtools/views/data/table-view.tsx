import { type ReactNode, useCallback, useDeferredValue, useState } from 'react';
import type { InspectedRow } from '../../../src/client/inspection.ts';
import type { WriteReceipt } from '../../../src/client/sync.ts';
import { type Table, tableOf } from '../../../src/core/schema.ts';
import { toKey } from '../../../src/core/values.ts';
import { keyText } from '../../../src/shared/cell.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { countWords } from '../../data/words.ts';
import { DataGrid } from '../../ui/data-grid.tsx';
import { Empty } from '../../ui/empty.tsx';
import { MasterDetail } from '../../ui/master-detail.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { ExportButtons } from './export-buttons.tsx';
import { GridValue } from './grid-value.tsx';
import { InsertRow } from './insert-row.tsx';
import { Refused, useRefusal } from './refused.tsx';
import { RowDetail } from './row-detail.tsx';
import { RowStateBadge } from './row-state.tsx';
import { columnSides, exportRows, gridColumns } from './row-values.ts';
import { readAllRows, useTableRows } from './table-rows.ts';

/** So close to the end of what is loaded, more is. */
const AHEAD_ROWS = 60;

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
  const [selectedKey, setSelectedKey] = useState<string | null>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const [isInserting, setInserting] = useState(false);
  const refusal = useRefusal();
  const filter = { table, search: useDeferredValue(search.trim()), unsyncedOnly };
  const { columns, rows, hasMore, isLoading, error, loadMore } = useTableRows(filter);
  const selected = rows.findIndex(({ key }) => keyText(key) === selectedKey);
  const onEnd = useCallback(
    (last: number) => {
      if (hasMore && last >= rows.length - AHEAD_ROWS) loadMore();
    },
    [hasMore, rows.length, loadMore],
  );
  const select = (index: number) => {
    const row = rows[index];
    setSelectedKey(row ? keyText(row.key) : null);
    setEditing(null);
    setInserting(false);
  };
  const inserted = (values: Readonly<Record<string, unknown>>, receipt: WriteReceipt) => {
    setInserting(false);
    setSelectedKey(keyText(toKey(of, values)));
    refusal.watch(receipt);
  };
  const row = rows[selected];
  const list = (
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
      <Refused refusal={refusal} />
      {rows.length === 0 ? (
        !isLoading && <NoRows isFiltered={search !== '' || unsyncedOnly} table={table} />
      ) : (
        <DataGrid
          label={`Rows of ${table}`}
          columns={gridColumns(of, columns)}
          rowCount={rows.length}
          renderCell={(index, column) => <RowCell of={of} columns={columns} row={rows[index]} column={column} />}
          rowMark={(index) => rows[index]?.status}
          selected={selected}
          onSelect={select}
          onOpenCell={(index, column) => {
            select(index);
            setEditing(columns[column - 1] ?? null);
          }}
          onEnd={onEnd}
        />
      )}
      <p className="grid-foot muted" role="status">
        {countWords(rows.length, 'row')}
        {hasMore && ' so far; more as you scroll'}
      </p>
    </>
  );
  return (
    <MasterDetail
      list={list}
      hint="Select a row to see what the server has confirmed of it, and to edit it."
      detail={
        isInserting ? (
          <InsertRow of={of} onInserted={inserted} onCancel={() => setInserting(false)} />
        ) : row ? (
          <RowDetail key={selectedKey} {...{ of, columns, row, editing }} onEdit={setEditing} />
        ) : null
      }
      onBack={() => select(-1)}
    />
  );
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
  readonly row: InspectedRow | undefined;
  /** 0: how the row stands. */
  readonly column: number;
}

function RowCell({ of, columns, row, column }: RowCellProps) {
  if (!row) return null;
  if (column === 0) return <RowStateBadge status={row.status} />;
  const index = column - 1;
  const { here, confirmed, isChanged } = columnSides(of, row, { name: columns[index] ?? '', index });
  if (row.cells === null) return <GridValue value={here ?? confirmed} mark="deleted" />;
  return <GridValue value={here} mark={isChanged ? 'changed' : undefined} />;
}

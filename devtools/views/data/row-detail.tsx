import { useContext, useState } from 'react';
import type { InspectedRow } from '../../../src/client/inspection.ts';
import type { Table } from '../../../src/core/schema.ts';
import { ShowViewContext, useInspectedSync } from '../../data/inspected.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { ErrorNotice, Notice } from '../../ui/notice.tsx';
import { useAction } from '../../ui/use-action.ts';
import { Value } from '../../ui/value.tsx';
import { CellEditor } from './cell-editor.tsx';
import { RowStateBadge, rowStateMeaning } from './row-state.tsx';
import { type ColumnSides, rowName, sidesOf } from './row-values.ts';

interface RowDetailProps {
  readonly of: Table;
  readonly columns: readonly string[];
  readonly row: InspectedRow;
  /** The column that is being edited. */
  readonly editing: string | null;
  readonly onEdit: (column: string | null) => void;
}

/** One row, column by column: as it is here, and as the server has confirmed it. */
export function RowDetail({ of, columns, row, editing, onEdit }: RowDetailProps) {
  const showView = useContext(ShowViewContext);
  const sides = sidesOf(of, columns, row);
  const hasConfirmed = row.confirmed?.state === 'exists';
  return (
    <div className="padded">
      <h3 className="detail-title">
        {of.name} <code className="key">{rowName(of, row)}</code> <RowStateBadge status={row.status} />
      </h3>
      <p className="muted">{rowStateMeaning(row.status)}</p>
      {row.cells === null && (
        <Notice tone="bad">Deleted here; the server still has it until the delete arrives.</Notice>
      )}
      {row.confirmed?.state === 'unknown' && <Notice tone="busy">New: the server has not seen this row yet.</Notice>}
      {row.confirmed?.state === 'deleted' && <Notice tone="warn">Meanwhile deleted on the server.</Notice>}
      <table className="row-table">
        <caption className="hidden">Columns of the row</caption>
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Here</th>
            {hasConfirmed && <th scope="col">Confirmed</th>}
          </tr>
        </thead>
        <tbody>
          {sides.map((side) => (
            <ColumnRow key={side.name} {...{ of, row, side, hasConfirmed, editing, onEdit }} />
          ))}
        </tbody>
      </table>
      <div className="actions">
        {row.cells !== null && <DeleteRow of={of} row={row} />}
        {row.status !== 'synced' && (
          <button
            type="button"
            onClick={() =>
              showView(row.status === 'conflicted' ? 'conflicts' : 'queue', { table: of.name, key: row.key })
            }
          >
            {row.status === 'conflicted' ? 'Show the conflict' : 'Show in the queue'}
          </button>
        )}
      </div>
    </div>
  );
}

interface ColumnRowProps extends Omit<RowDetailProps, 'columns'> {
  readonly side: ColumnSides;
  readonly hasConfirmed: boolean;
}

function ColumnRow({ of, row, side, hasConfirmed, editing, onEdit }: ColumnRowProps) {
  const column = of.columns[side.name];
  const isKey = of.primaryKey.includes(side.name);
  const isEditable = column !== undefined && !isKey && row.cells !== null;
  return (
    <tr data-changed={side.isChanged}>
      <th scope="row">
        {side.name} <span className="muted">{isKey ? 'key' : column?.kind}</span>
      </th>
      <td colSpan={editing === side.name && hasConfirmed ? 2 : 1}>
        {isEditable && editing === side.name ? (
          <CellEditor {...{ of, row, column }} name={side.name} value={side.here} onDone={() => onEdit(null)} />
        ) : (
          <div className="value-line">
            <Value value={side.here} className={side.isChanged ? 'new' : ''} />
            {isEditable && (
              <button type="button" className="link" aria-label={`Edit ${side.name}`} onClick={() => onEdit(side.name)}>
                Edit
              </button>
            )}
          </div>
        )}
      </td>
      {hasConfirmed && editing !== side.name && (
        <td>
          <Value value={side.confirmed} className={side.isChanged ? 'old' : ''} />
        </td>
      )}
    </tr>
  );
}

function DeleteRow({ of, row }: Pick<RowDetailProps, 'of' | 'row'>) {
  const sync = useInspectedSync();
  const action = useAction();
  const [isAsking, setAsking] = useState(false);
  if (!isAsking) {
    return (
      <button type="button" className="danger" onClick={() => setAsking(true)}>
        Delete the row…
      </button>
    );
  }
  return (
    <Confirm
      title={`Delete this row of ${of.name}?`}
      action="Delete it"
      isRunning={action.isRunning}
      onConfirm={() => action.run(() => sync.write((tx) => tx.delete(of.name, row.key)))}
      onCancel={() => setAsking(false)}
    >
      <p>
        It goes as a mutation of this device: here at once, on the server and on every other device with the next sync.
      </p>
      <ErrorNotice error={action.error} />
    </Confirm>
  );
}

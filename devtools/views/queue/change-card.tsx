import type { Change } from '../../../src/core/change.ts';
import { type ColumnDiff, changeDiff, keyWords, opWords } from '../../data/change-diff.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { DiffTable } from '../../ui/diff-table.tsx';
import { againstConfirmed, useConfirmedRow } from './confirmed-row.ts';

interface ChangeCardProps {
  readonly change: Change;
  /** Default: what the change does. */
  readonly diffs?: readonly ColumnDiff[];
  readonly title?: string;
}

/** One row-level change: which row, and its columns as confirmed (or as its writer saw them) and as written. */
export function ChangeCard({ change, diffs, title }: ChangeCardProps) {
  const { schema } = useInspectedSync();
  const confirmed = useConfirmedRow(change);
  const isConfirmed = !diffs && confirmed?.row.state === 'exists';
  const shown = diffs ?? againstConfirmed(changeDiff(schema, change), { schema, table: change.table, confirmed });
  return (
    <section className="card change" data-op={change.op}>
      <h4>
        <span className="op">{title ?? opWords(change)}</span> {change.table}{' '}
        <code className="key">{keyWords(schema, change)}</code>
      </h4>
      {confirmed?.row.state === 'deleted' && <p className="muted">Meanwhile the row was deleted on the server.</p>}
      <DiffTable
        diffs={shown}
        before={isConfirmed ? 'Confirmed' : 'Old'}
        caption={`Columns of ${change.table} ${keyWords(schema, change)}`}
      />
    </section>
  );
}

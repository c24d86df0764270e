import type { Change } from '../../../src/core/change.ts';
import { type ColumnDiff, changeDiff, keyWords, opWords } from '../../data/change-diff.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { DiffTable } from '../../ui/diff-table.tsx';

interface ChangeCardProps {
  readonly change: Change;
  /** Default: what the change does. */
  readonly diffs?: readonly ColumnDiff[];
  readonly title?: string;
}

/** One row-level change: which row, and its columns old and new. */
export function ChangeCard({ change, diffs, title }: ChangeCardProps) {
  const { schema } = useInspectedSync();
  return (
    <section className="card change" data-op={change.op}>
      <h4>
        <span className="op">{title ?? opWords(change)}</span> {change.table}{' '}
        <code className="key">{keyWords(schema, change)}</code>
      </h4>
      <DiffTable
        diffs={diffs ?? changeDiff(schema, change)}
        caption={`Columns of ${change.table} ${keyWords(schema, change)}`}
      />
    </section>
  );
}

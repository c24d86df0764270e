import type { ColumnDiff } from '../data/change-diff.ts';
import { Value } from './value.tsx';

interface DiffTableProps {
  readonly diffs: readonly ColumnDiff[];
  readonly caption: string;
  /** What the values on the left are. */
  readonly before?: 'Old' | 'Confirmed';
}

/** Old and new value per column. */
export function DiffTable({ diffs, caption, before = 'Old' }: DiffTableProps) {
  if (diffs.length === 0) return null;
  // An insert has no old side and a delete no new one.
  const hasOld = diffs.some((diff) => diff.before !== undefined);
  const hasNew = diffs.some((diff) => diff.after !== undefined || diff.increment !== null);
  return (
    <table className="diff">
      <caption className="hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Column</th>
          {hasOld && <th scope="col">{before}</th>}
          {hasNew && <th scope="col">New</th>}
        </tr>
      </thead>
      <tbody>
        {diffs.map((diff) => (
          <tr key={diff.column}>
            <th scope="row">{diff.column}</th>
            {hasOld && (
              <td>
                <Value value={diff.before} className="old" />
              </td>
            )}
            {hasNew && (
              <td>
                <NewValue diff={diff} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NewValue({ diff }: { readonly diff: ColumnDiff }) {
  if (diff.increment === null) return <Value value={diff.after} className="new" />;
  const signed = `${diff.increment < 0 ? '−' : '+'}${Math.abs(diff.increment)}`;
  return (
    <>
      {diff.after !== undefined && <Value value={diff.after} className="new" />} <span className="step">{signed}</span>
    </>
  );
}

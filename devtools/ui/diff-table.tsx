import type { ColumnDiff } from '../data/change-diff.ts';
import { Value } from './value.tsx';

/** Old and new value per column. */
export function DiffTable({ diffs, caption }: { readonly diffs: readonly ColumnDiff[]; readonly caption: string }) {
  if (diffs.length === 0) return null;
  return (
    <table className="diff">
      <caption className="hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Column</th>
          <th scope="col">Old</th>
          <th scope="col">New</th>
        </tr>
      </thead>
      <tbody>
        {diffs.map((diff) => (
          <tr key={diff.column}>
            <th scope="row">{diff.column}</th>
            <td>
              <Value value={diff.before} className="old" />
            </td>
            <td>
              <NewValue diff={diff} />
            </td>
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

import type { Conflict } from '../../../src/client/types.ts';
import { type Choices, ownValues, previewRow } from '../../data/conflict-choice.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { Value } from '../../ui/value.tsx';

/** The row as it will be everywhere once these choices are sent. */
export function ResultPreview({ conflict, choices }: { readonly conflict: Conflict; readonly choices: Choices }) {
  const { schema } = useInspectedSync();
  const row = previewRow(schema, conflict, choices);
  const own = ownValues(schema, conflict);
  const originOf = (column: string): string => {
    if (conflict.columns.includes(column)) return ORIGINS[choices[column]?.from ?? 'open'];
    return Object.hasOwn(own, column) ? 'yours, no conflict' : '';
  };
  const columns = Object.keys(row).filter((column) => !(column in conflict.key));
  return (
    <section className="card preview" aria-label="Result">
      <h4>Result</h4>
      <div className="scroll-x">
        <table>
          <tbody>
            {columns.map((column) => (
              <tr key={column} data-open={conflict.columns.includes(column) && !choices[column]}>
                <th scope="row">{column}</th>
                <td>
                  {conflict.columns.includes(column) && !choices[column] ? (
                    <span className="muted">not chosen yet</span>
                  ) : (
                    <Value value={row[column]} />
                  )}
                </td>
                <td className="muted origin">{originOf(column)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const ORIGINS = { local: 'this device', remote: 'the other side', typed: 'typed', open: '' } as const;

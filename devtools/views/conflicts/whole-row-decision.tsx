import type { Conflict } from '../../../src/client/types.ts';
import { sameValue } from '../../data/value-text.ts';
import { LiveOnly } from '../../ui/live-only.tsx';
import { Value } from '../../ui/value.tsx';
import type { DecisionProps } from './decision-props.ts';

/** One side deleted the row and the other changed it: one of them wins as a whole. */
export function WholeRowDecision({ conflict, isRunning, onResolve }: DecisionProps) {
  const words = wordsFor(conflict);
  return (
    <>
      <div className="sides">
        <Side title="This device" row={conflict.local} base={conflict.base} />
        <Side title="The other side" row={conflict.remote} base={conflict.base} isNew={isNewBelow(conflict)} />
      </div>
      <LiveOnly>
        <div className="actions footer">
          <button type="button" className={words.mine.tone} disabled={isRunning} onClick={() => onResolve('local')}>
            {words.mine.label}
          </button>
          <button type="button" className={words.theirs.tone} disabled={isRunning} onClick={() => onResolve('remote')}>
            {words.theirs.label}
          </button>
        </div>
      </LiveOnly>
    </>
  );
}

const WORDS = {
  'update-delete': {
    mine: { label: 'Keep the row with my changes', tone: 'primary' },
    theirs: { label: 'Accept the deletion', tone: 'danger' },
  },
  'delete-update': {
    mine: { label: 'Delete the row', tone: 'danger' },
    theirs: { label: 'Keep the row as changed', tone: 'primary' },
  },
} as const;

/** A new row, whose place was deleted: there is nothing of it on the other side. */
const isNewBelow = ({ base, parents = [] }: Conflict): boolean => base === null && parents.length > 0;

function wordsFor(conflict: Conflict) {
  const words = WORDS[conflict.kind === 'update-delete' ? 'update-delete' : 'delete-update'];
  const [parent] = conflict.parents ?? [];
  if (!parent || conflict.kind !== 'update-delete') return words;
  const label = `Keep my row, and bring its ${parent.table} back`;
  const theirs = isNewBelow(conflict)
    ? { ...words.theirs, label: 'Accept the deletion, and give my row up' }
    : words.theirs;
  return { mine: { ...words.mine, label }, theirs };
}

interface SideProps {
  readonly title: string;
  readonly row: Conflict['local'];
  readonly base: Conflict['base'];
  readonly isNew?: boolean;
}

function Side({ title, row, base, isNew = false }: SideProps) {
  return (
    <section className="card side" aria-label={title} data-deleted={row === null}>
      <h4>{title}</h4>
      {row === null ? (
        <p className="deleted">{isNew ? 'No such row' : 'Row deleted'}</p>
      ) : (
        <table>
          <tbody>
            {Object.entries(row).map(([column, value]) => {
              const isChanged = base !== null && !sameValue(value, base[column]);
              return (
                <tr key={column} data-changed={isChanged}>
                  <th scope="row">{column}</th>
                  <td>
                    {isChanged && <Value value={base[column]} className="old" />}{' '}
                    <Value value={value} className={isChanged ? 'new' : ''} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </section>
  );
}

import type { Conflict } from '../../../src/client/types.ts';
import { isFieldwise } from '../../data/conflict-choice.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { useScrollTop } from '../../ui/master-detail.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { useAction } from '../../ui/use-action.ts';
import type { DecisionProps } from './decision-props.ts';
import { FieldwiseDecision } from './fieldwise-decision.tsx';
import { ConflictTitle } from './sides.tsx';
import { WholeRowDecision } from './whole-row-decision.tsx';

/** A conflict that waits for a person. */
export function OpenConflict({ conflict }: { readonly conflict: Conflict }) {
  const sync = useInspectedSync();
  const action = useAction();
  const top = useScrollTop(conflict.id);
  const decision: DecisionProps = {
    conflict,
    isRunning: action.isRunning,
    onResolve: (resolution) => void action.run(() => sync.conflicts.resolve(conflict.id, resolution)),
  };
  return (
    <article className="padded" ref={top} aria-label={`Conflict in ${conflict.table}`}>
      <ConflictTitle conflict={conflict} />
      <ErrorNotice error={action.error} />
      {isFieldwise(conflict) ? <FieldwiseDecision {...decision} /> : <WholeRowDecision {...decision} />}
    </article>
  );
}

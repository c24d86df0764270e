import { useState } from 'react';
import {
  type Choices,
  type FieldChoice,
  isComplete,
  resolutionOf,
  suggestedChoices,
} from '../../data/conflict-choice.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { LiveOnly } from '../../ui/live-only.tsx';
import type { DecisionProps } from './decision-props.ts';
import { FieldDecision } from './field-decision.tsx';
import { ResultPreview } from './result-preview.tsx';

/** Both sides changed the row: each column is decided for itself, or the whole row at once. */
export function FieldwiseDecision({ conflict, isRunning, onResolve }: DecisionProps) {
  const { schema } = useInspectedSync();
  const [choices, setChoices] = useState<Choices>(() => suggestedChoices(schema, conflict));
  const choose = (column: string, choice: FieldChoice | null) => {
    const { [column]: _before, ...others } = choices;
    setChoices(choice ? { ...others, [column]: choice } : others);
  };
  const chooseAll = (from: 'local' | 'remote') =>
    setChoices(Object.fromEntries(conflict.columns.map((column) => [column, { from }])));
  const isReady = isComplete(conflict, choices);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) onResolve(resolutionOf(conflict, choices));
      }}
    >
      <LiveOnly>
        {conflict.columns.length > 1 && (
          <div className="actions">
            <button type="button" onClick={() => chooseAll('local')}>
              Choose mine for all
            </button>
            <button type="button" onClick={() => chooseAll('remote')}>
              Choose theirs for all
            </button>
          </div>
        )}
      </LiveOnly>
      {conflict.columns.map((column) => (
        <FieldDecision
          key={column}
          conflict={conflict}
          column={column}
          choice={choices[column]}
          onChoose={(choice) => choose(column, choice)}
        />
      ))}
      <ResultPreview conflict={conflict} choices={choices} />
      <LiveOnly>
        <div className="actions footer">
          <button type="submit" className="primary" disabled={!isReady || isRunning}>
            Resolve
          </button>
          <button type="button" disabled={isRunning} onClick={() => onResolve('local')}>
            Keep all mine
          </button>
          <button type="button" disabled={isRunning} onClick={() => onResolve('remote')}>
            Keep all theirs
          </button>
          {!isReady && <span className="muted">Choose a value for each column first.</span>}
        </div>
      </LiveOnly>
    </form>
  );
}

import { type ReactNode, useId, useState } from 'react';
import type { Conflict } from '../../../src/client/types.ts';
import { columnOf, tableOf } from '../../../src/core/schema.ts';
import type { FieldChoice } from '../../data/conflict-choice.ts';
import { type Draft, draftOf, parseDraft } from '../../data/draft.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { TextChange } from '../../ui/text-change.tsx';
import { TypedInput } from '../../ui/typed-input.tsx';
import { Value } from '../../ui/value.tsx';
import { useAuthorName } from './sides.tsx';

interface FieldDecisionProps {
  readonly conflict: Conflict;
  readonly column: string;
  readonly choice: FieldChoice | undefined;
  /** Null: what is typed cannot be stored, so nothing is chosen. */
  readonly onChoose: (choice: FieldChoice | null) => void;
}

/** One column of a conflict: base, this device, the other side, or a value typed by hand. */
export function FieldDecision({ conflict, column, choice, onChoose }: FieldDecisionProps) {
  const { schema } = useInspectedSync();
  const definition = columnOf(tableOf(schema, conflict.table), column);
  const group = useId();
  const remoteName = useAuthorName(conflict.remoteClientId);
  const field = conflict.fields[column];
  // Word by word is for texts: of a timestamp it would leave splinters.
  const base = definition.kind === 'text' ? field?.base : undefined;
  const [draft, setDraft] = useState<Draft>(() => draftOf(definition.kind, field?.local));
  const [isTyped, setTyped] = useState(false);
  const parsed = parseDraft(definition, draft, `${conflict.table}.${column}`);

  const pick = (from: 'local' | 'remote') => {
    setTyped(false);
    onChoose({ from });
  };
  const type = (next: Draft) => {
    setTyped(true);
    setDraft(next);
    const result = parseDraft(definition, next, `${conflict.table}.${column}`);
    onChoose(result.isValid ? { from: 'typed', value: result.value } : null);
  };
  // Choosing a side for all columns from above leaves the typed value.
  const shown = choice && choice.from !== 'typed' ? choice.from : isTyped ? 'typed' : null;
  return (
    <fieldset className="card field-decision">
      <legend>
        {column} <span className="muted">{definition.kind}</span>
      </legend>
      <div className="choices">
        <div className="choice base">
          <span className="choice-name">Base</span>
          <Value value={field?.base} />
        </div>
        <Choice group={group} isChosen={shown === 'local'} onPick={() => pick('local')} name="This device">
          <TextChange before={base} after={field?.local} />
        </Choice>
        <Choice group={group} isChosen={shown === 'remote'} onPick={() => pick('remote')} name={sentence(remoteName)}>
          <TextChange before={base} after={field?.remote} />
        </Choice>
        <Choice group={group} isChosen={shown === 'typed'} onPick={() => type(draft)} name="Typed">
          <TypedInput
            label={`Value for ${column}`}
            column={definition}
            draft={draft}
            problem={shown === 'typed' && !parsed.isValid ? parsed.message : null}
            onChange={type}
          />
        </Choice>
      </div>
    </fieldset>
  );
}

interface ChoiceProps {
  readonly group: string;
  readonly name: string;
  readonly isChosen: boolean;
  readonly onPick: () => void;
  readonly children: ReactNode;
}

function Choice({ group, name, isChosen, onPick, children }: ChoiceProps) {
  return (
    <fieldset className="choice" data-chosen={isChosen} aria-label={name}>
      <label className="choice-name">
        <input type="radio" name={group} checked={isChosen} onChange={onPick} />
        {name}
      </label>
      {children}
    </fieldset>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

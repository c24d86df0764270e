import { useId } from 'react';
import type { Column } from '../../src/core/schema.ts';
import type { Draft } from '../data/draft.ts';

interface TypedInputProps {
  readonly label: string;
  readonly column: Column;
  readonly draft: Draft;
  readonly problem: string | null;
  readonly onChange: (draft: Draft) => void;
}

/** A field for a value of one column: its kind decides the form, and a nullable one can be null. */
export function TypedInput({ label, column, draft, problem, onChange }: TypedInputProps) {
  const id = useId();
  return (
    <div className="typed">
      <Field {...{ id, label, column, draft, problem, onChange }} />
      {column.isNullable && (
        <label className="null-box">
          <input
            type="checkbox"
            checked={draft.isNull}
            onChange={(event) => onChange({ ...draft, isNull: event.target.checked })}
          />
          null
        </label>
      )}
      {problem !== null && (
        <p className="problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function Field({ id, label, column, draft, problem, onChange }: TypedInputProps & { readonly id: string }) {
  const common = {
    'aria-label': label,
    'aria-invalid': problem !== null,
    'aria-describedby': problem === null ? undefined : `${id}-problem`,
    disabled: draft.isNull && column.isNullable,
    value: draft.text,
    onChange: (event: { target: { value: string } }) => onChange({ text: event.target.value, isNull: false }),
  };
  if (column.kind === 'boolean') {
    return (
      <select {...common} value={draft.text === 'true' ? 'true' : 'false'}>
        <option value="true">true</option>
        <option value="false">false</option>
      </select>
    );
  }
  if (column.kind === 'text' || column.kind === 'json') {
    return <textarea {...common} dir="auto" rows={Math.min(8, draft.text.split('\n').length)} spellCheck={false} />;
  }
  return <input {...common} spellCheck={false} autoComplete="off" placeholder={column.kind} />;
}

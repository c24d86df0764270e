import { type KeyboardEvent, useState } from 'react';

interface EditableTextProps {
  readonly label: string;
  readonly value: string;
  readonly onSave: (value: string) => void;
  readonly className?: string;
  readonly isMultiline?: boolean;
}

/** Shows the live value until a person types; saves on leaving the field, gives up on Escape. */
export function EditableText({ label, value, onSave, className, isMultiline = false }: EditableTextProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const save = () => {
    if (draft !== null && draft !== value) onSave(draft);
    setDraft(null);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === 'Escape') setDraft(null);
    if (event.key !== 'Enter' || isMultiline) return;
    event.preventDefault();
    event.currentTarget.blur();
  };
  const props = {
    'aria-label': label,
    className,
    value: draft ?? value,
    onBlur: save,
    onKeyDown,
  };
  // A line of text is a textarea too, so that a long one wraps instead of hiding its end.
  return <textarea {...props} rows={isMultiline ? 8 : 1} onChange={(event) => setDraft(event.target.value)} />;
}

import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useInspectedSync } from '../../data/inspected.ts';
import { ErrorNotice } from '../../ui/notice.tsx';
import { useAction } from '../../ui/use-action.ts';

/** Gives this device another name. */
export function RenameDevice({ name, onDone }: { readonly name: string; readonly onDone: () => void }) {
  const sync = useInspectedSync();
  const [text, setText] = useState(name);
  const field = useRef<HTMLInputElement>(null);
  const action = useAction();
  useEffect(() => {
    field.current?.select();
    field.current?.focus();
  }, []);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (await action.run(() => sync.devices.rename(text.trim()))) onDone();
  };
  return (
    <form onSubmit={save}>
      <div className="actions">
        <input
          ref={field}
          aria-label="Name of this device"
          value={text}
          maxLength={100}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.stopPropagation();
            onDone();
          }}
        />
        <button type="submit" className="primary" disabled={text.trim() === '' || action.isRunning}>
          Save
        </button>
        <button type="button" onClick={onDone}>
          Cancel
        </button>
      </div>
      <ErrorNotice error={action.error} />
    </form>
  );
}

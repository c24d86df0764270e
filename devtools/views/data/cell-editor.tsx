import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { InspectedRow } from '../../../src/client/inspection.ts';
import type { Column, Table } from '../../../src/core/schema.ts';
import { type Draft, draftOf, parseDraft } from '../../data/draft.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { ErrorNotice } from '../../ui/notice.tsx';
import { TypedInput } from '../../ui/typed-input.tsx';
import { useAction } from '../../ui/use-action.ts';

interface CellEditorProps {
  readonly of: Table;
  readonly row: InspectedRow;
  readonly column: Column;
  readonly name: string;
  readonly value: unknown;
  readonly onDone: () => void;
}

/** Changes one column of one row, as a mutation like any other of the app. */
export function CellEditor({ of, row, column, name, value, onDone }: CellEditorProps) {
  const sync = useInspectedSync();
  const action = useAction();
  const root = useRef<HTMLDivElement>(null);
  const [draft, setDraft] = useState<Draft>(() => draftOf(column.kind, value));
  useEffect(() => {
    root.current?.querySelector<HTMLElement>('input, textarea, select')?.focus();
  }, []);
  const parsed = parseDraft(column, draft, `${of.name}.${name}`);
  const save = async () => {
    if (!parsed.isValid) return;
    const isWritten = await action.run(async () => {
      const { result } = await sync.write((tx) => tx.update(of.name, row.key, { [name]: parsed.value } as never));
      if (!result) throw new Error('The row is gone: nothing was written.');
    });
    if (isWritten) onDone();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      onDone();
    }
    // By its name: in a window of its own it is of that window's class.
    const isLongText = (event.target as HTMLElement).localName === 'textarea';
    if (event.key !== 'Enter' || (isLongText && !event.ctrlKey && !event.metaKey)) return;
    event.preventDefault();
    void save();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the field within
    <div ref={root} className="editor" onKeyDown={onKeyDown}>
      <TypedInput
        label={`New value of ${name}`}
        column={column}
        draft={draft}
        problem={parsed.isValid ? null : parsed.message}
        onChange={setDraft}
      />
      <div className="actions">
        <button type="button" className="primary" disabled={!parsed.isValid || action.isRunning} onClick={save}>
          Save as a mutation
        </button>
        <button type="button" onClick={onDone}>
          Cancel
        </button>
      </div>
      <ErrorNotice error={action.error} />
    </div>
  );
}

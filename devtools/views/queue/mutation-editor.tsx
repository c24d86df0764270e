import { useEffect, useRef, useState } from 'react';
import type { OutboxEntry } from '../../../src/client/types.ts';
import type { Change } from '../../../src/core/change.ts';
import { keyWords, opWords } from '../../data/change-diff.ts';
import { type ChangeDraft, draftsOf, editableColumns, editedChanges, problemOf } from '../../data/change-draft.ts';
import { draftOf } from '../../data/draft.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { ErrorNotice } from '../../ui/notice.tsx';
import { TypedInput } from '../../ui/typed-input.tsx';
import { useAction } from '../../ui/use-action.ts';

/** Edits the values that a mutation writes, and sends it again in its place. */
export function MutationEditor({ entry, onDone }: { readonly entry: OutboxEntry; readonly onDone: () => void }) {
  const sync = useInspectedSync();
  const action = useAction();
  const [drafts, setDrafts] = useState(() => draftsOf(sync.schema, entry.changes));
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('input:enabled, textarea:enabled, select:enabled, button')?.focus();
  }, []);
  const edited = editedChanges(sync.schema, entry.changes, drafts);
  const save = async () => {
    if (!edited) return;
    if (await action.run(() => sync.outbox.edit(entry.mutationId, edited))) onDone();
  };
  return (
    <form
      ref={form}
      className="editor"
      aria-label={`Edit mutation ${entry.mutationId}`}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onDone();
      }}
    >
      {entry.changes.map((change, index) => (
        <ChangeEditor
          // biome-ignore lint/suspicious/noArrayIndexKey: the changes of a mutation do not move
          key={index}
          change={change}
          draft={drafts[index] ?? {}}
          onChange={(draft) => setDrafts((all) => all.map((one, at) => (at === index ? draft : one)))}
        />
      ))}
      <ErrorNotice error={action.error} />
      <div className="actions">
        <button type="submit" className="primary" disabled={!edited || action.isRunning}>
          Save and send again
        </button>
        <button type="button" onClick={onDone}>
          Cancel
        </button>
      </div>
    </form>
  );
}

interface ChangeEditorProps {
  readonly change: Change;
  readonly draft: ChangeDraft;
  readonly onChange: (draft: ChangeDraft) => void;
}

function ChangeEditor({ change, draft, onChange }: ChangeEditorProps) {
  const { schema } = useInspectedSync();
  const columns = editableColumns(schema, change);
  return (
    <fieldset className="card change">
      <legend>
        {opWords(change)} {change.table} <code className="key">{keyWords(schema, change)}</code>
      </legend>
      {columns.length === 0 && <p className="muted">There is nothing to edit in this change.</p>}
      {columns.map(([name, column]) => {
        const isIncrement = Object.hasOwn(change.counters ?? {}, name);
        return (
          <div className="field" key={name}>
            <span className="field-name">
              {name} <span className="muted">{isIncrement ? 'increment' : column.kind}</span>
            </span>
            <TypedInput
              label={isIncrement ? `Increment of ${name}` : name}
              column={column}
              draft={draft[name] ?? draftOf(column.kind, null)}
              problem={problemOf(change, name, column, draft[name])}
              onChange={(typed) => onChange({ ...draft, [name]: typed })}
            />
          </div>
        );
      })}
    </fieldset>
  );
}

import { type FormEvent, useEffect, useRef, useState } from 'react';
import type { WriteReceipt } from '../../../src/client/sync.ts';
import type { Table } from '../../../src/core/schema.ts';
import type { Draft } from '../../data/draft.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { newRowDraft, parseRow, type RowDraft } from '../../data/row-draft.ts';
import { ErrorNotice } from '../../ui/notice.tsx';
import { TypedInput } from '../../ui/typed-input.tsx';
import { useAction } from '../../ui/use-action.ts';

interface InsertRowProps {
  readonly of: Table;
  readonly onInserted: (values: Readonly<Record<string, unknown>>, receipt: WriteReceipt) => void;
  readonly onCancel: () => void;
}

/** A new row of a table, as a mutation like any other of the app. */
export function InsertRow({ of, onInserted, onCancel }: InsertRowProps) {
  const sync = useInspectedSync();
  const action = useAction();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState<RowDraft>(() => newRowDraft(of));
  // What nobody has touched yet is not complained about.
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const { values, problems } = parseRow(of, draft);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('input, textarea, select')?.focus();
  }, []);
  const change = (name: string, next: Draft) => {
    setDraft((all) => ({ ...all, [name]: next }));
    setTouched((before) => new Set(before).add(name));
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    setTouched(new Set(Object.keys(of.columns)));
    const [wrong] = Object.keys(problems);
    if (wrong !== undefined) {
      form.current?.querySelector<HTMLElement>(`[data-column="${CSS.escape(wrong)}"] :is(input, textarea)`)?.focus();
      return;
    }
    void action.run(async () => {
      const receipt = await sync.write((tx) => tx.insert(of.name, values));
      // The form makes room for the row: who uses the keyboard goes on there.
      form.current?.closest<HTMLElement>('.detail')?.focus();
      onInserted(values, receipt);
    });
  };
  return (
    <form
      ref={form}
      className="padded"
      aria-label={`New row of ${of.name}`}
      onSubmit={save}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onCancel();
      }}
    >
      <h3 className="detail-title">New row of {of.name}</h3>
      <div>
        {Object.entries(of.columns).map(([name, column]) => (
          <div className="field" key={name} data-column={name}>
            <span className="field-name">
              {name} <span className="muted">{describe(of, name)}</span>
            </span>
            <TypedInput
              label={name}
              column={column}
              draft={draft[name] ?? { text: '', isNull: true }}
              problem={touched.has(name) ? (problems[name] ?? null) : null}
              onChange={(next) => change(name, next)}
            />
          </div>
        ))}
      </div>
      <ErrorNotice error={action.error} />
      <div className="actions footer">
        <button type="submit" className="primary" disabled={action.isRunning}>
          Insert as a mutation
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}

function describe(of: Table, name: string): string {
  const column = of.columns[name];
  if (!column) return '';
  const isRequired = !column.isNullable && column.defaultValue === undefined;
  return [column.kind, ...(of.primaryKey.includes(name) ? ['key'] : []), ...(isRequired ? ['required'] : [])].join(
    ', ',
  );
}

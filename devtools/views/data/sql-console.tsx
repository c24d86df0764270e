import { type KeyboardEvent, memo, type ReactNode, useState } from 'react';
import { useInspectedSync } from '../../data/inspected.ts';
import { countWords } from '../../data/words.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { DataGrid } from '../../ui/data-grid.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ExportButtons } from './export-buttons.tsx';
import { GridValue } from './grid-value.tsx';
import { QueryPlan } from './query-plan.tsx';
import { type SqlResult, useSql } from './use-sql.ts';

/** Typed before, and there again when the view is. */
let lastText = '';

/** SQL on the local database: what reads, its plan, and what writes (as a mutation). */
export function SqlConsole({ head }: { readonly head: ReactNode }) {
  const sync = useInspectedSync();
  const [firstTable = 'sqlite_schema'] = Object.keys(sync.schema.tables);
  const [text, setText] = useState(lastText || `SELECT * FROM ${firstTable} LIMIT 100`);
  const [isAsking, setAsking] = useState(false);
  const { result, isRunning, run, explain, write } = useSql();
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void (event.shiftKey ? explain(text) : run(text));
  };
  const isEmpty = text.trim() === '';
  return (
    <div className="sql">
      <div className="sql-input">
        <div className="actions">
          {head}
          <button type="button" className="primary" disabled={isRunning || isEmpty} onClick={() => run(text)}>
            Run
          </button>
          <button type="button" disabled={isRunning || isEmpty} onClick={() => explain(text)}>
            Explain
          </button>
          <button type="button" disabled={isRunning || isEmpty} onClick={() => setAsking(true)}>
            Write…
          </button>
          <span className="muted">Ctrl+Enter runs, with Shift it explains</span>
        </div>
        <textarea
          aria-label="SQL"
          spellCheck={false}
          rows={3}
          value={text}
          onKeyDown={onKeyDown}
          onChange={(event) => {
            lastText = event.target.value;
            setText(event.target.value);
          }}
        />
        {isAsking && (
          <Confirm
            title="Run this as a write?"
            action="Write it"
            cancel="Cancel"
            isRunning={isRunning}
            onConfirm={() => {
              setAsking(false);
              void write(text);
            }}
            onCancel={() => setAsking(false)}
          >
            <p>What it changes becomes one mutation of this device, and goes to the server like any other.</p>
          </Confirm>
        )}
      </div>
      {result && <Result result={result} />}
    </div>
  );
}

/** Stays as it is while the next statement is typed. */
const Result = memo(function Result({ result }: { readonly result: SqlResult }) {
  switch (result.kind) {
    case 'failed':
      return (
        <div className="padded">
          <Notice tone="bad">{result.message}</Notice>
        </div>
      );
    case 'written':
      return (
        <div className="padded">
          <Notice tone="ok">
            {countWords(result.rowCount, 'row')} changed in {result.ms.toFixed(1)} ms
            {result.mutationId === null ? '; nothing to send' : `, as mutation ${result.mutationId}`}.
          </Notice>
        </div>
      );
    case 'plan':
      return <QueryPlan steps={result.steps} />;
    case 'rows':
      return <Rows {...result} />;
  }
});

function Rows({ rows, columns, ms }: Extract<SqlResult, { kind: 'rows' }>) {
  const wide = columns.map((name) => ({ name, width: Math.max(150, 30 + 8 * name.length) }));
  return (
    <>
      <div className="toolbar">
        <span role="status">
          {countWords(rows.length, 'row')} in {ms.toFixed(1)} ms
        </span>
        <span className="spring" />
        <ExportButtons name="result" read={async () => ({ columns, rows })} />
      </div>
      {rows.length > 0 && (
        <DataGrid
          label="Result"
          columns={wide}
          rowCount={rows.length}
          rowAt={(index) => rows[index]}
          renderCell={(row, column) => <GridValue value={row[columns[column] ?? '']} />}
        />
      )}
    </>
  );
}

import { useContext, useEffect, useState } from 'react';
import type { TableInfo } from '../../../src/client/engine-api.ts';
import { BundleContext } from '../../data/bundle/bundle-context.ts';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { useFetched } from '../../data/use-fetched.ts';
import { countWords } from '../../data/words.ts';
import { Empty } from '../../ui/empty.tsx';
import { Facts } from '../../ui/facts.tsx';
import { followTable } from './follow-table.ts';
import { SqlConsole } from './sql-console.tsx';
import { TableView } from './table-view.tsx';

/** What was chosen last of each database: it is there again when the view is. */
const lastTables = new WeakMap<object, string>();

/** The tables of the app with the state of each row, and SQL on them. */
export function Data() {
  const sync = useInspectedSync();
  const names = Object.keys(sync.schema.tables);
  const [mode, setMode] = useState<'rows' | 'sql'>('rows');
  const [chosen, setChosen] = useState(lastTables.get(sync));
  const choose = (name: string) => {
    lastTables.set(sync, name);
    setChosen(name);
  };
  const tables = useTableInfos();
  const isOpening = useInspected((state) => state.status.phase === 'starting');
  const { bundle } = useContext(BundleContext);
  if (bundle) return <TablesOfBundle tables={bundle.bundle.tables} />;
  const table = names.find((name) => name === chosen) ?? names[0];
  if (table === undefined) return <Empty title="No tables">The schema of this app has no table.</Empty>;
  if (isOpening && tables === null) {
    return <Empty title="The database is opening">Its tables appear here as soon as it is open.</Empty>;
  }
  const head = (
    <fieldset className="segments" aria-label="What to show">
      <button type="button" aria-pressed={mode === 'rows'} onClick={() => setMode('rows')}>
        Rows
      </button>
      <button type="button" aria-pressed={mode === 'sql'} onClick={() => setMode('sql')}>
        SQL
      </button>
    </fieldset>
  );
  if (mode === 'sql') return <SqlConsole head={head} />;
  return (
    <div className="data">
      <TableView
        key={table}
        table={table}
        head={
          <>
            {head}
            <select aria-label="Table" value={table} onChange={(event) => choose(event.target.value)}>
              {names.map((name) => (
                <option key={name} value={name}>
                  {optionText(name, tables)}
                </option>
              ))}
            </select>
          </>
        }
      />
    </div>
  );
}

/** The rows stay with the one who made the bundle. */
function TablesOfBundle({ tables }: { readonly tables: readonly TableInfo[] }) {
  return (
    <div className="padded">
      <p className="summary">A support bundle tells how many rows there were; it never holds them.</p>
      <Facts title="Tables" facts={tables.map(({ table, rowCount }) => [table, countWords(rowCount, 'row')])} />
    </div>
  );
}

function optionText(name: string, tables: readonly TableInfo[] | null): string {
  const rowCount = tables?.find((one) => one.table === name)?.rowCount;
  return rowCount === undefined ? name : `${name} (${rowCount.toLocaleString('en')})`;
}

/** Tables with their counts; counted again when data has changed, but not more often than a person reads. */
function useTableInfos(): readonly TableInfo[] | null {
  const sync = useInspectedSync();
  const [version, setVersion] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = followTable(sync, null, () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setVersion((before) => before + 1);
      }, 1_000);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [sync]);
  return useFetched(sync.inspect.tables, version);
}

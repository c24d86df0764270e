import { useState } from 'react';
import type { LiveQueryInfo } from '../../../src/client/inspection.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { countWords, formatCount } from '../../data/words.ts';
import { Facts } from '../../ui/facts.tsx';
import { LiveOnly } from '../../ui/live-only.tsx';
import { ErrorNotice, Notice } from '../../ui/notice.tsx';
import { useAction } from '../../ui/use-action.ts';
import { Value } from '../../ui/value.tsx';
import { QueryPlan } from '../data/query-plan.tsx';
import { type PlanStep, readPlan } from '../data/use-sql.ts';
import { msWords, UpdateBadge } from './update-badge.tsx';

/** One live query: what it is, what it costs, and why. */
export function QueryDetail({ query }: { readonly query: LiveQueryInfo }) {
  const reRuns = query.runCount - query.incrementalCount;
  return (
    <div className="padded">
      <h3 className="detail-title">
        {countWords(query.rowCount, 'row')} <UpdateBadge query={query} />
      </h3>
      {query.error !== null && <Notice tone="bad">{query.error}</Notice>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls */}
      <pre className="code" tabIndex={0}>
        {query.sql.trim()}
      </pre>
      {query.parameters.length > 0 && (
        <p className="facts-line">
          {query.parameters.map((parameter, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: parameters are known by their place
            <span key={index}>
              ?{index + 1} <Value value={parameter} />
            </span>
          ))}
        </p>
      )}
      <Facts
        title="How it is kept current"
        facts={[
          [
            'Last update',
            query.lastUpdate.how === 'incremental' ? 'from the changed rows' : `run again: ${query.lastUpdate.why}`,
          ],
          [
            'In general',
            query.whyNeverIncremental === null
              ? 'from the changed rows, where their place is certain'
              : `run again each time: ${query.whyNeverIncremental}`,
          ],
          ['Updates', `${formatCount(query.incrementalCount)} incremental, ${countWords(reRuns, 'run')}`],
          ['Time', `${msWords(query.lastMs)} last, ${msWords(query.p95Ms)} p95`],
          ['Reads', query.tablesRead.join(', ') || 'no table'],
          ['Readers', `${formatCount(query.subscriberCount)} in this tab; ${countWords(query.tabCount, 'tab')} in all`],
        ]}
      />
      <LiveOnly>
        <Plan query={query} />
      </LiveOnly>
    </div>
  );
}

function Plan({ query }: { readonly query: LiveQueryInfo }) {
  const sync = useInspectedSync();
  const action = useAction();
  const [steps, setSteps] = useState<readonly PlanStep[] | null>(null);
  if (steps) return <QueryPlan steps={steps} />;
  return (
    <div className="actions">
      <button
        type="button"
        disabled={action.isRunning}
        onClick={() => action.run(async () => setSteps(await readPlan(sync, query)))}
      >
        Show the plan
      </button>
      <ErrorNotice error={action.error} />
    </div>
  );
}

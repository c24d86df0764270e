import type { Tone } from '../../data/words.ts';
import { Badge } from '../../ui/badge.tsx';
import { Empty } from '../../ui/empty.tsx';
import type { PlanStep } from './use-sql.ts';

/** How SQLite means to run a query, as a tree. */
export function QueryPlan({ steps }: { readonly steps: readonly PlanStep[] }) {
  if (steps.length === 0) return <Empty title="No plan">SQLite runs this without reading a table.</Empty>;
  return (
    <ul className="plan padded" aria-label="Query plan">
      {steps.map((step) => (
        <li key={step.id} style={{ paddingInlineStart: 18 * depthOf(step, steps) }}>
          <code>{step.detail}</code> <Verdict detail={step.detail} />
        </li>
      ))}
    </ul>
  );
}

function depthOf(step: PlanStep, steps: readonly PlanStep[]): number {
  const parent = steps.find(({ id }) => id === step.parent);
  return parent ? 1 + depthOf(parent, steps) : 0;
}

const VERDICTS: readonly (readonly [pattern: RegExp, tone: Tone, words: string])[] = [
  [/^SCAN (?!.*USING (?:COVERING )?INDEX)(?!CONSTANT)/, 'warn', 'reads every row'],
  [/^SCAN .*USING COVERING INDEX/, 'busy', 'reads a whole index'],
  [/^SEARCH .*USING AUTOMATIC/, 'warn', 'builds an index each time'],
  [/^SEARCH /, 'ok', 'finds rows by key'],
  [/TEMP B-TREE/, 'warn', 'sorts in memory'],
];

function Verdict({ detail }: { readonly detail: string }) {
  const [, tone, words] = VERDICTS.find(([pattern]) => pattern.test(detail)) ?? [];
  return tone && <Badge tone={tone}>{words}</Badge>;
}

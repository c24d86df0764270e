import type { LiveQueryInfo } from '../../../src/client/inspection.ts';
import { Badge } from '../../ui/badge.tsx';

/** How the query was brought up to date the last time; a failure comes first. */
export function UpdateBadge({ query }: { readonly query: LiveQueryInfo }) {
  if (query.error !== null) return <Badge tone="bad">failed</Badge>;
  if (query.runCount === 1) return <Badge tone="idle">read once</Badge>;
  return query.lastUpdate.how === 'incremental' ? (
    <Badge tone="ok">incremental</Badge>
  ) : (
    <Badge tone="busy">re-run</Badge>
  );
}

export function msWords(ms: number): string {
  return ms < 0.1 && ms > 0 ? '<0.1 ms' : `${ms.toFixed(1)} ms`;
}

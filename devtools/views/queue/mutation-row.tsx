import { memo } from 'react';
import type { OutboxEntry } from '../../../src/client/types.ts';
import { changesWords, keyWords } from '../../data/change-diff.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { ageWords, useNow } from '../../data/time.ts';
import { StateBadge } from '../../ui/badge.tsx';

/** A mutation in the list: what it does, and how it stands. */
export const MutationRow = memo(function MutationRow({ entry }: { readonly entry: OutboxEntry | undefined }) {
  const { schema } = useInspectedSync();
  const now = useNow();
  if (!entry) return <span className="muted">…</span>;
  const [first] = entry.changes;
  return (
    <>
      <span className="row-id mono">#{entry.mutationId}</span>
      <span className="row-main">
        <span className="ellipsis">
          <b>{entry.tables.join(', ')}</b> {changesWords(schema, entry.changes)}
        </span>
        <span className="ellipsis muted">
          {entry.reason ? entry.reason.message : first && entry.changes.length === 1 ? keyWords(schema, first) : ''}
        </span>
      </span>
      <span className="row-side">
        <StateBadge state={entry.state} />
        <span className="muted">{ageWords(entry.createdAt, now)}</span>
      </span>
    </>
  );
});

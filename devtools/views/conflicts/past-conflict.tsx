import { useState } from 'react';
import type { Conflict, ConflictResolution } from '../../../src/client/types.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { clockWords, useNow } from '../../data/time.ts';
import { sameValue } from '../../data/value-text.ts';
import { Badge } from '../../ui/badge.tsx';
import { LiveOnly } from '../../ui/live-only.tsx';
import { useScrollTop } from '../../ui/master-detail.tsx';
import { ErrorNotice, Notice } from '../../ui/notice.tsx';
import { type Action, useAction } from '../../ui/use-action.ts';
import { Value } from '../../ui/value.tsx';
import { type Losing, losingValues, restore, resultOf } from './restore.ts';
import { ConflictTitle } from './sides.tsx';

/** A decided conflict: who or what decided, what won, and the values that lost. */
export function PastConflict({ conflict }: { readonly conflict: Conflict }) {
  const now = useNow();
  const top = useScrollTop(conflict.id);
  const { resolution } = conflict;
  const { schema } = useInspectedSync();
  const losing = losingValues(schema, conflict);
  return (
    <article className="padded" ref={top} aria-label={`Past conflict in ${conflict.table}`}>
      <ConflictTitle conflict={conflict} />
      {resolution && (
        <Notice tone="ok">
          {deciderWords(resolution)} {clockWords(resolution.at, now)}: <strong>{choiceWords(resolution)}</strong>
        </Notice>
      )}
      {conflict.columns.length > 0 && <PastValues conflict={conflict} />}
      {losing.length > 0 && <Restore conflict={conflict} losing={losing} />}
    </article>
  );
}

/** What each side had, and what came of it. */
function PastValues({ conflict }: { readonly conflict: Conflict }) {
  return (
    <section className="card preview past-values" aria-label="Values">
      <div className="scroll-x">
        <table>
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Base</th>
              <th scope="col">This device</th>
              <th scope="col">Other side</th>
              <th scope="col">Result</th>
            </tr>
          </thead>
          <tbody>
            {conflict.columns.map((column) => (
              <PastField key={column} conflict={conflict} column={column} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The values that lost can be written again: as a change like any other, which may meet others. */
function Restore({ conflict, losing }: { readonly conflict: Conflict; readonly losing: readonly Losing[] }) {
  const sync = useInspectedSync();
  const action = useAction();
  const [written, setWritten] = useState<string | null>(null);
  const run = (one: Losing) =>
    void action.run(async () => {
      await restore(sync, conflict, one);
      setWritten(one.label);
    });
  return (
    <section className="card" aria-label="Restore">
      <h4>Restore what lost</h4>
      <ul className="restore">
        {losing.map((one) => (
          <RestoreRow key={`${one.side} ${one.label}`} losing={one} action={action} onRestore={() => run(one)} />
        ))}
      </ul>
      <ErrorNotice error={action.error} />
      {written !== null && action.error === null && (
        <p role="status" className="muted">
          {written} was written again.
        </p>
      )}
    </section>
  );
}

interface RestoreRowProps {
  readonly losing: Losing;
  readonly action: Action;
  readonly onRestore: () => void;
}

function RestoreRow({ losing, action, onRestore }: RestoreRowProps) {
  const side = losing.side === 'local' ? 'this device' : 'the other side';
  return (
    <li>
      <span>
        <b>{losing.label}</b> <span className="muted">{side}</span>
      </span>
      {losing.column === null ? <span className="muted">the whole row</span> : <Value value={losing.value} />}
      <LiveOnly>
        <span className="actions">
          <button
            type="button"
            aria-label={`Restore ${losing.label} of ${side}`}
            disabled={action.isRunning}
            onClick={onRestore}
          >
            Restore
          </button>
        </span>
      </LiveOnly>
    </li>
  );
}

function PastField({ conflict, column }: { readonly conflict: Conflict; readonly column: string }) {
  const { resolution } = conflict;
  const field = conflict.fields[column];
  const decided = resolution?.policies[column] ?? resolution?.policies['*'];
  const result = resultOf(conflict, column);
  const standing = (side: 'local' | 'remote') => (sameValue(field?.[side], result) ? 'new' : 'old');
  return (
    <tr>
      <th scope="row">
        {column} {decided && <Badge tone="idle">{decided.policy}</Badge>}
      </th>
      <td data-side="Base">
        <Value value={field?.base} />
      </td>
      <td data-side="This device" data-label={standing('local') === 'old' ? 'lost' : undefined}>
        <Value value={field?.local} className={standing('local')} />
      </td>
      <td data-side="Other side" data-label={standing('remote') === 'old' ? 'lost' : undefined}>
        <Value value={field?.remote} className={standing('remote')} />
      </td>
      <td data-side="Result">
        <Value value={result} />
      </td>
    </tr>
  );
}

function deciderWords({ by, policies }: ConflictResolution): string {
  if (by === 'person') return 'A person decided';
  if (by === 'resolver') return "The app's resolver decided";
  const names = [...new Set(Object.values(policies).map((one) => one.policy))];
  return `The policy ${names.join(', ')} decided`;
}

function choiceWords(resolution: ConflictResolution): string {
  if (resolution.values === null) return 'the row is deleted';
  return { local: 'this device won', remote: 'the other side won', merged: 'merged' }[resolution.choice];
}

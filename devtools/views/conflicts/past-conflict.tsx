import type { Conflict, ConflictResolution } from '../../../src/client/types.ts';
import { clockWords, useNow } from '../../data/time.ts';
import { sameValue } from '../../data/value-text.ts';
import { Badge } from '../../ui/badge.tsx';
import { useScrollTop } from '../../ui/master-detail.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Value } from '../../ui/value.tsx';
import { ConflictTitle } from './sides.tsx';

/** A decided conflict: who or what decided, what won, and the values that lost. */
export function PastConflict({ conflict }: { readonly conflict: Conflict }) {
  const now = useNow();
  const top = useScrollTop(conflict.id);
  const { resolution } = conflict;
  return (
    <article className="padded" ref={top} aria-label={`Past conflict in ${conflict.table}`}>
      <ConflictTitle conflict={conflict} />
      {resolution && (
        <Notice tone="ok">
          {deciderWords(resolution)} {clockWords(resolution.at, now)}: <strong>{choiceWords(resolution)}</strong>
        </Notice>
      )}
      <section className="card preview" aria-label="Values">
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
    </article>
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
      <td>
        <Value value={field?.base} />
      </td>
      <td data-label={standing('local') === 'old' ? 'lost' : undefined}>
        <Value value={field?.local} className={standing('local')} />
      </td>
      <td data-label={standing('remote') === 'old' ? 'lost' : undefined}>
        <Value value={field?.remote} className={standing('remote')} />
      </td>
      <td>
        <Value value={result} />
      </td>
    </tr>
  );
}

/** What stands in the column now because of the decision; undefined when the row ended deleted. */
function resultOf({ resolution, fields }: Conflict, column: string): unknown {
  if (!resolution?.values) return undefined;
  if (Object.hasOwn(resolution.values, column)) return resolution.values[column];
  const winner = resolution.policies[column]?.winner ?? resolution.policies['*']?.winner ?? resolution.choice;
  return winner === 'merged' ? undefined : fields[column]?.[winner];
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

import { useState } from 'react';
import type { Conflict } from '../../../src/client/types.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { countWords } from '../../data/words.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { useAction } from '../../ui/use-action.ts';

interface DecideAllProps {
  /** Those that a person sees. */
  readonly conflicts: readonly Conflict[];
  /** Null: of all tables. */
  readonly table: string | null;
  /** Whether there are more than these. */
  readonly isPart: boolean;
  readonly onDone: () => void;
}

type Policy = 'client-wins' | 'server-wins' | 'last-write-wins';

const POLICIES: Readonly<Record<Policy, string>> = {
  'last-write-wins': 'the later write wins',
  'client-wins': 'this device wins',
  'server-wins': 'the other side wins',
};

const ANSWERS = { 'last-write-wins': 'later', 'client-wins': 'local', 'server-wins': 'remote' } as const;

/** Decides many conflicts by one policy, after telling what that means for these. */
export function DecideAll({ conflicts, table, isPart, onDone }: DecideAllProps) {
  const sync = useInspectedSync();
  const action = useAction();
  const [policy, setPolicy] = useState<Policy>('last-write-wins');
  const mineCount = conflicts.filter((one) => sideOf(policy, one) === 'local').length;
  const decide = () => sync.conflicts.resolveAll(ANSWERS[policy], table === null ? {} : { table });
  return (
    <Confirm
      title={`Decide ${countWords(conflicts.length, 'conflict')}${table === null ? '' : ` of ${table}`}?`}
      action="Decide them all"
      isRunning={action.isRunning}
      onConfirm={() => void action.run(decide).then((isDone) => isDone && onDone())}
      onCancel={onDone}
      cancel="Cancel"
    >
      <label className="inline-field">
        By the policy{' '}
        <select value={policy} onChange={(event) => setPolicy(policyOf(event.target.value))}>
          {Object.entries(POLICIES).map(([name, words]) => (
            <option key={name} value={name}>
              {name}: {words}
            </option>
          ))}
        </select>
      </label>
      <p role="status">
        {countWords(mineCount, 'row')} as this device has it, {countWords(conflicts.length - mineCount, 'row')} as the
        other side has it{isPart && ', and all that are not listed yet by the same policy'}. What loses stays readable
        under Past, and can be restored there.
      </p>
      <ErrorNotice error={action.error} />
    </Confirm>
  );
}

function sideOf(policy: Policy, { localIsLater }: Conflict): 'local' | 'remote' {
  if (policy === 'last-write-wins') return localIsLater ? 'local' : 'remote';
  return policy === 'client-wins' ? 'local' : 'remote';
}

function policyOf(value: string): Policy {
  return value === 'client-wins' || value === 'server-wins' ? value : 'last-write-wins';
}

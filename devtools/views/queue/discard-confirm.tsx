import type { OutboxEntry } from '../../../src/client/types.ts';
import { undoDiff, undoWords } from '../../data/change-diff.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { countWords } from '../../data/words.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { ChangeCard } from './change-card.tsx';

interface DiscardConfirmProps {
  readonly entry: OutboxEntry;
  readonly isRunning: boolean;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

const SHOWN = 20;

/** Says what throwing a mutation away undoes, before it does. */
export function DiscardConfirm({ entry, ...confirm }: DiscardConfirmProps) {
  const { schema } = useInspectedSync();
  const rest = entry.changes.length - SHOWN;
  return (
    <Confirm title={`Discard mutation #${entry.mutationId}?`} action="Discard" {...confirm}>
      <p>
        {entry.state === 'rejected'
          ? 'It is not applied here any more. What it wanted to write is thrown away for good:'
          : `${countWords(entry.changes.length, 'change')} will be undone on this device and never sent:`}
      </p>
      {entry.changes.slice(0, SHOWN).map((change, index) => (
        <ChangeCard
          // biome-ignore lint/suspicious/noArrayIndexKey: the changes of a mutation do not move
          key={index}
          change={change}
          {...(entry.state === 'rejected' ? {} : { title: undoWords(change), diffs: undoDiff(schema, change) })}
        />
      ))}
      {rest > 0 && <p className="muted">and {countWords(rest, 'more change')}</p>}
    </Confirm>
  );
}

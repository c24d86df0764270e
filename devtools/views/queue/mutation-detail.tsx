import { useContext, useState } from 'react';
import type { OutboxEntry } from '../../../src/client/types.ts';
import { hlcMs } from '../../../src/core/hlc.ts';
import { ShowViewContext, useInspectedSync } from '../../data/inspected.ts';
import { ageWords, clockWords, useNow } from '../../data/time.ts';
import { countWords, formatBytes } from '../../data/words.ts';
import { StateBadge, stateWords } from '../../ui/badge.tsx';
import { LiveOnly } from '../../ui/live-only.tsx';
import { useScrollTop } from '../../ui/master-detail.tsx';
import { ErrorNotice, Notice } from '../../ui/notice.tsx';
import { type Action, useAction } from '../../ui/use-action.ts';
import { ChangeCard } from './change-card.tsx';
import { DiscardConfirm } from './discard-confirm.tsx';
import { MutationEditor } from './mutation-editor.tsx';

type Mode = 'read' | 'edit' | 'discard';

/** What a person may do: send a stopped mutation again, and throw away what the server certainly does not have. */
function allowed({ state, attempts }: OutboxEntry): { canResend: boolean; canDiscard: boolean } {
  const isStopped = state === 'conflicted' || state === 'rejected';
  const isUnsent = (state === 'pending' || state === 'parked') && attempts === 0;
  return { canResend: isStopped, canDiscard: isStopped || isUnsent };
}

/** One mutation: why it waits, its changes column by column, and what can be done about it. */
export function MutationDetail({ entry }: { readonly entry: OutboxEntry }) {
  const sync = useInspectedSync();
  const action = useAction();
  const [mode, setMode] = useState<Mode>('read');
  const top = useScrollTop(mode);
  const discard = () => action.run(() => sync.outbox.discard(entry.mutationId));
  return (
    <article className="padded" ref={top} aria-label={`Mutation ${entry.mutationId}`}>
      <Summary entry={entry} />
      <ErrorNotice error={action.error} />
      {mode === 'discard' && (
        <DiscardConfirm
          entry={entry}
          isRunning={action.isRunning}
          onConfirm={discard}
          onCancel={() => setMode('read')}
        />
      )}
      <LiveOnly>{mode === 'read' && <Buttons entry={entry} action={action} onMode={setMode} />}</LiveOnly>
      {mode === 'edit' ? (
        <MutationEditor entry={entry} onDone={() => setMode('read')} />
      ) : (
        entry.changes.map((change, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the changes of a mutation do not move
          <ChangeCard key={index} change={change} />
        ))
      )}
    </article>
  );
}

function Summary({ entry }: { readonly entry: OutboxEntry }) {
  const now = useNow();
  const { meaning } = stateWords(entry.state);
  return (
    <>
      <h3 className="detail-title">
        Mutation #{entry.mutationId} <StateBadge state={entry.state} />
      </h3>
      <p className="muted">
        {entry.waitsFor === null ? meaning : `waits behind mutation #${entry.waitsFor} on the same row`}
      </p>
      {entry.reason && (
        <Notice tone="bad">
          <strong>{entry.reason.code}</strong> {entry.reason.message}
        </Notice>
      )}
      <p className="facts-line">
        <span>
          written {clockWords(entry.createdAt, now)} ({ageWords(entry.createdAt, now)})
        </span>
        <span>{countWords(entry.attempts, 'attempt')}</span>
        <span>{countWords(entry.changeCount, 'change')}</span>
        <span>{formatBytes(entry.sizeBytes)}</span>
        <span title={`HLC ${entry.hlc}, ${new Date(hlcMs(entry.hlc)).toISOString()}`}>
          base seq <span className="mono">{entry.base}</span>
        </span>
      </p>
    </>
  );
}

interface ButtonsProps {
  readonly entry: OutboxEntry;
  readonly action: Action;
  readonly onMode: (mode: Mode) => void;
}

function Buttons({ entry, action, onMode }: ButtonsProps) {
  const sync = useInspectedSync();
  const showView = useContext(ShowViewContext);
  const { canResend, canDiscard } = allowed(entry);
  if (!canDiscard) return null;
  const isConflicted = entry.state === 'conflicted';
  return (
    <div className="actions">
      {isConflicted && (
        <button type="button" className="primary" onClick={() => showView('conflicts', entry.changes[0])}>
          Decide the conflict
        </button>
      )}
      {canResend && (
        <>
          <button
            type="button"
            className={isConflicted ? '' : 'primary'}
            disabled={action.isRunning}
            onClick={() => action.run(() => sync.outbox.retry(entry.mutationId))}
          >
            {isConflicted ? 'Retry with my values' : 'Retry'}
          </button>
          <button type="button" onClick={() => onMode('edit')}>
            Edit
          </button>
        </>
      )}
      <button type="button" onClick={() => onMode('discard')}>
        Discard…
      </button>
    </div>
  );
}

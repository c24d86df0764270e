import type { Ref } from 'react';
import { useStore } from 'zustand';
import type { Sync } from '../../src/client/sync.ts';
import type { SyncState } from '../../src/client/types.ts';
import { usePacedStore } from '../data/inspected.ts';
import { useNow } from '../data/time.ts';
import { formatCount, statusWords, toneOf } from '../data/words.ts';
import type { SyncDevtoolsProps } from './props.ts';

interface FloatingButtonProps {
  readonly buttonRef: Ref<HTMLButtonElement>;
  readonly sync: Sync;
  readonly position: NonNullable<SyncDevtoolsProps['position']>;
  readonly shortcut: string | false;
  readonly onOpen: () => void;
  /** The panel is open in its own window. */
  readonly isElsewhere?: boolean;
}

const selectStatus = (state: SyncState) => state.status;

/** A glance takes longer, and the app goes first. */
const PACE_MS = 500;

/** How sync stands, as a colour and two counts; opens the panel. */
export function FloatingButton({ buttonRef, sync, position, shortcut, onOpen, isElsewhere }: FloatingButtonProps) {
  const status = useStore(usePacedStore(sync.inspect.store, PACE_MS), selectStatus);
  const words = statusWords(status, useNow());
  const keys = shortcut === false ? '' : ` (${shortcut})`;
  const needsPerson = status.conflictCount + status.rejectedCount;
  return (
    <button
      ref={buttonRef}
      type="button"
      className={`float ${position}`}
      data-tone={toneOf(status)}
      title={`tidemark: ${words.headline}${keys}`}
      onClick={onOpen}
    >
      <span className="dot" />
      <span className="hidden">{isElsewhere ? 'Show the window of the ' : 'Open '}</span>
      <span className="float-name">tidemark</span>
      <span className="hidden">{` devtools${keys}. ${[words.headline, ...words.details].join(', ')}`}</span>
      {status.pendingCount > 0 && (
        <span aria-hidden className="count">
          {formatCount(status.pendingCount)} ↑
        </span>
      )}
      {needsPerson > 0 && (
        <span aria-hidden className="count warn">
          {formatCount(needsPerson)} !
        </span>
      )}
    </button>
  );
}

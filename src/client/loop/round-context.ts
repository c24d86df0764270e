import type { SyncError } from '../../shared/error.ts';
import type { SyncKind } from '../engine-api.ts';
import type { LocalStore } from '../local-store.ts';
import type { SyncProgress, SyncTrigger } from '../types.ts';
import { abortable, throwIfAborted } from './abortable.ts';
import type { ConflictAnswers } from './conflict-answers.ts';
import type { Line } from './line.ts';
import type { Publisher } from './publisher.ts';
import type { PushMemory } from './push-memory.ts';
import type { SyncLoopOptions } from './sync-loop.ts';

/** What a round is to do. */
export interface RoundPlan {
  readonly kind: SyncKind;
  readonly trigger: SyncTrigger;
  /** Pull even where nothing is known to wait. */
  readonly pulls: boolean;
  /** For `seed` and `hydrate`. */
  readonly tables: readonly string[];
}

/** What a round works with. */
export interface RoundContext {
  readonly options: SyncLoopOptions;
  readonly line: Line;
  readonly plan: RoundPlan;
  readonly signal: AbortSignal;
  readonly report: RoundReport;
  readonly publisher: Publisher;
  readonly pushMemory: PushMemory;
  readonly answers: ConflictAnswers;
  /** Whether the realtime channel brings what the server commits. */
  readonly isLive: () => boolean;
  /** The cursor or the scopes have moved by HTTP: the channel has to know. */
  readonly onPulled: () => void;
  readonly onProgress: (progress: SyncProgress) => void;
}

/** What a round has done so far: shown while it runs, and kept in the history. */
export interface RoundReport {
  pushedCount: number;
  pulledChangeCount: number;
  sentBytes: number;
  /** At these mutations the server failed: the rest of the round goes without them. With what it failed with. */
  readonly leftOut: Map<number, SyncError>;
  isPushing: boolean;
  isPulling: boolean;
  progress: SyncProgress | null;
}

export function newReport(): RoundReport {
  return {
    pushedCount: 0,
    pulledChangeCount: 0,
    sentBytes: 0,
    leftOut: new Map(),
    isPushing: false,
    isPulling: false,
    progress: null,
  };
}

/**
 * Changes the store when no write transaction of the app is open, and tells of it. Whoever waits in the queue when the
 * round is aborted does nothing any more; what was done is told of even if nobody waits for it by then.
 */
export function change<T>(
  context: RoundContext,
  run: (store: LocalStore) => T,
  tell: (result: T) => void = () => {},
): Promise<T> {
  const { options, signal } = context;
  throwIfAborted(signal);
  const done = options.exclusive(() => {
    throwIfAborted(signal);
    return run(options.store);
  });
  return abortable(
    done.then((result) => {
      tell(result);
      return result;
    }),
    signal,
  );
}

/** Shows how far a step has come. */
export function showProgress({ report, publisher, onProgress }: RoundContext, progress: SyncProgress): void {
  report.progress = progress;
  publisher.progress(progress);
  onProgress(progress);
}

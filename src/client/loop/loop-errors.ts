import { SyncError } from '../../shared/error.ts';
import type { SyncTrigger } from '../types.ts';

export function pausedError(pausedBy: readonly string[]): SyncError {
  const reasons = pausedBy.join(', ');
  return new SyncError('aborted', `Sync is paused (${reasons}). Call resume() with each of these reasons first.`, {
    details: { pausedBy: reasons },
  });
}

export function closedError(): SyncError {
  return new SyncError('closed', 'The local database has been closed.');
}

export function timerLost(trigger: SyncTrigger): SyncError {
  return new SyncError(
    'timeout',
    `A round (${trigger}) was due, and the timer that begins it was lost. It begins now.`,
  );
}

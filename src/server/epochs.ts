import type { FormerEpoch } from '../protocol/messages/pull.ts';
import type { Position } from './records.ts';

/** Under which setting the storages keep the list. */
export const EPOCHS_SETTING = 'epochs';

/** So many epochs back a device may have been away. For one that comes from before them, nothing is known to be in common. */
const MAX_FORMER_EPOCHS = 16;

export function parseFormerEpochs(stored: string | null): FormerEpoch[] {
  return stored === null ? [] : JSON.parse(stored);
}

/**
 * The epochs before the one that begins where the log stands now, newest first: up to which seq each has in common with it. A log that
 * goes on from an earlier point has no more in common with those before.
 */
export function formerEpochsFrom(
  { epoch, head }: Pick<Position, 'epoch' | 'head'>,
  before: readonly FormerEpoch[],
): FormerEpoch[] {
  const older = before.filter((one) => one.epoch !== epoch).map((one) => ({ ...one, seq: Math.min(one.seq, head) }));
  return [{ epoch, seq: head }, ...older].slice(0, MAX_FORMER_EPOCHS);
}

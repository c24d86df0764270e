import type { Sync } from '../client/sync.ts';
import { SyncError } from '../shared/error.ts';
import { isName } from '../shared/name.ts';

/** What the types of the public calls say already, for callers that have none: here a mistake would go by in silence. */

type Unsent = Parameters<Sync['wipe']>[0]['unsent'];

const UNSENT: ReadonlySet<unknown> = new Set<Unsent>(['refuse', 'export', 'discard']);

/** A sign-out that deletes nothing is no small matter. */
export function checkedUnsent(options: { readonly unsent: Unsent } | undefined): Unsent {
  const unsent = options?.unsent;
  if (unsent !== undefined && UNSENT.has(unsent)) return unsent;
  const received = JSON.stringify(unsent) ?? String(unsent);
  throw new SyncError('misuse', `wipe() takes { unsent: 'refuse' | 'export' | 'discard' }; unsent was ${received}.`);
}

/** The status lists the reasons, in every tab. */
export function checkedReason(reason: string): string {
  if (isName(reason)) return reason;
  throw new SyncError('invalid-value', 'The reason of a pause has 1 to 200 characters of valid Unicode.');
}

import { familyOf } from '../../core/client-family.ts';
import { COPIED } from '../../protocol/messages/push.ts';
import type { OutcomeRecord } from '../records.ts';
import type { WorkingSet } from './working-set.ts';

/** Of a mutation whose parts could not be read, or not be kept. */
export const ANY_HLC = '';

/** A mutation, by what tells it from others. A part of an older client does not tell its stamp. */
interface Stamped {
  readonly mutationId: number;
  readonly hlc?: string | undefined;
}

/** Who sends. */
interface Sender {
  readonly identity: { readonly id: string };
  readonly request: { readonly clientId: string };
}

export interface KnownOutcomes {
  /**
   * What was decided about this mutation; undefined for a new one. `copied`: its id was decided with other content, so the sender
   * is a copy of the device that sent it, or the other way round.
   */
  of(mutation: Stamped): OutcomeRecord | typeof COPIED | undefined;
}

/**
 * What has been decided about these mutations: under the id they come with, or under another one of the same local database. Copies of it
 * hold the same mutations, and each may know them by another id: where a server was set back, it depends on who came first. Whoever
 * brings a mutation, it is taken once.
 */
export async function loadKnown(
  set: WorkingSet,
  { identity, request: { clientId } }: Sender,
  mutationIds: readonly number[],
): Promise<KnownOutcomes> {
  const [family] = await Promise.all([set.writer.family(familyOf(clientId)), set.loadOutcomes(clientId, mutationIds)]);
  const relatives = family.filter((device) => device.clientId !== clientId && device.subject === identity.id);
  for (const relative of relatives) await set.loadOutcomes(relative.clientId, mutationIds);
  return {
    of(mutation) {
      const own = set.outcome(clientId, mutation.mutationId);
      if (own) return isSame(own, mutation) ? own : COPIED;
      const others = relatives.map((relative) => set.outcome(relative.clientId, mutation.mutationId));
      return others.find((other) => other !== undefined && other.hlc === mutation.hlc);
    },
  };
}

function isSame(known: OutcomeRecord, { hlc }: Stamped): boolean {
  return hlc === undefined || known.hlc === hlc || known.hlc === ANY_HLC;
}

import { familyOf } from '../../core/client-family.ts';
import { encode, type WireMap } from '../../protocol/codec.ts';
import type { IdSpan, StoredOutcome } from '../../protocol/messages/pull.ts';
import type { OutcomeRecord } from '../records.ts';
import type { StorageReader } from '../storage.ts';

export interface OutcomePartInput {
  readonly reader: StorageReader;
  /** Whose mutations they are to be. */
  readonly subject: string;
  /** In ascending order of their ids. */
  readonly unanswered: readonly IdSpan[];
  /** The id to begin with; ids before it have been told of. */
  readonly nextId: number;
  /** Where the chain ends: what was committed later is not in it. */
  readonly until: number;
  readonly maxBytes: number;
}

export interface OutcomePart {
  readonly outcomes: StoredOutcome[];
  /** The id to go on with; null when all ids have been looked at. */
  readonly nextId: number | null;
}

/** Ids read at once, and in one page. */
const IDS_AT_ONCE = 500;
const IDS_IN_A_PAGE = 10_000;
const PLAIN_BYTES = 96;

/**
 * Tells a client which of its own unanswered mutations are in what it pulls. A snapshot shows rows without saying who wrote
 * them: laid over it, a mutation it holds already would count twice.
 *
 * Rows and outcome of a mutation are written by one transaction, and a chain shows nothing of later commits than its end.
 * So these are exactly the mutations that have an outcome with a commit up to there; the others have no part in it.
 *
 * A copy of the client's database may have sent them, and known them by another id: they are looked for under all of the family.
 */
export async function readOutcomePart(input: OutcomePartInput): Promise<OutcomePart> {
  const outcomes: StoredOutcome[] = [];
  let bytes = 0;
  let idsLeft = IDS_IN_A_PAGE;
  for (const { clientId, from, to } of input.unanswered) {
    const clientIds = await ownFamily(input, clientId);
    for (let id = Math.max(input.nextId, from); id <= to; ) {
      if (bytes >= input.maxBytes || idsLeft <= 0) return { outcomes, nextId: id };
      const ids = range(id, Math.min(to, id + IDS_AT_ONCE - 1));
      for (const record of await outcomesOf(input.reader, clientIds, ids)) {
        if (!isWithin(record, input.until)) continue;
        outcomes.push({ ...record.outcome, hlc: record.hlc });
        bytes += sizeOf(record);
      }
      id += ids.length;
      idsLeft -= ids.length;
    }
  }
  return { outcomes, nextId: null };
}

async function ownFamily({ reader, subject }: OutcomePartInput, clientId: string): Promise<string[]> {
  const family = await reader.family(familyOf(clientId));
  return family.filter((device) => device.subject === subject).map((device) => device.clientId);
}

async function outcomesOf(
  reader: StorageReader,
  clientIds: readonly string[],
  ids: readonly number[],
): Promise<OutcomeRecord[]> {
  const found: OutcomeRecord[] = [];
  for (const clientId of clientIds) found.push(...(await reader.outcomes(clientId, ids)));
  return found;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

function isWithin({ outcome }: OutcomeRecord, until: number): boolean {
  return outcome.seq !== null && outcome.seq <= until;
}

function sizeOf({ outcome }: OutcomeRecord): number {
  return outcome.conflicts.length === 0 ? PLAIN_BYTES : encode(outcome as unknown as WireMap).length;
}

import { type MutationPart, mutation as mutationSchema, type PushRequest } from '../../protocol/messages/push.ts';
import { parseMessage } from '../../protocol/parse.ts';
import { SyncError } from '../../shared/error.ts';
import type { WorkingSet } from './working-set.ts';

type PushedMutation = PushRequest['mutations'][number];

export interface PartOptions {
  readonly clientId: string;
  readonly now: number;
  readonly maxMutationBytes: number;
}

/** What has come of a part: more are missing, or the mutation is whole, or it can never be one. */
export type Received =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'complete'; readonly mutation: PushedMutation }
  | { readonly kind: 'refused'; readonly error: SyncError };

/** More parts than a mutation of the largest size could need. */
const MAX_PARTS = 4_096;

/**
 * Keeps one part of a large mutation, durably, until all are there. A part sent again replaces itself; the parts of a
 * mutation that was given up make room for those of the next.
 *
 * @throws SyncError `protocol` when the part itself makes no sense.
 */
export async function receivePart(set: WorkingSet, part: MutationPart, options: PartOptions): Promise<Received> {
  const { clientId, now, maxMutationBytes } = options;
  const { mutationId, index, count, bytes } = part;
  if (index >= count || count > MAX_PARTS)
    throw new SyncError('protocol', `Part ${index} of ${count} is out of range.`);
  const { own, ownBytes, abandoned } = await stagedParts(set, part, options);
  const sizeBytes = ownBytes + bytes.length;
  if (sizeBytes > maxMutationBytes) return { kind: 'refused', error: tooLarge(mutationId, maxMutationBytes) };
  for (const id of abandoned) await set.writer.dropParts(clientId, id);
  await set.writer.savePart({ clientId, mutationId, index, count, sizeBytes: bytes.length, at: now, bytes });
  if (own + 1 < count) return { kind: 'waiting' };
  return assemble(await set.writer.partBytes(clientId, mutationId), { mutationId, maxBytes: maxMutationBytes });
}

interface StagedParts {
  /** Parts of this mutation, this one left out. */
  readonly own: number;
  readonly ownBytes: number;
  /** Mutations whose parts are to go: this one's too, when it was cut differently before. */
  readonly abandoned: ReadonlySet<number>;
}

async function stagedParts(set: WorkingSet, part: MutationPart, options: PartOptions): Promise<StagedParts> {
  const staged = await set.writer.parts(options.clientId);
  const isOwn = (one: { mutationId: number }) => one.mutationId === part.mutationId;
  const own = staged.filter((one) => isOwn(one) && one.count === part.count && one.index !== part.index);
  const isCutAnew = staged.some((one) => isOwn(one) && one.count !== part.count);
  const allBytes = staged.reduce((sum, one) => sum + one.sizeBytes, part.bytes.length);
  const others = staged.filter((one) => !isOwn(one) && allBytes > options.maxMutationBytes);
  return {
    own: own.length,
    ownBytes: own.reduce((sum, one) => sum + one.sizeBytes, 0),
    abandoned: new Set([...(isCutAnew ? [part.mutationId] : []), ...others.map((one) => one.mutationId)]),
  };
}

function assemble(parts: readonly Uint8Array[], limits: { mutationId: number; maxBytes: number }): Received {
  try {
    const mutation = parseMessage(mutationSchema, join(parts), { maxBytes: limits.maxBytes });
    if (mutation.mutationId === limits.mutationId) return { kind: 'complete', mutation };
    throw new Error('it carries another mutationId');
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const message = `The parts of mutation ${limits.mutationId} do not make a mutation: ${problem}.`;
    return { kind: 'refused', error: new SyncError('protocol', message, { cause: error }) };
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function tooLarge(mutationId: number, limit: number): SyncError {
  return new SyncError('too-large', `Mutation ${mutationId} has more than ${limit} bytes: split the transaction.`);
}

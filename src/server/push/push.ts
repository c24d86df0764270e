import type { Change } from '../../core/change.ts';
import { boundHlc, type Hlc, nextHlc } from '../../core/hlc.ts';
import { lastHlc } from '../../core/row-version.ts';
import type { Schema, Table } from '../../core/schema.ts';
import { COPIED, type Outcome, type PushRequest } from '../../protocol/messages/push.ts';
import type { RowKey } from '../../shared/cell.ts';
import { SyncError, type SyncErrorKind } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import { type Access, FULL_ACCESS } from '../access.ts';
import type { ServiceLimits, ValidateFunction } from '../options.ts';
import type { Identity } from '../service.ts';
import { checkChanges } from './check-change.ts';
import type { CommitQueue } from './commit-queue.ts';
import {
  type CheckedMutation,
  type DecideContext,
  decideMutation,
  toRejection,
  type Verdict,
} from './decide-mutation.ts';
import { ANY_HLC, type KnownOutcomes, loadKnown } from './known-outcomes.ts';
import { receivePart } from './parts.ts';
import { StoppedRows } from './stopped-rows.ts';
import type { WorkingSet } from './working-set.ts';

/** A stamp further ahead of the server's clock than this is cut back: a wrong clock must not win for ever. */
export const MAX_CLOCK_AHEAD_MS = 60_000;

type PushedMutation = PushRequest['mutations'][number];

type CheckedChanges = Pick<CheckedMutation, 'changes'>;

/** Mutations of one push, checked, and what had been decided about them before. */
interface LoadedPush {
  readonly outcomesBefore: KnownOutcomes;
  readonly checked: readonly { readonly mutation: PushedMutation; readonly content: CheckedChanges | Verdict }[];
}

export interface PusherOptions {
  readonly schema: Schema;
  readonly queue: CommitQueue;
  readonly validate: Readonly<Record<string, ValidateFunction>>;
  readonly runtime: Runtime;
  readonly limits: ServiceLimits;
}

/** One push: who, and with which access. */
export interface Pushing {
  readonly identity: Identity;
  readonly access: Access;
  readonly request: PushRequest;
}

/** What came of a push. Both in the order of the request; every mutation is in one of them. */
export interface PushAnswer {
  readonly outcomes: readonly Outcome[];
  /** Not decided: see `waiting` of the response. */
  readonly waiting: readonly number[];
}

/** Takes mutations in: checks, decides and stores them, each with its one outcome. */
export class Pusher {
  readonly #options: PusherOptions;
  /** What was read ahead, for as long as its transaction lasts. */
  readonly #loaded = new WeakMap<WorkingSet, Map<readonly PushedMutation[], LoadedPush>>();

  constructor(options: PusherOptions) {
    this.#options = options;
  }

  /** Durable when this resolves. */
  async push(pushing: Pushing): Promise<PushAnswer> {
    const { mutations, part } = pushing.request;
    const { maxMutations } = this.#options.limits;
    if (mutations.length > maxMutations) {
      throw new SyncError(
        'too-large',
        `The push has ${mutations.length} mutations; at most ${maxMutations} are taken at once.`,
      );
    }
    const answer = await this.#pushAll(pushing, mutations, new StoppedRows());
    return part ? { ...answer, outcomes: [...answer.outcomes, ...(await this.#pushPart(pushing, part))] } : answer;
  }

  /**
   * Writes changes of the server itself (`by` is null), or of somebody without a device, as one commit; resolves with its seq.
   *
   * @throws SyncError with the reason, when they do not apply.
   */
  async mutate(changes: readonly Change[], by: { identity: Identity; access: Access } | null): Promise<number | null> {
    const { schema, queue, runtime, limits, validate } = this.#options;
    const { identity, access } = by ?? { identity: null, access: FULL_ACCESS };
    return queue.run(async (set) => {
      await set.actAs(identity);
      const now = runtime.now();
      const checked = checkChanges(changes, { schema, isOlderSchema: false, maxChanges: limits.maxChanges });
      await loadRows(set, [checked]);
      const writer = { clientId: null, hlc: await stampOver(set, checked, now), base: set.head };
      const context = { schema, set, access, identity, validate, decides: new Set<string>(), now };
      const verdict = await decideMutation(context, { mutationId: null, writer, isBehindLog: false, changes: checked });
      return verdict.seq;
    });
  }

  async #pushAll(pushing: Pushing, mutations: readonly PushedMutation[], stopped: StoppedRows): Promise<PushAnswer> {
    if (mutations.length === 0) return { outcomes: [], waiting: [] };
    try {
      // It may run twice: each time from what was stopped before it.
      const decide = (set: WorkingSet) => this.#decideAll(set, pushing, { mutations, stopped: stopped.copy() });
      const prepare = async (set: WorkingSet) => void (await this.#load(set, pushing, mutations));
      return await this.#options.queue.run(decide, { weight: mutations.length, prepare });
    } catch (error) {
      // The user's own database refuses a row: it concerns one mutation, so find out which.
      const refused = refusalOf(error);
      const [only] = mutations;
      if (mutations.length === 1 && only) return this.#reject(pushing, only, refused);
      return this.#pushHalves(pushing, mutations, stopped);
    }
  }

  async #pushHalves(pushing: Pushing, mutations: readonly PushedMutation[], stopped: StoppedRows): Promise<PushAnswer> {
    const half = Math.ceil(mutations.length / 2);
    const first = await this.#pushAll(pushing, mutations.slice(0, half), stopped);
    const applied = new Set(first.outcomes.filter(isApplied).map(({ mutationId }) => mutationId));
    for (const mutation of mutations.slice(0, half)) if (!applied.has(mutation.mutationId)) stopped.stop(mutation);
    stopped.isCopy ||= first.outcomes.some(({ reason }) => reason?.code === COPIED);
    const rest = await this.#pushAll(pushing, mutations.slice(half), stopped);
    return { outcomes: [...first.outcomes, ...rest.outcomes], waiting: [...first.waiting, ...rest.waiting] };
  }

  async #reject(
    { request: { clientId } }: Pushing,
    { mutationId, hlc }: { readonly mutationId: number; readonly hlc: string },
    verdict: Verdict,
  ): Promise<PushAnswer> {
    return this.#options.queue.run(async (set) => {
      await set.loadOutcomes(clientId, [mutationId]);
      const known = set.outcome(clientId, mutationId);
      if (known) return { outcomes: [known.outcome], waiting: [] };
      await set.writer.dropParts(clientId, mutationId);
      const outcome = { mutationId, ...verdict };
      set.saveOutcome({ clientId, hlc, outcome });
      return { outcomes: [outcome], waiting: [] };
    });
  }

  async #pushPart(pushing: Pushing, part: NonNullable<PushRequest['part']>): Promise<readonly Outcome[]> {
    try {
      return await this.#takePart(pushing, part);
    } catch (error) {
      const mutation = { mutationId: part.mutationId, hlc: ANY_HLC };
      return (await this.#reject(pushing, mutation, refusalOf(error))).outcomes;
    }
  }

  async #takePart(pushing: Pushing, part: NonNullable<PushRequest['part']>): Promise<readonly Outcome[]> {
    const { clientId } = pushing.request;
    const { limits, queue, runtime } = this.#options;
    const { mutationId } = part;
    const options = { clientId, now: runtime.now(), maxMutationBytes: limits.maxMutationBytes };
    return queue.run(async (set) => {
      checkEpoch(set, pushing.request);
      const known = (await loadKnown(set, pushing, [mutationId])).of(part);
      if (known) return [known === COPIED ? copied(mutationId) : known.outcome];
      const received = await receivePart(set, part, options);
      if (received.kind === 'waiting') return [];
      await set.writer.dropParts(clientId, mutationId);
      if (received.kind === 'complete') {
        const whole = { mutations: [received.mutation], stopped: new StoppedRows() };
        return (await this.#decideAll(set, pushing, whole)).outcomes;
      }
      const outcome = { mutationId, ...toRejection(received.error) };
      set.saveOutcome({ clientId, hlc: ANY_HLC, outcome });
      return [outcome];
    });
  }

  async #decideAll(
    set: WorkingSet,
    pushing: Pushing,
    { mutations, stopped }: { mutations: readonly PushedMutation[]; stopped: StoppedRows },
  ): Promise<PushAnswer> {
    const { clientId, waits = false } = pushing.request;
    checkEpoch(set, pushing.request);
    await set.actAs(pushing.identity);
    const { outcomesBefore, checked } = await this.#load(set, pushing, mutations);
    const context = this.#context(set, pushing);
    const outcomes: Outcome[] = [];
    const waiting: number[] = [];
    const answer = (mutation: PushedMutation, outcome: Outcome) => {
      outcomes.push(outcome);
      if (!isApplied(outcome)) stopped.stop(mutation);
    };
    const standing = checked.map((one) => ({
      mutation: one.mutation,
      content: this.#stand(set, pushing.request, one),
    }));
    for (const { mutation, content } of standing) {
      const { mutationId, hlc } = mutation;
      const known = outcomesBefore.of(mutation);
      // What a copy of the database wrote after that was no more written by the original.
      stopped.isCopy ||= known === COPIED;
      if (known !== undefined && known !== COPIED) {
        answer(mutation, known.outcome);
        continue;
      }
      if (stopped.isCopy) {
        answer(mutation, copied(mutationId));
        continue;
      }
      if (waits && stopped.holds(mutation)) {
        waiting.push(mutationId);
        continue;
      }
      const outcome = { mutationId, ...(await verdictOn(context, content)) };
      set.saveOutcome({ clientId, hlc, outcome });
      answer(mutation, outcome);
    }
    return { outcomes, waiting };
  }

  /** Checks mutations, and reads what is to be known to decide them: the same a second time reads nothing. */
  async #load(set: WorkingSet, pushing: Pushing, mutations: readonly PushedMutation[]): Promise<LoadedPush> {
    const known = this.#loaded.get(set)?.get(mutations);
    if (known) return known;
    const { request } = pushing;
    const checked = mutations.map((mutation) => ({ mutation, content: this.#check(request, mutation) }));
    const ids = mutations.map((mutation) => mutation.mutationId);
    const changes = checked.flatMap(({ content }) => ('changes' in content ? [content.changes] : []));
    const [outcomesBefore] = await Promise.all([loadKnown(set, pushing, ids), loadRows(set, changes)]);
    const loaded = { outcomesBefore, checked };
    this.#loaded.set(set, (this.#loaded.get(set) ?? new Map()).set(mutations, loaded));
    return loaded;
  }

  #context(set: WorkingSet, { identity, access, request }: Pushing): DecideContext {
    const { schema, validate, runtime } = this.#options;
    return { schema, set, access, identity, validate, decides: new Set(request.decides), now: runtime.now() };
  }

  #check(request: PushRequest, mutation: PushedMutation): CheckedChanges | Verdict {
    const { schema, limits } = this.#options;
    const options = { schema, isOlderSchema: request.schemaVersion < schema.version, maxChanges: limits.maxChanges };
    try {
      return { changes: checkChanges(mutation.changes, options) };
    } catch (error) {
      return toRejection(error);
    }
  }

  /** A mutation as it stands to what was decided before this push, in the same transaction too. */
  #stand(
    set: WorkingSet,
    { clientId }: PushRequest,
    { mutation: { mutationId, base, hlc }, content }: LoadedPush['checked'][number],
  ): CheckedMutation | Verdict {
    if ('outcome' in content) return content;
    try {
      return {
        mutationId,
        changes: content.changes,
        isBehindLog: isBehindLog(set, base),
        writer: {
          clientId,
          hlc: boundHlc(hlc, this.#options.runtime.now(), MAX_CLOCK_AHEAD_MS),
          // A seq that does not exist yet is of another epoch: of this one, nothing is known to have been seen.
          base: base > set.head ? 0 : base,
        },
      };
    } catch (error) {
      return toRejection(error);
    }
  }
}

/**
 * The stamp of what the server itself writes: after those of the rows it changes. So it follows from the log, and not from which node
 * wrote it, or from what that node has seen since it was started.
 */
async function stampOver(set: WorkingSet, changes: CheckedMutation['changes'], now: number): Promise<Hlc> {
  const rows = await Promise.all(changes.map(({ table, key }) => set.row(table, key)));
  return nextHlc(lastHlc(rows), now);
}

/**
 * Whether the writer may know of commits that the log does not have (any more): they have been pruned, or were lost when this
 * epoch began. Who wrote in an earlier one has a base no later than that.
 */
function isBehindLog({ position, head }: WorkingSet, base: number): boolean {
  const { prunedTo, epochFrom } = position;
  return base < prunedTo || base > head || (epochFrom !== null && base <= epochFrom);
}

/** What the bases of a push count in. Nothing is decided by the seqs of another history: the device pulls this one first. */
function checkEpoch({ position }: WorkingSet, { epoch = position.epoch }: PushRequest): void {
  if (epoch === position.epoch) return;
  throw new SyncError('epoch', `The push counts in the history ${epoch}, and this is ${position.epoch}. Start over.`);
}

/** How a storage says that the user's own constraints, policies or triggers refuse a row. */
const REFUSALS: readonly SyncErrorKind[] = ['invalid-value', 'forbidden', 'rejected'];

function refusalOf(error: unknown): Verdict {
  if (error instanceof SyncError && REFUSALS.includes(error.kind)) return toRejection(error);
  throw error;
}

/** Not an answer to a repeated push: two databases count their mutations under one clientId. Nothing may pass for applied. */
function copied(mutationId: number): Outcome {
  const message =
    `Mutation ${mutationId} of this device has been decided with other content: its local database is a copy of another. ` +
    'It belongs under a clientId of its own.';
  return { mutationId, outcome: 'rejected', seq: null, conflicts: [], reason: { code: COPIED, message } };
}

function isApplied({ outcome }: Outcome): boolean {
  return outcome === 'applied' || outcome === 'merged';
}

async function verdictOn(context: DecideContext, content: CheckedMutation | Verdict): Promise<Verdict> {
  if ('outcome' in content) return content;
  try {
    return await decideMutation(context, content);
  } catch (error) {
    return toRejection(error);
  }
}

/** Reads the rows of many changes at once, table by table. */
async function loadRows(set: WorkingSet, mutations: readonly CheckedMutation['changes'][]): Promise<void> {
  const keys = new Map<Table, RowKey[]>();
  for (const changes of mutations) {
    for (const { table, key } of changes) {
      const known = keys.get(table);
      if (known) known.push(key);
      else keys.set(table, [key]);
    }
  }
  for (const [table, rows] of keys) await set.load(table, rows);
}

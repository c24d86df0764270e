import type {
  MutationOutcome,
  OutboxCallOptions,
  OutboxEntry,
  OutboxFilter,
  OutboxQuery,
  RowStatus,
} from '../client/types.ts';
import type { Change } from '../core/change.ts';
import { makeHlc } from '../core/hlc.ts';
import { keyText } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';
import { outboxText } from '../store/outbox-file.ts';
import { parseOutboxText } from '../store/parse-outbox.ts';
import type { FakeCore } from './fake-core.ts';

/** The outbox of a fake: `retry` and `edit` have an entry wait again, `discard` takes it out. */
export class FakeOutbox {
  readonly #core: FakeCore;
  readonly #whole: readonly OutboxEntry[] | undefined;
  readonly #receipts = new Map<number, (outcome: MutationOutcome) => void>();
  readonly #written = new Map<number, readonly Change[]>();
  #lastId: number;

  /** `whole`: what `list` gives, where it is more than the state mirrors. */
  constructor(core: FakeCore, whole: readonly OutboxEntry[] | undefined) {
    this.#core = core;
    this.#whole = whole;
    this.#lastId = Math.max(0, ...core.state.outbox.map((entry) => entry.mutationId));
  }

  /** Has a mutation wait; the promise settles with it. */
  add(changes: readonly Change[]): { mutationId: number; settled: Promise<MutationOutcome> } {
    this.#lastId += 1;
    const mutationId = this.#lastId;
    const settled = new Promise<MutationOutcome>((done) => this.#receipts.set(mutationId, done));
    this.#core.setState({
      outbox: [...this.#core.state.outbox, entryOf(mutationId, changes, this.#core.now())],
    });
    this.#written.set(mutationId, changes);
    return { mutationId, settled };
  }

  settle(outcome: MutationOutcome): void {
    const { reason } = outcome;
    const stopped = { rejected: 'rejected', conflict: 'conflicted' } as const;
    const state = outcome.outcome === 'rejected' || outcome.outcome === 'conflict' ? stopped[outcome.outcome] : null;
    this.#change(outcome.mutationId, (entry) => state && { ...entry, state, reason, attempts: entry.attempts + 1 });
    if (outcome.outcome === 'rejected' || outcome.outcome === 'discarded') this.#written.delete(outcome.mutationId);
    this.#receipts.get(outcome.mutationId)?.(outcome);
    this.#receipts.delete(outcome.mutationId);
    this.#core.emit({ at: this.#core.now(), type: 'mutation-settled', outcome });
  }

  /** What the app calls as `sync.outbox`. */
  readonly actions = {
    list: async ({ limit = NO_END, offset = 0, after = -NO_END, maxBytes = NO_END, ...filter }: OutboxQuery = {}) => {
      const behind = this.#matching(filter).filter(({ position, mutationId }) => (position ?? mutationId) > after);
      let bytes = 0;
      const isTooMuch = (entry: OutboxEntry) => {
        bytes += entry.sizeBytes;
        return bytes - entry.sizeBytes >= maxBytes;
      };
      const page = behind.slice(offset, offset + limit);
      const end = page.findIndex(isTooMuch);
      return end < 0 ? page : page.slice(0, end);
    },
    count: async (filter: OutboxFilter = {}) => this.#matching(filter).length,
    retry: async (mutationId: number) => {
      this.#core.called('outbox.retry', mutationId);
      this.#assertStopped(mutationId, 'retried');
      this.#change(mutationId, (entry) => ({ ...entry, state: 'pending', reason: null }));
    },
    discard: async (mutationId: number) => {
      this.#core.called('outbox.discard', mutationId);
      this.settle({ mutationId, outcome: 'discarded', seq: null, reason: null });
    },
    edit: async (mutationId: number, changes: readonly Change[]) => {
      this.#core.called('outbox.edit', mutationId, changes);
      this.#assertStopped(mutationId, 'edited');
      this.#change(mutationId, (entry) => ({ ...entry, changes, state: 'pending', reason: null }));
    },
    export: async ({ signal }: OutboxCallOptions = {}) => {
      this.#core.called('outbox.export');
      if (signal?.aborted) throw new SyncError('aborted', 'The export was stopped.');
      const { clientId } = this.#core.state;
      return outboxText(this.#matching({}), { clientId, schemaVersion: 1, exportedAt: this.#core.now() });
    },
    retryAll: async (filter: Omit<OutboxFilter, 'states'> = {}) => {
      this.#core.called('outbox.retryAll', filter);
      const rejected = this.#matching({ ...filter, states: ['rejected'] });
      for (const { mutationId } of rejected) {
        this.#change(mutationId, (entry) => ({ ...entry, state: 'pending', reason: null }));
      }
      return rejected.length;
    },
    import: async (text: string) => {
      this.#core.called('outbox.import', text);
      const { clientId, mutations } = parseOutboxText(text);
      const waiting = new Set(clientId === this.#core.state.clientId ? this.#matching({}).map(idOf) : []);
      const skipped = mutations.filter((one) => waiting.has(one.mutationId));
      for (const one of mutations) if (!waiting.has(one.mutationId)) this.add(one.changes);
      const reason = 'It still waits on this device.';
      return {
        writtenCount: mutations.length - skipped.length,
        history: 'same' as const,
        skipped: skipped.map(({ mutationId }) => ({ mutationId, reason })),
      };
    },
  };

  rowStatus(table: string, key: string): RowStatus {
    const entry = this.#core.state.outbox.find((one) =>
      one.changes.some((change) => change.table === table && keyText(change.key) === key),
    );
    return entry ? ROW_STATUS[entry.state] : 'synced';
  }

  #matching({ states, table, row = '' }: OutboxFilter): readonly OutboxEntry[] {
    const wanted = row.toLowerCase();
    const touches = (entry: OutboxEntry) =>
      entry.changes.some(
        (change) =>
          (table === undefined || change.table === table) && keyText(change.key).toLowerCase().includes(wanted),
      );
    const all = this.#whole ?? this.#core.state.outbox;
    if (!states && table === undefined && wanted === '') return all;
    return all.filter((entry) => (!states || states.includes(entry.state)) && touches(entry));
  }

  /** What was written since the script began, and is in the rows. */
  written(table: string): Change[] {
    return [...this.#written.values()].flat().filter((change) => change.table === table);
  }

  /** The changes to one row, oldest first. */
  changesOf(table: string, key: string): Change[] {
    const changes = this.#core.state.outbox.flatMap((entry) => entry.changes);
    return changes.filter((change) => change.table === table && keyText(change.key) === key);
  }

  /** As in the real one, the work of which nobody knows whether the server has it can be neither changed nor sent anew. */
  #assertStopped(mutationId: number, what: string): void {
    const entry = this.#core.state.outbox.find((one) => one.mutationId === mutationId);
    if (!entry || entry.state === 'rejected' || entry.state === 'conflicted') return;
    throw new SyncError('misuse', `Mutation ${mutationId} is ${entry.state}: only a stopped one can be ${what}.`);
  }

  #change(mutationId: number, change: (entry: OutboxEntry) => OutboxEntry | null): void {
    const { outbox } = this.#core.state;
    if (!outbox.some((entry) => entry.mutationId === mutationId)) {
      throw new SyncError('not-found', `There is no mutation ${mutationId} in the outbox.`);
    }
    this.#core.setState({
      outbox: outbox.flatMap((entry) => (entry.mutationId === mutationId ? (change(entry) ?? []) : entry)),
    });
  }
}

const NO_END = Number.POSITIVE_INFINITY;

const idOf = ({ mutationId }: { readonly mutationId: number }): number => mutationId;

const ROW_STATUS = {
  pending: 'pending',
  parked: 'pending',
  sent: 'sent',
  accepted: 'sent',
  conflicted: 'conflicted',
  rejected: 'rejected',
} as const satisfies Record<OutboxEntry['state'], RowStatus>;

function entryOf(mutationId: number, changes: readonly Change[], createdAt: number): OutboxEntry {
  return {
    mutationId,
    state: 'pending',
    hlc: makeHlc(createdAt, 0),
    base: 0,
    createdAt,
    attempts: 0,
    sizeBytes: 100,
    changeCount: changes.length,
    tables: [...new Set(changes.map((change) => change.table))],
    changes,
    reason: null,
    waitsFor: null,
    position: mutationId,
  };
}

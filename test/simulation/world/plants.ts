import { composeEngine } from '../../../src/client/engine/compose.ts';
import type { LocalStore } from '../../../src/client/local-store.ts';
import type { PullPage } from '../../../src/protocol/messages/pull.ts';
import type { PushRequest } from '../../../src/protocol/messages/push.ts';
import type { StorageWriter } from '../../../src/server/storage.ts';
import { SyncError } from '../../../src/shared/error.ts';
import type { LocalDatabase } from '../../../src/storage/local-database.ts';
import {
  every,
  inPages,
  inPushes,
  inStorage,
  type Plant,
  type PlantedBug,
  withParts,
  withStore,
} from './plant-seams.ts';
import { plantsOfPlaces } from './plants-of-places.ts';

const halfOf = <T>(list: readonly T[]): T[] => list.slice(0, Math.floor(list.length / 2));

export function plantedBugs(): PlantedBug[] {
  return [...plantsOfData(), ...plantsOfPlaces()];
}

function plantsOfData(): PlantedBug[] {
  const now = { loses: every(3), rarely: every(9) };
  return [
    {
      name: 'no deduplication',
      breaks: ['C3'],
      storage: inStorage(() => ({ outcomes: async () => [] })),
    },
    {
      name: 'outcomes are not kept',
      breaks: ['C3'],
      storage: inStorage(() => ({ saveOutcomes: async () => {} })),
    },
    {
      name: 'a retried mutation is an error',
      breaks: ['C3'],
      storage: inStorage((real) => ({
        outcomes: async (clientId, ids) =>
          (await real.outcomes(clientId, ids)).map((record) => ({
            ...record,
            outcome: {
              ...record.outcome,
              outcome: 'rejected' as const,
              seq: null,
              reason: { code: 'rejected', message: 'again' },
            },
          })),
      })),
    },
    {
      name: 'tombstones are dropped',
      breaks: ['C6', 'C7'],
      storage: inStorage((real) => ({
        appendLog: (entries) => real.appendLog(entries.filter(({ op }) => op !== 'delete')),
      })),
    },
    {
      name: 'a row that moves away stays',
      breaks: ['C12'],
      storage: inStorage((real) => ({
        appendLog: (entries) =>
          real.appendLog(entries.filter(({ op, table }) => op !== 'delete' || (table !== 'list' && table !== 'item'))),
      })),
    },
    {
      name: 'a log entry gets lost',
      breaks: ['C6'],
      storage: inStorage((real) => ({
        appendLog: (entries) => real.appendLog(now.rarely() ? entries.slice(1) : entries),
      })),
    },
    {
      name: 'scopes are ignored',
      breaks: ['C12'],
      storage: inStorage((real) => ({ log: (range) => real.log({ ...range, scopes: null }) })),
    },
    {
      name: 'a lost update of a counter',
      breaks: ['C3'],
      storage: staleCounters(),
    },
    {
      name: 'a commit comes in two halves',
      breaks: ['C4'],
      transport: inPages((page) => ({
        ...page,
        transactions: page.transactions.map((one, index, all) =>
          index === all.length - 1 && one.changes.length > 2 && page.resume === null
            ? { ...one, changes: halfOf(one.changes) }
            : one,
        ),
      })),
    },
    {
      name: 'a page is skipped',
      breaks: ['C6'],
      transport: inPages((page) =>
        page.transactions.length > 0 && now.rarely() ? { ...page, transactions: page.transactions.slice(1) } : page,
      ),
    },
    {
      name: 'the cursor runs ahead of what was applied',
      breaks: ['C6'],
      transport: inPages((page) =>
        page.cursor && page.head > page.cursor.seq ? { ...page, cursor: { ...page.cursor, seq: page.head } } : page,
      ),
    },
    {
      name: 'an old commit is applied again',
      breaks: ['C6'],
      transport: (transport) => {
        let old: PullPage['transactions'] = [];
        return inPages((page) => {
          const again = now.loses() ? old : [];
          if (page.transactions.length > 0) old = page.transactions.slice(-1);
          return { ...page, transactions: [...page.transactions, ...again] };
        })(transport, undefined as never, undefined as never);
      },
    },
    {
      name: 'acknowledged before the commit',
      breaks: ['C2'],
      needsFile: true,
      storage: (storage, process) =>
        withParts(storage, {
          write: <T>(fn: (writer: StorageWriter) => Promise<T>) =>
            new Promise<T>((resolve, reject) => {
              storage
                .write(async (writer) => {
                  const result = await fn(writer);
                  resolve(result);
                  if (process.elapsed() < 900) return result;
                  await new Promise<void>((done, fail) => {
                    process.setTimer(30, done);
                    process.onKill(() => fail(new Error('crashed')));
                  });
                  return result;
                })
                .catch(reject);
            }),
        }),
    },
    {
      name: 'the epoch stays after a restore',
      breaks: ['C11'],
      storage: inStorage(() => ({ setEpoch: async () => {} })),
    },
    {
      name: 'an old cursor is answered with a gap',
      breaks: ['C10'],
      storage: inStorage((real) => ({ position: async () => ({ ...(await real.position()), prunedTo: 0 }) })),
    },
    {
      name: 'the outbox is wiped on resync',
      breaks: ['C1', 'C10'],
      compose: withStore((store) => ({
        resetCursor() {
          for (let next = store.nextPush(1e6); next; next = store.nextPush(1e6)) throwAway(store, next.mutationIds);
          store.resetCursor();
        },
      })),
    },
    {
      name: 'what a push did not get through is forgotten',
      breaks: ['C1'],
      compose: withStore((store) => ({ unsend: (ids) => throwAway(store, ids) })),
    },
    {
      name: 'what a push did not get through stays sent',
      breaks: ['C9'],
      compose: withStore(() => ({ unsend: () => {} })),
    },
    {
      name: 'the overlay is dropped at the acknowledgement',
      breaks: ['C5'],
      compose: withStore((store) => ({
        settle(response, at) {
          const behind = store.cursor?.seq ?? 0;
          return store.settle(
            { ...response, outcomes: response.outcomes.map((one) => ({ ...one, seq: one.seq && behind })) },
            at,
          );
        },
      })),
    },
    {
      name: 'live queries are not told of what was pulled',
      breaks: ['C4'],
      compose: withStore((store) => ({
        applyChain: (page, at) => ({ ...store.applyChain(page, at), changed: new Map() }),
      })),
    },
    {
      name: 'the last row of a snapshot is left out',
      breaks: ['C4', 'C6'],
      transport: inPages((page) => ({
        ...page,
        snapshot: page.snapshot.map((part) => ({ ...part, rows: now.loses() ? part.rows.slice(0, -1) : part.rows })),
      })),
    },
    {
      name: 'a snapshot lacks what came while it was read',
      breaks: ['C6'],
      transport: inPages((page) => (page.snapshot.length > 0 && page.cursor ? { ...page, transactions: [] } : page)),
    },
    {
      name: 'timers of retries are lost',
      breaks: ['C9'],
      compose: (options) => {
        const { runtime } = options;
        const setTimer = (ms: number, run: () => void) =>
          ms > 400 && ms < 9_000 ? () => {} : runtime.setTimer(ms, run);
        return composeEngine({ ...options, runtime: withParts(runtime, { setTimer }) });
      },
    },
    {
      name: 'mutations go out in reverse',
      breaks: ['C5'],
      compose: withStore((store) => ({
        nextPush(maxBytes) {
          const next = store.nextPush(maxBytes);
          return (
            next && { ...next, mutations: [...next.mutations].reverse(), mutationIds: [...next.mutationIds].reverse() }
          );
        },
      })),
    },
    {
      name: 'a commit is told durable and is not',
      breaks: ['C1'],
      compose: withStore((store) => ({
        commitWrite(options) {
          if (!now.rarely()) return store.commitWrite(options);
          store.rollbackWrite();
          return { mutationId: 1, changed: new Map(), settled: [] };
        },
      })),
    },
    {
      name: 'an expired token drops the work',
      breaks: ['C1', 'C5'],
      transport: inPushes(async (request, push) => {
        try {
          return await push(request);
        } catch (error) {
          if (!(error instanceof SyncError) || error.kind !== 'needs-auth') throw error;
          const outcomes = request.mutations.map(({ mutationId }) => ({
            mutationId,
            outcome: 'rejected' as const,
            seq: null,
            conflicts: [],
            reason: { code: 'needs-auth', message: 'signed out' },
          }));
          return { epoch: 'x', outcomes, head: 0 };
        }
      }),
    },
    {
      name: 'a failed push is never tried again',
      breaks: ['C9'],
      transport: (transport) => {
        let hasFailed = false;
        return inPushes(async (request, push) => {
          if (hasFailed) return new Promise(() => {});
          try {
            return await push(request);
          } catch (error) {
            hasFailed = true;
            throw error;
          }
        })(transport, undefined as never, undefined as never);
      },
    },
    {
      name: 'a counter is merged as a value',
      breaks: ['C3'],
      transport: (transport, _process, database) =>
        inPushes((request, push) =>
          push({ ...request, mutations: request.mutations.map((one) => asValues(one, database)) }),
        )(transport, undefined as never, undefined as never),
    },
    {
      name: 'text is normalised on the way',
      breaks: ['C15'],
      transport: inPages((page) => ({
        ...page,
        transactions: page.transactions.map((one) => ({
          ...one,
          changes: one.changes.map((change) => ({
            ...change,
            columns: Object.fromEntries(
              Object.entries(change.columns).map(([name, cell]) => [
                name,
                typeof cell === 'string' ? cell.normalize('NFC').trim() : cell,
              ]),
            ),
          })),
        })),
      })),
    },
  ];
}

function throwAway(store: LocalStore, ids: readonly number[]): void {
  const outcomes = ids.map((mutationId) => ({
    mutationId,
    outcome: 'rejected' as const,
    seq: null,
    conflicts: [],
    reason: { code: 'rejected', message: 'thrown away' },
  }));
  store.settle({ epoch: store.cursor?.epoch ?? '', outcomes, head: 0 }, 0);
  for (const id of ids) store.discard(id, 0);
}

type WireMutation = PushRequest['mutations'][number];

/** The count as this device sees it goes up as a value. */
function asValues(mutation: WireMutation, database: LocalDatabase): WireMutation {
  const changes = mutation.changes.map((change): WireMutation['changes'][number] => {
    if (change.table !== 'tally' || !change.counters) return change;
    const seen = database.read('SELECT total FROM tally WHERE id = ?', [change.key[0] ?? null]).rows[0]?.[0] ?? 0;
    return { table: change.table, key: change.key, op: 'put', columns: { total: seen } };
  });
  return { ...mutation, changes };
}

/** Two writers read the same count, and the second write buries the first. */
function staleCounters(): NonNullable<Plant['storage']> {
  const seen = new Map<string, Awaited<ReturnType<StorageWriter['rows']>>[number]>();
  const isStale = every(7);
  return inStorage((real) => ({
    async rows(table, keys) {
      const rows = await real.rows(table, keys);
      if (table.name !== 'tally') return rows;
      return rows.map((row, index) => {
        const key = String(keys[index]?.[0]);
        const old = seen.get(key) ?? row;
        seen.set(key, row);
        return isStale() ? old : row;
      });
    },
  }));
}

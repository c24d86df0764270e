import type { AccessLists } from '../../../src/server/options.ts';
import type { OutcomeRecord } from '../../../src/server/records.ts';
import { every, inPushes, inStorage, type PlantedBug, withParts, withStore } from './plant-seams.ts';

/** Mistakes about who and where: copies, persons, tabs, nodes, clocks. */
export function plantsOfPlaces(): PlantedBug[] {
  const seldom = every(9);
  return [
    {
      name: 'copies of a device are not told apart',
      breaks: ['C11'],
      storage: inStorage((real) => ({
        outcomes: async (clientId, ids) =>
          (await real.outcomes(clientId, ids)).map((record) => ({ ...record, hlc: '' })),
      })),
    },
    {
      name: 'a stale leader goes on',
      breaks: ['C1', 'C4', 'C5', 'C6'],
      hasTwoLeaders: true,
    },
    {
      name: 'what one may read no more stays',
      breaks: ['C12'],
      compose: withStore((store) => ({
        applyChain(page, at) {
          const { scopes } = store;
          // Somebody who may all, or might, has other rows altogether.
          if ([...scopes, ...page.scopes].includes('*')) return store.applyChain(page, at);
          return store.applyChain({ ...page, scopes: [...new Set([...scopes, ...page.scopes])] }, at);
        },
      })),
    },
    {
      name: 'who may read may write',
      breaks: ['C12'],
      access: ({ read }) => ({ read, write: read }),
    },
    {
      name: 'who may write may read all',
      breaks: ['C12'],
      access: ({ write }) => ({ read: '*', write }),
    },
    {
      name: 'a change of access is not heard of',
      breaks: ['C12'],
      access: firstOf(),
    },
    {
      name: 'rows stay behind when their parent moves',
      breaks: ['C12'],
      storage: inStorage(() => ({ keysWhere: async () => [] })),
    },
    {
      name: 'an acknowledged commit is not there',
      breaks: ['C2'],
      storage: (storage) =>
        withParts(storage, {
          async write(fn) {
            let result: { value: Awaited<ReturnType<typeof fn>> } | null = null;
            const isLost = seldom();
            try {
              return await storage.write(async (writer) => {
                const value = await fn(writer);
                result = { value };
                if (isLost) throw new Error('never committed');
                return value;
              });
            } catch (error) {
              if (!isLost || result === null) throw error;
              return (result as { value: Awaited<ReturnType<typeof fn>> }).value;
            }
          },
        }),
    },
    {
      name: 'a node does not see what another has decided',
      breaks: ['C3'],
      storage: (storage, process) => {
        const own = new Set<OutcomeRecord>();
        return inStorage((real) => ({
          outcomes: async (clientId, ids) =>
            (await real.outcomes(clientId, ids)).filter((record) =>
              [...own].some(
                (one) => one.clientId === record.clientId && one.outcome.mutationId === record.outcome.mutationId,
              ),
            ),
          async saveOutcomes(records) {
            await real.saveOutcomes(records);
            for (const record of records) own.add(record);
          },
        }))(storage, process);
      },
    },
    {
      name: 'nodes do not hear of each other',
      breaks: ['C7', 'C9'],
      isDeaf: true,
    },
    {
      name: 'any clock is trusted',
      breaks: ['C8'],
      serverSkewMs: 100 * 365 * 86_400_000,
    },
    {
      name: 'a conflict is decided in silence',
      breaks: ['C8'],
      transport: inPushes(async (request, push) => {
        const response = await push(request);
        const outcomes = response.outcomes.map((one) => (one.outcome === 'merged' ? { ...one, conflicts: [] } : one));
        return { ...response, outcomes };
      }),
    },
    {
      name: 'what lost a conflict is not kept',
      breaks: ['C8'],
      transport: inPushes(async (request, push) => {
        const response = await push(request);
        const outcomes = response.outcomes.map((one) => ({
          ...one,
          conflicts: one.conflicts.map((conflict) => ({ ...conflict, remote: null })),
        }));
        return { ...response, outcomes };
      }),
    },
  ];
}

/** What was asked first holds for good. */
function firstOf(): (lists: AccessLists, user: string) => AccessLists {
  const known = new Map<string, AccessLists>();
  return (lists, user) => {
    const first = known.get(user) ?? lists;
    known.set(user, first);
    return first;
  };
}

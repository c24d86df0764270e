import { createSyncService } from '../../../src/server/create-service.ts';
import type { AccessLists } from '../../../src/server/options.ts';
import { sqliteStorage } from '../../../src/server/sqlite/index.ts';
import type { Runtime } from '../../../src/shared/runtime.ts';
import type { Deed } from './ledger.ts';
import { schemas } from './schema.ts';
import { refuseBadMemos, type Server } from './server.ts';
import { show } from './show.ts';
import { Violation } from './violation.ts';

export interface ReplayOptions {
  readonly deeds: readonly Deed[];
  readonly server: Server;
  readonly access: (user: string) => AccessLists;
  /** Most mutations of one device in a request. */
  readonly batch: number;
}

/**
 * The same log, delivered otherwise: to a server that knows nothing, in requests cut elsewhere. Every outcome, every conflict
 * and every row must be the same (C8).
 */
export async function replay({ deeds, server, access, batch }: ReplayOptions): Promise<void> {
  const clock = { now: 0 };
  const schema = schemas[0];
  const storage = sqliteStorage({ file: ':memory:' });
  const service = await createSyncService({
    schema,
    storage,
    runtime: standing(clock),
    access: ({ id }) => access(id),
    validate: { memo: refuseBadMemos },
  });
  try {
    for (const group of batched(deeds, batch)) {
      const [first] = group;
      if (!first) continue;
      clock.now = first.at;
      if (first.kind === 'direct') {
        const { seq } = await service.mutate(null, first.changes);
        if (seq !== first.seq) throw differs('a write of the server', first.seq, seq);
        continue;
      }
      const pushes = group.flatMap((deed) => (deed.kind === 'push' ? [deed] : []));
      const { user, clientId, decides } = first.arrival;
      const mutations = pushes.map(({ arrival }) => arrival.mutation);
      const request = { clientId, schemaVersion: 1, mutations, decides: [...decides] };
      const { outcomes } = await service.push({ id: user }, request);
      for (const [index, { outcome }] of pushes.entries()) {
        const again = outcomes[index];
        if (show(again) !== show(outcome))
          throw differs(`mutation ${outcome.mutationId} of ${clientId}`, outcome, again);
      }
    }
    for (const of of Object.values(schema.tables)) {
      const before = (await server.rows(of.name, null)).map(show).sort();
      const page = await storage.read((reader) =>
        reader.page({ table: of, scope: null, after: null, maxBytes: Number.MAX_SAFE_INTEGER }),
      );
      const after = page.rows.map(show).sort();
      if (before.join() !== after.join()) throw differs(`the table ${of.name}`, before, after);
    }
  } finally {
    await service.close();
  }
}

function batched(deeds: readonly Deed[], batch: number): Deed[][] {
  const groups: Deed[][] = [];
  for (const deed of deeds) {
    const last = groups.at(-1);
    if (last && last.length < batch && isOfSameRequest(last.at(-1), deed) && !hasSeen(deed, last)) last.push(deed);
    else groups.push([deed]);
  }
  return groups;
}

function isOfSameRequest(one: Deed | undefined, next: Deed): boolean {
  if (one?.kind !== 'push' || next.kind !== 'push' || one.at !== next.at) return false;
  return one.arrival.clientId === next.arrival.clientId && one.arrival.user === next.arrival.user;
}

/** What was written after one of these had come back cannot have gone up with it. */
function hasSeen(next: Deed, group: readonly Deed[]): boolean {
  const base = next.kind === 'push' ? next.arrival.mutation.base : 0;
  return group.some((one) => one.kind === 'push' && one.outcome.seq !== null && one.outcome.seq <= base);
}

function standing(clock: { now: number }): Runtime {
  let ids = 0;
  return {
    now: () => clock.now,
    elapsed: () => clock.now,
    setTimer: () => () => {},
    random: () => 0.5,
    uuid: () => `replay-${++ids}`,
  };
}

function differs(what: string, before: unknown, after: unknown): Violation {
  return new Violation('C8', `the same log in other requests: ${what} was ${show(before)} and is ${show(after)}.`);
}

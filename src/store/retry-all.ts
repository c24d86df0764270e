import type { EngineMethods } from '../client/engine-api.ts';
import type { OutboxCallOptions, OutboxFilter } from '../client/types.ts';
import { SyncError } from '../shared/error.ts';
import { outboxPages } from './outbox-pages.ts';

/** So many are under way at once: the engine does not wait for the page to ask for the next one. */
const AT_ONCE = 25;

/** Retries the rejected mutations of a filter, each once: one that is rejected again meanwhile is not retried again. */
export async function retryAll(
  methods: Pick<EngineMethods, 'countOutbox' | 'listOutbox' | 'retryMutation'>,
  filter: Omit<OutboxFilter, 'states'> = {},
  { onProgress, signal }: OutboxCallOptions = {},
): Promise<number> {
  const rejected = { ...filter, states: ['rejected'] } as const;
  const expectedCount = await methods.countOutbox(rejected);
  let doneCount = 0;
  for await (const page of outboxPages(methods, rejected)) {
    for (let start = 0; start < page.length; start += AT_ONCE) {
      if (signal?.aborted) return doneCount;
      const some = page.slice(start, start + AT_ONCE);
      await Promise.all(some.map(({ mutationId }) => methods.retryMutation(mutationId).catch(unlessGone)));
      doneCount += some.length;
      onProgress?.({ doneCount, totalCount: Math.max(expectedCount, doneCount) });
    }
  }
  return doneCount;
}

/** Somebody has retried or discarded it meanwhile. */
function unlessGone(error: unknown): void {
  if (!(error instanceof SyncError && error.kind === 'not-found')) throw error;
}

import type { EngineMethods } from '../client/engine-api.ts';
import type { OutboxCallOptions, OutboxFilter } from '../client/types.ts';
import { outboxPages } from './outbox-pages.ts';

/** So many are retried in one transaction: writes of the app come in between. */
const AT_ONCE = 50;

/** Retries the rejected mutations of a filter, each once: one that is rejected again meanwhile is not retried again. */
export async function retryAll(
  methods: Pick<EngineMethods, 'countOutbox' | 'listOutbox' | 'retryMutations'>,
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
      doneCount += await methods.retryMutations(some.map(({ mutationId }) => mutationId));
      onProgress?.({ doneCount, totalCount: Math.max(expectedCount, doneCount) });
    }
  }
  return doneCount;
}

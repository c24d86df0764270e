import type { EngineMethods } from '../client/engine-api.ts';
import type { OutboxCallOptions, OutboxFilter } from '../client/types.ts';

const PAGE = 500;
/** So many are under way at once: the engine does not wait for the page to ask for the next one. */
const AT_ONCE = 25;

/** Retries the rejected mutations of a filter, a page at a time; one that is rejected again meanwhile has a new id. */
export async function retryAll(
  methods: EngineMethods,
  filter: Omit<OutboxFilter, 'states'> = {},
  { onProgress, signal }: OutboxCallOptions = {},
): Promise<number> {
  const rejected = { ...filter, states: ['rejected'] } as const;
  const totalCount = await methods.countOutbox(rejected);
  let doneCount = 0;
  while (doneCount < totalCount && !signal?.aborted) {
    const page = await methods.listOutbox({ ...rejected, limit: Math.min(PAGE, totalCount - doneCount) });
    if (page.length === 0) break;
    for (let start = 0; start < page.length && !signal?.aborted; start += AT_ONCE) {
      const some = page.slice(start, start + AT_ONCE);
      await Promise.all(some.map(({ mutationId }) => methods.retryMutation(mutationId)));
      doneCount += some.length;
      onProgress?.({ doneCount, totalCount });
    }
  }
  return doneCount;
}

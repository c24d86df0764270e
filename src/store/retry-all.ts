import type { EngineMethods } from '../client/engine-api.ts';
import type { OutboxFilter } from '../client/types.ts';

const PAGE = 500;

/** Retries the rejected mutations of a filter, a page at a time; one that is rejected again meanwhile has a new id. */
export async function retryAll(methods: EngineMethods, filter: Omit<OutboxFilter, 'states'> = {}): Promise<number> {
  const wanted = await methods.countOutbox({ ...filter, states: ['rejected'] });
  let done = 0;
  while (done < wanted) {
    const page = await methods.listOutbox({
      ...filter,
      states: ['rejected'],
      limit: Math.min(PAGE, wanted - done),
    });
    if (page.length === 0) break;
    for (const { mutationId } of page) await methods.retryMutation(mutationId);
    done += page.length;
  }
  return done;
}

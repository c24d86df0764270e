import type { EngineMethods } from '../client/engine-api.ts';
import type { OutboxEntry, OutboxFilter } from '../client/types.ts';

/** So much is taken over from the worker in one go, while the page stands still. */
const PAGE = { limit: 500, maxBytes: 262_144 };

/**
 * The outbox in order, a page at a time; while one is looked at, the next is on its way. It may move meanwhile: what is in it from the
 * beginning to the end comes once.
 */
export async function* outboxPages(
  { listOutbox }: Pick<EngineMethods, 'listOutbox'>,
  filter: OutboxFilter = {},
): AsyncGenerator<readonly OutboxEntry[], void, void> {
  const ask = (after?: number) => listOutbox({ ...filter, ...PAGE, ...(after === undefined ? {} : { after }) });
  for (let coming = ask(); ; ) {
    const page = await coming;
    const last = page.at(-1);
    if (!last) return;
    if (last.position === undefined) {
      // The engine is of an older release: it knows no pages.
      yield await listOutbox(filter);
      return;
    }
    coming = ask(last.position);
    // Nobody may come for it.
    coming.catch(() => {});
    yield page;
  }
}

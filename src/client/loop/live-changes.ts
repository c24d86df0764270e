import type { PullPage } from '../../protocol/messages/pull.ts';
import type { ApplyResult, LocalStore } from '../local-store.ts';

/**
 * What became of a frame of changes: it was applied; it is known already; it does not start where this device stands; or
 * a chain is being pulled, which will bring the same.
 */
export type FrameResult =
  | { readonly outcome: 'applied'; readonly result: ApplyResult; readonly seq: number }
  | { readonly outcome: 'known' | 'gap' | 'busy' };

/** Applies a frame when it follows on the cursor exactly. Runs where nothing else changes the store. */
export function applyFrame(
  store: LocalStore,
  page: PullPage,
  options: { isPulling: boolean; now: number },
): FrameResult {
  if (options.isPulling || store.stagedChain() !== null) return { outcome: 'busy' };
  const { cursor } = store;
  if (!cursor || !page.cursor || page.resume !== null || cursor.epoch !== page.epoch) return { outcome: 'gap' };
  if (page.from > cursor.seq) return { outcome: 'gap' };
  // Of the subscription before another choice of scopes: it would bring back what has been dropped.
  if (!isSame(page.scopes, store.scopes) || !isSame(page.without ?? [], store.lacks)) return { outcome: 'gap' };
  // Of the subscription before the last chain: what it lacks comes with the one after it.
  if (page.from < cursor.seq) return { outcome: 'known' };
  return { outcome: 'applied', result: store.applyChain(page, options.now), seq: page.cursor.seq };
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((scope) => b.includes(scope));
}

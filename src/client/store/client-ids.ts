import { copyId } from '../../core/client-family.ts';
import { SyncError } from '../../shared/error.ts';
import type { Meta } from './meta.ts';

/**
 * Under which clientId each mutation goes to the server. There is one, until the server tells that this database is a copy of another: from
 * the first mutation on that differs, this one counts under an id of its own. What was written before belongs to both, so it stays under
 * the id they share: the server takes it once, whichever of them sends it.
 */
export interface ClientIds {
  /** Of what is written from now on. */
  readonly current: string;
  ofMutation(mutationId: number): string;
  /**
   * A fresh id for this mutation and those after it, up to where the next id begins. It is made from the mutation: a copy of a copy that
   * finds out too arrives at the same id, and what both have of it is still taken once.
   */
  renew(first: { readonly mutationId: number; readonly hlc: string }): void;
  load(): void;
}

interface Span {
  readonly from: number;
  readonly clientId: string;
}

export function createClientIds(meta: Meta): ClientIds {
  /** By their beginnings; the last one is the current. Never empty. */
  let spans: readonly Span[] = [{ from: 0, clientId: '' }];
  const current = () => spans.at(-1)?.clientId ?? '';
  return {
    get current() {
      return current();
    },
    ofMutation: (mutationId) => spans.findLast(({ from }) => from <= mutationId)?.clientId ?? current(),
    renew({ mutationId: from, hlc }) {
      const clientId = copyId(current(), { mutationId: from, hlc });
      const others = spans.filter((span) => span.from !== from);
      spans = [...others, { from, clientId }].sort((a, b) => a.from - b.from);
      meta.set('client_ids', JSON.stringify(spans));
      meta.set('client_id', current());
    },
    load() {
      const stored = meta.text('client_ids');
      spans = stored === null ? [{ from: 0, clientId: meta.text('client_id') ?? '' }] : readSpans(stored);
    },
  };
}

function readSpans(stored: string): Span[] {
  const spans: unknown = JSON.parse(stored);
  if (Array.isArray(spans) && spans.length > 0 && spans.every(isSpan)) return spans;
  throw new SyncError('storage', `The ids of this device cannot be read: ${stored}.`);
}

function isSpan(value: unknown): value is Span {
  return (
    typeof value === 'object' &&
    value !== null &&
    'from' in value &&
    typeof value.from === 'number' &&
    'clientId' in value &&
    typeof value.clientId === 'string'
  );
}

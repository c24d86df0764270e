import type { Ledger } from './ledger.ts';
import type { ServerState } from './state.ts';

export interface Violation {
  /** `late`: equal in the end, and not in time. `diverged`: by its own account synced, and not equal. */
  readonly kind:
    | 'lost'
    | 'doubled'
    | 'torn'
    | 'stuck'
    | 'late'
    | 'diverged'
    | 'refused'
    | 'failed'
    | 'corrupt'
    | 'harness';
  readonly evidence: unknown;
}

const SHOWN = 5;

/** Acknowledged, and not in the server's file. True at any moment, that of the server's death too. */
export function lostAcknowledged(ledger: Ledger, server: ServerState): Violation[] {
  return missing('acknowledged', ledger.acknowledged, server);
}

/** What must hold once everything has come to rest. */
export function judge(ledger: Ledger, server: ServerState): Violation[] {
  return [
    ...lostAcknowledged(ledger, server),
    ...missing('resolved', ledger.resolved, server),
    ...counted(server),
    ...some('torn', server.torn),
    ...some('torn', ledger.torn.splice(0)),
    ...some('refused', ledger.refused.splice(0)),
    ...some('failed', ledger.failed.splice(0)),
    ...some('corrupt', server.integrity),
  ];
}

function missing(promise: string, ids: ReadonlySet<string>, server: ServerState): Violation[] {
  const lost = [...ids].filter((id) => !server.ids.has(id));
  return lost.length === 0
    ? []
    : [{ kind: 'lost', evidence: { promise, count: lost.length, ids: lost.slice(0, SHOWN) } }];
}

/** A write that came into effect twice shows in the counter, since its row cannot be there twice. */
function counted({ votes, ids }: ServerState): Violation[] {
  if (votes === ids.size) return [];
  return [{ kind: votes > ids.size ? 'doubled' : 'lost', evidence: { votes, tasks: ids.size } }];
}

function some(kind: Violation['kind'], evidence: readonly string[]): Violation[] {
  return evidence.length === 0 ? [] : [{ kind, evidence: { count: evidence.length, first: evidence.slice(0, SHOWN) } }];
}

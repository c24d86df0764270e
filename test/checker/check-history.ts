import { causalOrder } from './causal-order.ts';
import { checkClosing } from './closing-round.ts';
import type { History } from './history.ts';
import { SessionView } from './session-view.ts';
import { sessionsOf } from './sessions.ts';
import { sourcesOf } from './sources.ts';
import type { Violation, ViolationName } from './violation.ts';
import { WriteIndex } from './write-index.ts';

export interface Verdict {
  readonly id: History['id'];
  readonly valid: boolean;
  /** Sorted, each once. `violation.ts` says what they mean. */
  readonly violations: readonly ViolationName[];
  /** Where, in the order of the sessions. */
  readonly details: readonly Violation[];
}

/**
 * Checks a history for causal consistency with atomic transactions, and for convergence where it ends with a closing round. What it
 * reports is proved by the history; that it reports nothing means that the reads fit some causal order, not that none was slow.
 *
 * @example
 * ```ts
 * checkHistory({ id: 1, txns: [{ c: 'a', ops: [{ o: 'w', k: 'x', v: 1 }] }, { c: 'a', ops: [{ o: 'r', k: 'x', v: -1 }] }] });
 * // { id: 1, valid: false, violations: ['read-your-writes'], details: [{ txn: 1, key: 'x', read: -1, least: 1, … }] }
 * ```
 */
export function checkHistory({ id, txns }: History): Verdict {
  const sessions = sessionsOf(txns);
  const writes = new WriteIndex(sessions.steps);
  const sources = new Map(sessions.steps.map((step) => [step, sourcesOf(step, writes)]));
  const input = { writes, sources, order: causalOrder(sessions, sources) };
  const isWritten = (key: string, value: number) => writes.writer(key, value) !== undefined;
  const details = [
    ...sessions.byClient.flatMap((session) => new SessionView(input).check(session)),
    ...checkClosing({ sessions, writes, isWritten }),
  ];
  const violations = [...new Set(details.map(({ name }) => name))].sort();
  return { id, valid: violations.length === 0, violations, details };
}

import type { Change, Mutation } from '../../../../src/core/change.ts';
import type { Outcome } from '../../../../src/protocol/messages/push.ts';
import { type Cell, type Cells, keyText } from '../../../../src/shared/cell.ts';
import type { Transaction } from './store-helpers.ts';

/** Rows by `table key`. */
export type Rows = ReadonlyMap<string, Cells>;

export const rowId = (table: string, key: readonly Cell[]) => `${table} ${keyText(key)}`;

/** A row after a change, told in the plainest words: the reference for overlay and server alike. */
export function changeRow(row: Cells | undefined, change: Change): Cells | undefined {
  if (change.op === 'delete') return undefined;
  if (change.op === 'put') return { ...row, ...change.columns };
  if (row === undefined) return undefined;
  const next: Record<string, Cell> = { ...row, ...change.columns };
  for (const [name, by] of Object.entries(change.counters ?? {})) next[name] = Number(next[name]) + by;
  return next;
}

export type Verdict = 'apply' | 'reject' | 'conflict' | 'no-effect';

/** A server in memory: one log, outcomes kept by mutation. It decides as it is told to. */
export class ModelServer {
  readonly log: Transaction[] = [];
  readonly outcomes = new Map<number, Outcome>();
  rows = new Map<string, Cells>();
  readonly #history: Rows[] = [new Map()];

  get head(): number {
    return this.log.length;
  }

  rowsAt(seq: number): Rows {
    return this.#history[seq] ?? new Map();
  }

  /** Somebody else's commit. Changes that make no sense on what is there are left out. */
  commit(changes: readonly Change[], from: { clientId: string | null; mutationId: number | null; hlc: string }): void {
    const done: Transaction['changes'] = [];
    for (const change of changes) {
      const id = rowId(change.table, change.key);
      const before = this.rows.get(id);
      const after = changeRow(before, change);
      if (after === undefined && before === undefined) continue;
      if (after === undefined) this.rows.delete(id);
      else this.rows.set(id, after);
      done.push(echo(change, before, after));
    }
    this.log.push({ seq: this.head + 1, ...from, changes: done });
    this.#history.push(new Map(this.rows));
  }

  /** The stored outcome, or the one of this verdict. */
  push(mutation: Mutation, clientId: string, verdict: Verdict): Outcome {
    const known = this.outcomes.get(mutation.mutationId);
    if (known) return known;
    const outcome = this.#decide(mutation, clientId, verdict);
    this.outcomes.set(mutation.mutationId, outcome);
    return outcome;
  }

  #decide(mutation: Mutation, clientId: string, verdict: Verdict): Outcome {
    const { mutationId, hlc, changes } = mutation;
    if (verdict === 'reject') {
      const reason = { code: 'rejected', message: 'because' };
      return { mutationId, outcome: 'rejected', seq: null, conflicts: [], reason };
    }
    if (verdict === 'no-effect') return { mutationId, outcome: 'merged', seq: null, conflicts: [] };
    if (verdict === 'conflict') {
      const conflicts = changes.slice(0, 2).map((change) => this.#report(change));
      return { mutationId, outcome: 'conflict', seq: null, conflicts };
    }
    this.commit(changes, { clientId, mutationId, hlc });
    return { mutationId, outcome: 'applied', seq: this.head, conflicts: [] };
  }

  #report(change: Change): Outcome['conflicts'][number] {
    const remote = this.rows.get(rowId(change.table, change.key)) ?? null;
    const kind = change.op === 'delete' ? 'delete-update' : remote === null ? 'update-delete' : 'update-update';
    const columns = change.op === 'delete' ? Object.keys(remote ?? {}) : Object.keys(change.columns);
    return {
      table: change.table,
      key: [...change.key],
      kind,
      columns,
      remote,
      remoteSeq: this.head,
      remoteAuthor: { clientId: 'other', hlc: '0000000000010000' },
      decided: {},
    };
  }
}

/** As it comes down: whole rows for puts, sums for counters. */
function echo(change: Change, before: Cells | undefined, after: Cells | undefined): Transaction['changes'][number] {
  const { table } = change;
  const key = [...change.key];
  if (after === undefined) return { table, key, op: 'delete', columns: {} };
  if (before === undefined || change.op === 'put') return { table, key, op: 'put', columns: after };
  const names = [...Object.keys(change.columns), ...Object.keys(change.counters ?? {})];
  return { table, key, op: 'patch', columns: Object.fromEntries(names.map((name) => [name, after[name] ?? null])) };
}

import type { PullPage } from '../../../src/protocol/messages/pull.ts';
import type { Outcome, PushRequest } from '../../../src/protocol/messages/push.ts';
import type { LogEntry } from '../../../src/server/records.ts';
import { keyText, type RowKey } from '../../../src/shared/cell.ts';
import type { AccessBook } from './access.ts';
import { Violation } from './violation.ts';

type Change = PushRequest['mutations'][number]['changes'][number];

export interface DecidedFor {
  readonly outcome: Outcome;
  /** The only one of the mutation, if it has one. */
  readonly change: Change | null;
  readonly before: number;
}

/** Stands at the server's door, and knows who may what: nobody is told of what they may not read, or writes where they may not (C12). */
export class AccessWitness {
  readonly #access: AccessBook;
  readonly #commits: readonly (readonly LogEntry[])[];
  readonly #report: (violation: Violation) => void;

  /** `commits`: the log, which grows. */
  constructor(access: AccessBook, commits: readonly (readonly LogEntry[])[], report: (violation: Violation) => void) {
    this.#access = access;
    this.#commits = commits;
    this.#report = report;
  }

  /** A page on its way to somebody: they may read all of it. */
  told(user: string, { snapshot, transactions }: PullPage): void {
    if (user === 'ana') return;
    for (const { table, columns, rows } of snapshot) {
      const at = table === 'list' ? columns.indexOf('owner') : -1;
      if (at >= 0) for (const row of rows) this.#checkReader(user, `owner:${row[at]}`, `list ${row[0]} of a snapshot`);
    }
    for (const { seq, changes } of transactions) {
      const entries = this.#commits.findLast(([first]) => first?.commit.seq === seq);
      for (const { table, key, op } of entries ? changes : []) {
        const id = keyText(key);
        const is = (entry: LogEntry) => entry.table === table && entry.op === op && keyText(entry.key) === id;
        const scopes = entries?.filter(is).map(({ scope }) => scope) ?? [];
        const [first] = scopes;
        if (first === undefined || scopes.some((scope) => this.#access.might(user, 'read', scope))) continue;
        this.#checkReader(user, first, `the ${op} of ${table} ${id} in commit ${seq}`);
      }
    }
  }

  #checkReader(user: string, scope: string, what: string): void {
    if (this.#access.might(user, 'read', scope)) return;
    this.#report(new Violation('C12', `${user} was sent ${what}, which is of ${scope}.`));
  }

  /** A mutation was decided, in a transaction before which the log had so many commits. */
  decided(user: string, { outcome, change, before }: DecidedFor): void {
    if (user === 'ana') return;
    // A conflict shows the other's row to who met it.
    for (const { table, remote, image } of outcome.conflicts) {
      const shown = remote ?? image;
      if (table === 'list' && shown) this.#checkReader(user, `owner:${shown.owner}`, 'the other side of a conflict');
    }
    if (change && outcome.reason?.code === 'forbidden') this.#checkRefusal(user, change, before);
  }

  /** A row out of reach looks like none: who changes it, or puts one under it, is not told that it is there. */
  #checkRefusal(user: string, { table, key, op }: Change, before: number): void {
    const isUnder = op === 'put' && table === 'item' && this.#scopeOf(table, key) === null;
    if (op === 'put' && !isUnder) return;
    const [of, at] = isUnder ? ['list', key.slice(0, 1)] : [table, key];
    const scopes = [this.#scopeOf(of, at), this.#scopeOf(of, at, before)];
    if (scopes.some((scope) => scope === null || this.#access.might(user, 'read', scope))) return;
    this.#report(new Violation('C12', `${user} was told of a row of ${of} in ${scopes[0]}: the ${op} was forbidden.`));
  }

  /** Where a row is, or was after so many commits; null: nowhere. */
  #scopeOf(table: string, key: RowKey, count = this.#commits.length): string | null {
    const id = keyText(key);
    const is = (entry: LogEntry) => entry.table === table && keyText(entry.key) === id;
    const last = this.#commits.slice(0, count).flat().findLast(is);
    return last && last.op !== 'delete' ? last.scope : null;
  }

  /** Nobody writes where they may not, neither where a row was nor where it goes. */
  written({ scope, table, key }: LogEntry, user: string | undefined): void {
    if (!user || this.#access.might(user, 'write', scope)) return;
    this.#report(new Violation('C12', `${user} wrote ${table} ${String(key)} in ${scope}, where they may not.`));
  }
}

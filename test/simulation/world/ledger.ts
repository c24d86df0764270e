import type { Change } from '../../../src/core/change.ts';
import type { PullPage } from '../../../src/protocol/messages/pull.ts';
import type { ConflictReport, Outcome, PushRequest } from '../../../src/protocol/messages/push.ts';
import type { LogEntry, OutcomeRecord } from '../../../src/server/records.ts';
import type { SyncService } from '../../../src/server/service.ts';
import type { ServerStorage } from '../../../src/server/storage.ts';
import { keyText, type RowKey } from '../../../src/shared/cell.ts';
import type { AccessBook } from './access.ts';
import { AccessWitness } from './access-witness.ts';
import { CursorWitness } from './cursor-witness.ts';
import { Violation } from './violation.ts';
import type { Written } from './written.ts';

type WireMutation = PushRequest['mutations'][number];

/** A mutation as it arrived, and under whom. */
export interface Arrival {
  readonly user: string;
  readonly clientId: string;
  readonly mutation: WireMutation;
  readonly decides: readonly string[];
}

/** What the server did, one decision after the other, in the order of its log. */
export type Deed = { readonly at: number } & (
  | { readonly kind: 'push'; readonly arrival: Arrival; readonly outcome: Outcome }
  | { readonly kind: 'direct'; readonly seq: number; readonly changes: readonly Change[] }
);

/** What became of a mutation, and from which seq on a device that follows knows it. */
export interface Decided {
  readonly isApplied: boolean;
  readonly seq: number;
}

/** What one transaction of the storage wrote; void until it is committed. */
export class WriteRecord {
  readonly generation: number;
  /** Transactions that commit have begun in the order of the log. */
  readonly order: number;
  readonly entries: LogEntry[] = [];
  readonly outcomes: OutcomeRecord[] = [];
  /** What other programs had committed before it. */
  foreign: readonly LogEntry[] = [];

  constructor(generation: number, order: number) {
    this.generation = generation;
    this.order = order;
  }

  note(name: string, args: readonly unknown[]): void {
    if (name === 'appendLog') this.entries.push(...((args as unknown as [readonly LogEntry[]])[0] ?? []));
    if (name === 'saveOutcomes') this.outcomes.push(...((args as unknown as [readonly OutcomeRecord[]])[0] ?? []));
  }
}

/**
 * An observer beside the server: what arrived, what was committed, what was answered. It stands where a witness would stand
 * with a camera: the server does not know of it, and nothing depends on it.
 */
export class Ledger {
  readonly #now: () => number;
  readonly #written: ReadonlyMap<string, Written>;
  readonly #report: (violation: Violation) => void;
  /** Who was told and who wrote what, by what they may. */
  readonly witness: AccessWitness;
  readonly cursors: CursorWitness;
  readonly #arrivals = new Map<string, Arrival>();
  readonly #directs = new Map<number, readonly Change[]>();
  readonly #outcomes = new Map<string, string>();
  readonly #senders = new Map<string, string>();
  readonly #decided = new Map<string, Decided>();
  readonly #lastArrivals = new Map<string, number>();
  readonly #owners = new Map<string, string>();
  /** The log, by commit. */
  readonly commits: LogEntry[][] = [];
  outcomes: OutcomeRecord[] = [];
  readonly #entries = new Set<string>();
  /** The highest count that was committed, by author. */
  readonly regCounts = new Map<string, number>();
  readonly #deeds: (() => Deed | null)[] = [];
  #copied = { commits: 0, outcomes: 0, deeds: 0 };
  #begunCount = 0;
  readonly #waiting: { readonly order: number; readonly note: () => void }[] = [];
  /** Several connections answer at once: what they tell waits until it can be put in order. */
  readonly #waits: boolean;
  /** How often the database was set back. */
  generation = 0;
  /** Something happened that cannot be told in order. */
  #isVague = false;

  constructor(options: {
    now: () => number;
    written: ReadonlyMap<string, Written>;
    access: AccessBook;
    report: (violation: Violation) => void;
    waits?: boolean;
  }) {
    this.#now = options.now;
    this.#waits = options.waits ?? false;
    this.witness = new AccessWitness(options.access, this.commits, options.report);
    this.cursors = new CursorWitness(() => this.generation, options.report);
    this.#written = options.written;
    this.#report = options.report;
  }

  begin(): WriteRecord {
    this.#begunCount += 1;
    return new WriteRecord(this.generation, this.#begunCount);
  }

  committed(record: WriteRecord): void {
    this.#note(record.order, () => this.#committed(record));
  }

  /** A page is on its way to somebody. */
  told(user: string, page: PullPage): void {
    this.#note(Number.POSITIVE_INFINITY, () => this.witness.told(user, page));
  }

  /** To be called when nothing is under way: all that was waiting is noted. */
  settle(): void {
    for (const { note } of this.#waiting.splice(0).sort((a, b) => a.order - b.order)) note();
  }

  /** The last commit that is known. */
  get head(): number {
    return this.commits.at(-1)?.[0]?.commit.seq ?? 0;
  }

  /** Commits of other programs, as the log has them. */
  learn(entries: readonly LogEntry[]): void {
    const { head } = this;
    const news = entries.filter(({ commit }) => commit.seq > head);
    if (news.length === 0) return;
    // What they did cannot be done again by way of the service.
    this.#isVague = true;
    this.commits.push(...Map.groupBy(news, ({ commit }) => commit.seq).values());
    for (const entry of news) {
      this.#checkStamp(entry.commit);
      if (entry.table === 'entry') this.#entries.add(String(entry.key[0]));
    }
  }

  #note(order: number, note: () => void): void {
    if (this.#waits) this.#waiting.push({ order, note });
    else note();
  }

  #committed({ entries, outcomes, generation, foreign }: WriteRecord): void {
    // It was committed to the file that is gone.
    if (generation !== this.generation) return;
    this.learn(foreign);
    const at = entries[0]?.commit.at ?? this.#now();
    const commits = Map.groupBy(entries, ({ commit }) => commit.seq);
    const before = this.commits.length;
    this.commits.push(...commits.values());
    for (const entry of entries) {
      this.#checkStamp(entry.commit);
      this.witness.written(entry, this.#senders.get(`${entry.commit.clientId} ${entry.commit.mutationId}`));
      const id = String(entry.key[0]);
      if (entry.table === 'entry') this.#entries.add(id);
      if (entry.table === 'reg') this.regCounts.set(id, Math.max(this.regCounts.get(id) ?? 0, Number(entry.columns.n)));
      this.#checkPatch(entry);
    }
    for (const record of outcomes) {
      this.#noteOutcome(record);
      this.#witnessed(record, before);
    }
    this.#checkOrder(outcomes);
    const direct = [...commits].filter(([, [first]]) => first?.commit.clientId === null);
    if (direct.length > 0 && outcomes.length > 0) this.#isVague = true;
    for (const [seq, [first]] of direct) {
      this.#deeds.push(() => {
        const changes = this.#directs.get(seq);
        // Several of them may share a transaction, and each was written when it was its turn.
        return changes ? { at: first?.commit.at ?? at, kind: 'direct', seq, changes } : null;
      });
    }
    for (const { clientId, hlc, outcome } of outcomes) {
      this.#deeds.push(() => {
        const arrival = this.#arrivals.get(nameOf(clientId, outcome.mutationId, hlc));
        return arrival ? { at, kind: 'push', arrival, outcome } : null;
      });
    }
  }

  /** Everything the server decided; null when it cannot be told. */
  deeds(): Deed[] | null {
    const deeds = this.#deeds.map((deed) => deed());
    return this.#isVague || deeds.includes(null) ? null : deeds.filter((deed) => deed !== null);
  }

  decided(clientId: string, mutationId: number): Decided | undefined {
    return this.#decided.get(`${clientId} ${mutationId}`);
  }

  /** The last mutation of a device that was sent and touches this row; 0: none. */
  lastArrival(clientId: string, row: string): number {
    return this.#lastArrivals.get(`${clientId} ${row}`) ?? 0;
  }

  /** By mutation and table, the conflicts that a device was told of, and what it had written. */
  conflictsOf(clientId: string): Map<string, { told: number; local: Map<string, unknown> }> {
    const found = new Map<string, { told: number; local: Map<string, unknown> }>();
    for (const { clientId: of, hlc, outcome } of this.outcomes) {
      if (of !== clientId) continue;
      const changes = this.#arrivals.get(nameOf(of, outcome.mutationId, hlc))?.mutation.changes ?? [];
      for (const { table } of outcome.conflicts) {
        const name = `${outcome.mutationId} ${table}`;
        const mine = changes.filter((change) => change.table === table);
        const local = new Map(mine.length === 1 ? Object.entries(mine[0]?.columns ?? {}) : []);
        found.set(name, { told: (found.get(name)?.told ?? 0) + 1, local });
      }
    }
    return found;
  }

  /** What the server told of a row that a mutation of this device met another write on, and the change that met it. */
  meeting(
    clientId: string,
    mutationId: number,
    row: { readonly table: string; readonly key: RowKey },
  ): { report: ConflictReport; change: Change } | undefined {
    const isRow = (of: { table: string; key: RowKey }) =>
      of.table === row.table && keyText(of.key) === keyText(row.key);
    for (const { clientId: of, hlc, outcome } of this.outcomes) {
      if (of !== clientId || outcome.mutationId !== mutationId) continue;
      const report = outcome.conflicts.find(isRow);
      const change = this.#arrivals.get(nameOf(of, mutationId, hlc))?.mutation.changes.find(isRow);
      if (report && change) return { report, change };
    }
    return undefined;
  }

  /** Whether the server has ever committed it. */
  hasEntry(id: string): boolean {
    return this.#entries.has(id);
  }

  arrived(user: string, { clientId, mutations, decides }: PushRequest): void {
    for (const mutation of mutations) {
      this.#senders.set(`${clientId} ${mutation.mutationId}`, user);
      for (const { table, key } of mutation.changes) {
        const row = `${table} ${keyText(key)}`;
        this.#lastArrivals.set(`${clientId} ${row}`, Math.max(this.lastArrival(clientId, row), mutation.mutationId));
      }
      const name = nameOf(clientId, mutation.mutationId, mutation.hlc);
      const before = this.#arrivals.get(name);
      // Refused in one history, it comes with another base in the next.
      const isAnew = before !== undefined && before.mutation.base !== mutation.base && !this.#isDecided(name);
      if (!before || isAnew) this.#arrivals.set(name, { user, clientId, mutation, decides });
    }
  }

  #isDecided(name: string): boolean {
    return this.outcomes.some(({ clientId, hlc, outcome }) => nameOf(clientId, outcome.mutationId, hlc) === name);
  }

  /** Nobody's work goes through under another name. */
  answered(user: string, { clientId, mutations, decides }: PushRequest, outcomes: readonly Outcome[]): void {
    this.#checkOwner(user, clientId, outcomes);
    for (const mutation of mutations) {
      // What came first under another name was refused whole.
      const name = nameOf(clientId, mutation.mutationId, mutation.hlc);
      if (this.#arrivals.get(name)?.user !== user) this.#arrivals.set(name, { user, clientId, mutation, decides });
    }
    const taken = new Set(outcomes.filter(({ outcome }) => outcome !== 'rejected').map(({ mutationId }) => mutationId));
    for (const { mutationId, changes } of mutations) {
      const written = changes.map(({ table, key }) =>
        table === 'entry' ? this.#written.get(String(key[0])) : undefined,
      );
      const other = written.find((one) => one && one.user !== user);
      if (!other || !taken.has(mutationId)) continue;
      const whose = `the entry of ${other.user} (device ${clientId}, mutation ${mutationId})`;
      this.#report(new Violation('C13', `${whose} was pushed and taken as ${user}'s.`));
    }
  }

  /** What a device sends is taken from one person, also under the ids that its copies go by. */
  #checkOwner(user: string, clientId: string, outcomes: readonly Outcome[]): void {
    if (outcomes.every(({ outcome }) => outcome === 'rejected')) return;
    const [root = ''] = clientId.split('.');
    const owner = this.#owners.get(root) ?? user;
    this.#owners.set(root, owner);
    if (owner !== user)
      this.#report(new Violation('C13', `work of ${owner}'s device ${clientId} was taken as ${user}'s.`));
  }

  directly(seq: number | null, changes: readonly Change[]): void {
    if (seq !== null) this.#directs.set(seq, changes);
  }

  /** What was written on top of a mutation that did not apply is not decided together with it. */
  #checkOrder(outcomes: readonly OutcomeRecord[]): void {
    const stopped = new Set<string>();
    for (const { clientId, hlc, outcome } of outcomes) {
      const changes = this.#arrivals.get(nameOf(clientId, outcome.mutationId, hlc))?.mutation.changes ?? [];
      const rows = changes.map(({ table, key }) => `${clientId} ${table} ${keyText(key)}`);
      const isApplied = outcome.outcome === 'applied' || outcome.outcome === 'merged';
      if (!isApplied) for (const row of rows) stopped.add(row);
      else if (rows.some((row) => stopped.has(row)))
        this.#report(
          new Violation('C5', `mutation ${outcome.mutationId} of ${clientId} went past one that it waits for.`),
        );
    }
  }

  /** A copy of the database is made: all that was committed is in it. */
  copied(): void {
    this.#copied = { commits: this.commits.length, outcomes: this.outcomes.length, deeds: this.#deeds.length };
  }

  /** The database is that old copy of itself: what it had decided since is open again. */
  restored(): void {
    this.generation += 1;
    this.#outcomes.clear();
    for (const gone of this.commits.splice(this.#copied.commits)) this.#directs.delete(gone[0]?.commit.seq ?? 0);
    this.#deeds.splice(this.#copied.deeds);
    this.outcomes = this.outcomes.slice(0, this.#copied.outcomes);
  }

  /** An answer is on its way, and the database was committed up to `head`. */
  acknowledged(outcomes: readonly Outcome[], head: number): void {
    const ahead = outcomes.find(({ seq }) => seq !== null && seq > head);
    if (!ahead) return;
    const { mutationId, seq } = ahead;
    this.#report(new Violation('C2', `mutation ${mutationId} is said to be commit ${seq}; the server has ${head}.`));
  }

  /** A clock that is years ahead must not win for years: the server sets such stamps back to about now. */
  #checkStamp({ hlc, seq }: LogEntry['commit']): void {
    const ahead = Number.parseInt(hlc.slice(0, 12), 16) - this.#now();
    if (ahead > 3_600_000)
      this.#report(new Violation('C8', `commit ${seq} is stamped ${ahead} ms ahead of the server.`));
  }

  /** The log says who wrote what: of a change to a row, the columns that were changed and no more. */
  #checkPatch({ commit: { clientId, mutationId, hlc }, op, table, key, columns }: LogEntry): void {
    if (op !== 'patch' || clientId === null || mutationId === null) return;
    const changes = this.#arrivals.get(nameOf(clientId, mutationId, hlc))?.mutation.changes ?? [];
    const change = changes.find((one) => one.table === table && keyText(one.key) === keyText(key));
    const extra = change && Object.keys(columns).filter((name) => !(name in { ...change.columns, ...change.counters }));
    if (!extra || extra.length === 0) return;
    this.#report(
      new Violation(
        'C8',
        `${extra} of ${table} ${String(key)} is logged as written by ${clientId}, which did not write it.`,
      ),
    );
  }

  #witnessed({ clientId, hlc, outcome }: OutcomeRecord, before: number): void {
    const user = this.#senders.get(`${clientId} ${outcome.mutationId}`);
    const changes = this.#arrivals.get(nameOf(clientId, outcome.mutationId, hlc))?.mutation.changes ?? [];
    const change = changes.length === 1 ? (changes[0] ?? null) : null;
    if (user) this.witness.decided(user, { outcome, change, before });
  }

  /** A mutation has one final outcome. */
  #noteOutcome(record: OutcomeRecord): void {
    this.outcomes.push(record);
    const { clientId, hlc, outcome } = record;
    const isApplied = outcome.outcome === 'applied' || outcome.outcome === 'merged';
    const seq = outcome.seq ?? this.commits.at(-1)?.[0]?.commit.seq ?? 0;
    this.#decided.set(`${clientId} ${outcome.mutationId}`, { isApplied, seq });
    const name = nameOf(clientId, outcome.mutationId, hlc);
    const told = JSON.stringify([outcome.outcome, outcome.seq]);
    const before = this.#outcomes.get(name);
    this.#outcomes.set(name, told);
    if (before === undefined) return;
    this.#report(new Violation('C3', `mutation ${name} was decided twice: ${before}, then ${told}.`));
  }
}

const nameOf = (clientId: string, mutationId: number, hlc: string) => `${clientId} ${mutationId} ${hlc}`;

/** The same service, with the witness in the room. */
export function observed(service: SyncService, ledger: Ledger, storage: ServerStorage): SyncService {
  return new Proxy(service, {
    get(target, name: keyof SyncService) {
      if (name === 'push') {
        const push: SyncService['push'] = async (identity, request) => {
          ledger.arrived(identity.id, request);
          const { generation } = ledger;
          const answer = await target.push(identity, request);
          const { head } = await storage.read((reader) => reader.position());
          if (generation === ledger.generation) ledger.acknowledged(answer.outcomes, head);
          ledger.answered(identity.id, request, answer.outcomes);
          return answer;
        };
        return push;
      }
      if (name === 'pull') {
        const pull: SyncService['pull'] = async (identity, request) => {
          const { generation } = ledger;
          const { prunedTo } = await storage.read((reader) => reader.position());
          const page = await target.pull(identity, request);
          ledger.told(identity.id, page);
          if (generation === ledger.generation) ledger.cursors.answered({ request, page, prunedTo });
          return page;
        };
        return pull;
      }
      if (name === 'mutate') {
        const mutate: SyncService['mutate'] = async (identity, changes) => {
          const answer = await target.mutate(identity, changes);
          ledger.directly(answer.seq, changes);
          return answer;
        };
        return mutate;
      }
      const found = target[name];
      return typeof found === 'function' ? (found as (...args: never[]) => unknown).bind(target) : found;
    },
  });
}

import { hlcAfter } from '../../../src/core/hlc.ts';
import { policyOf, type Schema } from '../../../src/core/schema.ts';
import type { LogEntry } from '../../../src/server/records.ts';
import { type Cell, keyText, type RowKey } from '../../../src/shared/cell.ts';
import type { Arrival, Deed } from './ledger.ts';
import { show } from './show.ts';
import { Violation } from './violation.ts';

/** Who last wrote a column, and what. */
interface Mark {
  readonly value: Cell;
  readonly seq: number;
  readonly clientId: string | null;
  readonly hlc: string;
}

type Row = Map<string, Mark>;

/** Where and by whom a row was made, or deleted. */
interface Fate {
  readonly seq: number;
  readonly clientId: string | null;
  readonly scope: string;
}

export interface OracleInput {
  readonly schema: Schema;
  readonly deeds: readonly Deed[];
  readonly commits: readonly (readonly LogEntry[])[];
  /** Whether deletions stay known: nothing was pruned. */
  readonly isRemembered: boolean;
}

/**
 * Says from the log alone which patches met somebody else's write of the same column, and holds the server to it: such a meeting
 * is told of, and decided as the table says (C8). A second opinion, by a shorter rule: it judges patches with one column in
 * dispute, and leaves the rest to the replay.
 */
export function checkMeetings({ schema, deeds, commits, isRemembered }: OracleInput): void {
  const families = new Families(isRemembered);
  const rows = new Map<string, Row>();
  const bySeq = new Map(commits.map((entries) => [entries[0]?.commit.seq ?? 0, entries]));
  const disputes: Dispute[] = [];
  let head = 0;
  for (const deed of deeds) {
    const seq = deed.kind === 'direct' ? deed.seq : deed.outcome.seq;
    const entries = seq === null ? [] : (bySeq.get(seq) ?? []);
    if (deed.kind === 'push') for (const change of deed.arrival.mutation.changes) judge(change, deed);
    if (deed.kind === 'push') families.judge(deed, head);
    families.note(deed, entries);
    for (const entry of entries) apply(rows, entry);
    if (deed.kind === 'push') for (const told of disputes) checkWinner(told, deed);
    disputes.length = 0;
    head = Math.max(head, seq ?? 0);
  }

  function judge(change: Arrival['mutation']['changes'][number], deed: Extract<Deed, { kind: 'push' }>): void {
    const { mutation, clientId } = deed.arrival;
    const row = rows.get(nameOf(change.table, change.key));
    // Rows that move between scopes arrive whole in the log, which hides who wrote which column.
    if (SCOPED.has(change.table) || change.op !== 'patch' || !row || deed.outcome.outcome === 'rejected') return;
    const base = mutation.base > head ? 0 : mutation.base;
    const met = Object.entries(change.columns).filter(([column, value]) => {
      const mark = row.get(column);
      const isForeign = mark && mark.clientId !== clientId && mark.seq > base;
      return isForeign && show(mark.value) !== show(value);
    });
    if (met.length === 0) return;
    const isTold = deed.outcome.conflicts.some(
      ({ table, key }) => nameOf(table, key) === nameOf(change.table, change.key),
    );
    // A mutation with an open conflict tells of the open ones only: the rest comes up again with its answer.
    if (!isTold && deed.outcome.outcome !== 'conflict') {
      throw new Violation(
        'C8',
        `${whose(deed)} wrote over ${show(met)} of ${change.table} ${show(change.key)} in silence.`,
      );
    }
    if (deed.outcome.outcome === 'applied') {
      throw new Violation('C8', `${whose(deed)} met another write of ${change.table} and is called applied.`);
    }
    const [only] = met;
    const mark = only && row.get(only[0]);
    if (met.length === 1 && only && mark)
      disputes.push({ table: change.table, key: change.key, column: only[0], mine: only[1], mark });
  }

  function checkWinner({ table, key, column, mine, mark }: Dispute, deed: Extract<Deed, { kind: 'push' }>): void {
    const { arrival, outcome, at } = deed;
    const of = schema.tables[table];
    const after = rows.get(nameOf(table, key))?.get(column);
    if (!of || !after || outcome.outcome === 'conflict' || isAhead(arrival.mutation.hlc, at)) return;
    const isLater = hlcAfter(arrival.mutation.hlc, arrival.clientId, mark.hlc, mark.clientId ?? '');
    const policy = policyOf(of, column);
    const wins = policy === 'client-wins' || (policy !== 'server-wins' && isLater);
    const expected = wins ? mine : mark.value;
    if (show(after.value) === show(expected)) return;
    throw new Violation(
      'C8',
      `${whose(deed)}: ${String(policy)} on ${table}.${column} should leave ${show(expected)} and left ${show(after.value)}.`,
    );
  }
}

const BELOW_LISTS: readonly string[] = ['item', 'chore'];

/**
 * Who puts a thing into a list that somebody deleted unseen, and who deletes a list that something came into unseen, is told so: neither
 * is a mistake, and neither passes in silence. Judged for her who may see everything.
 */
class Families {
  readonly #isRemembered: boolean;
  readonly #gone = new Map<string, Fate>();
  readonly #born = new Map<string, Fate & { readonly list: Cell }>();

  constructor(isRemembered: boolean) {
    this.#isRemembered = isRemembered;
  }

  judge({ arrival, outcome }: Extract<Deed, { kind: 'push' }>, head: number): void {
    const { mutation, clientId, user } = arrival;
    if (user !== 'ana' || !this.#isRemembered) return;
    const base = mutation.base > head ? 0 : mutation.base;
    const isForeign = (fate: Fate | undefined) => fate && fate.seq > base && fate.clientId !== clientId;
    for (const { table, key, op, columns, old } of mutation.changes) {
      const list = BELOW_LISTS.includes(table) && op === 'put' && !old ? listOf(table, key, columns) : null;
      const isMet = list !== null && isForeign(this.#gone.get(nameOf('list', [list])));
      if (isMet && mutation.changes.length === 1 && outcome.reason?.code === 'not-found') {
        throw new Violation(
          'C8',
          `${clientId}: the list of ${table} ${show(key)} was deleted unseen, and it is refused.`,
        );
      }
      if (table !== 'list' || op !== 'delete' || outcome.outcome !== 'applied' || outcome.seq === null) continue;
      if (this.#gone.has(nameOf('list', key))) continue;
      const late = [...this.#born].filter(([, fate]) => fate.list === key[0] && isForeign(fate));
      if (late.length === 0) continue;
      throw new Violation('C8', `${clientId} deleted the list ${show(key)} over ${show(late)} in silence.`);
    }
  }

  note(deed: Deed, entries: readonly LogEntry[]): void {
    const changes = deed.kind === 'direct' ? deed.changes : deed.arrival.mutation.changes;
    const written = new Set(changes.map(({ table, key }) => nameOf(table, key)));
    for (const { commit, table, key, op, scope, columns } of entries) {
      const name = nameOf(table, key);
      const fate = { seq: commit.seq, clientId: commit.clientId, scope };
      if (op === 'delete') {
        this.#gone.set(name, fate);
        this.#born.delete(name);
      } else {
        this.#gone.delete(name);
        // A thing that goes along with its list to another person arrives whole too, and is no newcomer.
        const isBorn = op === 'put' && BELOW_LISTS.includes(table) && written.has(name) && !this.#born.has(name);
        if (isBorn) this.#born.set(name, { ...fate, list: listOf(table, key, columns) });
        else if (this.#born.has(name) && op !== 'put' && 'list_id' in columns) this.#born.delete(name);
      }
    }
  }
}

const listOf = (table: string, key: RowKey, columns: Readonly<Record<string, Cell>>): Cell =>
  (table === 'item' ? key[0] : columns.list_id) ?? null;

interface Dispute {
  readonly table: string;
  readonly key: RowKey;
  readonly column: string;
  readonly mine: Cell;
  readonly mark: Mark;
}

const SCOPED: ReadonlySet<string> = new Set(['list', 'item', 'chore']);

function apply(rows: Map<string, Row>, { commit, table, key, op, columns }: LogEntry): void {
  const name = nameOf(table, key);
  if (op === 'delete') {
    rows.delete(name);
    return;
  }
  const known = rows.get(name);
  const row: Row = op === 'put' || !known ? new Map() : known;
  for (const [column, value] of Object.entries(columns)) {
    row.set(column, { value, seq: commit.seq, clientId: commit.clientId, hlc: commit.hlc });
  }
  rows.set(name, row);
}

/** A minute: as far as the server lets a stamp lie ahead. */
const isAhead = (hlc: string, at: number) => Number.parseInt(hlc.slice(0, 12), 16) > at + 60_000;
const nameOf = (table: string, key: RowKey) => `${table} ${keyText(key)}`;
const whose = ({ arrival }: Extract<Deed, { kind: 'push' }>) =>
  `mutation ${arrival.mutation.mutationId} of ${arrival.clientId}`;

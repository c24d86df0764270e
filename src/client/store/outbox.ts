import type { Change } from '../../core/change.ts';
import { keyText } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { MutationState } from '../types.ts';
import { type ChangeReader, createChangeReader } from './change-reader.ts';
import type { PendingRows } from './pending-rows.ts';
import { type RowRef, rowsOf } from './row-access.ts';
import { trimWrites } from './write-log.ts';

/** `held`: rows from the time before there was a server, until `seed` sends them. Shown as `parked`. */
export type EntryState = MutationState | 'held';

/** A mutation in the outbox, without its changes. */
export interface OutboxItem {
  readonly position: number;
  readonly mutationId: number;
  readonly state: EntryState;
  readonly hlc: string;
  readonly base: number;
  readonly createdAt: number;
  readonly attempts: number;
  /** Its echo has been applied, its outcome has not arrived: no part of what is shown any more. */
  readonly isEchoed: boolean;
  /** `accepted`: gone once the cursor has reached this seq of this epoch. */
  readonly untilSeq: number | null;
  readonly epoch: string | null;
  readonly size: number;
  readonly changeCount: number;
}

export interface NewMutation {
  readonly position: number;
  readonly mutationId: number;
  readonly state: EntryState;
  readonly hlc: string;
  readonly base: number;
  readonly createdAt: number;
  /** The rows it touches, one per change. */
  readonly rows: readonly RowRef[];
  readonly bytes: Uint8Array;
  /** The write it came from; null for one that replaces another. */
  readonly writeId: string | null;
}

export type ItemUpdate = Partial<Pick<OutboxItem, 'state' | 'attempts' | 'isEchoed' | 'untilSeq' | 'epoch'>> & {
  readonly reason?: { readonly code: string; readonly message: string };
};

/**
 * The durable queue of mutations. A short note of each is kept in memory, in order; their changes stay in the database.
 * What is in memory follows the transaction only when it succeeds: after a failure, `load` it anew.
 */
export interface Outbox {
  readonly reader: ChangeReader;
  /** In order. */
  items(): IterableIterator<OutboxItem>;
  readonly size: number;
  at(position: number): OutboxItem | undefined;
  byMutation(mutationId: number): OutboxItem | undefined;
  /** Writes the row; `remember` follows when the transaction is sure. */
  insert(mutation: NewMutation): void;
  remember(mutation: NewMutation): void;
  update(item: OutboxItem, update: ItemUpdate): OutboxItem;
  /** No mutation has seen more than this seq. */
  lowerBases(seq: number): void;
  remove(item: OutboxItem): void;
  /** As `remove`, for another one that is about to have its position. */
  vacate(item: OutboxItem): void;
  changesOf(item: OutboxItem): readonly Change[];
  load(): void;
  count(state: EntryState): number;
}

const COLUMNS =
  'position, mutation_id, state, hlc, base, created_at, attempts, is_echoed, until_seq, epoch, size, change_count';

export function createOutbox(database: LocalDatabase, rows: PendingRows): Outbox {
  const items = new Map<number, OutboxItem>();
  /** Only mutations that took another's place: for the rest, the position is the id. */
  const moved = new Map<number, number>();
  const counts = new Map<EntryState, number>();
  /** Where one has gone and the next is on its way: kept in `items`, so that all stay in order without being put in order anew. */
  const vacated = new Set<number>();
  let highest = Number.MIN_SAFE_INTEGER;
  let isInOrder = true;
  const reader = createChangeReader(database);
  const tally = (state: EntryState, by: number) => counts.set(state, (counts.get(state) ?? 0) + by);

  const remember = (item: OutboxItem, touched: readonly RowRef[]) => {
    const hasItsPlace = vacated.delete(item.position);
    items.set(item.position, item);
    // Put in order when somebody looks: many may come in one go.
    if (item.position < highest && !hasItsPlace) isInOrder = false;
    highest = Math.max(highest, item.position);
    if (item.position !== item.mutationId) moved.set(item.mutationId, item.position);
    tally(item.state, 1);
    for (const row of touched) rows.add(row, item.position);
  };

  const takeOut = (item: OutboxItem) => {
    for (const { table, key } of outbox.changesOf(item)) rows.remove(table, keyText(key), item.position);
    database.run(LOG_SQL, [item.position]);
    database.run('DELETE FROM _tidemark_outbox WHERE position = ?', [item.position]);
    if (item.mutationId % TRIM_EVERY === 0) trimWrites(database);
    moved.delete(item.mutationId);
    tally(item.state, -1);
    reader.forget(item.position);
  };

  const outbox: Outbox = {
    reader,
    items() {
      if (!isInOrder) sortItems(items);
      isInOrder = true;
      return vacated.size === 0 ? items.values() : occupied(items, vacated);
    },
    get size() {
      return items.size - vacated.size;
    },
    at: (position) => (vacated.has(position) ? undefined : items.get(position)),
    byMutation(mutationId) {
      const item = outbox.at(moved.get(mutationId) ?? mutationId);
      return item?.mutationId === mutationId ? item : undefined;
    },
    insert(mutation) {
      database.run(INSERT_SQL, insertParameters(mutation));
      reader.forget(mutation.position);
    },
    remember(mutation) {
      remember(itemOf(mutation), mutation.rows);
    },
    update(item, { reason, ...update }) {
      const next: OutboxItem = { ...item, ...update };
      database.run(UPDATE_SQL, [
        next.state,
        next.attempts,
        next.isEchoed ? 1 : 0,
        next.untilSeq,
        next.epoch,
        reason?.code ?? null,
        reason?.message ?? null,
        next.position,
      ]);
      items.set(next.position, next);
      tally(item.state, -1);
      tally(next.state, 1);
      return next;
    },
    lowerBases(seq) {
      if (database.run('UPDATE _tidemark_outbox SET base = ?1 WHERE base > ?1', [seq]) === 0) return;
      for (const [position, item] of items) if (item.base > seq) items.set(position, { ...item, base: seq });
    },
    remove(item) {
      takeOut(item);
      items.delete(item.position);
    },
    vacate(item) {
      takeOut(item);
      vacated.add(item.position);
    },
    changesOf: (item) => reader.changes(item.position),
    load() {
      items.clear();
      vacated.clear();
      highest = Number.MIN_SAFE_INTEGER;
      isInOrder = true;
      moved.clear();
      counts.clear();
      rows.clear();
      reader.clear();
      forEachStored(database, (item) => remember(item, rowsOf(reader.readOnce(item.position))));
    },
    count: (state) => counts.get(state) ?? 0,
  };
  return outbox;
}

function* occupied(items: ReadonlyMap<number, OutboxItem>, vacated: ReadonlySet<number>) {
  for (const item of items.values()) if (!vacated.has(item.position)) yield item;
}

/** Only after one has come before others. */
function sortItems(items: Map<number, OutboxItem>): void {
  const inOrder = [...items.values()].sort((a, b) => a.position - b.position);
  items.clear();
  for (const item of inOrder) items.set(item.position, item);
}

const INSERT_SQL = `INSERT INTO _tidemark_outbox (${COLUMNS}, write_id, changes) VALUES (${'?, '.repeat(13)}?)`;
/** What `findWrite` and the clock still need of a mutation that goes. */
const LOG_SQL = `INSERT INTO _tidemark_write (write_id, mutation_id, hlc)
  SELECT write_id, mutation_id, hlc FROM _tidemark_outbox WHERE position = ?`;
const UPDATE_SQL = `UPDATE _tidemark_outbox SET state = ?, attempts = ?, is_echoed = ?, until_seq = ?, epoch = ?,
  reason_code = ifnull(?, reason_code), reason_message = ifnull(?, reason_message) WHERE position = ?`;

function insertParameters(mutation: NewMutation) {
  const { position, mutationId, state, hlc, base, createdAt, rows, bytes, writeId } = mutation;
  const untilSeq = null;
  const epoch = null;
  return [
    position,
    mutationId,
    state,
    hlc,
    base,
    createdAt,
    0,
    0,
    untilSeq,
    epoch,
    bytes.length,
    rows.length,
    writeId,
    bytes,
  ];
}

function itemOf(mutation: NewMutation): OutboxItem {
  const { position, mutationId, state, hlc, base, createdAt, rows, bytes } = mutation;
  return {
    position,
    mutationId,
    state,
    hlc,
    base,
    createdAt,
    attempts: 0,
    isEchoed: false,
    untilSeq: null,
    epoch: null,
    size: bytes.length,
    changeCount: rows.length,
  };
}

const CHUNK = 1_000;
const TRIM_EVERY = 1_024;

/** In order, a chunk at a time. */
function forEachStored(database: LocalDatabase, use: (item: OutboxItem) => void): void {
  const sql = `SELECT ${COLUMNS} FROM _tidemark_outbox WHERE position > ? ORDER BY position LIMIT ${CHUNK}`;
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const { rows } = database.read(sql, [after]);
    for (const row of rows) {
      const [
        position,
        mutationId,
        state,
        hlc,
        base,
        createdAt,
        attempts,
        isEchoed,
        untilSeq,
        epoch,
        size,
        changeCount,
      ] = row;
      use({
        position: Number(position),
        mutationId: Number(mutationId),
        state: entryState(state),
        hlc: String(hlc),
        base: Number(base),
        createdAt: Number(createdAt),
        attempts: Number(attempts),
        isEchoed: isEchoed === 1,
        untilSeq: typeof untilSeq === 'number' ? untilSeq : null,
        epoch: typeof epoch === 'string' ? epoch : null,
        size: Number(size),
        changeCount: Number(changeCount),
      });
      after = Number(position);
    }
    if (rows.length < CHUNK) return;
  }
}

const STATES: readonly EntryState[] = ['pending', 'sent', 'accepted', 'parked', 'conflicted', 'rejected', 'held'];

function entryState(cell: unknown): EntryState {
  const state = STATES.find((one) => one === cell);
  if (state) return state;
  throw new SyncError('storage', `The outbox holds a mutation in the unknown state ${JSON.stringify(cell)}.`);
}

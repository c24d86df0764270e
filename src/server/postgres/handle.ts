import type { Schema, Table } from '../../core/schema.ts';
import type { Cell, RowKey } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { DeviceRecord, LogEntry, OutcomeRecord, PartRecord, Position, Signal } from '../records.ts';
import type { Identity } from '../service.ts';
import type { LogRange, PruneBounds, RowRange, StorageWriter, StoredRow } from '../storage.ts';
import { type Actor, actorOf } from './act-as.ts';
import type { BoundTable } from './bound-table.ts';
import type { Transaction } from './connection.ts';
import { beginEpoch, readFormerEpochs } from './epoch.ts';
import { Gathered } from './gathered.ts';
import * as ledger from './ledger.ts';
import * as log from './log.ts';
import type { RowSecurityOptions } from './options.ts';
import { type Corrections, RowWriter, rowId } from './row-writer.ts';
import * as rows from './rows.ts';
import { dropOldSignals, saveSignal } from './signals.ts';

/** What a handle works on. */
export interface HandleContext {
  readonly transaction: Transaction;
  readonly schema: Schema;
  /** By name, parents before the tables that refer to them. */
  readonly tables: ReadonlyMap<string, BoundTable>;
  readonly position: Promise<Position>;
  readonly rowSecurity: RowSecurityOptions | undefined;
  /** Called before rows of a table are read as a snapshot, which must not show what the log does not know yet. */
  readonly beforePage: (table: string) => Promise<void>;
}

/** The handle of one transaction; dead once it has ended. */
export class PostgresHandle implements StorageWriter {
  /** Not there without row level security: what several people write in one transaction may then go out together. */
  readonly actAs?: (identity: Identity | null) => Promise<void>;
  readonly #context: HandleContext;
  readonly #writer: RowWriter;
  readonly #devices = new Gathered((ids) => ledger.readDevicesOf(this.#transaction, ids));
  readonly #checks = new Map<string, Promise<void>>();
  #position: Promise<Position>;
  /** Statements that were sent and whose answer nobody needs before the end. */
  readonly #unanswered: Promise<unknown>[] = [];
  #isOver = false;
  #hasWritten = false;
  /** Ids of what this transaction tells other nodes. */
  readonly signalIds: string[] = [];

  constructor(context: HandleContext) {
    this.#context = context;
    this.#position = context.position;
    this.#position.catch(() => undefined);
    const { rowSecurity } = context;
    if (rowSecurity) this.actAs = (identity) => this.#actAs(identity && actorOf(identity, rowSecurity));
    this.#writer = new RowWriter(context.transaction, [...context.tables.values()], (sent) => this.#later(sent));
  }

  end(): void {
    this.#isOver = true;
  }

  async #actAs(actor: Actor | null): Promise<void> {
    await this.#settled();
    this.#writer.actAs(actor);
  }

  /** Whether rows of the user's tables were written: their triggers may have done more. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  get #transaction(): Transaction {
    if (!this.#isOver) return this.#context.transaction;
    throw new SyncError('misuse', 'This transaction has ended.');
  }

  #table(table: Table): BoundTable {
    const of = this.#context.tables.get(table.name);
    if (of) return of;
    throw new SyncError('not-found', `The storage was opened without the table ${table.name}.`);
  }

  /** A transaction of which what was written has reached the database. */
  async #settled(): Promise<Transaction> {
    const transaction = this.#transaction;
    await this.#writer.flush();
    return transaction;
  }

  async position() {
    void this.#transaction;
    return this.#position;
  }

  async rows(table: Table, keys: readonly RowKey[]) {
    const of = this.#table(table);
    const found = await rows.readRows(await this.#settled(), of, keys);
    return keys.map((key, index) => {
      const read = found[index] ?? { row: null, columns: null };
      this.#writer.remember(of, key, read);
      return read.row;
    });
  }

  async keysWhere(table: Table, column: string, value: Cell) {
    return rows.keysWhere(await this.#settled(), this.#table(table), { column, value });
  }

  async log(range: LogRange) {
    return log.readLog(this.#transaction, range);
  }

  async page(range: RowRange) {
    const transaction = await this.#settled();
    await this.#checked(range.table);
    return rows.readPage(transaction, this.#table(range.table), range);
  }

  async count(table: Table, scopes: readonly string[] | null, except: readonly string[] = []) {
    return rows.countRows(await this.#settled(), this.#table(table), { scopes, except });
  }

  async heldScopes(table: Table, scopes: readonly string[]) {
    return rows.heldScopes(await this.#settled(), this.#table(table), scopes);
  }

  /** Who has read a table keeps others from altering it: once is enough. */
  #checked({ name }: Table): Promise<void> {
    const known = this.#checks.get(name);
    if (known) return known;
    const check = this.#context.beforePage(name);
    this.#checks.set(name, check);
    return check;
  }

  async outcomes(clientId: string, mutationIds: readonly number[]) {
    return ledger.readOutcomes(this.#transaction, clientId, mutationIds);
  }

  async parts(clientId: string) {
    return ledger.readParts(this.#transaction, clientId);
  }

  async partBytes(clientId: string, mutationId: number) {
    return ledger.readPartBytes(this.#transaction, clientId, mutationId);
  }

  async device(clientId: string) {
    return this.#devices.get(clientId);
  }

  async devices(subject: string) {
    return ledger.readDevices(this.#transaction, subject);
  }

  async family(root: string) {
    return ledger.readFamily(this.#transaction, root);
  }

  async formerEpochs() {
    return readFormerEpochs(this.#transaction);
  }

  async setting(name: string) {
    return ledger.readSetting(this.#transaction, name);
  }

  async signal(signal: Signal) {
    this.signalIds.push(await saveSignal(this.#transaction, signal));
  }

  /** Rows wait here until somebody reads, or the log is written: then all tables are known, and their order. */
  async writeRows(table: Table, changed: readonly StoredRow[]) {
    void this.#transaction;
    this.#hasWritten = true;
    this.#writer.add(this.#table(table), changed);
  }

  async appendLog(entries: readonly LogEntry[]) {
    const transaction = this.#transaction;
    const corrections = await this.#writer.flush();
    const position = await this.#position;
    this.#later(log.appendLog(transaction, correct(entries, corrections)));
    const head = entries.at(-1)?.commit.seq ?? position.head;
    this.#position = Promise.resolve({ ...position, head });
  }

  async saveOutcomes(records: readonly OutcomeRecord[]) {
    this.#later(ledger.saveOutcomes(this.#transaction, records));
  }

  async savePart(part: PartRecord) {
    await ledger.savePart(this.#transaction, part);
  }

  async dropParts(clientId: string, mutationId: number) {
    await ledger.dropParts(this.#transaction, clientId, mutationId);
  }

  async saveDevice(device: DeviceRecord) {
    await ledger.saveDevice(this.#transaction, device);
  }

  async setEpoch(epoch: string) {
    const position = await this.#position;
    await beginEpoch(this.#transaction, position, epoch);
    this.#position = Promise.resolve({ ...position, epoch, epochFrom: position.head });
  }

  async saveSetting(name: string, value: string) {
    await ledger.saveSetting(this.#transaction, name, value);
  }

  async prune(bounds: PruneBounds) {
    const transaction = await this.#settled();
    const position = await this.#position;
    const { count, prunedTo } = await log.pruneLog(transaction, { ...bounds, prunedTo: position.prunedTo });
    await ledger.dropOldParts(transaction, bounds.partsBeforeAt);
    await dropOldSignals(transaction);
    if (count === 0) return 0;
    this.#position = Promise.resolve({ ...position, prunedTo });
    for (const of of this.#context.tables.values()) await rows.dropTombstones(transaction, of, prunedTo);
    return count;
  }

  /** Sends what is still waiting. */
  async flush(): Promise<void> {
    await this.#settled();
  }

  /** Resolves once everything that was sent has been done. */
  async written(): Promise<void> {
    await Promise.all(this.#unanswered);
  }

  #later(sent: Promise<unknown>): void {
    sent.catch(() => undefined);
    this.#unanswered.push(sent);
  }
}

/** The log tells what the database holds: the last entry of a row that the database changed says so. */
function correct(entries: readonly LogEntry[], corrections: Corrections): readonly LogEntry[] {
  if (corrections.size === 0) return entries;
  const left = new Map(corrections);
  return entries
    .toReversed()
    .map((entry) => {
      const id = rowId(entry.table, entry.key);
      const columns = left.get(id);
      if (!columns || entry.op === 'delete') return entry;
      left.delete(id);
      return { ...entry, columns: { ...entry.columns, ...columns } };
    })
    .toReversed();
}

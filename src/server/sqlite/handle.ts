import type { Schema, Table } from '../../core/schema.ts';
import type { Cell, RowKey } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { DeviceRecord, LogEntry, OutcomeRecord, PartRecord } from '../records.ts';
import type { LogRange, PruneBounds, RowRange, StorageWriter, StoredRow } from '../storage.ts';
import type { Connection } from './connection.ts';
import * as ledger from './ledger.ts';
import * as log from './log.ts';
import * as rows from './rows.ts';

/** The handle of one transaction; dead once it has ended. */
export class SqliteWriter implements StorageWriter {
  #live: Connection | null;
  readonly #schema: Schema;

  constructor(connection: Connection, schema: Schema) {
    this.#live = connection;
    this.#schema = schema;
  }

  end(): void {
    this.#live = null;
  }

  get #connection(): Connection {
    if (this.#live) return this.#live;
    throw new SyncError('misuse', 'This transaction has ended.');
  }

  async position() {
    return log.readPosition(this.#connection);
  }

  async rows(table: Table, keys: readonly RowKey[]) {
    return rows.readRows(this.#connection, table, keys);
  }

  async keysWhere(table: Table, column: string, value: Cell) {
    return rows.keysWhere(this.#connection, table, { column, value });
  }

  async log(range: LogRange) {
    return log.readLog(this.#connection, range);
  }

  async page(range: RowRange) {
    return rows.readPage(this.#connection, range);
  }

  async count(table: Table, scopes: readonly string[] | null, except: readonly string[] = []) {
    return rows.countRows(this.#connection, table, { scopes, except });
  }

  async heldScopes(table: Table, scopes: readonly string[]) {
    return rows.heldScopes(this.#connection, table, scopes);
  }

  async outcomes(clientId: string, mutationIds: readonly number[]) {
    return ledger.readOutcomes(this.#connection, clientId, mutationIds);
  }

  async parts(clientId: string) {
    return ledger.readParts(this.#connection, clientId);
  }

  async partBytes(clientId: string, mutationId: number) {
    return ledger.readPartBytes(this.#connection, clientId, mutationId);
  }

  async device(clientId: string) {
    return ledger.readDevice(this.#connection, clientId);
  }

  async devices(subject: string) {
    return ledger.readDevices(this.#connection, subject);
  }

  async family(root: string) {
    return ledger.readFamily(this.#connection, root);
  }

  async writeRows(table: Table, changed: readonly StoredRow[]) {
    rows.writeRows(this.#connection, table, changed);
  }

  async appendLog(entries: readonly LogEntry[]) {
    log.appendLog(this.#connection, entries);
  }

  async saveOutcomes(records: readonly OutcomeRecord[]) {
    ledger.saveOutcomes(this.#connection, records);
  }

  async savePart(part: PartRecord) {
    ledger.savePart(this.#connection, part);
  }

  async dropParts(clientId: string, mutationId: number) {
    ledger.dropParts(this.#connection, clientId, mutationId);
  }

  async saveDevice(device: DeviceRecord) {
    ledger.saveDevice(this.#connection, device);
  }

  async setEpoch(epoch: string) {
    log.beginEpoch(this.#connection, epoch);
  }

  async formerEpochs() {
    return log.readFormerEpochs(this.#connection);
  }

  async setting(name: string) {
    return log.readSetting(this.#connection, name);
  }

  async saveSetting(name: string, value: string) {
    log.saveSetting(this.#connection, name, value);
  }

  async prune(bounds: PruneBounds) {
    const pruned = log.pruneLog(this.#connection, bounds);
    ledger.dropOldParts(this.#connection, bounds.partsBeforeAt);
    if (pruned > 0) {
      const { prunedTo } = log.readPosition(this.#connection);
      for (const table of Object.values(this.#schema.tables)) rows.dropTombstones(this.#connection, table, prunedTo);
    }
    return pruned;
  }
}

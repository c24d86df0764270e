import type { Table } from '../../core/schema.ts';
import { keyText, type RowKey } from '../../shared/cell.ts';
import type { LogEntry, OutcomeRecord, Position } from '../records.ts';
import type { Identity } from '../service.ts';
import type { StorageWriter, StoredRow } from '../storage.ts';

interface Loading {
  readonly keys: Map<string, RowKey>;
  readonly done: Promise<void>;
}

/**
 * The rows of one storage transaction. They are read ahead in batches, changed in memory mutation by mutation, and written
 * in batches: a mutation that fails has touched nothing, and the next one builds on those that did not.
 */
export class WorkingSet {
  readonly writer: StorageWriter;
  /** Where the log stood when the transaction began. */
  readonly position: Position;
  readonly #rows = new Map<Table, Map<string, StoredRow | null>>();
  readonly #loading = new Map<Table, Loading>();
  readonly #dirty = new Map<Table, Map<string, StoredRow>>();
  readonly #outcomes = new Map<string, OutcomeRecord>();
  /** Of which outcomes it is known whether there are any. */
  readonly #asked = new Set<string>();
  #newLog: LogEntry[] = [];
  #newOutcomes: OutcomeRecord[] = [];
  #head: number;
  #actor: Identity | null = null;

  private constructor(writer: StorageWriter, position: Position) {
    this.writer = writer;
    this.position = position;
    this.#head = position.head;
  }

  static async begin(writer: StorageWriter): Promise<WorkingSet> {
    return new WorkingSet(writer, await writer.position());
  }

  /** The seq of the last commit, those of this transaction included. */
  get head(): number {
    return this.#head;
  }

  /** What follows is written in this person's name; what came before has been written in its own. */
  async actAs(identity: Identity | null): Promise<void> {
    if (!this.writer.actAs || this.#actor === identity) return;
    await this.flush();
    await this.writer.actAs(identity);
    this.#actor = identity;
  }

  /** Reads what is not here yet. What is asked for in one turn, as all pushes of a transaction do, is read at once. */
  async load(table: Table, keys: readonly RowKey[]): Promise<void> {
    const known = this.#rows.get(table);
    const missing = keys.map((key) => [keyText(key), key] as const).filter(([text]) => !known?.has(text));
    if (missing.length === 0) return;
    const loading = this.#loading.get(table) ?? this.#beginLoading(table);
    for (const [text, key] of missing) loading.keys.set(text, key);
    await loading.done;
  }

  #beginLoading(table: Table): Loading {
    const keys = new Map<string, RowKey>();
    const loading = { keys, done: Promise.resolve().then(() => this.#read(table, keys)) };
    this.#loading.set(table, loading);
    return loading;
  }

  async #read(table: Table, keys: ReadonlyMap<string, RowKey>): Promise<void> {
    this.#loading.delete(table);
    const rows = await this.writer.rows(table, [...keys.values()]);
    const known = this.#rows.get(table) ?? new Map<string, StoredRow | null>();
    this.#rows.set(table, known);
    [...keys.keys()].forEach((text, index) => {
      known.set(text, rows[index] ?? null);
    });
  }

  /** A loaded row; null when it never existed. */
  async row(table: Table, key: RowKey): Promise<StoredRow | null> {
    const text = keyText(key);
    if (!this.#rows.get(table)?.has(text)) await this.load(table, [key]);
    return this.#rows.get(table)?.get(text) ?? null;
  }

  /** Reads what is not here yet. */
  async loadOutcomes(clientId: string, mutationIds: readonly number[]): Promise<void> {
    const missing = mutationIds.filter((id) => !this.#asked.has(outcomeId(clientId, id)));
    if (missing.length === 0) return;
    const records = await this.writer.outcomes(clientId, missing);
    for (const id of missing) this.#asked.add(outcomeId(clientId, id));
    for (const record of records) this.#keep(record);
  }

  outcome(clientId: string, mutationId: number): OutcomeRecord | undefined {
    return this.#outcomes.get(outcomeId(clientId, mutationId));
  }

  saveOutcome(record: OutcomeRecord): void {
    this.#keep(record);
    this.#newOutcomes.push(record);
  }

  /** Takes over one mutation's rows and entries as the commit after `head`. */
  commit(rows: Iterable<readonly [Table, StoredRow]>, entries: readonly LogEntry[]): void {
    for (const [table, row] of rows) {
      const text = keyText(row.key);
      this.#rows.get(table)?.set(text, row);
      const dirty = this.#dirty.get(table) ?? new Map<string, StoredRow>();
      this.#dirty.set(table, dirty.set(text, row));
    }
    for (const entry of entries) this.#newLog.push(entry);
    this.#head += 1;
  }

  #keep(record: OutcomeRecord): void {
    const id = outcomeId(record.clientId, record.outcome.mutationId);
    this.#asked.add(id);
    this.#outcomes.set(id, record);
  }

  /** Whether rows of this table have been decided that queries do not see yet. */
  isDirty(table: Table): boolean {
    return (this.#dirty.get(table)?.size ?? 0) > 0;
  }

  /** Writes what has been decided so far, so that queries see it. */
  async flush(): Promise<void> {
    for (const [table, rows] of this.#dirty) await this.writer.writeRows(table, [...rows.values()]);
    this.#dirty.clear();
    if (this.#newLog.length > 0) await this.writer.appendLog(this.#newLog);
    this.#newLog = [];
    if (this.#newOutcomes.length > 0) await this.writer.saveOutcomes(this.#newOutcomes);
    this.#newOutcomes = [];
  }
}

const outcomeId = (clientId: string, mutationId: number): string => `${clientId} ${mutationId}`;

import { unpackChanges } from '../../../src/client/store/pack.ts';
import { keyText, type RowKey } from '../../../src/shared/cell.ts';
import type { Client } from './client.ts';
import type { Ledger } from './ledger.ts';
import { show } from './show.ts';
import { Violation } from './violation.ts';

interface OwnCell {
  readonly table: string;
  readonly key: RowKey;
  readonly column: string;
  readonly value: string;
  readonly mutationId: number;
}

/**
 * What the persons at one device have written last, cell by cell. It is shown until the device has pulled what became of it (C5):
 * not the value from before for a moment, however the server decides.
 */
export class OwnWrites {
  readonly #cells = new Map<string, OwnCell>();

  /** A write has resolved: its mutation is in the outbox, unless it has been answered already. */
  committed(client: Client, mutationId: number): void {
    const [row] = client.read('SELECT changes FROM _tidemark_outbox WHERE mutation_id = ?', [mutationId]);
    for (const { table, key, columns } of row ? unpackChanges(row[0]) : []) {
      for (const [column, value] of Object.entries(columns)) {
        const name = `${table} ${keyText(key)} ${column}`;
        if (typeof value !== 'string' || (this.#cells.get(name)?.mutationId ?? 0) > mutationId) continue;
        this.#cells.set(name, { table, key, column, value, mutationId });
      }
    }
  }

  clear(): void {
    this.#cells.clear();
  }

  check(client: Client, ledger: Ledger): void {
    if (this.#cells.size === 0) return;
    const { deviceId } = client;
    const seq = Number(client.read("SELECT value FROM _tidemark_meta WHERE name = 'seq'")[0]?.[0] ?? 0);
    const newest = newestUnsent(client);
    for (const [name, cell] of this.#cells) {
      const row = `${cell.table} ${keyText(cell.key)}`;
      const decided = ledger.decided(deviceId, cell.mutationId);
      const isOver = decided && (!decided.isApplied || seq >= decided.seq);
      const last = Math.max(newest.get(row) ?? 0, ledger.lastArrival(deviceId, row));
      if (isOver || last > cell.mutationId) this.#cells.delete(name);
      else checkShown(client, cell);
    }
  }
}

/** By row, the last mutation in the outbox that touches it. */
function newestUnsent(client: Client): Map<string, number> {
  const newest = new Map<string, number>();
  for (const [id, changes] of client.read('SELECT mutation_id, changes FROM _tidemark_outbox')) {
    for (const { table, key } of unpackChanges(changes)) {
      const row = `${table} ${keyText(key)}`;
      newest.set(row, Math.max(newest.get(row) ?? 0, Number(id)));
    }
  }
  return newest;
}

/** A row that somebody else has taken away shows nothing. */
function checkShown(client: Client, { table, key, column, value, mutationId }: OwnCell): void {
  const where = table === 'item' ? 'list_id = ? AND n = ?' : 'id = ?';
  const [row] = client.read(`SELECT ${column} FROM ${table} WHERE ${where}`, key);
  if (!row || row[0] === value) return;
  throw new Violation(
    'C5',
    `${client.name} wrote ${value} to ${column} of ${table} ${show(key)} (mutation ${mutationId}), and sees ${show(row[0])} before it knows what became of it.`,
  );
}

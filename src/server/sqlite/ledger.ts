import type { DeviceRecord, OutcomeRecord, PartRecord } from '../records.ts';
import { detailsToBytes, toDevice, toOutcome } from '../stored-form.ts';
import type { Connection } from './connection.ts';

/** Outcomes, parts and devices: what is remembered per client. */

export function readOutcomes(connection: Connection, clientId: string, ids: readonly number[]): OutcomeRecord[] {
  const sql = `SELECT hlc, mutation_id, outcome, seq, details FROM _tidemark_outcome
    WHERE client_id = ? AND mutation_id IN (SELECT value FROM json_each(?))`;
  return connection.all(sql, [clientId, JSON.stringify(ids)]).map(([hlc, ...cells]) => ({
    clientId,
    hlc: String(hlc),
    outcome: toOutcome(cells),
  }));
}

export function saveOutcomes(connection: Connection, records: readonly OutcomeRecord[]): void {
  for (const { clientId, hlc, outcome } of records) {
    const { mutationId, seq } = outcome;
    connection.run('INSERT INTO _tidemark_outcome VALUES (?, ?, ?, ?, ?, ?)', [
      clientId,
      mutationId,
      hlc,
      outcome.outcome,
      seq,
      detailsToBytes(outcome),
    ]);
  }
}

export function readParts(connection: Connection, clientId: string): Omit<PartRecord, 'bytes'>[] {
  const sql = 'SELECT mutation_id, part, part_count, length(bytes), at FROM _tidemark_part WHERE client_id = ?';
  return connection.all(sql, [clientId]).map(([mutationId, index, count, sizeBytes, at]) => ({
    clientId,
    mutationId: Number(mutationId),
    index: Number(index),
    count: Number(count),
    sizeBytes: Number(sizeBytes),
    at: Number(at),
  }));
}

export function readPartBytes(connection: Connection, clientId: string, mutationId: number): Uint8Array[] {
  const sql = 'SELECT bytes FROM _tidemark_part WHERE client_id = ? AND mutation_id = ? ORDER BY part';
  return connection.all(sql, [clientId, mutationId]).flatMap(([bytes]) => (bytes instanceof Uint8Array ? [bytes] : []));
}

export function savePart(connection: Connection, part: PartRecord): void {
  const { clientId, mutationId, index, count, at, bytes } = part;
  const values = [clientId, mutationId, index, count, at, bytes];
  connection.run('INSERT OR REPLACE INTO _tidemark_part VALUES (?, ?, ?, ?, ?, ?)', values);
}

export function dropParts(connection: Connection, clientId: string, mutationId: number): void {
  connection.run('DELETE FROM _tidemark_part WHERE client_id = ? AND mutation_id = ?', [clientId, mutationId]);
}

export function dropOldParts(connection: Connection, beforeAt: number): void {
  connection.run('DELETE FROM _tidemark_part WHERE at < ?', [beforeAt]);
}

const DEVICE_COLUMNS = 'client_id, subject, name, first_seen_at, last_seen_at, is_revoked';

export function readDevice(connection: Connection, clientId: string): DeviceRecord | null {
  const cells = connection.get(`SELECT ${DEVICE_COLUMNS} FROM _tidemark_device WHERE client_id = ?`, [clientId]);
  return cells ? toDevice(cells) : null;
}

export function readDevices(connection: Connection, subject: string): DeviceRecord[] {
  const sql = `SELECT ${DEVICE_COLUMNS} FROM _tidemark_device WHERE subject = ? ORDER BY first_seen_at, client_id`;
  return connection.all(sql, [subject]).map(toDevice);
}

/** As a range of the key: `/` comes right after the dot. */
export function readFamily(connection: Connection, root: string): DeviceRecord[] {
  const sql = `SELECT ${DEVICE_COLUMNS} FROM _tidemark_device WHERE client_id = ?1
    UNION ALL SELECT ${DEVICE_COLUMNS} FROM _tidemark_device WHERE client_id > ?1 || '.' AND client_id < ?1 || '/'`;
  return connection.all(sql, [root]).map(toDevice);
}

export function saveDevice(connection: Connection, device: DeviceRecord): void {
  const { clientId, subject, name, firstSeenAt, lastSeenAt, isRevoked } = device;
  const values = [clientId, subject, name, firstSeenAt, lastSeenAt, isRevoked ? 1 : 0];
  connection.run('INSERT OR REPLACE INTO _tidemark_device VALUES (?, ?, ?, ?, ?, ?)', values);
}

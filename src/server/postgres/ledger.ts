import type { DeviceRecord, OutcomeRecord, PartRecord } from '../records.ts';
import { detailsToBytes, toDevice, toOutcome } from '../stored-form.ts';
import { type Transaction, textArray, toHex } from './connection.ts';

/** Outcomes, parts, devices and settings: what is remembered besides rows and log. */

export async function readOutcomes(
  transaction: Transaction,
  clientId: string,
  mutationIds: readonly number[],
): Promise<OutcomeRecord[]> {
  const sql = `SELECT hlc, mutation_id, outcome, seq, details FROM tidemark.outcome
    WHERE client_id = $1 AND mutation_id = ANY ($2::text[]::bigint[])`;
  const rows = await transaction.all(sql, [clientId, textArray(mutationIds.map(String))]);
  return rows.map(([hlc, ...cells]) => ({ clientId, hlc: String(hlc), outcome: toOutcome(cells) }));
}

const SAVE_OUTCOMES = `INSERT INTO tidemark.outcome
  SELECT client, mutation::bigint, hlc, outcome, seq::bigint, decode(details, 'hex')
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    o(client, mutation, hlc, outcome, seq, details)`;

export async function saveOutcomes(transaction: Transaction, records: readonly OutcomeRecord[]): Promise<void> {
  const outcomes = records.map(({ outcome }) => outcome);
  const texts = [
    records.map(({ clientId }) => clientId),
    outcomes.map(({ mutationId }) => String(mutationId)),
    records.map(({ hlc }) => hlc),
    outcomes.map(({ outcome }) => outcome),
    outcomes.map(({ seq }) => (seq === null ? null : String(seq))),
    outcomes.map((outcome) => {
      const details = detailsToBytes(outcome);
      return details && toHex(details);
    }),
  ];
  await transaction.all(SAVE_OUTCOMES, texts.map(textArray));
}

export async function readParts(transaction: Transaction, clientId: string): Promise<Omit<PartRecord, 'bytes'>[]> {
  const sql = 'SELECT mutation_id, part, part_count, length(bytes), at FROM tidemark.part WHERE client_id = $1';
  return (await transaction.all(sql, [clientId])).map(([mutationId, index, count, sizeBytes, at]) => ({
    clientId,
    mutationId: Number(mutationId),
    index: Number(index),
    count: Number(count),
    sizeBytes: Number(sizeBytes),
    at: Number(at),
  }));
}

export async function readPartBytes(
  transaction: Transaction,
  clientId: string,
  mutationId: number,
): Promise<Uint8Array[]> {
  const sql = 'SELECT bytes FROM tidemark.part WHERE client_id = $1 AND mutation_id = $2 ORDER BY part';
  return (await transaction.all(sql, [clientId, mutationId])).map(([bytes]) => new Uint8Array(bytes as Uint8Array));
}

export async function savePart(transaction: Transaction, part: PartRecord): Promise<void> {
  const { clientId, mutationId, index, count, at, bytes } = part;
  const sql = `INSERT INTO tidemark.part VALUES ($1, $2, $3, $4, $5, decode($6, 'hex'))
    ON CONFLICT (client_id, mutation_id, part) DO UPDATE
    SET part_count = excluded.part_count, at = excluded.at, bytes = excluded.bytes`;
  await transaction.all(sql, [clientId, mutationId, index, count, at, toHex(bytes)]);
}

export async function dropParts(transaction: Transaction, clientId: string, mutationId: number): Promise<void> {
  await transaction.all('DELETE FROM tidemark.part WHERE client_id = $1 AND mutation_id = $2', [clientId, mutationId]);
}

export async function dropOldParts(transaction: Transaction, beforeAt: number): Promise<void> {
  await transaction.all('DELETE FROM tidemark.part WHERE at < $1', [Math.trunc(beforeAt)]);
}

const DEVICE_COLUMNS = 'client_id, subject, name, first_seen_at, last_seen_at, is_revoked';

export async function readDevicesOf(
  transaction: Transaction,
  clientIds: readonly string[],
): Promise<ReadonlyMap<string, DeviceRecord>> {
  const sql = `SELECT ${DEVICE_COLUMNS} FROM tidemark.device WHERE client_id = ANY ($1::text[])`;
  const devices = (await transaction.all(sql, [textArray(clientIds)])).map(toDevice);
  return new Map(devices.map((device) => [device.clientId, device]));
}

export async function readDevices(transaction: Transaction, subject: string): Promise<DeviceRecord[]> {
  const sql = `SELECT ${DEVICE_COLUMNS} FROM tidemark.device WHERE subject = $1 ORDER BY first_seen_at, client_id`;
  return (await transaction.all(sql, [subject])).map(toDevice);
}

export async function readFamily(transaction: Transaction, root: string): Promise<DeviceRecord[]> {
  const sql = `SELECT ${DEVICE_COLUMNS} FROM tidemark.device WHERE split_part(client_id, '.', 1) = $1`;
  return (await transaction.all(sql, [root])).map(toDevice);
}

export async function saveDevice(transaction: Transaction, device: DeviceRecord): Promise<void> {
  const { clientId, subject, name, firstSeenAt, lastSeenAt, isRevoked } = device;
  const sql = `INSERT INTO tidemark.device (${DEVICE_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (client_id) DO UPDATE SET subject = excluded.subject, name = excluded.name,
      first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at, is_revoked = excluded.is_revoked`;
  await transaction.all(sql, [clientId, subject, name, firstSeenAt, lastSeenAt, isRevoked]);
}

export async function readSetting(transaction: Transaction, name: string): Promise<string | null> {
  const row = await transaction.get('SELECT value FROM tidemark.setting WHERE name = $1', [name]);
  return row ? String(row[0]) : null;
}

export async function saveSetting(transaction: Transaction, name: string, value: string): Promise<void> {
  const sql = `INSERT INTO tidemark.setting VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
  await transaction.all(sql, [name, value]);
}

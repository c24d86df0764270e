import type { SeenBefore } from '../client/local-store.ts';
import type { Sync } from '../client/sync.ts';
import type { OutboxCallOptions, OutboxImport } from '../client/types.ts';
import type { Change } from '../core/change.ts';
import { columnOf, type Schema, type Table, tableOf } from '../core/schema.ts';
import { quoteName } from '../core/sql.ts';
import type { Cell } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';
import type { FiledMutation, OutboxFile } from './parse-outbox.ts';

interface ImportOptions<S extends Schema> extends OutboxCallOptions {
  readonly schema: S;
  readonly write: Sync<S>['write'];
  /** Mutations of the file that wait on this very device: they are not written twice. */
  readonly waiting: ReadonlySet<number>;
  /** Takes one over with what its writer had seen; resolves with the history that this device is in. Null for an app without a server. */
  readonly takeOver: ((changes: readonly Change[], seen: SeenBefore) => Promise<string | null>) | null;
}

/** Writes the work of a file again, each mutation as a transaction of its own: what cannot be written does not hold the rest. */
export async function importOutbox<S extends Schema>(
  { mutations }: OutboxFile,
  { schema, write, waiting, takeOver, onProgress, signal }: ImportOptions<S>,
): Promise<OutboxImport> {
  const skipped: { mutationId: number; reason: string }[] = [];
  const histories = new Set<OutboxImport['history']>();
  for (const [index, mutation] of mutations.entries()) {
    const { mutationId } = mutation;
    const reason = signal?.aborted ? STOPPED : await fate(mutation);
    if (reason !== null) skipped.push({ mutationId, reason });
    const doneCount = index + 1;
    if (doneCount % TOLD_EVERY === 0 || doneCount === mutations.length) {
      onProgress?.({ doneCount, totalCount: mutations.length });
    }
  }
  const history = HISTORIES.find((one) => histories.has(one)) ?? 'untold';
  return { writtenCount: mutations.length - skipped.length, history, skipped };

  /** Null: it was written. */
  function fate(mutation: FiledMutation): string | null | Promise<string | null> {
    return waiting.has(mutation.mutationId) ? 'It still waits on this device.' : reasonOf(take(mutation));
  }

  async function take({ changes, seen }: FiledMutation): Promise<void> {
    if (seen === null || takeOver === null) {
      await rewrite(changes);
      histories.add('untold');
      return;
    }
    const epoch = await takeOver(changes, seen);
    histories.add(epoch === seen.epoch ? 'same' : 'other');
  }

  async function rewrite(changes: readonly Change[]): Promise<void> {
    await write(async (tx) => {
      for (const change of changes) {
        const of = tableOf(schema, change.table);
        const count = await tx.run(statementOf(of, change));
        if (count === 0 && change.op === 'patch') throw noRow(change);
      }
    });
  }
}

/** So many mutations lie between two words about progress. */
const TOLD_EVERY = 25;
const STOPPED = 'The import was stopped before it.';

/** Where a file holds several kinds, the least is told. */
const HISTORIES: readonly OutboxImport['history'][] = ['untold', 'other', 'same'];

async function reasonOf(writing: Promise<void>): Promise<string | null> {
  try {
    await writing;
    return null;
  } catch (error) {
    const wanted = ['invalid-value', 'invalid-query', 'not-found', 'too-large'];
    if (error instanceof SyncError && wanted.includes(error.kind)) return error.message;
    throw error;
  }
}

/** The change in SQL over today's row: a put replaces it, a patch sets its columns and adds to its counters. */
function statementOf(of: Table, { key, op, columns, counters = {} }: Change): { sql: string; parameters: Cell[] } {
  if (key.length !== of.primaryKey.length) {
    throw new SyncError('invalid-value', `A key of ${of.name} has ${of.primaryKey.length} values, not ${key.length}.`);
  }
  const name = quoteName(of.name);
  const where = of.primaryKey.map((column) => `${quoteName(column)} = ?`).join(' AND ');
  if (op === 'delete') return { sql: `DELETE FROM ${name} WHERE ${where}`, parameters: [...key] };
  const set = [
    ...Object.keys(columns).map((column) => `${columnName(of, column)} = ?`),
    ...Object.keys(counters).map((column) => `${columnName(of, column)} = ${columnName(of, column)} + ?`),
  ].join(', ');
  const values = [...Object.values(columns), ...Object.values(counters)];
  if (op === 'patch') return { sql: `UPDATE ${name} SET ${set} WHERE ${where}`, parameters: [...values, ...key] };
  const names = [...of.primaryKey.map(quoteName), ...Object.keys(columns).map((column) => columnName(of, column))];
  const marks = names.map(() => '?').join(', ');
  const keys = of.primaryKey.map(quoteName).join(', ');
  const upsert = set === '' ? 'NOTHING' : `UPDATE SET ${set}`;
  return {
    sql: `INSERT INTO ${name} (${names.join(', ')}) VALUES (${marks}) ON CONFLICT (${keys}) DO ${upsert}`,
    parameters: [...key, ...Object.values(columns), ...(set === '' ? [] : values)],
  };
}

/** Checked against the schema: the file may be of any version, and of any author. */
function columnName(of: Table, column: string): string {
  columnOf(of, column);
  return quoteName(column);
}

function noRow({ table, key }: Change): SyncError {
  return new SyncError('not-found', `The row ${key.join(', ')} of ${table} is not on this device.`);
}

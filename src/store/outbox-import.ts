import type { EngineMethods } from '../client/engine-api.ts';
import type { Sync } from '../client/sync.ts';
import type { OutboxCallOptions, OutboxImport } from '../client/types.ts';
import type { Change } from '../core/change.ts';
import { columnOf, type Schema, type Table, tableOf } from '../core/schema.ts';
import { quoteName } from '../core/sql.ts';
import type { Cell } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';
import { outboxPages } from './outbox-pages.ts';
import { type FiledMutation, parseLongOutboxText } from './parse-outbox.ts';

interface ImportOptions<S extends Schema> extends OutboxCallOptions {
  readonly schema: S;
  readonly write: Sync<S>['write'];
  readonly methods: EngineMethods;
  readonly runtime: Runtime;
  /** Of this device. */
  readonly clientId: string | null;
  readonly hasServer: boolean;
}

/** Null: it was written. */
type Fate = string | null;

const STOPPED = 'The import was stopped before it.';
const WAITING = 'It still waits on this device.';
const REPEATED = 'This device has taken it over before.';

/** So many are under way at once: the engine does not wait for the page to ask for the next one. */
const AT_ONCE = 25;

/**
 * Writes the work of a file again, each mutation as a transaction of its own: what cannot be written does not hold the rest.
 *
 * @throws SyncError `invalid-value` when the text is no such file: nothing is written then.
 */
export async function importOutbox<S extends Schema>(
  text: string,
  { schema, write, methods, runtime, clientId, hasServer, onProgress, signal }: ImportOptions<S>,
): Promise<OutboxImport> {
  const file = await parseLongOutboxText(text, () => new Promise((resume) => runtime.setTimer(0, resume)));
  const { mutations } = file;
  const isOwn = file.clientId !== null && file.clientId === clientId;
  const waiting = isOwn ? await waitingIds(methods) : null;
  const skipped: { mutationId: number; reason: string }[] = [];
  const histories = new Set<OutboxImport['history']>();
  for (let start = 0; start < mutations.length; start += AT_ONCE) {
    const some = mutations.slice(start, start + AT_ONCE);
    const fates = await fatesOf(some);
    for (const [index, { mutationId }] of some.entries()) {
      const reason = fates[index] ?? null;
      if (reason !== null) skipped.push({ mutationId, reason });
    }
    onProgress?.({ doneCount: start + some.length, totalCount: mutations.length });
  }
  const history = HISTORIES.find((one) => histories.has(one)) ?? 'untold';
  return { writtenCount: mutations.length - skipped.length, history, skipped };

  async function fatesOf(some: readonly FiledMutation[]): Promise<Fate[]> {
    if (signal?.aborted) return some.map(() => STOPPED);
    // The engine keeps the order of what it is told to take over; transactions of this page would overtake each other.
    if (hasServer && some.every(({ seen }) => seen !== null)) return Promise.all(some.map(fateOf));
    const fates: Fate[] = [];
    for (const mutation of some) fates.push(await fateOf(mutation));
    return fates;
  }

  async function fateOf(mutation: FiledMutation): Promise<Fate> {
    if (waiting?.has(mutation.mutationId)) return WAITING;
    try {
      return await take(mutation);
    } catch (error) {
      if (error instanceof SyncError && REFUSALS.has(error.kind)) return error.message;
      throw error;
    }
  }

  async function take({ mutationId, changes, seen }: FiledMutation): Promise<Fate> {
    if (seen === null || !hasServer) {
      await rewrite(changes);
      histories.add('untold');
      return null;
    }
    // The same mutation may stand in several files, and a file may be read again when its import did not come to its end.
    const importId = file.clientId === null ? runtime.uuid() : `${file.clientId} ${mutationId}`;
    const { epoch, isRepeated = false } = await methods.importMutation(importId, changes, seen);
    if (isRepeated) return REPEATED;
    histories.add(epoch === seen.epoch ? 'same' : 'other');
    return null;
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

async function waitingIds(methods: EngineMethods): Promise<ReadonlySet<number>> {
  const ids = new Set<number>();
  for await (const page of outboxPages(methods)) for (const { mutationId } of page) ids.add(mutationId);
  return ids;
}

/** The kinds of error that say that this device does not take it. */
const REFUSALS: ReadonlySet<SyncError['kind']> = new Set(['invalid-value', 'invalid-query', 'not-found', 'too-large']);

/** Where a file holds several kinds, the least is told. */
const HISTORIES: readonly OutboxImport['history'][] = ['untold', 'other', 'same'];

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

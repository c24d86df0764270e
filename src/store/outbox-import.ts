import type { EngineMethods } from '../client/engine-api.ts';
import type { ImportedMutation } from '../client/local-store.ts';
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

/** So many are taken over in one transaction: writes of the app come in between. */
const AT_ONCE = 50;

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
    const fates = await fatesOf(some.filter(({ mutationId }) => !waiting?.has(mutationId)));
    for (const { mutationId } of some) {
      const reason = waiting?.has(mutationId) ? WAITING : fates.shift();
      if (typeof reason === 'string') skipped.push({ mutationId, reason });
    }
    onProgress?.({ doneCount: start + some.length, totalCount: mutations.length });
  }
  const history = HISTORIES.find((one) => histories.has(one)) ?? 'untold';
  return { writtenCount: mutations.length - skipped.length, history, skipped };

  async function fatesOf(some: readonly FiledMutation[]): Promise<Fate[]> {
    if (signal?.aborted) return some.map(() => STOPPED);
    const imported = some.map((mutation) => (hasServer ? toImport(mutation) : null));
    if (imported.every((one) => one !== null)) return takeOver(imported);
    const fates: Fate[] = [];
    // In their order: a later one may be about the same row.
    for (const [index, mutation] of some.entries()) {
      const one = imported[index];
      fates.push(...(one ? await takeOver([one]) : [await rewrite(mutation)]));
    }
    return fates;
  }

  /** Null: the file does not tell what its writer had seen. */
  function toImport({ mutationId, changes, seen }: FiledMutation): ImportedMutation | null {
    // The same mutation may stand in several files, and a file may be read again when its import did not come to its end.
    const importId = file.clientId === null ? runtime.uuid() : `${file.clientId} ${mutationId}`;
    return seen && { importId, changes, seen };
  }

  async function takeOver(imported: readonly ImportedMutation[]): Promise<Fate[]> {
    const { takenOver, epoch } = await methods.importMutations(imported);
    return takenOver.map(({ isRepeated, refusal }, index) => {
      if (refusal) return refusal.message;
      if (isRepeated) return REPEATED;
      histories.add(epoch === imported[index]?.seen.epoch ? 'same' : 'other');
      return null;
    });
  }

  async function rewrite({ changes }: FiledMutation): Promise<Fate> {
    try {
      await write(async (tx) => {
        for (const change of changes) {
          const of = tableOf(schema, change.table);
          const count = await tx.run(statementOf(of, change));
          if (count === 0 && change.op === 'patch') throw noRow(change);
        }
      });
    } catch (error) {
      if (error instanceof SyncError && REFUSALS.has(error.kind)) return error.message;
      throw error;
    }
    histories.add('untold');
    return null;
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

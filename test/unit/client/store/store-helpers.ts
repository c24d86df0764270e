import type { WriteResult } from '../../../../src/client/local-store.ts';
import { createLocalStore, type OpenedLocalStore } from '../../../../src/client/store/create-local-store.ts';
import { defineSchema, type Schema, t, table } from '../../../../src/core/schema.ts';
import type { PullPage } from '../../../../src/protocol/messages/pull.ts';
import type { Outcome, PushResponse } from '../../../../src/protocol/messages/push.ts';
import type { Cell } from '../../../../src/shared/cell.ts';
import type { Runtime } from '../../../../src/shared/runtime.ts';
import type { LocalDatabase } from '../../../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';

export const EPOCH = 'epoch-1';

export const schema = defineSchema({
  version: 1,
  tables: {
    project: table({ id: t.text(), name: t.text() }, { scope: { kind: 'project', by: 'id' } }),
    issue: table(
      {
        id: t.text(),
        project_id: t.text().default('p1'),
        title: t.text(),
        body: t.text().nullable(),
        rank: t.real().default(0),
        size: t.integer().default(0),
        done: t.boolean().default(false),
        data: t.blob().nullable(),
        votes: t.counter(),
      },
      { scope: { kind: 'project', by: 'project_id' }, indexes: [['project_id', 'title']] },
    ),
    comment: table(
      { id: t.text(), issue_id: t.text(), text: t.text() },
      { scope: { via: 'issue_id', table: 'issue' } },
    ),
    label: table(
      { issue_id: t.text(), name: t.text(), color: t.text().nullable() },
      { primaryKey: ['issue_id', 'name'] },
    ),
  },
});

export const runtime: Runtime = {
  now: () => 1_000,
  elapsed: () => 0,
  setTimer: () => () => {},
  random: () => 0.5,
  uuid: () => 'client-1',
};

export interface Opened {
  readonly store: OpenedLocalStore;
  readonly database: LocalDatabase;
}

export interface OpenOptions {
  readonly schema?: Schema;
  readonly database?: LocalDatabase;
  readonly hasServer?: boolean;
  readonly localSchema?: readonly string[];
}

export async function openStore(options: OpenOptions = {}): Promise<Opened> {
  const database = options.database ?? (await openMemoryDatabase());
  return { database, store: reopen(database, options) };
}

/** What a restart does: a new store over the same data. */
export function reopen(database: LocalDatabase, options: Omit<OpenOptions, 'database'> = {}): OpenedLocalStore {
  return createLocalStore({
    schema: options.schema ?? schema,
    database,
    runtime,
    hasServer: options.hasServer ?? true,
    localSchema: options.localSchema ?? [],
  });
}

let writeCount = 0;

/** One write transaction of these statements. */
export function write(store: OpenedLocalStore, ...statements: (string | [string, ...Cell[]])[]): WriteResult {
  store.beginWrite();
  try {
    for (const statement of statements) {
      const [sql, ...parameters] = typeof statement === 'string' ? [statement] : statement;
      store.runWrite(sql, parameters);
    }
  } catch (error) {
    store.rollbackWrite();
    throw error;
  }
  return store.commitWrite({ writeId: `w${++writeCount}`, now: 2_000 });
}

export function all(database: LocalDatabase, sql: string): Record<string, Cell>[] {
  const { columns, rows } = database.read(sql);
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])));
}

export function page(part: Partial<PullPage> & { seq: number; from: number }): PullPage {
  const { seq, ...rest } = part;
  return {
    epoch: EPOCH,
    snapshot: [],
    progress: { rowsDone: 0, rowsTotal: 0 },
    transactions: [],
    resume: null,
    cursor: { epoch: rest.epoch ?? EPOCH, seq },
    scopes: ['main', 'project:p1'],
    replaces: [],
    head: seq,
    ...rest,
  };
}

export type Transaction = PullPage['transactions'][number];

export function transaction(
  seq: number,
  changes: Transaction['changes'],
  from: Partial<Transaction> = {},
): Transaction {
  return { seq, clientId: 'other', mutationId: 1, hlc: '0000000000010000', changes, ...from };
}

export function response(outcomes: readonly (Partial<Outcome> & { mutationId: number })[], head = 0): PushResponse {
  return {
    epoch: EPOCH,
    head,
    outcomes: outcomes.map((one) => ({ outcome: 'applied', seq: null, conflicts: [], ...one })),
  };
}

/** Applies commits of others, or echoes, on top of where the store stands. */
export function pull(store: OpenedLocalStore, seq: number, ...transactions: Transaction[]) {
  return store.applyChain(page({ from: store.cursor?.seq ?? 0, seq, transactions }), 3_000);
}

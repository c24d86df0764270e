import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import type { Page } from 'playwright';
import { COUNTER_ID } from './workload.ts';

const TASKS = 'SELECT id, title, note, votes, rank FROM task ORDER BY id';
const TAGS = 'SELECT task_id, name, weight FROM tag ORDER BY task_id, name';
const TORN = `SELECT task.id AS task, task.note AS note, tag.task_id AS tag, tag.weight AS weight
  FROM task FULL JOIN tag ON tag.task_id = task.id
  WHERE coalesce(task.id, '') <> '${COUNTER_ID}' AND CAST(task.note AS REAL) IS NOT tag.weight LIMIT 5`;

/** What one device says of itself. */
export interface DeviceState {
  readonly phase: string;
  readonly pendingCount: number;
  /** Over all rows. Null while the device is not synced by its own account. */
  readonly digest: string | null;
}

export async function deviceState(page: Page): Promise<DeviceState> {
  return page.evaluate(
    async ([tasks, tags]) => {
      const { sync } = window.device;
      await sync.ready;
      const { phase, pendingCount } = sync.store.getState().status;
      if (phase !== 'synced') return { phase, pendingCount, digest: null };
      const rows = [
        await sync.query({ sql: tasks, parameters: [] }),
        await sync.query({ sql: tags, parameters: [] }),
      ].map((table) => table.map((row) => Object.values(row)));
      const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(rows)));
      const digest = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      return { phase, pendingCount, digest };
    },
    [TASKS, TAGS] as const,
  );
}

/** For the evidence of a failure: all that the device knows about itself. */
export async function deviceAccount(page: Page): Promise<unknown> {
  return page.evaluate(async () => {
    const { sync, sql } = window.device;
    const outbox = await sync.outbox.list();
    return {
      status: sync.store.getState().status,
      outbox: outbox
        .slice(0, 3)
        .map(({ mutationId, state, attempts, reason }) => [mutationId, state, attempts, reason]),
      outboxCount: outbox.length,
      tasks: (await sync.query(sql`SELECT count(*) AS tasks FROM task`))[0],
    };
  });
}

export interface ServerState {
  readonly digest: string;
  /** Of the tasks that were written, without the counter. */
  readonly ids: ReadonlySet<string>;
  readonly votes: number;
  readonly torn: readonly string[];
  readonly integrity: readonly string[];
}

/** What lies in the server's file, read beside the server, or after its death. */
export function serverState(file: string): ServerState {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    // One transaction: the server may be writing.
    database.exec('BEGIN');
    const tables = [TASKS, TAGS].map((query) =>
      database
        .prepare(query)
        .all()
        .map((row) => Object.values(row)),
    );
    const tasks = tables[0] ?? [];
    const counter = tasks.find(([id]) => id === COUNTER_ID);
    return {
      digest: createHash('sha256').update(JSON.stringify(tables)).digest('hex'),
      ids: new Set(tasks.map(([id]) => String(id)).filter((id) => id !== COUNTER_ID)),
      votes: Number(counter?.[3]),
      torn: database
        .prepare(TORN)
        .all()
        .map((row) => JSON.stringify(row)),
      integrity: database
        .prepare('PRAGMA integrity_check')
        .all()
        .map((row) => String(Object.values(row)[0]))
        .filter((line) => line !== 'ok'),
    };
  } finally {
    database.close();
  }
}

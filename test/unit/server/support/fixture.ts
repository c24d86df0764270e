import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Change } from '../../../../src/core/change.ts';
import { makeHlc } from '../../../../src/core/hlc.ts';
import { defineSchema, type Schema, t, table } from '../../../../src/core/schema.ts';
import type { Outcome, PushRequest } from '../../../../src/protocol/messages/push.ts';
import { createSyncService } from '../../../../src/server/create-service.ts';
import type { SyncServiceOptions } from '../../../../src/server/options.ts';
import type { Identity, SyncService } from '../../../../src/server/service.ts';
import type { Runtime } from '../../../../src/shared/runtime.ts';
import { newStorage } from './backing.ts';

export const NOW = Date.UTC(2026, 0, 1);

/** A tracker with every kind of scope: by column, through a parent (two levels), constant, and with a null case. */
export const schema = defineSchema({
  version: 2,
  tables: {
    reaction: table(
      { comment_id: t.text(), kind: t.text(), count: t.counter() },
      { primaryKey: ['comment_id', 'kind'], scope: { via: 'comment_id', table: 'comment' } },
    ),
    comment: table(
      { id: t.text(), issue_id: t.text(), body: t.text() },
      { scope: { via: 'issue_id', table: 'issue' } },
    ),
    issue: table(
      {
        id: t.text(),
        project_id: t.text(),
        title: t.text(),
        body: t.text().nullable(),
        status: t.text().default('open'),
        votes: t.counter(),
      },
      { scope: { kind: 'project', by: 'project_id' } },
    ),
    catalog: table(
      { id: t.text(), private_for: t.text().nullable(), label: t.text() },
      { scope: { kind: 'user', by: 'private_for', whenNull: 'public' } },
    ),
    note: table({ id: t.text(), text: t.text(), stars: t.integer().default(0) }, { conflict: 'manual' }),
    sample: table({
      id: t.bigint(),
      big: t.bigint(),
      real: t.real(),
      bytes: t.blob(),
      on: t.boolean(),
      json: t.json(),
    }),
  },
});

export const ana: Identity = { id: 'ana' };
export const ben: Identity = { id: 'ben' };

/** Time as the test sets it; timers never fire by themselves. */
export function manualRuntime(now = NOW): Runtime & { set(now: number): void } {
  let current = now;
  let ids = 0;
  return {
    now: () => current,
    elapsed: () => current,
    setTimer: () => () => undefined,
    random: () => 0.5,
    uuid: () => `epoch-${++ids}`,
    set(next) {
      current = next;
    },
  };
}

export type ServiceOptions = Partial<SyncServiceOptions>;

export async function memoryService(options: ServiceOptions = {}): Promise<SyncService> {
  return createSyncService({
    schema: schema as Schema,
    storage: options.storage ?? (await newStorage()),
    runtime: manualRuntime(),
    ...options,
  });
}

export function temporaryFile(): { file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-server-'));
  return { file: join(folder, 'server.db'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export type PushedMutation = PushRequest['mutations'][number];

/** One device that pushes what it is told to. */
export class Pusher {
  readonly service: SyncService;
  readonly identity: Identity;
  readonly clientId: string;
  base = 0;
  #mutationId = 0;

  constructor(service: SyncService, clientId: string, identity: Identity = ana) {
    this.service = service;
    this.clientId = clientId;
    this.identity = identity;
  }

  mutation(changes: readonly Change[], options: { at?: number; base?: number } = {}): PushedMutation {
    this.#mutationId += 1;
    const hlc = makeHlc(NOW + (options.at ?? this.#mutationId), 0);
    return { mutationId: this.#mutationId, hlc, base: options.base ?? this.base, changes: [...changes] };
  }

  request(mutations: readonly PushedMutation[], rest: Partial<PushRequest> = {}): PushRequest {
    return { clientId: this.clientId, schemaVersion: 2, mutations: [...mutations], decides: [], ...rest };
  }

  async send(mutations: readonly PushedMutation[], rest: Partial<PushRequest> = {}): Promise<Outcome[]> {
    return (await this.service.push(this.identity, this.request(mutations, rest))).outcomes;
  }

  /** Pushes one mutation and gives its outcome. */
  async push(
    changes: readonly Change[],
    options: { at?: number; base?: number; decides?: string[] } = {},
  ): Promise<Outcome> {
    const [outcome] = await this.send([this.mutation(changes, options)], { decides: options.decides ?? [] });
    if (!outcome) throw new Error('The push had no outcome.');
    return outcome;
  }
}

export const putIssue = (id: string, columns: Record<string, string | number | null> = {}): Change => ({
  table: 'issue',
  key: [id],
  op: 'put',
  columns: { project_id: 'p1', title: 'First', body: null, status: 'open', votes: 0, ...columns },
});

export const patch = (
  table: string,
  key: string | Change['key'],
  columns: Change['columns'],
  counters?: Record<string, number>,
): Change => ({
  table,
  key: typeof key === 'string' ? [key] : key,
  op: 'patch',
  columns,
  ...(counters ? { counters } : {}),
});

export const remove = (table: string, ...key: Change['key']): Change => ({ table, key, op: 'delete', columns: {} });

export const put = (
  table: string,
  key: Change['key'],
  columns: Change['columns'],
  old?: Change['columns'],
): Change => ({
  table,
  key,
  op: 'put',
  columns,
  ...(old ? { old } : {}),
});

import { composeEngine } from '../../../../src/client/engine/compose.ts';
import type { Engine } from '../../../../src/client/engine/engine.ts';
import type { EngineConnection, EnginePush } from '../../../../src/client/engine-api.ts';
import { applyDelta, type LiveRows } from '../../../../src/client/live/apply-delta.ts';
import type { SyncState } from '../../../../src/client/types.ts';
import { defineSchema, type Schema, t, table } from '../../../../src/core/schema.ts';
import type { Cell } from '../../../../src/shared/cell.ts';
import type { LocalDatabase } from '../../../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';
import { type ManualRuntime, manualRuntime } from '../../../../src/testing/manual-runtime.ts';

export const schema = defineSchema({
  version: 1,
  tables: {
    issue: table({ id: t.text(), title: t.text(), votes: t.counter() }),
    label: table({ issue_id: t.text(), name: t.text() }, { primaryKey: ['issue_id', 'name'] }),
  },
});

/** One session, with all it was told. */
export class Tab {
  readonly connection: EngineConnection;
  readonly #schema: Schema;
  readonly pushes: EnginePush[] = [];
  readonly live = new Map<string, LiveRows>();
  state: Partial<SyncState> = {};

  constructor(connection: EngineConnection, of: Schema = schema as Schema) {
    this.#schema = of;
    this.connection = connection;
    connection.onPush((push) => this.#hear(push));
  }

  get methods() {
    return this.connection.methods;
  }

  run(writeId: string, sql: string, parameters: readonly Cell[] = []): Promise<number> {
    return this.methods.writeRun(writeId, { sql, parameters });
  }

  async rows(sql: string): Promise<readonly (readonly Cell[])[]> {
    return (await this.methods.query({ sql, parameters: [] })).rows;
  }

  told<T extends EnginePush['type']>(type: T): Extract<EnginePush, { type: T }>[] {
    return this.pushes.filter((push): push is Extract<EnginePush, { type: T }> => push.type === type);
  }

  #hear(push: EnginePush): void {
    this.pushes.push(push);
    if (push.type === 'state') this.state = { ...this.state, ...push.state };
    if (push.type === 'live') {
      this.live.set(push.liveId, applyDelta(this.#schema, this.live.get(push.liveId) ?? null, push.delta));
    }
  }
}

export interface Setup {
  readonly engine: Engine;
  readonly database: LocalDatabase;
  readonly runtime: ManualRuntime;
  tab(sessionId: string): Tab;
}

/** An engine of a fully local app on a real database, in standing time. */
export async function setUp(): Promise<Setup> {
  const database = await openMemoryDatabase();
  const runtime = manualRuntime();
  const engine = composeEngine({
    schema,
    database,
    runtime,
    createTransport: null,
    localSchema: [
      'CREATE TABLE IF NOT EXISTS draft (text TEXT)',
      'CREATE VIRTUAL TABLE IF NOT EXISTS found USING fts5(title)',
      `CREATE TRIGGER IF NOT EXISTS issue_found AFTER INSERT ON issue BEGIN INSERT INTO found VALUES (new.title); END`,
    ],
  });
  return { engine, database, runtime, tab: (sessionId) => new Tab(engine.connect(sessionId)) };
}

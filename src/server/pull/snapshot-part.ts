import type { Table } from '../../core/schema.ts';
import { type Schema, tableOf } from '../../core/schema.ts';
import { ALL_SCOPES } from '../../core/scope.ts';
import type { SnapshotRows } from '../../protocol/messages/pull.ts';
import type { Cell, RowKey } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { StorageReader } from '../storage.ts';
import type { ChainState } from './resume-token.ts';

/** One walk of the snapshot: the rows of a table in a scope (null: in all). */
interface Step {
  readonly table: Table;
  readonly scope: string | null;
  /** Where it walks through all: not these. */
  readonly except: readonly string[];
}

export interface SnapshotPart {
  readonly snapshot: SnapshotRows[];
  readonly bytes: number;
  readonly state: ChainState;
  readonly isEnd: boolean;
}

/** The walks of a chain, the same for all its pages: new scopes in every table, and tables fetched anew in all scopes. */
export function snapshotSteps(
  schema: Schema,
  state: Pick<ChainState, 'held' | 'added' | 'tables' | 'without'>,
): Step[] {
  // What is added to all but some has walks of its own.
  const except = [...state.without, ...state.added.filter((scope) => scope !== ALL_SCOPES)];
  return Object.values(schema.tables).flatMap((table) => {
    const scopes = state.tables.includes(table.name) ? [...state.held, ...state.added] : state.added;
    return scopes.map((scope) =>
      scope === ALL_SCOPES ? { table, scope: null, except } : { table, scope, except: [] },
    );
  });
}

export async function countSnapshot(reader: StorageReader, steps: readonly Step[]): Promise<number> {
  const scopes = new Map<Table, string[]>();
  let count = 0;
  for (const { table, scope, except } of steps) {
    if (scope === null) count += await reader.count(table, null, except);
    else scopes.set(table, [...(scopes.get(table) ?? []), scope]);
  }
  for (const [table, of] of scopes) count += await reader.count(table, of);
  return count;
}

export async function readSnapshotPart(input: {
  readonly schema: Schema;
  readonly reader: StorageReader;
  readonly state: ChainState;
  readonly maxBytes: number;
}): Promise<SnapshotPart> {
  const steps = snapshotSteps(input.schema, input.state);
  const snapshot: SnapshotRows[] = [];
  let { step, afterKey, rowsDone } = input.state;
  let bytes = 0;
  const held = heldSteps(input.reader, steps);
  while (step < steps.length && bytes < input.maxBytes) {
    const walk = steps[step] as Step;
    if (afterKey === null && !(await held(walk))) {
      step += 1;
      continue;
    }
    if (afterKey && afterKey.length !== walk.table.primaryKey.length) {
      throw new SyncError('protocol', 'The resume token is not valid: begin a new chain.');
    }
    const part = await input.reader.page({ ...walk, after: afterKey, maxBytes: input.maxBytes - bytes });
    if (part.rows.length > 0)
      snapshot.push({ table: walk.table.name, columns: Object.keys(walk.table.columns), rows: part.rows });
    bytes += part.bytes;
    rowsDone += part.rows.length;
    const last = part.rows.at(-1);
    afterKey = part.isEnd || !last ? null : keyOf(tableOf(input.schema, walk.table.name), last);
    if (part.isEnd) step += 1;
  }
  return { snapshot, bytes, state: { ...input.state, step, afterKey, rowsDone }, isEnd: step >= steps.length };
}

/**
 * Tells which steps have rows: of each table it is asked once. Somebody in many scopes of a schema with many tables has thousands of
 * steps, and most are empty.
 */
function heldSteps(reader: StorageReader, steps: readonly Step[]): (step: Step) => Promise<boolean> {
  const known = new Map<Table, Promise<ReadonlySet<string>>>();
  const scopes = Map.groupBy(steps, ({ table }) => table);
  return async ({ table, scope }) => {
    const all = (scopes.get(table) ?? []).flatMap((one) => one.scope ?? []);
    if (scope === null || all.length < 2) return true;
    const asked = known.get(table) ?? reader.heldScopes(table, all).then((found) => new Set(found));
    known.set(table, asked);
    return (await asked).has(scope);
  };
}

function keyOf(of: Table, row: readonly Cell[]): RowKey {
  const names = Object.keys(of.columns);
  return of.primaryKey.map((name) => row[names.indexOf(name)] ?? null);
}

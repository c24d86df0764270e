import { checkScope } from '../../core/cell-length.ts';
import type { Schema, Table } from '../../core/schema.ts';
import { tableOf } from '../../core/schema.ts';
import { childTables, rowCell, scopeColumns, scopeSource } from '../../core/scope.ts';
import { type RowKey, sameCell } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { Access } from '../access.ts';
import type { StoredRow } from '../storage.ts';
import type { StagedRow, StagedRows } from './staged-rows.ts';

export interface PlaceContext {
  readonly schema: Schema;
  readonly access: Access;
  readonly staged: StagedRows;
}

/**
 * Gives every staged row its scope, moves the children of those that changed theirs, and refuses what the writer may not
 * write: both where a row was and where it goes, and what outlived it there.
 *
 * @throws SyncError `forbidden`, or `not-found` for a child without its parent.
 */
export async function placeRows(context: PlaceContext): Promise<void> {
  const { staged, access } = context;
  for (const row of staged.all()) {
    await place(context, row);
    if (row.after.columns !== null && !access.canWrite(row.after.scope)) throw forbidden(row.table);
  }
  for (const row of staged.all()) {
    if (isMoved(row)) await moveChildren(context, row);
  }
}

export function forbidden(of: Table): SyncError {
  return new SyncError('forbidden', `You may not write this row of ${of.name}. Nothing of the mutation was applied.`);
}

/** Also where nothing was: what lies below outlives a row that was deleted, and all memory of it. */
function isMoved({ before, after }: StagedRow): boolean {
  return after.columns !== null && before?.scope !== after.scope;
}

/** The scope of a staged row; worked out once, parents first. */
async function place(context: PlaceContext, row: StagedRow): Promise<string> {
  if (!row.hasScope) {
    row.hasScope = true;
    if (needsScope(row)) row.after = { ...row.after, scope: await scopeOf(context, row.table, row.after) };
  }
  return row.after.scope;
}

/** A patch that leaves the deciding columns alone leaves the row where it is, even if its parent has gone. */
export function needsScope({ table, patched }: StagedRow): boolean {
  if (patched === null) return true;
  return scopeColumns(table).some((column) => Object.hasOwn(patched, column));
}

async function scopeOf(context: PlaceContext, of: Table, row: StoredRow): Promise<string> {
  const source = scopeSource(of, { key: row.key, columns: row.columns ?? {} });
  if (source.kind === 'scope') return checkScope(of, source.scope);
  if (source.kind === 'none') throw parentMissing(of, null);
  return parentScope(context, of, { table: tableOf(context.schema, source.table), key: source.key });
}

async function parentScope(
  context: PlaceContext,
  child: Table,
  parent: { table: Table; key: RowKey },
): Promise<string> {
  const inMutation = context.staged.find(parent.table, parent.key);
  if (inMutation?.after.columns) return place(context, inMutation);
  const row = inMutation ? null : await context.staged.set.row(parent.table, parent.key);
  // A parent out of reach is as good as none: nothing tells the two apart.
  if (!row?.columns || !context.access.canRead(row.scope)) throw parentMissing(child, parent.table);
  return row.scope;
}

function parentMissing(child: Table, parent: Table | null): SyncError {
  const what = parent ? `the row of ${parent.name} it belongs to does not exist` : 'it names no parent row';
  return new SyncError(
    'not-found',
    `A row of ${child.name} has its parent missing: ${what}. Nothing of the mutation was applied.`,
  );
}

/**
 * The rows below a row that moved go with it, so that each is where its parent is: by nothing else can a device tell where it is. What is
 * left below a deleted row may be out of the writer's reach. Whoever made it anew must not come by that, nor may it stay below a row that is
 * elsewhere: the key is taken.
 */
async function moveChildren(
  context: PlaceContext,
  { table, after }: Pick<StagedRow, 'table' | 'after'>,
): Promise<void> {
  for (const child of childTables(context.schema, table.name)) {
    for (const row of await childrenOf(context, child, after.key)) {
      if (row.scope === after.scope) continue;
      if (!context.access.canWrite(row.scope)) throw forbidden(table);
      const moved = { ...row, scope: after.scope };
      restage(context.staged, child.table, { row, moved });
      await moveChildren(context, { table: child.table, after: moved });
    }
  }
}

/** Those that the storage has below it. Rows that this mutation itself puts below it have been placed by it already. */
async function childrenOf(
  { staged }: PlaceContext,
  child: { table: Table; via: string },
  parentKey: RowKey,
): Promise<StoredRow[]> {
  const [parent = null] = parentKey;
  await staged.set.flush();
  const stored = await staged.set.writer.keysWhere(child.table, child.via, parent);
  await staged.set.load(child.table, stored);
  const rows = await Promise.all(stored.map((key) => staged.row(child.table, key)));
  return rows.filter((row): row is StoredRow => {
    return (
      row !== null &&
      row.columns !== null &&
      sameCell(rowCell(child.table, { key: row.key, columns: row.columns }, child.via), parent)
    );
  });
}

function restage(staged: StagedRows, table: Table, { row, moved }: { row: StoredRow; moved: StoredRow }): void {
  const already = staged.find(table, row.key);
  if (already) already.after = moved;
  else staged.add({ table, before: row, after: moved, patched: {}, hasScope: true });
}

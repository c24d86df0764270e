import { ZERO_HLC } from '../core/hlc.ts';
import type { Stamp } from '../core/row-version.ts';
import type { Schema, Table } from '../core/schema.ts';
import { tableOf } from '../core/schema.ts';
import { scopeSource } from '../core/scope.ts';
import type { Cell, Cells, RowKey } from '../shared/cell.ts';
import type { ServerStorage, StorageWriter, StoredRow } from './storage.ts';

const SETTING = 'scopes';
const PAGE_BYTES = 1_000_000;
const PRUNED_AT_ONCE = 10_000;

/** Who is said to have written rows that were there before tidemark: nobody, before everything. */
const BEFORE_ALL: Stamp = { seq: 0, hlc: ZERO_HLC, clientId: null };

/**
 * Holds the scopes that rows carry against the rules of the schema. Where a rule has changed since the last start, all rows
 * are labelled anew and the history gets a new name: what a client holds was chosen by the old rules, so it starts over.
 * Rows that lay in a table before tidemark knew it are taken over.
 */
export async function labelRows(storage: ServerStorage, schema: Schema, newEpoch: () => string): Promise<void> {
  const rules = JSON.stringify(Object.fromEntries(Object.values(schema.tables).map((of) => [of.name, of.scope])));
  await storage.write(async (writer) => {
    const known = await writer.setting(SETTING);
    if (known === rules) return;
    for (const table of parentsFirst(schema)) await labelTable(writer, schema, table);
    if (known !== null && hasChanged(JSON.parse(known), schema)) await beginEpoch(writer, newEpoch());
    await writer.saveSetting(SETTING, rules);
  });
}

/** The log speaks of the old scopes: nothing of it may be read under the new ones. */
async function beginEpoch(writer: StorageWriter, epoch: string): Promise<void> {
  await writer.setEpoch(epoch);
  const { head } = await writer.position();
  const all = { beforeSeq: head + 1, beforeAt: 0, maxCommits: PRUNED_AT_ONCE, partsBeforeAt: 0 };
  while ((await writer.prune(all)) === PRUNED_AT_ONCE);
}

function hasChanged(known: Readonly<Record<string, unknown>>, schema: Schema): boolean {
  return Object.values(schema.tables).some(
    ({ name, scope }) => Object.hasOwn(known, name) && JSON.stringify(known[name]) !== JSON.stringify(scope),
  );
}

/** Tables whose rows have their scope from a parent come after it. */
function parentsFirst(schema: Schema): Table[] {
  const depth = ({ scope }: Table): number =>
    typeof scope === 'object' && 'via' in scope ? 1 + depth(tableOf(schema, scope.table)) : 0;
  return Object.values(schema.tables).sort((a, b) => depth(a) - depth(b));
}

async function labelTable(writer: StorageWriter, schema: Schema, table: Table): Promise<void> {
  const names = Object.keys(table.columns);
  const keyOf = (row: readonly Cell[]): RowKey => table.primaryKey.map((name) => row[names.indexOf(name)] ?? null);
  for (let after: RowKey | null = null, isEnd = false; !isEnd; ) {
    const page = await writer.page({ table, scope: null, after, maxBytes: PAGE_BYTES });
    const rows = page.rows.map((row) => ({ key: keyOf(row), columns: valuesOf(table, row) }));
    const stored = await writer.rows(
      table,
      rows.map(({ key }) => key),
    );
    const scopes = await scopesOf(writer, schema, table, rows);
    const labelled = rows.map(({ key, columns }, index): StoredRow => {
      const row = stored[index] ?? { key, columns, image: null, scope: '', stamp: BEFORE_ALL, overrides: {} };
      // Without a parent nobody can tell: it stays where it was.
      return { ...row, columns, scope: scopes[index] ?? row.scope };
    });
    await writer.writeRows(
      table,
      labelled.filter((row, index) => stored[index]?.scope !== row.scope),
    );
    after = rows.at(-1)?.key ?? null;
    isEnd = page.isEnd;
  }
}

function valuesOf(table: Table, row: readonly Cell[]): Cells {
  const names = Object.keys(table.columns);
  return Object.fromEntries(table.valueColumns.map((name) => [name, row[names.indexOf(name)] ?? null]));
}

/** The scopes of rows, in their order; null where none can be told. Their parents are read at once. */
async function scopesOf(
  writer: StorageWriter,
  schema: Schema,
  table: Table,
  rows: readonly { readonly key: RowKey; readonly columns: Cells }[],
): Promise<(string | null)[]> {
  const sources = rows.map((row) => scopeSource(table, row));
  const links = sources.flatMap((source) => (source.kind === 'parent' ? [source] : []));
  const [first] = links;
  // All rows of a table have their scope from the same table, so its name is that of the first.
  const parents = first
    ? await writer.rows(
        tableOf(schema, first.table),
        links.map(({ key }) => key),
      )
    : [];
  const inherited = parents.values();
  return sources.map((source) => {
    if (source.kind === 'scope') return source.scope;
    if (source.kind === 'none') return null;
    const parent = inherited.next().value;
    return parent?.columns ? parent.scope : null;
  });
}

import type { Change } from '../../src/core/change.ts';
import type { Column, Schema } from '../../src/core/schema.ts';
import type { Cell } from '../../src/shared/cell.ts';
import { type Draft, draftOf, parseDraft } from './draft.ts';
import { cellValue } from './value-text.ts';

/** The columns of one change as a person edits them. */
export type ChangeDraft = Readonly<Record<string, Draft>>;

export type ChangeDrafts = readonly ChangeDraft[];

/** The columns of a change that can be edited: those it sets and the schema knows. */
export function editableColumns(schema: Schema, change: Change): [name: string, column: Column][] {
  const columns = schema.tables[change.table]?.columns ?? {};
  return Object.entries(columns).filter(
    ([name]) => Object.hasOwn(change.columns, name) || Object.hasOwn(change.counters ?? {}, name),
  );
}

export function draftsOf(schema: Schema, changes: readonly Change[]): ChangeDrafts {
  return changes.map((change) =>
    Object.fromEntries(
      editableColumns(schema, change).map(([name, column]) => [name, firstDraft(schema, change, name, column)]),
    ),
  );
}

function firstDraft(schema: Schema, change: Change, name: string, column: Column): Draft {
  const increment = change.counters?.[name];
  if (increment !== undefined) return draftOf('counter', increment);
  return draftOf(column.kind, cellValue(schema, { table: change.table, column: name }, change.columns[name]));
}

/** Why a draft cannot be stored; null when it can. */
export function problemOf(change: Change, name: string, column: Column, draft: Draft | undefined): string | null {
  if (!draft) return null;
  const parsed = parseDraft(column, draft, `${change.table}.${name}`);
  return parsed.isValid ? null : parsed.message;
}

/** The changes with the drafts written into them, or null while one of them cannot be stored. */
export function editedChanges(schema: Schema, changes: readonly Change[], drafts: ChangeDrafts): Change[] | null {
  const edited: Change[] = [];
  for (const [index, change] of changes.entries()) {
    const one = editedChange(schema, change, drafts[index] ?? {});
    if (!one) return null;
    edited.push(one);
  }
  return edited;
}

function editedChange(schema: Schema, change: Change, draft: ChangeDraft): Change | null {
  const columns: Record<string, Cell> = { ...change.columns };
  const counters: Record<string, number> = { ...change.counters };
  for (const [name, column] of editableColumns(schema, change)) {
    const typed = draft[name];
    if (!typed) continue;
    const parsed = parseDraft(column, typed, `${change.table}.${name}`);
    if (!parsed.isValid) return null;
    if (Object.hasOwn(counters, name)) counters[name] = Number(parsed.cell);
    else columns[name] = parsed.cell;
  }
  return change.counters ? { ...change, columns, counters } : { ...change, columns };
}

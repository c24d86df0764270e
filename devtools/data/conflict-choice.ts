import type { Conflict } from '../../src/client/types.ts';
import type { Resolution } from '../../src/core/policy.ts';
import type { Schema } from '../../src/core/schema.ts';
import { kindOf, sameValue } from './value-text.ts';

/** What a person chose for one column. */
export type FieldChoice = { readonly from: 'local' | 'remote' } | { readonly from: 'typed'; readonly value: unknown };

export type Choices = Readonly<Record<string, FieldChoice>>;

type Row = Readonly<Record<string, unknown>>;

/** Both sides still have the row: columns can be chosen one by one. Else one side deleted it, and it is all or nothing. */
export function isFieldwise(conflict: Pick<Conflict, 'kind'>): boolean {
  return conflict.kind === 'update-update' || conflict.kind === 'insert-insert';
}

/** Columns that this device changed and nobody else did: they are kept, whatever is chosen for the others. */
export function ownColumns(schema: Schema, conflict: Conflict): string[] {
  const { base, local } = conflict;
  if (!local || !base) return [];
  return Object.keys(local).filter(
    (column) =>
      !conflict.columns.includes(column) &&
      !(column in conflict.key) &&
      kindOf(schema, { table: conflict.table, column }) !== 'counter' &&
      !sameValue(local[column], base[column]),
  );
}

/** Whether every column has a choice. */
export function isComplete(conflict: Conflict, choices: Choices): boolean {
  return conflict.columns.every((column) => choices[column] !== undefined);
}

/** The chosen value of a column; undefined while there is none. */
export function chosenValue(conflict: Conflict, column: string, choice: FieldChoice | undefined): unknown {
  if (choice === undefined) return undefined;
  if (choice.from === 'typed') return choice.value;
  return conflict.fields[column]?.[choice.from];
}

/** The choices as what `conflicts.resolve` takes: a whole side where all columns take that side. */
export function resolutionOf(schema: Schema, conflict: Conflict, choices: Choices): Resolution {
  const sides = new Set(conflict.columns.map((column) => choices[column]?.from));
  const [side] = sides;
  // All remote is not the remote row: the columns only this device changed are to stay.
  const own = ownColumns(schema, conflict);
  if (sides.size === 1 && side === 'local') return 'local';
  if (sides.size === 1 && side === 'remote' && own.length === 0) return 'remote';
  const merged: Record<string, unknown> = {};
  for (const column of own) merged[column] = conflict.local?.[column];
  for (const column of conflict.columns) merged[column] = chosenValue(conflict, column, choices[column]);
  return { merged };
}

/** The row that these choices leave, as far as they go: the remote row with what is kept and chosen written over it. */
export function previewRow(schema: Schema, conflict: Conflict, choices: Choices): Row {
  const row: Record<string, unknown> = { ...conflict.remote };
  for (const column of ownColumns(schema, conflict)) row[column] = conflict.local?.[column];
  for (const column of conflict.columns) {
    if (choices[column]) row[column] = chosenValue(conflict, column, choices[column]);
  }
  return row;
}

/** How the two sides met, as a sentence. */
export function kindWords(kind: Conflict['kind']): string {
  return {
    'update-update': 'Both sides changed the same columns.',
    'insert-insert': 'Both sides inserted a row with this key.',
    'update-delete': 'You changed this row; meanwhile it was deleted.',
    'delete-update': 'You deleted this row; meanwhile it was changed.',
  }[kind];
}

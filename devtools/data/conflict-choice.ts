import type { Conflict } from '../../src/client/types.ts';
import { type Resolution, serverPolicy } from '../../src/core/policy.ts';
import { policyOf, type Schema } from '../../src/core/schema.ts';
import { kindOf, sameValue } from './value-text.ts';

/** What a person chose for one column. */
export type FieldChoice = { readonly from: 'local' | 'remote' } | { readonly from: 'typed'; readonly value: unknown };

export type Choices = Readonly<Record<string, FieldChoice>>;

type Row = Readonly<Record<string, unknown>>;

/** Both sides still have the row: columns can be chosen one by one. Else one side deleted it, and it is all or nothing. */
export function isFieldwise(conflict: Pick<Conflict, 'kind'>): boolean {
  return conflict.kind === 'update-update' || conflict.kind === 'insert-insert';
}

/**
 * What this device wrote into columns that are not in conflict: it is kept, whatever is chosen for the others.
 * Counters are kept as what was added, on top of the other side's count.
 */
export function ownValues(schema: Schema, conflict: Conflict): Row {
  const { table, base, local, remote } = conflict;
  if (!local || !base || conflict.kind !== 'update-update') return {};
  const own: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(local)) {
    if (conflict.columns.includes(column) || sameValue(value, base[column])) continue;
    const isCounter = kindOf(schema, { table, column }) === 'counter';
    own[column] = isCounter ? Number(remote?.[column] ?? 0) + Number(value) - Number(base[column] ?? 0) : value;
  }
  return own;
}

/**
 * What is chosen before a person chose anything: columns whose own policy could have decided alone take its answer (an
 * `updated_at` beside the text one cares for), the others wait for the person.
 */
export function suggestedChoices(schema: Schema, conflict: Conflict): Choices {
  const of = schema.tables[conflict.table];
  const suggested: Record<string, FieldChoice> = {};
  for (const column of of ? conflict.columns : []) {
    const policy = of && serverPolicy(policyOf(of, column));
    if (policy === undefined || policy === 'manual') continue;
    if (policy === 'server-wins' || policy === 'client-wins') {
      suggested[column] = { from: policy === 'server-wins' ? 'remote' : 'local' };
    } else {
      suggested[column] = { from: conflict.localIsLater ? 'local' : 'remote' };
    }
  }
  return suggested;
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

/** The choices as what `conflicts.resolve` takes: one side where all columns take that side. */
export function resolutionOf(conflict: Conflict, choices: Choices): Resolution {
  const [side, ...others] = new Set(conflict.columns.map((column) => choices[column]?.from));
  if (others.length === 0 && (side === 'local' || side === 'remote')) return side;
  return {
    merged: Object.fromEntries(
      conflict.columns.map((column) => [column, chosenValue(conflict, column, choices[column])]),
    ),
  };
}

/** The row that these choices leave, as far as they go: the remote row with what is kept and chosen written over it. */
export function previewRow(schema: Schema, conflict: Conflict, choices: Choices): Row {
  const row: Record<string, unknown> = { ...conflict.remote, ...ownValues(schema, conflict) };
  for (const column of conflict.columns) {
    if (choices[column]) row[column] = chosenValue(conflict, column, choices[column]);
  }
  return row;
}

/** How the two sides met, as a sentence. */
export function kindWords({ kind, base, parents = [], children = [] }: Conflict): string {
  const above = parents[0]?.table;
  if (above !== undefined && kind === 'update-update')
    return `You moved this row below ${article(above)} ${above} that was deleted meanwhile.`;
  if (above !== undefined && base === null)
    return `You added this row below ${article(above)} ${above} that was deleted meanwhile.`;
  if (above !== undefined) return `You changed this row; meanwhile it was deleted, and the ${above} above it too.`;
  if (children.length > 0) return 'You deleted this row; meanwhile others worked on rows below it.';
  return {
    'update-update': 'Both sides changed the same columns.',
    'insert-insert': 'Both sides inserted a row with this key.',
    'update-delete': 'You changed this row; meanwhile it was deleted.',
    'delete-update': 'You deleted this row; meanwhile it was changed.',
  }[kind];
}

function article(noun: string): string {
  return /^[aeio]/i.test(noun) ? 'an' : 'a';
}

import type { Column, Table } from '../../src/core/schema.ts';
import { type Draft, draftOf, parseDraft } from './draft.ts';

/** A row while a person fills it in. */
export type RowDraft = Readonly<Record<string, Draft>>;

/** A new row as an insert would make it that gives nothing: what has no default is empty, a key that only has to be unique is made up. */
export function newRowDraft(of: Table): RowDraft {
  return Object.fromEntries(
    Object.entries(of.columns).map(([name, column]) => [name, firstDraft(column, of.primaryKey.includes(name))]),
  );
}

function firstDraft(column: Column, isKey: boolean): Draft {
  const { kind, defaultValue, isNullable } = column;
  if (defaultValue !== undefined) return draftOf(kind, defaultValue);
  if (isNullable) return { text: '', isNull: true };
  if (kind === 'uuid' && isKey) return { text: crypto.randomUUID(), isNull: false };
  if (kind === 'timestamp') return { text: new Date().toISOString(), isNull: false };
  if (kind === 'date') return { text: new Date().toISOString().slice(0, 10), isNull: false };
  return { text: kind === 'boolean' ? 'false' : '', isNull: false };
}

export interface ParsedRow {
  /** App values by column; those that cannot be stored are missing. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Why a column cannot be stored as it is. */
  readonly problems: Readonly<Record<string, string>>;
}

/** What the draft means for the table. */
export function parseRow(of: Table, draft: RowDraft): ParsedRow {
  const values: Record<string, unknown> = {};
  const problems: Record<string, string> = {};
  for (const [name, column] of Object.entries(of.columns)) {
    const field = draft[name] ?? { text: '', isNull: true };
    const isMissingKey = of.primaryKey.includes(name) && field.text === '';
    const parsed = parseDraft(column, field, `${of.name}.${name}`);
    if (isMissingKey) problems[name] = 'A key cannot be empty.';
    else if (parsed.isValid) values[name] = parsed.value;
    else problems[name] = parsed.message;
  }
  return { values, problems };
}

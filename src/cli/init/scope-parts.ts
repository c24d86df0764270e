import type { ColumnScope, ScopeRule, SharedWhen } from 'tidemark/core';
import type { Catalogue, CatalogueTable, ForeignKey, Policy } from './catalogue.ts';
import type { Groups } from './groups.ts';
import type { PolicyReader } from './policy/read-policy.ts';
import type { Simple } from './policy/simplify.ts';

/** The scope of a table, guessed; somebody reviews it. */
export interface ScopeProposal {
  readonly rule: ScopeRule;
  /** What the guess rests on, in words. */
  readonly because: string;
  /** What the rule does not say and the reader has to decide. */
  readonly notes: readonly string[];
}

export type { Membership } from './groups.ts';

/** One way in which a row may be read. */
export interface Alternative {
  readonly policy: Policy;
  readonly of: Simple;
  /** It asks for more than is said here. */
  readonly isLoosened: boolean;
}

/** What a guess about one table may ask about the others. */
export interface Surroundings {
  readonly catalogue: Catalogue;
  readonly tables: ReadonlyMap<string, CatalogueTable>;
  /** The scope of another table; null where it has none, or where the question came from there. */
  scopeOf(name: string): ScopeProposal | null;
  /** The ways in which rows of a table may be read, as far as they have been found out. */
  readonly alternatives: Map<string, readonly Alternative[]>;
  readonly groups: Groups;
  readonly reader: PolicyReader;
}

/** Rows that everybody may read. */
export const PUBLIC = 'public';
/** Rows that nobody may read: they stay on the server. */
export const NOBODY = 'nobody';

export function everybody(because: string): ScopeProposal {
  return { rule: PUBLIC, because, notes: [] };
}

/** The scope `<kind>:<column>`; `whenNull` counts only where the column may be null. */
export function columnScope(table: CatalogueTable, kind: string, column: string, whenNull: string): ColumnScope {
  return isNullable(table, column) ? { kind, by: column, whenNull } : { kind, by: column };
}

/** The scope of the parent's rows as `table` can say it: by its own copy of the column that decides, or by the parent. */
export function throughKey(around: Surroundings, table: CatalogueTable, key: ForeignKey): ScopeProposal | null {
  const parent = around.tables.get(key.table);
  const above = parent ? around.scopeOf(parent.name) : null;
  if (!parent || !above) return null;
  const because = `as ${parent.name}`;
  const { rule } = above;
  if (typeof rule === 'string') return { rule, because, notes: [] };
  const copy = key.columns[key.referenced.indexOf('by' in rule ? rule.by : rule.via)];
  if (copy !== undefined && 'via' in rule) return viaParent(table, copy, rule.table, because);
  // What the parent shares is known of the parent alone.
  if (copy !== undefined && 'by' in rule && !rule.sharedWhen)
    return { rule: columnScope(table, rule.kind, copy, rule.whenNull ?? NOBODY), because, notes: [] };
  const [column, referenced] = [key.columns[0], key.referenced[0]];
  const isKey = parent.key.length === 1 && key.columns.length === 1 && referenced === parent.key[0];
  return isKey && column !== undefined ? viaParent(table, column, parent.name, because) : null;
}

function viaParent(table: CatalogueTable, via: string, parent: string, because: string): ScopeProposal {
  const notes = isNullable(table, via) ? [`rows without ${via} belong to nobody`] : [];
  return { rule: { via, table: parent }, because, notes };
}

export function hasColumn(table: CatalogueTable, name: string): boolean {
  return table.columns.some((column) => column.name === name);
}

export function isNullable(table: CatalogueTable, name: string): boolean {
  return table.columns.find((column) => column.name === name)?.isNullable ?? true;
}

/** A rule as a person reads it: `user:<author_id>`. */
export function describeRule(rule: ScopeRule): string {
  if (typeof rule === 'string') return rule;
  if ('via' in rule) return `as its ${rule.table} (${rule.via})`;
  const shared = rule.sharedWhen ? `, or ${rule.sharedWhen.scope} where ${describeShared(rule.sharedWhen)}` : '';
  return `${rule.kind}:<${rule.by}>${rule.whenNull === undefined ? '' : `, or ${rule.whenNull}`}${shared}`;
}

/** As a person reads it: `is_public`, `sharing not private`. */
function describeShared({ column, is, isNot }: SharedWhen): string {
  if (is && is.length === 1 && typeof is[0] === 'boolean') return is[0] ? column : `not ${column}`;
  return `${column} is ${is ? '' : 'not '}${(is ?? isNot).join(' or ')}`;
}

import type { CatalogueTable, ForeignKey } from './catalogue.ts';
import {
  columnScope,
  isNullable,
  NOBODY,
  PUBLIC,
  type ScopeProposal,
  type Surroundings,
  throughKey,
} from './scope-parts.ts';

/** Columns that name an owner. Others that refer to a user (an assignee, a reviewer) do not make a row private. */
const OWNER_NAMES = [
  'user_id',
  'owner_id',
  'owner',
  'created_by',
  'author_id',
  'creator_id',
  'profile_id',
  'account_id',
];
const USER_TABLES = ['users', 'user', 'profiles', 'profile', 'accounts', 'account'];

/** The scope that the foreign keys suggest: of the user a row refers to, or else of its parent. */
export function scopeByKeys(around: Surroundings, table: CatalogueTable): ScopeProposal | null {
  return byUser(around, table) ?? byParent(around, table);
}

function byUser(around: Surroundings, table: CatalogueTable): ScopeProposal | null {
  const owners = table.foreignKeys.filter((key) => key.columns.length === 1 && isUserKey(around, key));
  const isKey = (key: ForeignKey) => table.key.length === 1 && table.key[0] === key.columns[0];
  const named = OWNER_NAMES.map((name) => owners.find((key) => key.columns[0] === name));
  const owner = owners.find(isKey) ?? named.find((key) => key !== undefined);
  const column = owner?.columns[0];
  if (owner && column !== undefined) {
    const because = `${column} refers to ${owner.schema}.${owner.table}`;
    return { rule: columnScope(table, 'user', column, PUBLIC), because, notes: [] };
  }
  const [key] = table.key;
  if (key === undefined || !isUserTable(around, table)) return null;
  return { rule: columnScope(table, 'user', key, NOBODY), because: 'the table of users', notes: [] };
}

function byParent(around: Surroundings, table: CatalogueTable): ScopeProposal | null {
  const candidates = table.foreignKeys
    .filter((key) => key.schema === around.catalogue.schema && key.table !== table.name)
    .toSorted((a, b) => weight(table, b) - weight(table, a));
  const found = candidates.flatMap((key) => {
    const scope = throughKey(around, table, key);
    return scope ? [{ ...scope, because: `${key.columns.join(', ')} refers to ${key.table}` }] : [];
  });
  return found.find(({ rule }) => rule !== PUBLIC) ?? found[0] ?? null;
}

/** A child that goes with its parent, and cannot be without it, is more likely owned by it. */
function weight(table: CatalogueTable, { columns, isCascading }: ForeignKey): number {
  const isRequired = columns.every((column) => !isNullable(table, column));
  const isInKey = columns.some((column) => table.key.includes(column));
  return (isCascading ? 2 : 0) + (isRequired ? 2 : 0) + (isInKey ? 1 : 0);
}

function isUserKey(around: Surroundings, key: ForeignKey): boolean {
  if (key.schema === 'auth' && key.table === 'users') return true;
  const found = key.schema === around.catalogue.schema ? around.tables.get(key.table) : undefined;
  return found !== undefined && key.referenced[0] === found.key[0] && isUserTable(around, found);
}

/** Keyed by the user's id: it refers to `auth.users`, or is called so where there is no such schema. */
function isUserTable({ catalogue }: Surroundings, table: CatalogueTable): boolean {
  if (table.key.length !== 1) return false;
  const own = table.foreignKeys.find((key) => key.columns.length === 1 && key.columns[0] === table.key[0]);
  if (own) return own.schema === 'auth' && own.table === 'users';
  const refersToAuth = (one: CatalogueTable) => one.foreignKeys.some((key) => key.schema === 'auth');
  return USER_TABLES.includes(table.name) && !catalogue.tables.some(refersToAuth);
}

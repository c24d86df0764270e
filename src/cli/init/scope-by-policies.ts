import type { CatalogueTable, ForeignKey, Policy } from './catalogue.ts';
import {
  type Lookup,
  type PolicyMeaning,
  readFunctionText,
  readPolicyText,
  readSetFunctionText,
  type TableColumn,
} from './policy-text.ts';
import {
  columnScope,
  everybody,
  hasColumn,
  NOBODY,
  PUBLIC,
  type ScopeProposal,
  type Surroundings,
  throughKey,
} from './scope-parts.ts';

/** The permissive policies by which signed-in users read. */
export function readingPolicies({ policies }: CatalogueTable): Policy[] {
  const forUsers = policies.filter(({ roles }) => roles.includes('public') || roles.includes('authenticated'));
  return forUsers.filter((policy) => policy.isPermissive && isReading(policy));
}

/** The scope that the policies describe; null where they cannot be read. */
export function scopeByPolicies(
  around: Surroundings,
  table: CatalogueTable,
  policies: readonly Policy[],
): ScopeProposal | null {
  const meanings = policies.map((policy) => readPolicyText(policy.using ?? 'true', table.name));
  const scope = scopeOfMeanings(around, table, { meanings, because: `policy ${quoteNames(policies)}` });
  if (!scope) return null;
  const more = policies.filter((_, index) => scope.rule !== PUBLIC && meanings[index]?.hasMore);
  const narrowing = table.policies.filter((policy) => !policy.isPermissive && isReading(policy));
  const notes = [...more, ...narrowing].map(
    ({ name, using }) => `REVIEW: policy "${name}" says more than this scope: ${oneLine(using ?? '')}`,
  );
  return { ...scope, notes: [...scope.notes, ...notes] };
}

/** Everybody reads, but not everybody writes: a scope cannot say that alone. */
export function writeNotes(table: CatalogueTable): string[] {
  const writing = table.policies.filter(({ command }) => command !== 'select');
  const meanings = writing.map(({ using, check }) => readPolicyText(using ?? check ?? 'false', table.name));
  const [owner] = meanings.flatMap((one) => one.ownerColumns);
  if (owner === undefined) return [];
  return [`everybody reads, only ${owner} writes: keep its policies (row level security), or check it in \`validate\``];
}

export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 200);
}

interface Reading {
  readonly meanings: readonly PolicyMeaning[];
  readonly because: string;
}

function scopeOfMeanings(
  around: Surroundings,
  table: CatalogueTable,
  { meanings, because }: Reading,
): ScopeProposal | null {
  if (meanings.some((one) => one.isForAll)) return everybody(because);
  const owners = [...new Set(meanings.flatMap((one) => one.ownerColumns))].filter((column) => hasColumn(table, column));
  const [owner] = owners;
  const lookups = meanings.flatMap((one) => [...one.lookups, ...calledLookups(around, table, one)]);
  const nullColumns = meanings.flatMap((one) => one.nullColumns);
  const shared = byMembership(around, table, { lookups, nullColumns });
  if (shared) {
    const found = { ...shared, because: `${because} ${shared.because}` };
    return owner === undefined ? found : withOwner(around, table, { scope: found, owner });
  }
  if (owner !== undefined) {
    const rule = columnScope(table, 'user', owner, nullColumns.includes(owner) ? PUBLIC : NOBODY);
    return { rule, because, notes: owners.slice(1).map(readsToo) };
  }
  const parent = byParent(around, table, lookups);
  return parent && { ...parent, because: `${because} ${parent.because}` };
}

/** The user is looked up among the members of what a column of the row names. */
function byMembership(
  around: Surroundings,
  table: CatalogueTable,
  { lookups, nullColumns }: { readonly lookups: readonly Lookup[]; readonly nullColumns: readonly string[] },
): ScopeProposal | null {
  for (const { tables, pairs, userColumns } of lookups) {
    const member = userColumns.find((one) => tables.includes(one.table) && !isOwner(around, one));
    const link = bothWays(pairs).find(
      ([own, other]) =>
        own.table === table.name &&
        hasColumn(table, own.column) &&
        other.table === member?.table &&
        exists(around, other),
    );
    if (!member || !link) continue;
    const [own, { column: groupColumn }] = link;
    const kind = groupKind(around, { table: member.table, column: groupColumn });
    around.addMembership({ kind, table: member.table, groupColumn, userColumn: member.column });
    const rule = columnScope(table, kind, own.column, nullColumns.includes(own.column) ? PUBLIC : NOBODY);
    return { rule, because: `through ${member.table}`, notes: [] };
  }
  return null;
}

function exists({ tables }: Surroundings, { table, column }: TableColumn): boolean {
  const found = tables.get(table);
  return found !== undefined && hasColumn(found, column);
}

/** Rows with one owner each (the user stands beside a key of its own) make a parent, not a table of members. */
function isOwner({ tables }: Surroundings, { table, column }: TableColumn): boolean {
  const found = tables.get(table);
  if (!found) return false;
  const isMember = [found.key, ...found.uniqueKeys].some((key) => key.length > 1 && key.includes(column));
  return !isMember && found.key.length === 1;
}

const readsToo = (column: string): string => `REVIEW: ${column} reads a row too, and this scope does not say so`;

/** Members read the rows, and so does an owner, who need not be among them. */
function withOwner(
  around: Surroundings,
  table: CatalogueTable,
  { scope, owner }: { readonly scope: ScopeProposal; readonly owner: string },
): ScopeProposal {
  const { rule } = scope;
  const isOwnKey = typeof rule === 'object' && 'by' in rule && table.key.length === 1 && rule.by === table.key[0];
  if (!isOwnKey) return { ...scope, notes: [readsToo(owner)] };
  around.addMembership({ kind: rule.kind, table: table.name, groupColumn: rule.by, userColumn: owner });
  return scope;
}

/** The row of another table decides that a column of this one leads to. */
function byParent(around: Surroundings, table: CatalogueTable, lookups: readonly Lookup[]): ScopeProposal | null {
  for (const { pairs } of lookups) {
    for (const { own, other } of reachable(table.name, pairs)) {
      const key = keyTo(around, table, { own, other });
      const scope = key && throughKey(around, table, key);
      if (scope) return { ...scope, because: `through ${other.table}` };
    }
  }
  return null;
}

interface Link {
  readonly own: string;
  readonly other: TableColumn;
}

/** The foreign key that a link follows; one made up where the link leads to a primary key without one. */
function keyTo({ catalogue, tables }: Surroundings, table: CatalogueTable, { own, other }: Link): ForeignKey | null {
  const found = table.foreignKeys.find(
    (key) => key.schema === catalogue.schema && key.table === other.table && key.columns.includes(own),
  );
  if (found) return found;
  const parent = tables.get(other.table);
  if (parent?.key.length !== 1 || parent.key[0] !== other.column || !hasColumn(table, own)) return null;
  const { schema } = catalogue;
  return { columns: [own], schema, table: other.table, referenced: [other.column], isCascading: false };
}

/** The columns of other tables that must equal a column of this one, nearest first. */
function reachable(table: string, pairs: Lookup['pairs']): Link[] {
  const links = bothWays(pairs);
  const found: Link[] = [];
  const queue = links.flatMap(([a, b]) =>
    a.table === table && b.table !== table ? [{ own: a.column, other: b }] : [],
  );
  for (const next of queue) {
    if (found.some(({ own, other }) => own === next.own && isSame(other, next.other))) continue;
    found.push(next);
    for (const [a, b] of links) if (isSame(a, next.other) && b.table !== table) queue.push({ own: next.own, other: b });
  }
  return found;
}

/** What the functions look up that a policy calls: with a column of the row (`is_member(project_id)`), or for a set of ids. */
function calledLookups(around: Surroundings, table: CatalogueTable, { calls, sets }: PolicyMeaning): Lookup[] {
  const { functions } = around.catalogue;
  const fromSets = sets.flatMap(({ name, column }) => {
    const body = functions.get(name);
    return body === undefined ? [] : [readSetFunctionText(body, table.name, column)];
  });
  const fromCalls = calls.flatMap(({ name, columns }) => {
    const body = functions.get(name);
    const column = columns.find((one) => one !== null && hasColumn(table, one));
    if (body === undefined || column === undefined || column === null) return [];
    const lookup = readFunctionText(body, table.name, columns);
    return [{ ...lookup, pairs: [...lookup.pairs, ...guessedPairs(around, table, { lookup, column })] }];
  });
  return [...fromSets, ...fromCalls];
}

/** Where a function's parameters have no names, what the column refers to tells what it is compared with. */
function guessedPairs(
  around: Surroundings,
  table: CatalogueTable,
  { lookup, column }: { readonly lookup: Lookup; readonly column: string },
): Lookup['pairs'] {
  const target = targetOf(table, column);
  return lookup.tables.flatMap((other) =>
    columnsTo(around, other, target).map(
      (one) =>
        [
          { table: table.name, column },
          { table: other, column: one },
        ] as const,
    ),
  );
}

/** What a column stands for: the table it refers to, or its own where it is the key. */
function targetOf(table: CatalogueTable, column: string): string | null {
  const key = table.foreignKeys.find((one) => one.columns.length === 1 && one.columns[0] === column);
  if (key) return key.table;
  return table.key.length === 1 && table.key[0] === column ? table.name : null;
}

function columnsTo({ tables }: Surroundings, name: string, target: string | null): string[] {
  const table = tables.get(name);
  if (!table || target === null) return [];
  const referring = table.foreignKeys.filter((key) => key.table === target).flatMap((key) => key.columns);
  return name === target ? [...referring, ...table.key] : referring;
}

/** The kind of the scope: the singular of the table that the members' column refers to, or of the column itself. */
function groupKind({ tables }: Surroundings, { table, column }: TableColumn): string {
  const members = tables.get(table);
  const target = members ? targetOf(members, column) : null;
  const name = target !== null && target !== table ? target : column.replace(/_id$/, '');
  if (/ies$/.test(name)) return name.replace(/ies$/, 'y');
  return /[^s]s$/.test(name) ? name.slice(0, -1) : name;
}

function isReading({ command }: Policy): boolean {
  return command === 'all' || command === 'select';
}

function quoteNames(policies: readonly Policy[]): string {
  return policies.map(({ name }) => `"${name}"`).join(', ');
}

function bothWays<T>(pairs: readonly (readonly [T, T])[]): (readonly [T, T])[] {
  return pairs.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]);
}

function isSame(a: TableColumn, b: TableColumn): boolean {
  return a.table === b.table && a.column === b.column;
}

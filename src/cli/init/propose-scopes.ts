import type { ScopeRule } from 'tidemark/core';
import type { Catalogue, CatalogueTable, ForeignKey, Policy } from './catalogue.ts';
import { type Lookup, type PolicyMeaning, readFunctionText, readPolicyText } from './policy-text.ts';

/** The scope of a table, guessed; somebody reviews it. */
export interface ScopeProposal {
  readonly rule: ScopeRule;
  /** What the guess rests on, in words. */
  readonly because: string;
  /** What the rule does not say and the reader has to decide. */
  readonly notes: readonly string[];
}

/** Where the app's own tables tell who belongs to a group: `user_id` is a member of `workspace_id`. */
export interface Membership {
  /** The kind of the scope, such as `workspace`. */
  readonly kind: string;
  readonly table: string;
  readonly groupColumn: string;
  readonly userColumn: string;
}

export interface ScopeProposals {
  readonly scopes: ReadonlyMap<string, ScopeProposal>;
  readonly memberships: readonly Membership[];
  /** Tables that no device may hold, with the reason. */
  readonly closed: ReadonlyMap<string, string>;
}

/** Rows that everybody may read. */
export const PUBLIC = 'public';
/** Rows that nobody may read: they stay on the server. */
export const NOBODY = 'nobody';

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

/** Guesses the scope of each table from its row policies, and from its foreign keys where those say nothing. */
export function proposeScopes(catalogue: Catalogue): ScopeProposals {
  return new Guess(catalogue).all();
}

type Draft = Omit<ScopeProposal, 'notes'> & { readonly notes?: readonly string[] };

class Guess {
  readonly #catalogue: Catalogue;
  readonly #tables: ReadonlyMap<string, CatalogueTable>;
  readonly #done = new Map<string, ScopeProposal | null>();
  readonly #memberships = new Map<string, Membership>();
  readonly #closed = new Map<string, string>();

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
    this.#tables = new Map(catalogue.tables.map((table) => [table.name, table]));
  }

  all(): ScopeProposals {
    const scopes = new Map<string, ScopeProposal>();
    for (const { name } of this.#catalogue.tables) {
      const scope = this.#scopeOf(name);
      if (scope) scopes.set(name, scope);
    }
    return { scopes, memberships: [...this.#memberships.values()], closed: this.#closed };
  }

  /** null: nobody reads this table, or the walk through the parents came back to it. */
  #scopeOf(name: string): ScopeProposal | null {
    const known = this.#done.get(name);
    if (known !== undefined) return known;
    const table = this.#tables.get(name);
    if (!table) return null;
    this.#done.set(name, null);
    const draft = this.#draft(table);
    const found = draft && { ...draft, notes: [...(draft.notes ?? []), ...writeNotes(table, draft.rule)] };
    this.#done.set(name, found);
    return found;
  }

  #draft(table: CatalogueTable): Draft | null {
    if (!table.isSecured) return this.#byKeys(table) ?? everybody('no row level security, and nothing leads to a user');
    const policies = readingPolicies(table);
    if (policies.length === 0) {
      this.#closed.set(table.name, 'row level security is on, and no policy lets users read it');
      return null;
    }
    const meanings = policies.map((policy) => readPolicyText(policy.using ?? 'true', table.name));
    return this.#byPolicies(table, policies, meanings) ?? this.#unread(table, policies);
  }

  #byPolicies(table: CatalogueTable, policies: readonly Policy[], meanings: readonly PolicyMeaning[]): Draft | null {
    const named = policies.map(({ name }) => `"${name}"`).join(', ');
    const because = `policy ${named}`;
    if (meanings.some((one) => one.isForAll)) return everybody(because);
    const owner = meanings.flatMap((one) => one.ownerColumns).find((column) => hasColumn(table, column));
    const lookups = meanings.flatMap((one) => [...one.lookups, ...this.#calledLookups(table, one)]);
    const shared = this.#byMembership(table, lookups, because);
    if (shared) return owner === undefined ? shared : this.#withOwner(table, shared, owner);
    if (owner !== undefined) {
      const isShared = meanings.some((one) => one.nullColumns.includes(owner));
      return ownedBy(table, owner, { because, whenNull: isShared ? PUBLIC : NOBODY });
    }
    return this.#byParent(table, lookups, because);
  }

  /** Members read the rows, and so does an owner, who need not be among them. */
  #withOwner(table: CatalogueTable, shared: Draft, owner: string): Draft {
    const { rule } = shared;
    const isOwnKey = typeof rule === 'object' && 'by' in rule && rule.by === table.key[0] && table.key.length === 1;
    if (!isOwnKey) return { ...shared, notes: [`REVIEW: ${owner} reads a row too, and this scope does not say so`] };
    this.#addMembership({ kind: rule.kind, table: table.name, groupColumn: rule.by, userColumn: owner });
    return shared;
  }

  #addMembership(one: Membership): void {
    this.#memberships.set(`${one.kind} ${one.table}.${one.userColumn}`, one);
  }

  /** The policies are beyond reading: what the keys say, for a person to look at. */
  #unread(table: CatalogueTable, policies: readonly Policy[]): Draft {
    const text = policies.map(({ using }) => using ?? 'true').join(' OR ');
    const notes = [`REVIEW: the policy could not be read: ${text.replaceAll(/\s+/g, ' ').slice(0, 200)}`];
    const guess = this.#byKeys(table);
    // Closed rather than open, where nothing is known.
    return guess ? { ...guess, notes } : { rule: NOBODY, because: 'a policy that was not understood', notes };
  }

  /** What the functions do that a policy calls with a column of its own. */
  #calledLookups(table: CatalogueTable, meaning: PolicyMeaning): Lookup[] {
    return meaning.calls.flatMap(({ name, columns }) => {
      const body = this.#catalogue.functions.get(name);
      const column = columns.find((one) => hasColumn(table, one));
      if (body === undefined || column === undefined) return [];
      const lookup = readFunctionText(body);
      const target = this.#target(table, column);
      const links = lookup.tables.flatMap((other) => {
        const joined = this.#columnsTo(other, target);
        return joined.map(
          (one) =>
            [
              { table: table.name, column },
              { table: other, column: one },
            ] as const,
        );
      });
      return [{ ...lookup, pairs: [...lookup.pairs, ...links] }];
    });
  }

  #byMembership(table: CatalogueTable, lookups: readonly Lookup[], because: string): Draft | null {
    for (const { tables, pairs, userColumns } of lookups) {
      const member = userColumns.find((one) => tables.includes(one.table) && !this.#isOwnedAlone(one));
      if (!member) continue;
      for (const [own, other] of bothWays(pairs)) {
        if (own.table !== table.name || !hasColumn(table, own.column)) continue;
        if (other.table !== member.table) continue;
        const kind = this.#groupKind(member.table, other.column);
        this.#addMembership({ kind, table: member.table, groupColumn: other.column, userColumn: member.column });
        return { ...columnScope(table, kind, own.column, NOBODY), because: `${because} through ${member.table}` };
      }
    }
    return null;
  }

  /** A table with one owner per row (the user column beside a key of its own) is a parent, not a table of members. */
  #isOwnedAlone({ table, column }: { readonly table: string; readonly column: string }): boolean {
    const found = this.#tables.get(table);
    if (!found) return false;
    const unique = [found.key, ...found.uniqueKeys];
    const isMember = unique.some((key) => key.length > 1 && key.includes(column));
    return !isMember && found.key.length === 1;
  }

  #byParent(table: CatalogueTable, lookups: readonly Lookup[], because: string): Draft | null {
    for (const { pairs } of lookups) {
      for (const [own, other] of bothWays(pairs)) {
        if (own.table !== table.name || other.table === table.name) continue;
        const parent = this.#parentScope(table, own.column, other.table);
        if (parent) return { ...parent, because: `${because} through ${other.table}` };
      }
    }
    return null;
  }

  /** The scope of the rows of `parent`, reached through a column of `table`. */
  #parentScope(table: CatalogueTable, column: string, parent: string): Draft | null {
    const found = this.#tables.get(parent);
    if (found?.key.length !== 1 || !hasColumn(table, column)) return null;
    const above = this.#scopeOf(parent);
    if (!above) return null;
    if (typeof above.rule === 'string') return { rule: above.rule, because: `as ${parent}` };
    // The parent's scope is its key: this row carries the same value, and needs no look at the parent.
    if ('by' in above.rule && above.rule.by === found.key[0])
      return { ...columnScope(table, above.rule.kind, column, NOBODY), because: `as ${parent}` };
    const notes = isNullable(table, column) ? [`rows without ${column} belong to nobody`] : [];
    return { rule: { via: column, table: parent }, because: `as ${parent}`, notes };
  }

  #byKeys(table: CatalogueTable): Draft | null {
    const owners = table.foreignKeys.filter((key) => key.columns.length === 1 && this.#isUserTable(key));
    const isKey = (key: ForeignKey) => table.key.length === 1 && table.key[0] === key.columns[0];
    const owner =
      owners.find(isKey) ??
      OWNER_NAMES.map((name) => owners.find((key) => key.columns[0] === name)).find((key) => key !== undefined);
    if (owner) {
      const column = owner.columns[0] ?? '';
      return ownedBy(table, column, {
        because: `${column} refers to ${owner.schema}.${owner.table}`,
        whenNull: PUBLIC,
      });
    }
    if (this.#isUserName(table))
      return ownedBy(table, table.key[0] ?? 'id', { because: 'the table of users', whenNull: NOBODY });
    return this.#byOwnedParent(table);
  }

  #byOwnedParent(table: CatalogueTable): Draft | null {
    const candidates = table.foreignKeys
      .filter((key) => key.columns.length === 1 && key.schema === this.#catalogue.schema && key.table !== table.name)
      .toSorted((a, b) => this.#weight(table, b) - this.#weight(table, a));
    const drafts = candidates.flatMap((key) => {
      const draft = this.#parentScope(table, key.columns[0] ?? '', key.table);
      return draft ? [{ ...draft, because: `${key.columns[0]} refers to ${key.table}` }] : [];
    });
    return drafts.find(({ rule }) => rule !== PUBLIC) ?? drafts[0] ?? null;
  }

  /** A child that goes with its parent, and cannot be without it, is more likely owned by it. */
  #weight(table: CatalogueTable, key: ForeignKey): number {
    const column = key.columns[0] ?? '';
    return (key.isCascading ? 2 : 0) + (isNullable(table, column) ? 0 : 2) + (table.key.includes(column) ? 1 : 0);
  }

  #isUserTable(key: ForeignKey): boolean {
    if (key.schema === 'auth' && key.table === 'users') return true;
    const found = key.schema === this.#catalogue.schema ? this.#tables.get(key.table) : undefined;
    return found !== undefined && key.referenced[0] === found.key[0] && this.#isUserName(found);
  }

  /** Keyed by the user's id: it refers to `auth.users`, or is called so and there is no such schema. */
  #isUserName(table: CatalogueTable): boolean {
    if (table.key.length !== 1) return false;
    const refersToAuth = (one: CatalogueTable) => one.foreignKeys.some((key) => key.schema === 'auth');
    const own = table.foreignKeys.find((key) => key.columns.length === 1 && key.columns[0] === table.key[0]);
    if (own) return own.schema === 'auth' && own.table === 'users';
    return USER_TABLES.includes(table.name) && !this.#catalogue.tables.some(refersToAuth);
  }

  /** What a column stands for: the table it refers to, or its own where it is the key. */
  #target(table: CatalogueTable, column: string): string | null {
    const key = table.foreignKeys.find((one) => one.columns.length === 1 && one.columns[0] === column);
    if (key) return key.table;
    return table.key.length === 1 && table.key[0] === column ? table.name : null;
  }

  #columnsTo(name: string, target: string | null): string[] {
    const table = this.#tables.get(name);
    if (!table || target === null) return [];
    const referring = table.foreignKeys.filter((key) => key.table === target).flatMap((key) => key.columns);
    return name === target ? [...referring, ...table.key] : referring;
  }

  #groupKind(memberTable: string, column: string): string {
    const table = this.#tables.get(memberTable);
    const target = table ? this.#target(table, column) : null;
    return singular(target !== null && target !== memberTable ? target : column.replace(/_id$/, ''));
  }
}

/** The permissive policies by which signed-in users read. */
function readingPolicies({ policies }: CatalogueTable): Policy[] {
  const reading = policies.filter(
    ({ isPermissive, command }) => isPermissive && (command === 'all' || command === 'select'),
  );
  return reading.filter(({ roles }) => roles.some((role) => role === 'public' || role === 'authenticated'));
}

/** Everybody reads, but not everybody writes: a scope cannot say that alone. */
function writeNotes(table: CatalogueTable, rule: ScopeRule): string[] {
  if (rule !== PUBLIC || !table.isSecured) return [];
  const writing = table.policies.filter(({ command }) => command !== 'select');
  const owners = writing.flatMap(
    ({ using, check }) => readPolicyText(using ?? check ?? 'false', table.name).ownerColumns,
  );
  if (owners.length === 0) return [];
  return [
    `everybody reads, ${owners[0]} writes: keep its policies with row level security, or check it in \`validate\``,
  ];
}

function everybody(because: string): Draft {
  return { rule: PUBLIC, because };
}

interface Ownership {
  readonly because: string;
  readonly whenNull: string;
}

function ownedBy(table: CatalogueTable, column: string, { because, whenNull }: Ownership): Draft {
  return { ...columnScope(table, 'user', column, whenNull), because };
}

function columnScope(table: CatalogueTable, kind: string, column: string, whenNull: string): Pick<Draft, 'rule'> {
  return { rule: isNullable(table, column) ? { kind, by: column, whenNull } : { kind, by: column } };
}

function bothWays<T>(pairs: readonly (readonly [T, T])[]): (readonly [T, T])[] {
  return pairs.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]);
}

function hasColumn(table: CatalogueTable, name: string): boolean {
  return table.columns.some((column) => column.name === name);
}

function isNullable(table: CatalogueTable, name: string): boolean {
  return table.columns.find((column) => column.name === name)?.isNullable ?? true;
}

function singular(name: string): string {
  if (/ies$/.test(name)) return name.replace(/ies$/, 'y');
  return /[^s]s$/.test(name) ? name.slice(0, -1) : name;
}

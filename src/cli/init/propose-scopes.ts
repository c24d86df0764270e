import { narrowingPolicies, readingPolicies } from './alternatives.ts';
import type { Catalogue, CatalogueTable } from './catalogue.ts';
import { Groups } from './groups.ts';
import { PolicyReader } from './policy/read-policy.ts';
import { scopeByKeys } from './scope-by-keys.ts';
import { oneLine, ownerByPolicies, scopeByPolicies, writeNotes } from './scope-by-policies.ts';
import {
  describeRule,
  everybody,
  type Membership,
  NOBODY,
  PUBLIC,
  type ScopeProposal,
  type Surroundings,
} from './scope-parts.ts';

const OPEN = 'REVIEW: everybody who is signed in reads it: there is no row level security on it';
const BY_KEYS =
  'REVIEW: devices hold less than the API shows: there is no row level security on it, and its keys decide';

export interface ScopeProposals {
  readonly scopes: ReadonlyMap<string, ScopeProposal>;
  readonly memberships: readonly Membership[];
  /** Tables that no device may hold, with the reason. */
  readonly closed: ReadonlyMap<string, string>;
}

/**
 * Guesses the scope of each of these tables from its row policies, and from its foreign keys where those say nothing. Policies may
 * look into any table, also one that no device can hold. `refused` are queries that the database does not answer: nothing rests on them.
 */
export function proposeScopes(
  catalogue: Catalogue,
  usable: readonly CatalogueTable[],
  refused: ReadonlySet<string>,
): ScopeProposals {
  const held = new Map(usable.map((table) => [table.name, table]));
  const tables = new Map(catalogue.tables.map((table) => [table.name, table]));
  const asked = new Map<string, ScopeProposal | null>();
  const around: Surroundings = {
    catalogue,
    tables,
    scopeOf: (name) => {
      const table = held.get(name);
      const known = asked.get(name);
      if (known !== undefined || !table) return known ?? null;
      // While it is being found out: a walk through the parents that comes back ends here.
      asked.set(name, null);
      const scope = isClosed(table) ? null : scopeOf(around, table);
      asked.set(name, scope);
      return scope;
    },
    alternatives: new Map(),
    groups: new Groups(tables, refused),
    reader: new PolicyReader(catalogue),
  };
  const scopes = new Map<string, ScopeProposal>();
  for (const { name } of usable) {
    const scope = around.scopeOf(name);
    if (scope) scopes.set(name, scope);
  }
  const reason = 'row level security is on, and no policy lets users read it';
  const closed = new Map(usable.filter(isClosed).map(({ name }) => [name, reason]));
  return { scopes, memberships: around.groups.list(), closed };
}

function isClosed(table: CatalogueTable): boolean {
  return table.isSecured && readingPolicies(table).length === 0;
}

function withoutPolicies(around: Surroundings, table: CatalogueTable): ScopeProposal {
  const guess = scopeByKeys(around, table);
  if (!guess) return { ...everybody('no row level security, and nothing leads to a user'), notes: [OPEN] };
  // Where other tables have policies, this one lacks them: the API shows it to everybody, and its keys say otherwise.
  const isMissed = guess.rule !== PUBLIC && around.catalogue.tables.some(({ isSecured }) => isSecured);
  return isMissed ? { ...guess, notes: [...guess.notes, BY_KEYS] } : guess;
}

function scopeOf(around: Surroundings, table: CatalogueTable): ScopeProposal {
  if (!table.isSecured) return withoutPolicies(around, table);
  const policies = readingPolicies(table);
  const scope = scopeByPolicies(around, table);
  if (scope) return scope.rule === PUBLIC ? { ...scope, notes: [...scope.notes, ...writeNotes(around, table)] } : scope;
  // The policies are beyond reading: closed rather than open. What the keys would say is for a person to decide.
  const text = [...policies, ...narrowingPolicies(table)]
    .map(({ using, isPermissive }) => using ?? String(!isPermissive))
    .join('; ');
  const owner = ownerByPolicies(around, table);
  const guess = scopeByKeys(around, table);
  const byKeys = guess && guess.rule !== NOBODY ? `; by its keys it would be ${describeRule(guess.rule)}` : '';
  const hint = owner === null ? byKeys : `; without what else it asks it would be user:<${owner}>`;
  const notes = [`REVIEW: no scope says what the policies say, so nobody reads this yet: ${oneLine(text)}${hint}`];
  return { rule: NOBODY, because: 'policies that no scope says', notes };
}

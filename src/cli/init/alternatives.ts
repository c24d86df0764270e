import type { CatalogueTable, Policy } from './catalogue.ts';
import { and, type Condition, renumber } from './policy/condition.ts';
import { implies, type Simple, simplify, toCondition } from './policy/simplify.ts';
import type { Alternative, Surroundings } from './scope-parts.ts';

/** The permissive policies by which signed-in users read. */
export function readingPolicies(table: CatalogueTable): Policy[] {
  return policiesOfUsers(table).filter((policy) => policy.isPermissive && isReading(policy));
}

/** The policies that take away what those give. */
export function narrowingPolicies(table: CatalogueTable): Policy[] {
  return policiesOfUsers(table).filter((policy) => !policy.isPermissive && isReading(policy));
}

/** The policies that hold for signed-in users. */
export function policiesOfUsers({ policies }: CatalogueTable): Policy[] {
  return policies.filter(({ roles }) => roles.includes('public') || roles.includes('authenticated'));
}

/** More ways than this are not worth telling apart. */
const MAX_WAYS = 32;

/** The ways in which the policies let users read a row of the table: what one of them covers is left out. */
export function readAlternatives(around: Surroundings, table: CatalogueTable): readonly Alternative[] {
  const known = around.alternatives.get(table.name);
  if (known) return known;
  // While they are being found out: a policy that comes back to its own table is not followed further.
  around.alternatives.set(table.name, []);
  const found = findAlternatives(around, table);
  around.alternatives.set(table.name, found);
  return found;
}

function findAlternatives(around: Surroundings, table: CatalogueTable): Alternative[] {
  const { reader } = around;
  const narrow = narrowingPolicies(table).map(({ using }) => reader.read(using ?? 'true', table.name));
  // A policy for everything that has WITH CHECK alone lets nobody read.
  const found = readingPolicies(table).flatMap((policy) => {
    const open = narrow.reduce(
      (all, next) => all.flatMap((one) => next.map((other) => and(one, other))),
      reader.read(policy.using ?? 'false', table.name),
    );
    const ways = simplified(around, open).flatMap((of) => withPolicies(around, of));
    return ways.map((of) => loosen({ policy, of, isLoosened: false }));
  });
  // Of two that say the same, the one stays that says all it asks.
  const sorted = found.toSorted((a, b) => Number(a.isLoosened) - Number(b.isLoosened));
  const isCovered = ({ of }: Alternative, index: number) =>
    sorted.some((other, at) => at !== index && implies(of, other.of) && (at < index || !implies(other.of, of)));
  return sorted.filter((one, index) => !isCovered(one, index));
}

/** What of the conditions can be true at all. */
export function simplified({ tables }: Surroundings, conditions: readonly Condition[]): Simple[] {
  return conditions.flatMap((one) => simplify(one, tables) ?? []);
}

/** With what the policies of other tables ask of the rows that are looked up there. Rows that are only asked to be there come later. */
function withPolicies(around: Surroundings, of: Simple): Simple[] {
  const row = [...of.guarded].find((one) => one !== 0 && !isBare(of, one));
  const table = row === undefined ? undefined : around.tables.get(of.rows.get(row) ?? '');
  if (row === undefined || !table) return [of];
  const open = { ...of, guarded: of.guarded.difference(new Set([row])) };
  const ways = readAlternatives(around, table);
  if (ways.some((way) => !way.isLoosened && implies(open, way.of, row))) return withPolicies(around, open);
  const placed = ways.map((way) => and(toCondition(open), placedAt(around, way.of, row)));
  const found = simplified(around, placed).flatMap((one) => withPolicies(around, one));
  return found.length > MAX_WAYS ? [{ ...of, hasMore: true }] : found;
}

function placedAt({ reader }: Surroundings, of: Simple, row: number): Condition {
  const numbers = new Map([...of.rows.keys()].map((one) => [one, one === 0 ? row : reader.nextRow()]));
  return renumber(toCondition(of), (one) => numbers.get(one) ?? one);
}

/** It is asked to be there, and for nothing that has to do with the caller. */
export function isBare({ classes, nulls, locals }: Simple, row: number): boolean {
  return (
    ![...nulls, ...locals].some((one) => one.row === row) &&
    classes.every(({ terms, isCaller }) => !isCaller || !terms.some((term) => term.row === row))
  );
}

/** Rows marked as deleted are no secret from those who had them. */
function loosen(one: Alternative): Alternative {
  const { of } = one;
  const isMark = (text: string) => /delet|remov|archiv|trash/i.test(text);
  const isKept = ({ row }: { readonly row: number }, text: string) => row !== 0 || !isMark(text);
  const nulls = of.nulls.filter((term) => isKept(term, term.column));
  const locals = of.locals.filter((local) => isKept(local, JSON.stringify(local.expression)));
  if (!of.classes.some(({ isCaller }) => isCaller)) return one;
  const isLoosened = nulls.length < of.nulls.length || locals.length < of.locals.length;
  return isLoosened ? { ...one, of: { ...of, nulls, locals }, isLoosened } : one;
}

/** Nothing is asked. */
export function isEverything({ rows, classes, nulls, locals, hasMore }: Simple): boolean {
  return !hasMore && rows.size === 1 && classes.length + nulls.length + locals.length === 0;
}

/** Whose column equals the caller, and nothing else is asked. */
export function ownerOf({ rows, classes, nulls, locals, hasMore }: Simple): string | null {
  const [only] = classes;
  if (hasMore || rows.size > 1 || classes.length !== 1 || nulls.length + locals.length > 0) return null;
  return only?.isCaller ? (only.terms[0]?.column ?? null) : null;
}

/** Nothing is asked but that the column is null. */
export function isNull({ rows, classes, nulls, locals, hasMore }: Simple, column: string): boolean {
  return (
    !hasMore &&
    rows.size === 1 &&
    classes.length + locals.length === 0 &&
    nulls.length === 1 &&
    nulls[0]?.column === column
  );
}

function isReading({ command }: Policy): boolean {
  return command === 'all' || command === 'select';
}

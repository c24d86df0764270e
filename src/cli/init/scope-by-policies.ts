import type { ColumnScope, SharedWhen } from 'tidemark/core';
import {
  isBare,
  isEverything,
  isNull,
  ownerOf,
  policiesOfUsers,
  readAlternatives,
  simplified,
} from './alternatives.ts';
import type { CatalogueTable } from './catalogue.ts';
import { and, type Condition, condition, type Term } from './policy/condition.ts';
import { type GroupQuery, groupQuery, isAmong, ownQuery } from './policy/group-query.ts';
import { classOf, implies, type Simple, toCondition } from './policy/simplify.ts';
import {
  type Alternative,
  columnScope,
  everybody,
  hasColumn,
  isNullable,
  NOBODY,
  PUBLIC,
  type ScopeProposal,
  type Surroundings,
} from './scope-parts.ts';
import { isSharing, sharedExpression, sharedRows } from './shared-rows.ts';

/**
 * The scope that the policies describe; null where no scope does. It never gives a row to somebody whom the policies do not,
 * but for own rows that are hidden from their owner, and rows marked as deleted: that is said in a note.
 */
export function scopeByPolicies(around: Surroundings, table: CatalogueTable): ScopeProposal | null {
  const alternatives = readAlternatives(around, table);
  if (alternatives.some(({ of }) => isEverything(of)))
    return everybody(`policy ${quoteNames(alternatives.filter(({ of }) => isEverything(of)))}`);
  const reading = { around, table, alternatives };
  const direct = bySharedColumn(reading) ?? byParent(reading);
  if (direct) return direct;
  const full = { ...reading, alternatives: alternatives.flatMap((one) => withParents(around, one)) };
  return bySharedColumn(full) ?? byParent(full) ?? byColumn(full) ?? byOwnerAndMore(full) ?? byFlag(full);
}

/** The column by which rows are somebody's own, where a policy asks for more than can be read; null where there is none. */
export function ownerByPolicies(around: Surroundings, table: CatalogueTable): string | null {
  const found = readAlternatives(around, table).flatMap(({ of }) => of.classes.filter(({ isCaller }) => isCaller));
  return found.flatMap(({ terms }) => terms.filter(({ row }) => row === 0))[0]?.column ?? null;
}

/** Everybody reads, but not everybody writes: a scope cannot say that alone. */
export function writeNotes(around: Surroundings, table: CatalogueTable): string[] {
  const writing = policiesOfUsers(table).filter(({ command }) => command !== 'select');
  const owner = writing
    .flatMap(({ using, check }) => simplified(around, around.reader.read(using ?? check ?? 'false', table.name)))
    .flatMap(({ classes }) => classes.flatMap(({ terms, isCaller }) => (isCaller ? terms : [])))
    .find(({ row }) => row === 0);
  if (owner === undefined) return [];
  return [
    `everybody reads, only ${owner.column} writes: keep its policies (row level security), or check it in \`validate\``,
  ];
}

export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 200);
}

interface Reading {
  readonly around: Surroundings;
  readonly table: CatalogueTable;
  readonly alternatives: readonly Alternative[];
}

/** Members, or one owner, by a column of the row's own. */
function bySharedColumn(reading: Reading): ScopeProposal | null {
  const { around, table, alternatives } = reading;
  const shared = table.columns.find(({ name }) =>
    alternatives.some(({ of }) => {
      const query = answered(around, groupQuery(of, name));
      return query !== null && around.groups.isMembership(query);
    }),
  );
  if (shared) return labelledBy(reading, shared.name);
  const owner = alternatives.map(({ of }) => ownerOf(of)).find((column) => column !== null);
  return owner === undefined || owner === null ? null : labelledBy(reading, owner);
}

/** Any other question by which values of a column are found. */
function byColumn(reading: Reading): ScopeProposal | null {
  const { around, table, alternatives } = reading;
  const column = table.columns.find(({ name }) =>
    alternatives.some(({ of }) => answered(around, groupQuery(of, name)) !== null),
  );
  return column ? labelledBy(reading, column.name) : null;
}

/** The query, unless the database has refused it. */
function answered({ groups }: Surroundings, query: GroupQuery | null): GroupQuery | null {
  return query && groups.isAnswered(query) ? query : null;
}

/** The scope of whoever may see rows with this value in the column. */
function labelledBy(reading: Reading, column: string): ScopeProposal {
  const { around, table, alternatives } = reading;
  const isKey = table.key.length === 1 && table.key[0] === column;
  const asQuery = (of: Simple) =>
    answered(around, groupQuery(of, column) ?? (isKey && ownerOf(of) !== column ? ownQuery(of, column) : null));
  const queries = alternatives.flatMap(({ of }) => asQuery(of) ?? []);
  const hasSelf = alternatives.some(({ of }) => ownerOf(of) === column);
  const kind = queries.length === 0 ? 'user' : around.groups.kindOf({ queries, hasSelf });
  const whenNull = alternatives.some(({ of }) => isNull(of, column)) ? PUBLIC : NOBODY;
  const shared = sharedRows(table, alternatives);
  const isSaid = ({ of }: Alternative) =>
    asQuery(of) !== null || ownerOf(of) === column || isNull(of, column) || isSharing(table, of, shared);
  const [first] = queries;
  const through = first
    ? ` through ${[...first.of.rows].filter(([row]) => row !== 0).map(([, name]) => name)[0] ?? table.name}`
    : '';
  return {
    rule: withShared(columnScope(table, kind, column, whenNull), shared),
    because: `policy ${quoteNames(alternatives.filter(isSaid))}${through}`,
    notes: alternatives.flatMap((one) => [
      ...(isSaid(one) ? [] : [readsToo(one)]),
      ...(one.isLoosened && isSaid(one) ? [holdMore(one)] : []),
    ]),
  };
}

function withShared(rule: ColumnScope, shared: SharedWhen | undefined): ColumnScope {
  return shared ? { ...rule, sharedWhen: shared } : rule;
}

function readsToo({ policy, of }: Alternative): string {
  const owner = ownerOf(of);
  return owner === null ? holdLess({ policy }) : `REVIEW: ${owner} reads a row too, and this scope does not say so`;
}

const holdLess = ({ policy }: Pick<Alternative, 'policy'>): string =>
  `REVIEW: devices hold less than policy "${policy.name}" shows: ${oneLine(policy.using ?? '')}`;

const holdMore = ({ policy }: Pick<Alternative, 'policy'>): string =>
  `REVIEW: devices hold more of their user's rows than policy "${policy.name}" shows: ${oneLine(policy.using ?? '')}`;

/** A parent whose scope gives the row to nobody but whom the policies do. */
function byParent(reading: Reading): ScopeProposal | null {
  const { table } = reading;
  for (const { column, parent } of parentsOf(reading)) {
    const fits = fittingParent(reading, column, parent);
    if (!fits) continue;
    const { rule } = fits.scope;
    const byCopy = typeof rule !== 'string' && 'by' in rule && rule.by === parent.key[0] && !rule.sharedWhen;
    const isPublic = rule === PUBLIC && !isNullable(table, column);
    return {
      rule: isPublic
        ? PUBLIC
        : byCopy
          ? columnScope(table, rule.kind, column, NOBODY)
          : { via: column, table: parent.name },
      because: `policy ${quoteNames(fits.said)} through ${parent.name}`,
      notes: [
        ...(isNullable(table, column) ? [`rows without ${column} belong to nobody`] : []),
        ...reading.alternatives.filter((one) => !fits.said.includes(one)).map(readsToo),
        ...fits.said.filter(({ isLoosened }) => isLoosened).map(holdMore),
      ],
    };
  }
  return null;
}

/** Rows of other tables that a column of this one leads to by their key: what the policies speak of first. */
function parentsOf({ around, table, alternatives }: Reading) {
  const found = alternatives.flatMap(({ of }) =>
    [...of.rows].flatMap(([row, name]) => {
      const parent = around.tables.get(name);
      const [key] = parent?.key ?? [];
      if (row === 0 || !parent || key === undefined || parent.key.length !== 1) return [];
      const own = classOf(of, { row, column: key })?.terms.find((term) => term.row === 0);
      return own ? [{ column: own.column, parent }] : [];
    }),
  );
  const referred = table.foreignKeys.flatMap(({ columns, schema, table: name }) => {
    const parent = schema === around.catalogue.schema ? around.tables.get(name) : undefined;
    const [column] = columns;
    return parent?.key.length === 1 && columns.length === 1 && column !== undefined ? [{ column, parent }] : [];
  });
  return [...found, ...referred].filter(({ column, parent }) => parent !== table && hasColumn(table, column));
}

function fittingParent({ around, table, alternatives }: Reading, column: string, parent: CatalogueTable) {
  const scope = around.scopeOf(parent.name);
  const [key] = parent.key;
  if (!scope || key === undefined) return null;
  const row = around.reader.nextRow();
  const link = condition(
    [
      [0, table.name],
      [row, parent.name],
    ],
    [{ kind: 'link', a: { row: 0, column }, b: { row, column: key } }],
  );
  const shown = simplified(
    around,
    shownBy(around, parent.name, row).map((one) => and(link, one)),
  );
  const readers = shown.map((one) => alternatives.filter(({ of }) => implies(one, of)));
  if (shown.length === 0 || readers.some((one) => one.length === 0)) return null;
  const isSaid = (one: Alternative) =>
    readers.some((some) => some.includes(one)) || shown.some((other) => implies(one.of, other));
  return { scope, said: alternatives.filter(isSaid) };
}

/** Who sees the row of a table that is numbered `row`, by the scope that was proposed for it. */
function shownBy(around: Surroundings, name: string, row: number): Condition[] {
  const rule = around.scopeOf(name)?.rule ?? NOBODY;
  const of = (atoms: Condition['atoms']) => condition([[row, name]], atoms);
  if (typeof rule === 'string') return rule === PUBLIC ? [of([])] : [];
  if ('via' in rule) {
    const above = around.reader.nextRow();
    const key = around.tables.get(rule.table)?.key[0] ?? '';
    const link = of([{ kind: 'link', a: { row, column: rule.via }, b: { row: above, column: key } }]);
    return shownBy(around, rule.table, above).map((one) => and(link, one));
  }
  const on = { row, column: rule.by };
  const members = around.groups.membersOf(rule.kind);
  return [
    ...(rule.whenNull === PUBLIC ? [of([{ kind: 'null', of: on }])] : []),
    ...(rule.sharedWhen ? [of([{ kind: 'local', row, expression: sharedExpression(rule.sharedWhen, row) }])] : []),
    ...(rule.kind === 'user' || members?.hasSelf ? [of([{ kind: 'caller', of: on }])] : []),
    ...(members?.queries ?? []).map((query) =>
      and(
        of([]),
        isAmong(query, on, () => around.reader.nextRow()),
      ),
    ),
  ];
}

/** Rows that are only asked to be there are seen by those who see them: the alternatives with that written out. */
function withParents(around: Surroundings, one: Alternative): Alternative[] {
  const { of } = one;
  const bare = [...of.guarded].find((row) => row !== 0 && isBare(of, row));
  if (bare === undefined) return [one];
  const rest = toCondition({ ...of, guarded: of.guarded.difference(new Set([bare])) });
  const shown = shownBy(around, of.rows.get(bare) ?? '', bare).map((parent) => and(rest, parent));
  return simplified(around, shown).flatMap((each) => withParents(around, { ...one, of: each }));
}

/** The caller's own rows, of which a policy hides some. */
function byOwnerAndMore(reading: Reading): ScopeProposal | null {
  const { table, alternatives } = reading;
  for (const one of alternatives) {
    const owner = one.of.classes.find(({ isCaller }) => isCaller)?.terms.find(({ row }) => row === 0);
    if (!owner || one.of.hasMore) continue;
    const shared = sharedRows(table, alternatives);
    return {
      rule: withShared(columnScope(table, 'user', owner.column, NOBODY), shared),
      because: `policy ${quoteNames([one])}`,
      notes: alternatives
        .filter(({ of }) => !isSharing(table, of, shared))
        .map((other) => (isOf(other, owner) ? holdMore(other) : holdLess(other))),
    };
  }
  return null;
}

/** Whether it shows rows of the user whom this column names. */
function isOf({ of }: Alternative, owner: Term): boolean {
  return classOf(of, owner)?.isCaller === true;
}

/** Everybody's rows beside such as no scope gives to anybody. */
function byFlag({ table, alternatives }: Reading): ScopeProposal | null {
  const shared = sharedRows(table, alternatives);
  const [key] = table.key;
  if (!shared || key === undefined) return null;
  const isSaid = ({ of }: Alternative) => isSharing(table, of, shared);
  return {
    rule: { kind: NOBODY, by: key, sharedWhen: shared },
    because: `policy ${quoteNames(alternatives.filter(isSaid))}`,
    notes: alternatives.filter((one) => !isSaid(one)).map(holdLess),
  };
}

function quoteNames(alternatives: readonly Alternative[]): string {
  return [...new Set(alternatives.map(({ policy }) => `"${policy.name}"`))].join(', ');
}

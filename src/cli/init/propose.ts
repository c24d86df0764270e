import type { Catalogue, CatalogueTable } from './catalogue.ts';
import { type ProposedColumn, proposeColumn } from './column-types.ts';
import { proposeScopes, type ScopeProposals } from './propose-scopes.ts';
import type { Membership, ScopeProposal } from './scope-parts.ts';

/** What `init` proposes: the tables of the schema file with their scopes, and what stays behind. */
export interface Proposal {
  /** The schema in Postgres. */
  readonly schema: string;
  readonly tables: readonly ProposedTable[];
  readonly memberships: readonly Membership[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

export interface ProposedTable {
  readonly name: string;
  readonly columns: readonly ProposedColumn[];
  readonly key: readonly string[];
  readonly scope: ScopeProposal;
  /** Columns by which children are found: each gets an index on the device. */
  readonly indexes: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

/** The schema that fits what the catalogue holds, for a person to review. No membership is asked for by one of the `refused` queries. */
export function propose(catalogue: Catalogue, refused: ReadonlySet<string> = new Set()): Proposal {
  const reasons = new Map<string, string>();
  const wanted = [...catalogue.wanted].flatMap((name) => catalogue.tables.find((table) => table.name === name) ?? []);
  for (const table of wanted) {
    const reason = reasonToSkip(table);
    if (reason !== null) reasons.set(table.name, reason);
  }
  const usable = wanted.filter(({ name }) => !reasons.has(name));
  const found = proposeScopes(catalogue, usable, refused);
  for (const [name, reason] of found.closed) reasons.set(name, reason);
  return {
    schema: catalogue.schema,
    tables: usable.flatMap((table) => proposeTable(table, found)),
    memberships: found.memberships,
    skipped: [...reasons].map(([name, reason]) => ({ name, reason })),
  };
}

function proposeTable(table: CatalogueTable, { scopes }: ScopeProposals): ProposedTable[] {
  const scope = scopes.get(table.name);
  if (!scope) return [];
  const named = table.columns.filter(({ name, isHidden }) => isName(name) && !isHidden);
  const hidden = table.columns.filter(({ isHidden }) => isHidden);
  const unnamed = table.columns.filter(({ name }) => !isName(name));
  return [
    {
      name: table.name,
      columns: named.map((column) => proposeColumn(column, table.key.includes(column.name))),
      key: table.key,
      scope,
      indexes: table.foreignKeys
        .map((key) => key.columns)
        .filter((one) => !startsKey(table, one) && one.every((name) => named.some((column) => column.name === name))),
      notes: [
        ...unnamed.map(({ name }) => `column ${JSON.stringify(name)} is left out: a device cannot have such a name`),
        ...hidden.map(({ name }) => `column ${name} is left out: the role authenticated may not read it`),
      ],
    },
  ];
}

/** SQLite finds by the first columns of the primary key without another index. */
function startsKey({ key }: CatalogueTable, columns: readonly string[]): boolean {
  return columns.every((name, index) => key[index] === name);
}

function reasonToSkip(table: CatalogueTable): string | null {
  if (!isName(table.name)) return 'a device cannot have a table of this name (letters, digits and _ only)';
  if (table.obstacle !== null) return table.obstacle;
  if (table.isHidden) return 'the role authenticated may not read it';
  if (table.key.length === 0) return 'it has no primary key';
  const hidden = table.columns.find(({ name, isHidden }) => isHidden && table.key.includes(name));
  if (hidden) return `the role authenticated may not read ${hidden.name}, which is in its key`;
  const bad = table.key.find((name) => !isName(name));
  if (bad !== undefined) return `its key has the column ${JSON.stringify(bad)}, a name that a device cannot have`;
  const column = table.columns.find(({ name, isArray }) => table.key.includes(name) && isArray);
  if (column) return `its key has the column ${column.name}, an array`;
  const open = table.columns.find(
    ({ name, type }) => table.key.includes(name) && ['float4', 'float8', 'json', 'jsonb'].includes(type),
  );
  return open ? `its key has the column ${open.name} of type ${open.type}` : null;
}

/** The names that `defineSchema` admits. */
function isName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name) && !/^(_tidemark_|sqlite_|__proto__$)/i.test(name);
}

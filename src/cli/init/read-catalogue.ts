import type postgres from 'postgres';
import { CliError } from '../io.ts';
import type { Catalogue, CatalogueColumn, CatalogueTable, ForeignKey, Policy } from './catalogue.ts';

export interface ReadOptions {
  readonly schema: string;
  /** Only these tables; null for all. */
  readonly tables: readonly string[] | null;
}

/** Reads the tables of a schema from Postgres' catalogue. Writes nothing. */
export async function readCatalogue(db: postgres.Sql, { schema, tables }: ReadOptions): Promise<Catalogue> {
  const found = await readTables(db, schema);
  if (found.length === 0) throw new CliError(`The schema ${JSON.stringify(schema)} has no tables.`);
  const wanted = tables === null ? found : pick(found, tables, schema);
  const policies = found.flatMap((table) => table.policies);
  return {
    schema,
    tables: found,
    wanted: new Set(wanted.map(({ name }) => name)),
    functions: await readFunctions(db, policies),
  };
}

function pick(found: readonly CatalogueTable[], names: readonly string[], schema: string): CatalogueTable[] {
  const byName = new Map(found.map((table) => [table.name, table]));
  return names.map((name) => {
    const table = byName.get(name);
    if (table) return table;
    throw new CliError(`There is no table ${schema}.${name}. There are: ${[...byName.keys()].join(', ')}.`);
  });
}

async function readTables(db: postgres.Sql, schema: string): Promise<CatalogueTable[]> {
  // Partitions are read through the table they are parts of.
  const tables = await db<TableRow[]>`
    SELECT c.relname AS name, c.relrowsecurity AS "isSecured", pg_has_role(c.relowner, 'USAGE') AS "isOurs",
           pg_get_userbyid(c.relowner) AS owner,
           (SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' LIMIT 1) AS extension
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ${schema} AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.relname`;
  const [columns, keys, policies] = [
    group(await readColumns(db, schema)),
    group(await readKeys(db, schema)),
    group(await readPolicies(db, schema)),
  ];
  // A role of that name that may read nothing here belongs to another project.
  const isSupabase = [...columns.values()].some((some) => some.some(({ isHidden }) => !isHidden));
  return tables.map(({ name, isSecured, isOurs, owner, extension }) => {
    const own = (columns.get(name) ?? []).map((row) => ({ ...row, isHidden: isSupabase && row.isHidden }));
    const constraints = keys.get(name) ?? [];
    return {
      name,
      columns: own.map(toColumn),
      key: constraints.find(({ type }) => type === 'p')?.columns ?? [],
      foreignKeys: constraints.filter(({ type }) => type === 'f').map(toForeignKey),
      uniqueKeys: constraints.filter(({ type }) => type === 'u').map((one) => one.columns),
      isSecured,
      isHidden: own.length > 0 && own.every((column) => column.isHidden),
      obstacle:
        extension !== null
          ? `it belongs to the extension ${extension}`
          : isOurs
            ? null
            : `it belongs to the role ${owner}, and only its owner may put triggers on it`,
      policies: (policies.get(name) ?? []).map(toPolicy),
    };
  });
}

interface TableRow {
  readonly name: string;
  readonly isSecured: boolean;
  readonly isOurs: boolean;
  readonly owner: string;
  readonly extension: string | null;
}

interface ColumnRow {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly typeType: string;
  readonly isArray: boolean;
  readonly isRequired: boolean;
  readonly defaultText: string | null;
  readonly generated: string;
  readonly identity: string;
  readonly isHidden: boolean;
}

async function readColumns(db: postgres.Sql, schema: string): Promise<ColumnRow[]> {
  // The inner SELECT looks through a domain, the outer one through an array.
  return await db<ColumnRow[]>`
    SELECT x."table", x.name, coalesce(e.typname, x.typname) AS type, coalesce(e.typtype, x.typtype) AS "typeType",
           e.oid IS NOT NULL AS "isArray", x."isRequired", x."defaultText", x.generated, x.identity, x."isHidden"
    FROM (
      SELECT c.relname AS "table", a.attname AS name, a.attnum, a.attnotnull OR d.typnotnull AS "isRequired",
             a.attgenerated AS generated, a.attidentity AS identity, pg_get_expr(f.adbin, f.adrelid) AS "defaultText",
             b.typname, b.typtype, b.typcategory, b.typelem,
             NOT coalesce((SELECT has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT') FROM pg_roles r
                           WHERE r.rolname = 'authenticated'), true) AS "isHidden"
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_type d ON d.oid = a.atttypid
      JOIN pg_type b ON b.oid = CASE WHEN d.typtype = 'd' THEN d.typbasetype ELSE d.oid END
      LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
      WHERE n.nspname = ${schema} AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    ) x
    LEFT JOIN pg_type e ON e.oid = x.typelem AND x.typcategory = 'A'
    ORDER BY x."table", x.attnum`;
}

function toColumn(row: ColumnRow): CatalogueColumn {
  return {
    name: row.name,
    type: row.type,
    kind: kindOf(row.typeType),
    isArray: row.isArray,
    isNullable: !row.isRequired,
    defaultText: row.generated === '' ? row.defaultText : null,
    isGenerated: row.generated !== '' || row.identity === 'a',
    isHidden: row.isHidden,
    isIdentity: row.identity !== '' || (row.defaultText ?? '').startsWith('nextval('),
  };
}

function kindOf(typeType: string): CatalogueColumn['kind'] {
  if (typeType === 'b' || typeType === 'd') return 'plain';
  if (typeType === 'e') return 'enum';
  return typeType === 'c' ? 'composite' : 'other';
}

interface KeyRow {
  readonly table: string;
  readonly type: string;
  readonly columns: string[];
  readonly refSchema: string | null;
  readonly refTable: string | null;
  readonly referenced: string[];
  readonly onDelete: string;
}

async function readKeys(db: postgres.Sql, schema: string): Promise<KeyRow[]> {
  return await db<KeyRow[]>`
    SELECT c.relname AS "table", k.contype AS type, k.confdeltype AS "onDelete", rn.nspname AS "refSchema", r.relname AS "refTable",
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, i)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i) AS columns,
           ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, i)
                 JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i) AS referenced
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class r ON r.oid = k.confrelid
    LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
    WHERE n.nspname = ${schema} AND k.contype IN ('p', 'u', 'f') AND NOT c.relispartition
    ORDER BY c.relname, k.conkey, k.conname`;
}

function toForeignKey(row: KeyRow): ForeignKey {
  return {
    columns: row.columns,
    schema: row.refSchema ?? '',
    table: row.refTable ?? '',
    referenced: row.referenced,
    isCascading: row.onDelete === 'c',
  };
}

interface PolicyRow {
  readonly table: string;
  readonly name: string;
  readonly command: string;
  readonly isPermissive: boolean;
  readonly roles: string[];
  readonly using: string | null;
  readonly check: string | null;
}

async function readPolicies(db: postgres.Sql, schema: string): Promise<PolicyRow[]> {
  return await db<PolicyRow[]>`
    SELECT c.relname AS "table", p.polname AS name, p.polcmd AS command, p.polpermissive AS "isPermissive",
           ARRAY(SELECT CASE WHEN o.role = 0 THEN 'public' WHEN pg_has_role(u.oid, o.role, 'USAGE') THEN 'authenticated'
                             ELSE pg_get_userbyid(o.role)::text END
                 FROM unnest(p.polroles) o(role) LEFT JOIN pg_roles u ON u.rolname = 'authenticated') AS roles,
           pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ${schema}
    ORDER BY c.relname, p.polname`;
}

const COMMANDS: Readonly<Record<string, Policy['command']>> = {
  '*': 'all',
  r: 'select',
  a: 'insert',
  w: 'update',
  d: 'delete',
};

function toPolicy({ name, command, isPermissive, roles, using, check }: PolicyRow): Policy {
  return { name, command: COMMANDS[command] ?? 'all', isPermissive, roles, using, check };
}

/** The functions that the policies call, and those that these call: a policy often hides the table of members in one. */
async function readFunctions(db: postgres.Sql, policies: readonly Policy[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const asked = new Set<string>();
  let texts = policies.map(({ using, check }) => `${using ?? ''} ${check ?? ''}`);
  for (;;) {
    const names = [...new Set(texts.flatMap(calledNames))].filter((name) => !asked.has(name));
    if (names.length === 0) return found;
    for (const name of names) asked.add(name);
    const rows = await readNamed(db, names);
    for (const { name, schema, isVisible, body } of rows) {
      found.set(`${schema}.${name}`, body);
      if (isVisible) found.set(name, body);
    }
    texts = rows.map(({ body }) => body);
  }
}

function calledNames(text: string): string[] {
  return [...text.matchAll(/([A-Za-z_]\w*)"?\s*\(/g)].map((match) => match[1] ?? '');
}

interface FunctionRow {
  readonly name: string;
  readonly schema: string;
  /** It may be called without its schema. */
  readonly isVisible: boolean;
  readonly body: string;
}

/** Of several with one name nobody can tell which is meant: they stay unknown. */
async function readNamed(db: postgres.Sql, names: readonly string[]): Promise<FunctionRow[]> {
  return await db<FunctionRow[]>`
    SELECT p.proname AS name, n.nspname AS schema, pg_function_is_visible(p.oid) AS "isVisible", pg_get_functiondef(p.oid) AS body
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.proname IN ${db(names)} AND p.prokind = 'f' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'auth', 'extensions')
      AND NOT EXISTS (SELECT 1 FROM pg_proc o WHERE o.proname = p.proname AND o.pronamespace = p.pronamespace AND o.oid <> p.oid)`;
}

function group<T extends { readonly table: string }>(rows: readonly T[]): Map<string, T[]> {
  return Map.groupBy(rows, (row) => row.table);
}

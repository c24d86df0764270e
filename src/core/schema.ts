import { SyncError } from '../shared/error.ts';
import { type ConflictPolicy, NAMED_POLICIES } from './policy.ts';

/** The kinds of column. Each has one mapping to SQLite, to the wire and to app values: see `values.ts`. */
export type ColumnKind =
  | 'text'
  | 'uuid'
  | 'integer'
  | 'bigint'
  | 'real'
  | 'boolean'
  | 'timestamp'
  | 'date'
  | 'json'
  | 'blob'
  | 'decimal'
  | 'counter';

/** A JSON value, as `t.json()` columns hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * A column of a table, made by {@link t}. `T` is its app value; `Optional` tells whether an insert may leave it out.
 */
export class Column<T = unknown, Optional extends boolean = boolean> {
  /** Only for types. */
  declare readonly _value: T;
  declare readonly _optional: Optional;
  readonly kind: ColumnKind;
  readonly isNullable: boolean;
  readonly defaultValue: unknown;
  readonly policy: ConflictPolicy | undefined;

  constructor(
    kind: ColumnKind,
    options: { isNullable?: boolean; defaultValue?: unknown; policy?: ConflictPolicy } = {},
  ) {
    this.kind = kind;
    this.isNullable = options.isNullable ?? false;
    this.defaultValue = options.defaultValue;
    this.policy = options.policy;
  }

  /** The column may be null; an insert may leave it out. */
  nullable(): Column<T | null, true> {
    return new Column(this.kind, { ...this.#options(), isNullable: true });
  }

  /** The value of an insert that leaves the column out. */
  default(value: T): Column<T, true> {
    return new Column(this.kind, { ...this.#options(), defaultValue: value });
  }

  /** How this column decides when two devices changed it; overrides the table's `conflict`. */
  conflict(policy: ConflictPolicy): Column<T, Optional> {
    return new Column(this.kind, { ...this.#options(), policy });
  }

  #options() {
    return {
      isNullable: this.isNullable,
      defaultValue: this.defaultValue,
      ...(this.policy === undefined ? {} : { policy: this.policy }),
    };
  }
}

/** The column types. */
export const t = {
  /** Any Unicode text, kept as written (never normalised). Lone surrogates are refused. */
  text: () => new Column<string, false>('text'),
  /** A UUID, as text. */
  uuid: () => new Column<string, false>('uuid'),
  /** A whole number; read back as `bigint` outside ±2^53. */
  integer: () => new Column<number, false>('integer'),
  /** An int64, always a `bigint` in the app. */
  bigint: () => new Column<bigint, false>('bigint'),
  /** A double, bit-exact; NaN is refused, and −0 becomes 0: a SQLite REAL column has no −0. */
  real: () => new Column<number, false>('real'),
  /** true or false; 1 or 0 in SQLite. */
  boolean: () => new Column<boolean, false>('boolean'),
  /** An instant as ISO 8601 text, to the microsecond. */
  timestamp: () => new Column<string, false>('timestamp'),
  /** A calendar day as `YYYY-MM-DD`. */
  date: () => new Column<string, false>('date'),
  /** A JSON value, stored as JSON text. */
  json: <T = Json>() => new Column<T, false>('json'),
  /** Bytes. */
  blob: () => new Column<Uint8Array, false>('blob'),
  /** An exact decimal number, as text. */
  decimal: () => new Column<string, false>('decimal'),
  /** A whole number that devices increment side by side: increments add up and never conflict. Starts at 0. */
  counter: () => new Column<number, true>('counter', { defaultValue: 0 }),
} as const;

/** Columns by name. */
export type Columns = Readonly<Record<string, Column>>;

/**
 * Rows carry the scope `<kind>:<value of column by>`, or `whenNull` when that value is null. Those of which `sharedWhen` is true
 * carry its scope instead.
 */
export interface ColumnScope {
  readonly kind: string;
  readonly by: string;
  readonly whenNull?: string;
  readonly sharedWhen?: SharedWhen;
}

/**
 * A column that tells shared rows from private ones: `{ column: 'is_public', is: [true], scope: 'public' }`. The column is a boolean, a text or an
 * integer. It `is` one of these values, or, with `isNot`, none of them; a null is neither.
 */
export type SharedWhen = { readonly column: string; readonly scope: string } & (
  | { readonly is: readonly FlagValue[]; readonly isNot?: never }
  | { readonly isNot: readonly FlagValue[]; readonly is?: never }
);

/** What a column of {@link SharedWhen} is compared with. */
export type FlagValue = boolean | string | number;

/** Rows carry the scope of the parent row in `table` whose single-column key equals this row's column `via`. */
export interface ParentScope {
  readonly via: string;
  readonly table: string;
}

/** The same scope for every row of the table. */
export type ScopeRule = ColumnScope | ParentScope | string;

export interface TableOptions {
  readonly primaryKey?: readonly string[];
  readonly scope?: ScopeRule;
  readonly indexes?: readonly (readonly string[])[];
  readonly conflict?: ConflictPolicy;
}

/** A table as written in {@link defineSchema}. */
export interface TableInput<C extends Columns = Columns> {
  readonly columns: C;
  readonly options: TableOptions;
}

/** A table, checked and complete. */
export interface Table<C extends Columns = Columns> {
  readonly name: string;
  readonly columns: C;
  readonly primaryKey: readonly string[];
  /** The columns that are not part of the key, in the order of the schema. */
  readonly valueColumns: readonly string[];
  readonly scope: ScopeRule;
  readonly indexes: readonly (readonly string[])[];
  readonly conflict: ConflictPolicy;
}

export type TablesInput = Readonly<Record<string, TableInput>>;

/** What {@link defineSchema} returns. */
export interface Schema<T extends TablesInput = TablesInput> {
  readonly version: number;
  readonly tables: { readonly [N in keyof T]: Table<T[N]['columns']> };
}

type ColumnsOf<S extends Schema, N extends keyof S['tables']> = S['tables'][N]['columns'];
type TableName<S extends Schema> = keyof S['tables'] & string;
type OptionalNames<C extends Columns> = {
  [K in keyof C]: true extends C[K]['_optional'] ? K : never;
}[keyof C];

/** The type of a row of a table. */
export type InferRow<S extends Schema, N extends TableName<S>> = {
  -readonly [K in keyof ColumnsOf<S, N>]: ColumnsOf<S, N>[K]['_value'];
};

/** The type of what `tx.insert` takes: nullable columns and those with a default may be left out. */
export type InferInsert<S extends Schema, N extends TableName<S>> = Omit<
  InferRow<S, N>,
  OptionalNames<ColumnsOf<S, N>>
> &
  Partial<Pick<InferRow<S, N>, OptionalNames<ColumnsOf<S, N>> & keyof InferRow<S, N>>>;

/** Describes one table: its columns, and what goes beyond them. */
export function table<const C extends Columns>(columns: C, options: TableOptions = {}): TableInput<C> {
  return { columns, options };
}

/** The scope of tables that name none. */
export const DEFAULT_SCOPE = 'main';

/** Names starting with this belong to tidemark. */
export const RESERVED_PREFIX = '_tidemark_';

/**
 * Checks and completes a schema.
 *
 * @throws SyncError `invalid-schema`, naming table and column.
 * @example
 * ```ts
 * const schema = defineSchema({
 *   version: 1,
 *   tables: { issue: table({ id: t.uuid(), title: t.text(), votes: t.counter() }) },
 * });
 * ```
 */
export function defineSchema<const T extends TablesInput>(input: {
  readonly version: number;
  readonly tables: T;
}): Schema<T> {
  if (!Number.isSafeInteger(input.version) || input.version < 1) {
    throw invalid(`version must be a whole number from 1, received ${String(input.version)}`);
  }
  const tables: Record<string, Table> = {};
  for (const [name, definition] of Object.entries(input.tables)) tables[name] = checkTable(name, definition);
  for (const one of Object.values(tables)) checkScope(one, tables);
  return Object.freeze({ version: input.version, tables }) as Schema<T>;
}

/** The table of this name; `misuse` when the schema has none. */
export function tableOf(schema: Schema, name: string): Table {
  const found = Object.hasOwn(schema.tables, name) ? schema.tables[name] : undefined;
  if (found) return found;
  const known = Object.keys(schema.tables).join(', ');
  throw new SyncError('not-found', `The schema has no table ${JSON.stringify(name)}; it has: ${known}.`);
}

/** The column of this name; `misuse` when the table has none. */
export function columnOf(of: Table, name: string): Column {
  const found = Object.hasOwn(of.columns, name) ? of.columns[name] : undefined;
  if (found) return found;
  throw new SyncError('not-found', `Table ${JSON.stringify(of.name)} has no column ${JSON.stringify(name)}.`);
}

/** The policy that decides about one column. */
export function policyOf(of: Table, column: string): ConflictPolicy {
  return of.columns[column]?.policy ?? of.conflict;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const KEY_KINDS: readonly ColumnKind[] = [
  'text',
  'uuid',
  'integer',
  'bigint',
  'boolean',
  'timestamp',
  'date',
  'blob',
  'decimal',
];

function checkTable(name: string, { columns, options }: TableInput): Table {
  checkName(name, 'table');
  const names = Object.keys(columns);
  if (names.length === 0) throw invalid(`table ${name} has no columns`);
  for (const column of names) {
    checkName(column, `column of ${name}`);
    checkPolicy(columns[column]?.policy, `${name}.${column}`);
  }
  checkUniqueNames(name, names);
  checkPolicy(options.conflict, name);
  const primaryKey = options.primaryKey ?? ['id'];
  checkKey(name, columns, primaryKey);
  const indexes = options.indexes ?? [];
  for (const column of indexes.flat()) checkColumn(name, columns, column, 'an index');
  return Object.freeze({
    name,
    columns,
    primaryKey,
    valueColumns: names.filter((column) => !primaryKey.includes(column)),
    scope: options.scope ?? DEFAULT_SCOPE,
    indexes,
    conflict: options.conflict ?? 'merge',
  });
}

function checkName(name: string, what: string): void {
  if (!NAME.test(name)) {
    throw invalid(`${what} name ${JSON.stringify(name)} must be letters, digits and _ (at most 63, no digit first)`);
  }
  const lower = name.toLowerCase();
  if (lower.startsWith(RESERVED_PREFIX) || lower.startsWith('sqlite_') || lower === '__proto__') {
    throw invalid(`${what} name ${JSON.stringify(name)} is reserved`);
  }
}

/** SQLite compares names without regard to case. */
function checkUniqueNames(tableName: string, names: readonly string[]): void {
  const lower = new Set(names.map((name) => name.toLowerCase()));
  if (lower.size !== names.length) throw invalid(`table ${tableName} has two columns that differ in case only`);
}

function checkKey(name: string, columns: Columns, primaryKey: readonly string[]): void {
  if (primaryKey.length === 0) throw invalid(`table ${name} has an empty primaryKey`);
  for (const column of primaryKey) {
    const found = checkColumn(name, columns, column, 'the primary key');
    if (found.isNullable) throw invalid(`${name}.${column} is part of the primary key and must not be nullable`);
    if (!KEY_KINDS.includes(found.kind))
      throw invalid(`${name}.${column}: a ${found.kind} cannot be part of a primary key`);
  }
}

function checkColumn(name: string, columns: Columns, column: string, where: string): Column {
  const found = Object.hasOwn(columns, column) ? columns[column] : undefined;
  if (!found) throw invalid(`table ${name} has no column ${JSON.stringify(column)}, named in ${where}`);
  return found;
}

function checkPolicy(policy: ConflictPolicy | undefined, where: string): void {
  if (policy === undefined) return;
  if (typeof policy === 'string') {
    if (!NAMED_POLICIES.includes(policy)) throw invalid(`${where}: unknown conflict policy ${JSON.stringify(policy)}`);
    return;
  }
  if (policy.kind === 'compose') for (const one of policy.policies) checkPolicy(one, where);
}

function checkScope(of: Table, tables: Readonly<Record<string, Table>>): void {
  const rule = of.scope;
  if (typeof rule === 'string') return;
  if ('by' in rule) {
    const column = checkColumn(of.name, of.columns, rule.by, 'its scope');
    if (column.isNullable && rule.whenNull === undefined) {
      throw invalid(`${of.name}.${rule.by} is nullable, so its scope needs whenNull`);
    }
    if (rule.sharedWhen) checkSharedWhen(of, rule.sharedWhen);
    return;
  }
  checkColumn(of.name, of.columns, rule.via, 'its scope');
  checkParents(of, tables);
}

const FLAG_TYPES: Readonly<Partial<Record<ColumnKind, string>>> = {
  boolean: 'boolean',
  text: 'string',
  integer: 'number',
};

function checkSharedWhen(of: Table, { column, scope, is, isNot }: SharedWhen): void {
  const where = `sharedWhen of the scope of ${of.name}`;
  const { kind } = checkColumn(of.name, of.columns, column, 'sharedWhen of its scope');
  const values: readonly unknown[] = is ?? isNot ?? [];
  const type = FLAG_TYPES[kind];
  if (type === undefined) throw invalid(`${where}: ${column} is of kind ${kind}; it can be boolean, text or integer`);
  if ((is === undefined) === (isNot === undefined) || values.length === 0)
    throw invalid(`${where} needs values in \`is\` or in \`isNot\``);
  const other = values.find((value) => typeof value !== type);
  if (other !== undefined) throw invalid(`${where}: ${column} is of kind ${kind}, and never ${JSON.stringify(other)}`);
  if (typeof scope !== 'string' || scope === '') throw invalid(`${where} needs a scope`);
}

/** Walks up the parents: each must exist, have a one-column key, and the walk must end. */
function checkParents(of: Table, tables: Readonly<Record<string, Table>>): void {
  const seen = new Set([of.name]);
  for (let rule: ScopeRule = of.scope; typeof rule === 'object' && 'via' in rule; ) {
    const parent: Table | undefined = tables[rule.table];
    if (!parent)
      throw invalid(
        `the scope of ${of.name} goes through table ${JSON.stringify(rule.table)}, which is not in the schema`,
      );
    if (parent.primaryKey.length !== 1)
      throw invalid(`the scope of ${of.name} goes through ${parent.name}, whose primary key has several columns`);
    if (seen.has(parent.name)) throw invalid(`the scope of ${of.name} goes round in a circle at ${parent.name}`);
    seen.add(parent.name);
    rule = parent.scope;
  }
}

function invalid(what: string): SyncError {
  return new SyncError('invalid-schema', `Invalid schema: ${what}.`);
}

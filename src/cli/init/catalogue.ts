/** What Postgres' catalogue tells about the tables of one schema: no more than a proposal needs. */
export interface Catalogue {
  /** The schema that was read, such as `public`. */
  readonly schema: string;
  readonly tables: readonly CatalogueTable[];
  /** The names of those that somebody asked for. The others are there because policies may look into them. */
  readonly wanted: ReadonlySet<string>;
  /** The definitions of the functions that row policies call, by name, with the schema and, where that may be left out, without. */
  readonly functions: ReadonlyMap<string, string>;
}

export interface CatalogueTable {
  readonly name: string;
  readonly columns: readonly CatalogueColumn[];
  /** Columns of the primary key; empty where there is none. */
  readonly key: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
  /** Each a list of columns. Without the primary key. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Row level security is on. */
  readonly isSecured: boolean;
  /** The role `authenticated` exists and may not read any of it. */
  readonly isHidden: boolean;
  /** Why tidemark cannot be put on it; null where it can. */
  readonly obstacle: string | null;
  readonly policies: readonly Policy[];
}

export interface CatalogueColumn {
  readonly name: string;
  /** The type's name as in pg_type (`int8`, `timestamptz`, …); of a domain, the type beneath; of an array, the element's. */
  readonly type: string;
  readonly kind: 'plain' | 'enum' | 'composite' | 'other';
  readonly isArray: boolean;
  readonly isNullable: boolean;
  /** The expression of its default, as Postgres prints it. */
  readonly defaultText: string | null;
  /** Postgres alone gives the value: a generated column, or GENERATED ALWAYS AS IDENTITY. */
  readonly isGenerated: boolean;
  /** The role `authenticated` exists and may not read it. */
  readonly isHidden: boolean;
  /** Postgres gives a value to a row that has none: a sequence, or any kind of identity. */
  readonly isIdentity: boolean;
}

export interface ForeignKey {
  readonly columns: readonly string[];
  readonly schema: string;
  readonly table: string;
  readonly referenced: readonly string[];
  readonly isCascading: boolean;
}

export interface Policy {
  readonly name: string;
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete';
  /** `public` stands for everybody; a role that `authenticated` is a member of, for `authenticated`. */
  readonly roles: readonly string[];
  readonly isPermissive: boolean;
  /** The expression of USING, as Postgres prints it. */
  readonly using: string | null;
  /** The expression of WITH CHECK. */
  readonly check: string | null;
}

import { type ConflictPolicy, serverPolicy } from '../core/policy.ts';
import { Column, type ColumnKind, defineSchema, type Schema, type ScopeRule, type TableInput } from '../core/schema.ts';

/** A schema as plain data: what a page sends its worker. Policies are what is left of them without app code. */
export interface SchemaWire {
  readonly version: number;
  readonly tables: readonly TableWire[];
}

interface TableWire {
  readonly name: string;
  readonly columns: readonly ColumnWire[];
  readonly primaryKey: readonly string[];
  readonly scope: ScopeRule;
  readonly indexes: readonly (readonly string[])[];
  readonly conflict: ConflictPolicy;
}

interface ColumnWire {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly isNullable: boolean;
  readonly defaultValue: unknown;
  readonly policy: ConflictPolicy | null;
}

/** The schema as data that can be cloned. App code stays behind: such policies become `manual`. */
export function schemaToWire(schema: Schema): SchemaWire {
  const tables = Object.values(schema.tables).map((of) => ({
    name: of.name,
    columns: Object.entries(of.columns).map(([name, column]) => columnToWire(name, column)),
    primaryKey: of.primaryKey,
    scope: of.scope,
    indexes: of.indexes,
    conflict: serverPolicy(of.conflict),
  }));
  return { version: schema.version, tables };
}

/** The schema from its data. */
export function schemaFromWire(wire: SchemaWire): Schema {
  const tables = wire.tables.map((of): [string, TableInput] => {
    const columns = Object.fromEntries(of.columns.map((column) => [column.name, columnFromWire(column)]));
    const { primaryKey, scope, indexes, conflict } = of;
    return [of.name, { columns, options: { primaryKey, scope, indexes, conflict } }];
  });
  return defineSchema({ version: wire.version, tables: Object.fromEntries(tables) });
}

function columnToWire(name: string, column: Column): ColumnWire {
  const policy = column.policy === undefined ? null : serverPolicy(column.policy);
  return { name, kind: column.kind, isNullable: column.isNullable, defaultValue: column.defaultValue, policy };
}

function columnFromWire({ kind, isNullable, defaultValue, policy }: ColumnWire): Column {
  return new Column(kind, { isNullable, defaultValue, ...(policy === null ? {} : { policy }) });
}

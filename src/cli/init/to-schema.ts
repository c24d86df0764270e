import { type Column, defineSchema, type Schema, t, table } from 'tidemark/core';
import type { ProposedColumn } from './column-types.ts';
import type { Proposal, ProposedTable } from './propose.ts';

/** The schema that the printed file defines, without a round through a file. */
export function toSchema({ tables }: Proposal): Schema {
  return defineSchema({ version: 1, tables: Object.fromEntries(tables.map((one) => [one.name, toTable(one)])) });
}

function toTable({ columns, key, scope, indexes }: ProposedTable) {
  const entries = columns.map((column) => [column.name, toColumn(column)] as const);
  return table(Object.fromEntries(entries), { primaryKey: key, scope: scope.rule, indexes });
}

function toColumn({ kind, isNullable, defaultValue }: ProposedColumn): Column {
  const plain: Column = t[kind]();
  const column: Column = isNullable ? plain.nullable() : plain;
  return defaultValue === undefined ? column : column.default(defaultValue);
}

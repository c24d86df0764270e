import type { CatalogueTable } from '../catalogue.ts';
import { columnsOf, type Expression, type Query, type Source, uncast } from './expression.ts';

/**
 * Whether a query can give no more than one row, so that it does not matter that only the first counts: in each of its tables a
 * key is asked to equal what is known without the table.
 */
export function isOneRow({ from, where }: Query, tables: ReadonlyMap<string, CatalogueTable>): boolean {
  const equal = conjuncts(where).flatMap(({ left, right }) => [
    { column: left, value: right },
    { column: right, value: left },
  ]);
  const open = new Set(from);
  const isOf = (source: Source, of: Expression, name: string) => {
    const column = uncast(of);
    if (column.kind !== 'column' || column.path.at(-1) !== name) return false;
    const [alias] = column.path.length > 1 ? column.path : from.length === 1 ? [source.alias] : [];
    return alias === source.alias;
  };
  const isKnown = (of: Expression): boolean => {
    const value = uncast(of);
    if (value.kind === 'query') return value.query.from.length === 0;
    const columns = columnsOf(value);
    // A bare name may be a column of any of the tables that are still open.
    return (
      columns?.every(([first = '', ...rest]) => {
        const isOpen = ({ alias, table }: Source) =>
          rest.length === 0 ? tables.get(table)?.columns.some(({ name }) => name === first) !== false : alias === first;
        return ![...open].some(isOpen);
      }) ?? false
    );
  };
  const isPinned = (source: Source) => {
    const { key = [], uniqueKeys = [] } = tables.get(source.table) ?? {};
    const isGiven = (name: string) => equal.some(({ column, value }) => isOf(source, column, name) && isKnown(value));
    return [key, ...uniqueKeys].some((columns) => columns.length > 0 && columns.every(isGiven));
  };
  for (let before = -1; before !== open.size; ) {
    before = open.size;
    for (const source of open) if (isPinned(source)) open.delete(source);
  }
  return open.size === 0;
}

/** The equalities that all have to be true. */
function conjuncts(of: Expression): Extract<Expression, { kind: 'binary' }>[] {
  if (of.kind === 'and') return of.parts.flatMap(conjuncts);
  return of.kind === 'binary' && of.op === '=' ? [of] : [];
}

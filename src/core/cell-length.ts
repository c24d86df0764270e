import type { Cell } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';
import { MAX_NAME_LENGTH } from '../shared/name.ts';
import type { Table } from './schema.ts';
import { scopeName } from './scope.ts';

/** Of one cell of a key, in characters or bytes. Keys stand in every index and in the token of a pull. */
export const MAX_KEY_LENGTH = 4_096;
/** Of the name of a scope, its kind included, in characters: lists of them go with every pull. */
export const MAX_SCOPE_LENGTH = MAX_NAME_LENGTH;

/**
 * Passes a cell that fits where the schema puts it: into a key, into the name of a scope.
 *
 * @throws SyncError `too-large`.
 */
export function checkLength(of: Table, name: string, cell: Cell): Cell {
  const length = typeof cell === 'string' || cell instanceof Uint8Array ? cell.length : 0;
  if (length > MAX_KEY_LENGTH && of.primaryKey.includes(name)) {
    throw tooLong(
      of,
      name,
      `${length} long; a cell of a primary key has at most ${MAX_KEY_LENGTH} characters or bytes`,
    );
  }
  const rule = of.scope;
  if (cell !== null && typeof rule === 'object' && 'by' in rule && rule.by === name)
    checkScope(of, scopeName(rule.kind, cell));
  return cell;
}

/** @throws SyncError `too-large` for a scope whose name is too long to be told. */
export function checkScope(of: Table, scope: string): string {
  if (scope.length <= MAX_SCOPE_LENGTH && scope !== '') return scope;
  throw tooLong(of, 'scope', `${scope.length} characters long; the name of a scope has 1 to ${MAX_SCOPE_LENGTH}`);
}

function tooLong(of: Table, name: string, what: string): SyncError {
  return new SyncError('too-large', `${of.name}.${name} is ${what}. Nothing was written.`);
}

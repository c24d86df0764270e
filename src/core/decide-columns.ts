import { type Cell, type Cells, sameCell } from '../shared/cell.ts';
import type { DecidedColumn, NamedPolicy } from './policy.ts';
import { isForeign, isLater, type RowVersion, type Stamp, stampOf, type Writer } from './row-version.ts';

export interface ColumnsInput {
  /** The columns the writer sets. */
  readonly edit: Cells;
  /** The row as it is. */
  readonly columns: Cells;
  readonly version: RowVersion;
  readonly writer: Writer;
  readonly policyOf: (column: string) => NamedPolicy;
}

export interface ColumnOutcome {
  readonly set: Cells;
  /** Columns both sides changed to different values, and those that lose with them. */
  readonly conflicting: readonly string[];
  readonly decided: Readonly<Record<string, DecidedColumn>>;
  /** The client decides: nothing is to be set. */
  readonly isOpen: boolean;
}

type Winner = DecidedColumn['winner'];

/** Decides column by column which of the writer's cells stand, where others wrote after what it had seen. */
export function decideColumns(input: ColumnsInput): ColumnOutcome {
  const { edit, writer, version, policyOf } = input;
  const names = Object.keys(edit);
  const foreign = names.filter((name) => isForeign(stampOf(version, name), writer));
  const different = foreign.filter((name) => !isEqual(input, name));
  if (different.some((name) => policyOf(name) === 'manual')) {
    return { set: {}, conflicting: different, decided: {}, isOpen: true };
  }
  const lost = lostWrites(input, different);
  const decided: Record<string, DecidedColumn> = {};
  const set: Record<string, Cell> = {};
  for (const name of names) {
    const winner = winnerOf(input, name, { lost, foreign });
    if (different.includes(name) || (lost.has(name) && !isEqual(input, name)))
      decided[name] = { policy: policyOf(name), winner };
    if (winner === 'local') set[name] = edit[name] ?? null;
  }
  return { set, conflicting: Object.keys(decided), decided, isOpen: false };
}

/** Who has the row when one side deleted it and the other changed it; null when the client decides. */
export function decideRow(policy: NamedPolicy, writer: Writer, stamps: readonly Stamp[]): Winner | null {
  if (policy === 'manual') return null;
  if (policy === 'server-wins') return 'remote';
  if (policy === 'client-wins') return 'local';
  return stamps.every((stamp) => isLater(writer, stamp)) ? 'local' : 'remote';
}

/** Under `last-write-wins` an earlier write loses with all its columns, those that nobody else touched too. */
function lostWrites({ edit, writer, version, policyOf }: ColumnsInput, different: readonly string[]): Set<string> {
  const whole = Object.keys(edit).filter((name) => policyOf(name) === 'last-write-wins');
  const isLost = different.some(
    (name) => policyOf(name) === 'last-write-wins' && !isLater(writer, stampOf(version, name)),
  );
  return new Set(isLost ? whole : []);
}

function winnerOf(
  input: ColumnsInput,
  name: string,
  { lost, foreign }: { lost: ReadonlySet<string>; foreign: readonly string[] },
): Winner {
  if (lost.has(name)) return 'remote';
  if (!foreign.includes(name)) return 'local';
  const stamp = stampOf(input.version, name);
  // Equal values do not conflict; the later stamp stays, so that a third write meets the right one.
  if (isEqual(input, name)) return isLater(input.writer, stamp) ? 'local' : 'remote';
  return decideRow(input.policyOf(name), input.writer, [stamp]) ?? 'remote';
}

function isEqual({ edit, columns }: ColumnsInput, name: string): boolean {
  return sameCell(edit[name] ?? null, columns[name] ?? null);
}

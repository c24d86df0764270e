import { type Hlc, hlcAfter, observeHlc, ZERO_HLC } from './hlc.ts';

/** Who wrote a cell last, and where in the log. */
export interface Stamp {
  readonly seq: number;
  readonly hlc: Hlc;
  /** null: written directly in the server's database. */
  readonly clientId: string | null;
}

/**
 * Who wrote each column of a row: `stamp` is that of the last change of the row as a whole (insert, delete), `overrides`
 * those of the columns changed since.
 */
export interface RowVersion {
  readonly stamp: Stamp;
  readonly overrides: Readonly<Record<string, Stamp>>;
}

/** The writer of a mutation, as the decision sees it. */
export interface Writer {
  readonly clientId: string | null;
  /** Already bounded: see `boundHlc`. */
  readonly hlc: Hlc;
  /** The seq the writer had seen. */
  readonly base: number;
}

export function stampOf(version: RowVersion, column: string): Stamp {
  return (Object.hasOwn(version.overrides, column) ? version.overrides[column] : undefined) ?? version.stamp;
}

/** Whether somebody else wrote this after what the writer had seen. */
export function isForeign(stamp: Stamp, writer: Writer): boolean {
  return stamp.seq > writer.base && stamp.clientId !== writer.clientId;
}

/** Whether the writer's stamp comes after this one. */
export function isLater(writer: Writer, stamp: Stamp): boolean {
  return hlcAfter(writer.hlc, writer.clientId ?? '', stamp.hlc, stamp.clientId ?? '');
}

/** The stamps of a row, each once. */
export function stampsOf(version: RowVersion): Stamp[] {
  return [version.stamp, ...Object.values(version.overrides)];
}

/** The seq of the row's last change: whoever has seen it has seen all of the row. */
export function lastSeq(version: RowVersion): number {
  return stampsOf(version).reduce((last, stamp) => Math.max(last, stamp.seq), 0);
}

/** The greatest stamp that these rows bear; those that never existed bear none. */
export function lastHlc(rows: readonly (RowVersion | null)[]): Hlc {
  const stamps = rows.flatMap((row) => (row ? stampsOf(row) : []));
  return stamps.reduce((last, { hlc }) => observeHlc(last, hlc), ZERO_HLC);
}

/** The last of these stamps, in log order. */
export function newest(stamps: readonly Stamp[]): Stamp | undefined {
  return stamps.reduce<Stamp | undefined>((last, stamp) => (last && last.seq >= stamp.seq ? last : stamp), undefined);
}

/** The version after `columns` were written by `stamp`. */
export function overrideStamps(version: RowVersion, columns: readonly string[], stamp: Stamp): RowVersion {
  const overrides: Record<string, Stamp> = { ...version.overrides };
  for (const column of columns) overrides[column] = stamp;
  return { stamp: version.stamp, overrides };
}

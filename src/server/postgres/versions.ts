import { lastSeq } from '../../core/row-version.ts';
import { encode } from '../../protocol/codec.ts';
import type { Cells, RowKey } from '../../shared/cell.ts';
import type { StoredRow } from '../storage.ts';
import { decodeStored, overridesFromBytes, overridesToBytes } from '../stored-form.ts';
import { type BoundTable, writeAs } from './bound-table.ts';
import { type Row, type Transaction, textArray, toHex } from './connection.ts';

/** What lies beside a row: everything of a {@link StoredRow} but its key and its live columns. */
export type StoredVersion = Omit<StoredRow, 'key' | 'columns'> & { readonly isDeleted: boolean };

/** Read in this order; the key comes after. */
export const VERSION_COLUMNS = [
  'scope',
  'is_deleted',
  'stamp_seq',
  'stamp_hlc',
  'stamp_client',
  'overrides',
  'image',
].map((name) => `_tidemark_${name}`);

/** The version that begins a row of {@link VERSION_COLUMNS}; null when there is none. */
export function toVersion(row: Row): StoredVersion | null {
  const [scope, isDeleted, seq, hlc, clientId, overrides, image] = row;
  if (typeof scope !== 'string') return null;
  return {
    scope,
    isDeleted: isDeleted === true,
    stamp: { seq: Number(seq), hlc: String(hlc), clientId: typeof clientId === 'string' ? clientId : null },
    overrides: overrides instanceof Uint8Array ? overridesFromBytes(overrides) : {},
    image: image instanceof Uint8Array ? (decodeStored(image) as Cells) : null,
  };
}

const upserts = new WeakMap<BoundTable, string>();

function upsertSql(of: BoundTable): string {
  const known = upserts.get(of);
  if (known) return known;
  const key = of.key.map(({ sql }) => sql);
  const names = ['scope', 'seq', 'is_deleted', 'stamp_seq', 'stamp_hlc', 'stamp_client', 'overrides', 'image'];
  const columns = names.map((name) => `_tidemark_${name}`);
  const casts = ['', '::bigint', '::boolean', '::bigint', '', '', '', ''];
  const values = [
    ...of.key.map((column, index) => writeAs(column, `v.k${index}`)),
    ...names.map((name, index) => (index < 6 ? `v.${name}${casts[index]}` : `decode(v.${name}, 'hex')`)),
  ];
  const inputs = [...key.map((_, index) => `k${index}`), ...names];
  const sql = `INSERT INTO ${of.versionSql} (${[...key, ...columns].join(', ')})
    SELECT ${values.join(', ')} FROM unnest(${inputs.map((_, index) => `$${index + 1}::text[]`).join(', ')}) v(${inputs.join(', ')})
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}`;
  upserts.set(of, sql);
  return sql;
}

/** Writes scope and stamps of these rows; a row without columns is a tombstone. */
export async function writeVersions(
  transaction: Transaction,
  of: BoundTable,
  rows: readonly StoredRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const texts = [
    ...of.keyTexts(rows.map(({ key }) => key)),
    rows.map(({ scope }) => scope),
    rows.map((row) => String(lastSeq(row))),
    rows.map(({ columns }) => (columns === null ? 'true' : 'false')),
    rows.map(({ stamp }) => String(stamp.seq)),
    rows.map(({ stamp }) => stamp.hlc),
    rows.map(({ stamp }) => stamp.clientId),
    rows.map(({ overrides }) => hexOf(overridesToBytes(overrides))),
    rows.map(({ columns, image }) => hexOf(columns === null && image !== null ? encode(image) : null)),
  ];
  await transaction.all(upsertSql(of), texts.map(textArray));
}

function hexOf(bytes: Uint8Array | null): string | null {
  return bytes && toHex(bytes);
}

/** The versions of these keys, in their order. */
export async function readVersions(
  transaction: Transaction,
  of: BoundTable,
  keys: readonly RowKey[],
): Promise<(StoredVersion | null)[]> {
  if (keys.length === 0) return [];
  const names = of.key.map((_, index) => `k${index}`);
  const sql = `SELECT ${VERSION_COLUMNS.map((name) => `v.${name}`).join(', ')}
    FROM unnest(${names.map((_, index) => `$${index + 1}::text[]`).join(', ')}) WITH ORDINALITY k(${names.join(', ')}, i)
      LEFT JOIN ${of.versionSql} v ON ${of.key.map((column, index) => `v.${column.sql} = ${writeAs(column, `k.k${index}`)}`).join(' AND ')}
    ORDER BY k.i`;
  return (await transaction.all(sql, of.keyTexts(keys).map(textArray))).map(toVersion);
}

import { quoteName } from '../../../core/sql.ts';
import { type BoundTable, ownName } from '../bound-table.ts';

/**
 * The table beside a user's table: for each key the scope and the stamps of its row, also after its deletion. The same key
 * columns, so that a snapshot walks a scope in key order by a join on the key.
 */
export function versionTableSql(of: BoundTable): string {
  const name = of.table.name;
  const key = of.key.map(({ sql }) => sql).join(', ');
  const index = (prefix: string) => quoteName(ownName(prefix, name));
  return `CREATE TABLE IF NOT EXISTS ${of.versionSql} AS SELECT ${key} FROM ${of.sql} WITH NO DATA;
ALTER TABLE ${of.versionSql}
  ADD COLUMN IF NOT EXISTS _tidemark_scope text NOT NULL, ADD COLUMN IF NOT EXISTS _tidemark_seq bigint NOT NULL,
  ADD COLUMN IF NOT EXISTS _tidemark_is_deleted boolean NOT NULL, ADD COLUMN IF NOT EXISTS _tidemark_stamp_seq bigint NOT NULL,
  ADD COLUMN IF NOT EXISTS _tidemark_stamp_hlc text NOT NULL, ADD COLUMN IF NOT EXISTS _tidemark_stamp_client text,
  ADD COLUMN IF NOT EXISTS _tidemark_overrides bytea, ADD COLUMN IF NOT EXISTS _tidemark_image bytea;
CREATE UNIQUE INDEX IF NOT EXISTS ${index('key')} ON ${of.versionSql} (${key});
CREATE INDEX IF NOT EXISTS ${index('scope')} ON ${of.versionSql} (_tidemark_scope, ${key}) WHERE NOT _tidemark_is_deleted;
CREATE INDEX IF NOT EXISTS ${index('gone')} ON ${of.versionSql} (_tidemark_seq) WHERE _tidemark_is_deleted;`;
}

/** Gives the keys beside a table the types that the table's own key has now. */
export function retypeKeySql(of: BoundTable): string {
  const changes = of.key.map(({ sql, type }) => `ALTER COLUMN ${sql} TYPE ${type.sql} USING ${sql}::text::${type.sql}`);
  return `ALTER TABLE ${of.versionSql} ${changes.join(', ')};`;
}

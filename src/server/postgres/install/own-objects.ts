/**
 * Our own objects, in schema `tidemark`, as numbered migrations. Each is safe to run twice, so that the whole list may be
 * printed, reviewed and run by hand. Never change one that was published: add another. Nodes of the release before go on beside
 * those that ran it, so it adds and takes nothing away; and triggers that change come with one too, be it empty: a node that is
 * behind leaves them as they are.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE SCHEMA IF NOT EXISTS tidemark;
  CREATE TABLE IF NOT EXISTS tidemark.migration (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());

  -- One row: where the log stands. "origin" tells this database from a copy of it.
  CREATE TABLE IF NOT EXISTS tidemark.state (
    id boolean PRIMARY KEY DEFAULT true CHECK (id), epoch text NOT NULL, head bigint NOT NULL DEFAULT 0,
    pruned_to bigint NOT NULL DEFAULT 0, schema_version integer NOT NULL DEFAULT 0, origin text
  );
  -- Never has rows: whoever writes the log holds its lock.
  CREATE TABLE IF NOT EXISTS tidemark.sequencer ();
  CREATE TABLE IF NOT EXISTS tidemark.setting (name text PRIMARY KEY, value text NOT NULL);
  -- The user's tables as they are installed: what their triggers were made from, and whether tidemark created them.
  CREATE TABLE IF NOT EXISTS tidemark.installed (
    tbl text PRIMARY KEY, capture text NOT NULL, is_created boolean NOT NULL DEFAULT false
  );

  CREATE TABLE IF NOT EXISTS tidemark.commit (
    seq bigint PRIMARY KEY, client_id text, mutation_id bigint, hlc text NOT NULL, at bigint NOT NULL
  );
  CREATE TABLE IF NOT EXISTS tidemark.log (
    seq bigint NOT NULL, n integer NOT NULL, scope text NOT NULL, tbl text NOT NULL, op text NOT NULL, row bytea NOT NULL,
    PRIMARY KEY (seq, n)
  );
  CREATE INDEX IF NOT EXISTS log_scope ON tidemark.log (scope, seq);

  -- Changes of other programs, written by triggers in their transactions and numbered after they have committed.
  CREATE TABLE IF NOT EXISTS tidemark.captured (
    id bigserial PRIMARY KEY, xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT clock_timestamp(), tbl text NOT NULL, op text NOT NULL, key text, row text, changed text[]
  ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

  CREATE TABLE IF NOT EXISTS tidemark.outcome (
    client_id text NOT NULL, mutation_id bigint NOT NULL, hlc text NOT NULL, outcome text NOT NULL, seq bigint, details bytea,
    PRIMARY KEY (client_id, mutation_id)
  );
  CREATE TABLE IF NOT EXISTS tidemark.part (
    client_id text NOT NULL, mutation_id bigint NOT NULL, part integer NOT NULL, part_count integer NOT NULL,
    at bigint NOT NULL, bytes bytea NOT NULL,
    PRIMARY KEY (client_id, mutation_id, part)
  );
  CREATE TABLE IF NOT EXISTS tidemark.device (
    client_id text PRIMARY KEY, subject text NOT NULL, name text, first_seen_at bigint NOT NULL,
    last_seen_at bigint NOT NULL, is_revoked boolean NOT NULL
  );
  CREATE INDEX IF NOT EXISTS device_subject ON tidemark.device (subject);`,

  `-- What nodes tell each other besides commits, for some minutes. Notifications wake; what they are about stands here, and no
  -- listener of the database learns whom it concerns.
  CREATE TABLE IF NOT EXISTS tidemark.signal (
    id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), kind text NOT NULL, name text
  );
  -- For programs and triggers that change who may see what, in tables that are not synced: connected clients follow at once.
  CREATE OR REPLACE FUNCTION tidemark.access_changed(subject text DEFAULT NULL) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    INSERT INTO tidemark.signal (kind, name) VALUES ('access', subject);
    SELECT pg_catalog.pg_notify('tidemark', 'signal');
  $$;
  REVOKE ALL ON FUNCTION tidemark.access_changed FROM PUBLIC;`,

  `-- What the columns of a table were when its triggers were made. One that differs has been altered since.
  ALTER TABLE tidemark.installed ADD COLUMN IF NOT EXISTS shape text;`,

  `-- For nodes that count calls together, as "rate-limiter-flexible" has it. Worth nothing after a crash, and so not logged.
  CREATE UNLOGGED TABLE IF NOT EXISTS tidemark.rate_limit (
    key text PRIMARY KEY, points integer NOT NULL DEFAULT 0, expire bigint
  ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);`,

  `-- Copies of one local database, by the id they began with.
  CREATE INDEX IF NOT EXISTS device_family ON tidemark.device (split_part(client_id, '.', 1));
  -- The last commit that this epoch has in common with the one before it; null where nobody can tell.
  ALTER TABLE tidemark.state ADD COLUMN IF NOT EXISTS epoch_from bigint;`,

  `-- How many migrations a server has to know to work over this one: the others do not start.
  ALTER TABLE tidemark.migration ADD COLUMN IF NOT EXISTS oldest integer;`,
];

/** Whoever knows this many migrations can work over those of this release, too. Counts up to what the release before had. */
const OLDEST_SERVER = 5;
/** From here on a migration says for whom it is. */
const FIRST_WITH_OLDEST = 6;

/** Every migration with its mark, in order. */
export function ownObjectsSql(): string[] {
  return MIGRATIONS.map((sql, index) => `${sql}\n  ${markSql(index + 1)}`);
}

function markSql(version: number): string {
  const mark =
    version < FIRST_WITH_OLDEST
      ? `(version) VALUES (${version})`
      : `(version, oldest) VALUES (${version}, ${OLDEST_SERVER})`;
  return `INSERT INTO tidemark.migration ${mark} ON CONFLICT (version) DO NOTHING;`;
}

-- What a Supabase project has before its owner makes the first table. Run by a superuser, in a new database.
DO $$ BEGIN CREATE ROLE anon NOLOGIN; CREATE ROLE authenticated NOLOGIN; CREATE ROLE service_role NOLOGIN BYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
-- The owner is no superuser.
DO $$ BEGIN CREATE ROLE project_owner LOGIN PASSWORD 'password' BYPASSRLS; GRANT anon, authenticated, service_role TO project_owner;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN EXECUTE format('GRANT ALL ON DATABASE %I TO project_owner', current_database()); END $$;
ALTER SCHEMA public OWNER TO project_owner;
CREATE SCHEMA auth;
CREATE SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC;
CREATE EXTENSION citext SCHEMA extensions; CREATE EXTENSION moddatetime SCHEMA extensions; CREATE EXTENSION ltree SCHEMA extensions;CREATE EXTENSION "uuid-ossp" SCHEMA extensions;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text, raw_user_meta_data jsonb, created_at timestamptz DEFAULT now());
CREATE OR REPLACE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid $$;
CREATE OR REPLACE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS $$
  select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''), (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'))::text $$;
CREATE OR REPLACE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $$
  select coalesce(nullif(current_setting('request.jwt.claim', true), ''), nullif(current_setting('request.jwt.claims', true), ''))::jsonb $$;
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role, project_owner;
GRANT ALL ON auth.users TO project_owner;
CREATE SCHEMA storage; CREATE TABLE storage.buckets (id text PRIMARY KEY, name text); 
CREATE TABLE storage.objects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), bucket_id text REFERENCES storage.buckets, name text, owner uuid, path_tokens text[] GENERATED ALWAYS AS (string_to_array(name,'/')) STORED);
GRANT USAGE ON SCHEMA storage TO project_owner, authenticated; GRANT ALL ON ALL TABLES IN SCHEMA storage TO project_owner;
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE project_owner IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE project_owner IN SCHEMA public GRANT ALL ON SEQUENCES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE project_owner IN SCHEMA public GRANT ALL ON FUNCTIONS TO anon, authenticated, service_role;
-- what an extension left in public, owned by somebody else (PostGIS)
CREATE TABLE public.spatial_ref_sys (srid integer PRIMARY KEY, auth_name varchar(256), srtext varchar(2048)); GRANT SELECT ON public.spatial_ref_sys TO PUBLIC;
-- Supabase's event trigger that tells PostgREST
CREATE FUNCTION extensions.pgrst_ddl_watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY pgrst, 'reload schema'; END $$;
CREATE EVENT TRIGGER pgrst_ddl_watch ON ddl_command_end EXECUTE FUNCTION extensions.pgrst_ddl_watch();
INSERT INTO auth.users(id,email) SELECT ('00000000-0000-4000-8000-00000000000'||i)::uuid, 'u'||i||'@x.io' FROM generate_series(1,5) i;

import postgres from 'postgres';
import { postgresStorage } from '../../src/server/postgres/index.ts';
import type { Backing } from './backing.ts';
import { schema, type User } from './tenants.ts';

const ROLE = 'tidemark_isolation_tenant';

/** Who may write a row is who may write the organisation that it hangs below, as an app over Supabase has it. */
const POLICIES = `
  DO $$ BEGIN CREATE ROLE ${ROLE} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
  CREATE TABLE member (subject text, org text, may_write boolean NOT NULL, PRIMARY KEY (subject, org));
  CREATE FUNCTION may_write(wanted text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT EXISTS (SELECT FROM public.member m WHERE m.may_write AND m.org = wanted
      AND m.subject = current_setting('request.jwt.claims', true)::json ->> 'sub') $$;
  CREATE FUNCTION org_of_project(wanted text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT parent FROM public.project WHERE id = wanted $$;
  CREATE FUNCTION org_of_issue(wanted text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT public.org_of_project(parent) FROM public.issue WHERE id = wanted $$;
  GRANT USAGE ON SCHEMA public TO ${ROLE};
  GRANT SELECT, INSERT, UPDATE, DELETE ON org, project, issue, comment TO ${ROLE};
  ALTER TABLE org ENABLE ROW LEVEL SECURITY;
  ALTER TABLE project ENABLE ROW LEVEL SECURITY;
  ALTER TABLE issue ENABLE ROW LEVEL SECURITY;
  ALTER TABLE comment ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON org USING (may_write(id)) WITH CHECK (may_write(id));
  CREATE POLICY own ON project USING (may_write(parent)) WITH CHECK (may_write(parent));
  CREATE POLICY own ON issue USING (may_write(org_of_project(parent))) WITH CHECK (may_write(org_of_project(parent)));
  CREATE POLICY own ON comment USING (may_write(org_of_issue(parent))) WITH CHECK (may_write(org_of_issue(parent)));`;

export interface PostgresBackingOptions {
  /** Of a server, as its superuser. */
  readonly url: string;
  /** Whether writes are made as the user, under row level security. */
  readonly hasPolicies: boolean;
}

/** Each world gets a copy of a database that has been prepared once. */
export async function postgresBacking({ url, hasPolicies }: PostgresBackingOptions): Promise<Backing> {
  const template = `isolation_${process.pid}_${Math.random().toString(36).slice(2, 8)}`;
  const at = (database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href;
  await once(url, `CREATE DATABASE ${template}`);
  const storage = postgresStorage({ url: at(template), maxConnections: 2 });
  await storage.open(schema, 'epoch-of-the-template');
  await storage.close();
  // The copies have a history of their own, and none before it.
  await once(at(template), `DELETE FROM tidemark.state; ${hasPolicies ? POLICIES : ''}`);
  let count = 0;
  return {
    hasPolicies,
    open: async () => {
      count += 1;
      const name = `${template}_${count}`;
      await once(url, `CREATE DATABASE ${name} TEMPLATE ${template}`);
      const sql = postgres(at(name), { max: 1, onnotice: () => undefined });
      return {
        storage: postgresStorage({
          url: at(name),
          maxConnections: 4,
          rowSecurity: hasPolicies ? { role: ROLE } : undefined,
        }),
        ...(hasPolicies ? { setMembers: (users) => saveMembers(sql, users) } : {}),
        close: async () => {
          await sql.end();
          await once(url, `DROP DATABASE ${name} WITH (FORCE)`);
        },
      };
    },
  };
}

async function saveMembers(sql: postgres.Sql, users: readonly User[]): Promise<void> {
  const rows = users.flatMap(({ subject, memberships }) =>
    [...memberships].map(([org, may]) => ({ subject, org, may_write: may === 'write' })),
  );
  await sql.begin(async (own) => {
    await own`DELETE FROM member`;
    await own`INSERT INTO member ${own(rows)}`;
  });
}

async function once(url: string, statements: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await sql.unsafe(statements);
  } finally {
    await sql.end();
  }
}

-- A made-up project tool: organisations with roles, functions with and without rights of their own, a second way in, restrictive policies.
CREATE TYPE org_role AS ENUM ('owner','admin','member','guest');
CREATE TYPE task_status AS ENUM ('todo','doing','done');
CREATE SCHEMA private;
GRANT USAGE ON SCHEMA private TO authenticated;
CREATE TABLE users (
  id uuid PRIMARY KEY REFERENCES auth.users, email text NOT NULL UNIQUE, name text NOT NULL DEFAULT '', current_org uuid,
  is_staff boolean NOT NULL DEFAULT false
);
CREATE TABLE organizations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9-]+$'), name text NOT NULL,
  settings jsonb NOT NULL DEFAULT '{"theme":"light"}', created_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz
);
CREATE TABLE memberships (
  org_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE, user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  role org_role NOT NULL DEFAULT 'member', PRIMARY KEY (org_id, user_id)
);
CREATE FUNCTION private.is_org_member(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$ SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = (SELECT auth.uid())) $$;
CREATE FUNCTION private.has_org_role(_org uuid, _roles public.org_role[]) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$ SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = (SELECT auth.uid()) AND m.role = ANY (_roles)) $$;
CREATE FUNCTION private.my_orgs() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$ SELECT org_id FROM public.memberships WHERE user_id = auth.uid() $$;
CREATE FUNCTION private.is_org_admin(_org uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$ DECLARE r public.org_role; BEGIN SELECT role INTO r FROM public.memberships WHERE org_id = _org AND user_id = auth.uid(); RETURN r IN ('owner','admin'); END $$;
CREATE FUNCTION private.is_staff() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path='' AS $$ SELECT coalesce((SELECT is_staff FROM public.users WHERE id = auth.uid()), false) $$;
CREATE FUNCTION private.current_user_org() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path='' AS $$ SELECT current_org FROM public.users WHERE id = auth.uid() $$;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY me ON users USING (id = auth.uid());
CREATE POLICY colleagues ON users FOR SELECT
  USING (EXISTS (SELECT 1 FROM memberships a JOIN memberships b ON a.org_id = b.org_id WHERE a.user_id = users.id AND b.user_id = auth.uid()));
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
CREATE POLICY mem ON organizations FOR SELECT USING (private.is_org_member(id));
CREATE POLICY adm ON organizations FOR UPDATE USING (private.is_org_admin(id));
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON memberships FOR SELECT TO authenticated USING (org_id IN (SELECT private.my_orgs()));
CREATE POLICY adm ON memberships TO authenticated USING (private.has_org_role(org_id, '{owner,admin}'));
-- admin only: billing, api keys, audit
CREATE TABLE billing_accounts (org_id uuid PRIMARY KEY REFERENCES organizations, iban text, plan text NOT NULL DEFAULT 'free');
ALTER TABLE billing_accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY adm ON billing_accounts
  USING (EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = billing_accounts.org_id AND m.user_id = auth.uid() AND m.role = 'owner'));
CREATE TABLE api_keys (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES organizations, hash bytea NOT NULL, last4 char(4)
);
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY adm ON api_keys USING (private.is_org_admin(org_id));
CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org_id uuid NOT NULL REFERENCES organizations, actor uuid REFERENCES users,
  what text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY adm ON audit_log FOR SELECT USING (private.has_org_role(org_id, ARRAY['owner','admin']::org_role[]));
CREATE TABLE salaries (
  org_id uuid NOT NULL, user_id uuid NOT NULL, amount numeric(12,2) NOT NULL, PRIMARY KEY (org_id, user_id),
  FOREIGN KEY (org_id, user_id) REFERENCES memberships ON DELETE CASCADE
);
ALTER TABLE salaries ENABLE ROW LEVEL SECURITY;
CREATE POLICY s ON salaries FOR SELECT USING (user_id = auth.uid() OR private.is_org_admin(org_id));
-- members
CREATE TABLE projects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE, key text NOT NULL, name text NOT NULL, lead_id uuid REFERENCES users, is_private boolean NOT NULL DEFAULT false, archived_at timestamptz, UNIQUE (org_id, key), UNIQUE (org_id, id));
ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
CREATE POLICY m ON projects USING (private.is_org_member(org_id)) WITH CHECK (private.is_org_member(org_id));
CREATE TABLE project_members (
  project_id uuid REFERENCES projects ON DELETE CASCADE, user_id uuid REFERENCES users, PRIMARY KEY (project_id, user_id)
);
ALTER TABLE project_members ENABLE ROW LEVEL SECURITY;
CREATE POLICY m ON project_members
  USING (EXISTS (SELECT 1 FROM projects p WHERE p.id = project_members.project_id AND private.is_org_member(p.org_id)));
CREATE TABLE project_secrets (project_id uuid PRIMARY KEY REFERENCES projects ON DELETE CASCADE, env jsonb NOT NULL);
ALTER TABLE project_secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY lead ON project_secrets
  USING (EXISTS (SELECT 1 FROM projects p WHERE p.id = project_secrets.project_id AND p.lead_id = auth.uid()));
CREATE TABLE project_notes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), project_id uuid NOT NULL REFERENCES projects, body text);
ALTER TABLE project_notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY inner_circle ON project_notes
  USING (EXISTS (SELECT 1 FROM project_members pm WHERE pm.project_id = project_notes.project_id AND pm.user_id = auth.uid()));
CREATE TABLE tasks (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL, project_id uuid NOT NULL, number int NOT NULL,
  parent_id uuid REFERENCES tasks ON DELETE SET NULL, title text NOT NULL CHECK (length(trim(title)) > 0),
  status task_status NOT NULL DEFAULT 'todo', priority smallint NOT NULL DEFAULT 3 CHECK (priority BETWEEN 1 AND 5),
  assignee_ids uuid[] NOT NULL DEFAULT '{}', custom jsonb NOT NULL DEFAULT '{}'::jsonb, estimate interval,
  search tsvector GENERATED ALWAYS AS (to_tsvector('simple', title)) STORED, updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz, FOREIGN KEY (org_id, project_id) REFERENCES projects (org_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX task_no ON tasks (project_id, number) WHERE deleted_at IS NULL;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at = clock_timestamp(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path='' AS $$ BEGIN INSERT INTO public.audit_log(org_id, actor, what) VALUES (coalesce(NEW.org_id, OLD.org_id), auth.uid(), TG_OP||' '||TG_TABLE_NAME); RETURN NULL; END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION audit();
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY m ON tasks USING (org_id IN (SELECT m.org_id FROM memberships m WHERE m.user_id = (SELECT auth.uid())));
CREATE TABLE task_comments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), task_id uuid NOT NULL REFERENCES tasks ON DELETE CASCADE,
  author_id uuid NOT NULL DEFAULT auth.uid() REFERENCES users, body text NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE task_comments ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON task_comments FOR SELECT USING (EXISTS (SELECT 1 FROM tasks t WHERE t.id = task_comments.task_id));
CREATE POLICY w ON task_comments FOR INSERT WITH CHECK (author_id = auth.uid());
CREATE POLICY e ON task_comments FOR UPDATE USING (author_id = auth.uid());
CREATE POLICY d ON task_comments FOR DELETE USING (author_id = auth.uid());
CREATE TABLE task_drafts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), task_id uuid NOT NULL REFERENCES tasks ON DELETE CASCADE,
  author_id uuid NOT NULL DEFAULT auth.uid() REFERENCES users, body text
);
ALTER TABLE task_drafts ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON task_drafts USING (author_id = auth.uid() AND EXISTS (SELECT 1 FROM tasks t WHERE t.id = task_id));
CREATE TABLE labels (
  id bigserial PRIMARY KEY, org_id uuid REFERENCES organizations, name text NOT NULL, color text NOT NULL DEFAULT '#ccc'
);
ALTER TABLE labels ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON labels FOR SELECT USING (org_id IS NULL OR private.is_org_member(org_id));
CREATE POLICY w ON labels FOR ALL USING (private.is_org_member(org_id));
CREATE TABLE task_labels (
  task_id uuid REFERENCES tasks ON DELETE CASCADE, label_id bigint REFERENCES labels, PRIMARY KEY (task_id, label_id)
);
ALTER TABLE task_labels ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON task_labels
  USING (EXISTS (SELECT 1 FROM tasks t JOIN memberships m ON m.org_id = t.org_id WHERE t.id = task_labels.task_id AND m.user_id = auth.uid()));
CREATE TABLE task_watchers (task_id uuid REFERENCES tasks ON DELETE CASCADE, user_id uuid REFERENCES users, PRIMARY KEY (user_id, task_id));
ALTER TABLE task_watchers ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON task_watchers USING (user_id = auth.uid());
CREATE TABLE attachments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), task_id uuid NOT NULL REFERENCES tasks ON DELETE CASCADE,
  object_id uuid REFERENCES storage.objects, bytes bigint NOT NULL DEFAULT 0, thumb bytea
);
ALTER TABLE attachments ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON attachments USING (task_id IN (SELECT t.id FROM tasks t WHERE t.org_id IN (SELECT private.my_orgs())));
CREATE TABLE time_entries (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES organizations, user_id uuid NOT NULL REFERENCES users,
  task_id uuid REFERENCES tasks, minutes int NOT NULL CHECK (minutes > 0), during tstzrange
);
ALTER TABLE time_entries ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON time_entries USING (user_id = auth.uid() AND private.is_org_member(org_id));
CREATE TABLE teams (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES organizations, name text NOT NULL,
  path extensions.ltree
);
ALTER TABLE teams ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON teams FOR SELECT USING (org_id = private.current_user_org());
CREATE TABLE announcements (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES organizations, body text,
  published boolean NOT NULL DEFAULT false
);
ALTER TABLE announcements ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON announcements FOR SELECT USING (published AND private.is_org_member(org_id));
CREATE TABLE settings (org_id uuid PRIMARY KEY REFERENCES organizations, x jsonb);
ALTER TABLE settings ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON settings FOR SELECT USING (org_id = (SELECT u.current_org FROM users u WHERE u.id = auth.uid()));
CREATE TABLE invites (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES organizations, email text NOT NULL,
  role org_role NOT NULL DEFAULT 'member'
);
CREATE UNIQUE INDEX ON invites (org_id, lower(email));
ALTER TABLE invites ENABLE ROW LEVEL SECURITY;
CREATE POLICY inv ON invites FOR SELECT USING (private.is_org_admin(org_id) OR email = (auth.jwt() ->> 'email'));
CREATE TABLE feature_flags (name text PRIMARY KEY, is_on boolean NOT NULL DEFAULT false);
ALTER TABLE feature_flags ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON feature_flags FOR SELECT USING (true);
CREATE POLICY staff ON feature_flags FOR ALL USING (private.is_staff());
CREATE TABLE support_tickets (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES users, body text);
ALTER TABLE support_tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON support_tickets USING (user_id = auth.uid());
CREATE POLICY staff ON support_tickets FOR SELECT USING (private.is_staff());
-- restrictive: everybody may read documents, but only inside of their org
CREATE TABLE documents (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES organizations, title text);
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_in ON documents USING (true);
CREATE POLICY tenant ON documents AS RESTRICTIVE USING (private.is_org_member(org_id));
CREATE TABLE doc_versions (
  document_id uuid REFERENCES documents ON DELETE CASCADE, version int, body text NOT NULL DEFAULT '',
  PRIMARY KEY (document_id, version)
);
ALTER TABLE doc_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON doc_versions USING (EXISTS (SELECT 1 FROM documents d WHERE d.id = document_id));
-- A: 1 owns it, 2 is a member, 5 a guest. B: 2 owns it, 3 is a member. C: 3 is an admin. 4 is nowhere.
INSERT INTO users(id,email,is_staff) SELECT id,email,false FROM auth.users;
INSERT INTO organizations(id,slug,name)
  VALUES ('a0000000-0000-4000-8000-000000000000','a','A'),('b0000000-0000-4000-8000-000000000000','b','B'),('c0000000-0000-4000-8000-000000000000','c','C');
INSERT INTO memberships
  VALUES ('a0000000-0000-4000-8000-000000000000','00000000-0000-4000-8000-000000000001','owner'),('a0000000-0000-4000-8000-000000000000','00000000-0000-4000-8000-000000000002','member'),('a0000000-0000-4000-8000-000000000000','00000000-0000-4000-8000-000000000005','guest'),('b0000000-0000-4000-8000-000000000000','00000000-0000-4000-8000-000000000002','owner'),('b0000000-0000-4000-8000-000000000000','00000000-0000-4000-8000-000000000003','member'),('c0000000-0000-4000-8000-000000000000','00000000-0000-4000-8000-000000000003','admin');
UPDATE users SET current_org='a0000000-0000-4000-8000-000000000000' WHERE id::text LIKE '%1' OR id::text LIKE '%2';
INSERT INTO billing_accounts SELECT id,'DE00','pro' FROM organizations;
INSERT INTO api_keys(org_id,hash,last4) SELECT id,'\x00ff','abcd' FROM organizations;
INSERT INTO salaries SELECT org_id,user_id,1234.50 FROM memberships;
INSERT INTO projects(org_id,key,name,lead_id) SELECT org_id, 'K'||right(user_id::text,1), 'P', user_id FROM memberships;
INSERT INTO project_members SELECT id, lead_id FROM projects;
INSERT INTO project_secrets SELECT id,'{"K":"s3cret"}' FROM projects;
INSERT INTO project_notes(project_id,body) SELECT id,'note' FROM projects;
INSERT INTO tasks(org_id,project_id,number,title,estimate) SELECT org_id,id,g,'Task '||g,'2 hours' FROM projects, generate_series(1,3) g;
UPDATE tasks t SET parent_id = (SELECT id FROM tasks s WHERE s.project_id=t.project_id AND s.number=1) WHERE number=2;
INSERT INTO task_comments(task_id,author_id,body) SELECT t.id,p.lead_id,'c' FROM tasks t JOIN projects p ON p.id=t.project_id;
INSERT INTO task_drafts(task_id,author_id,body) SELECT t.id,p.lead_id,'d' FROM tasks t JOIN projects p ON p.id=t.project_id;
INSERT INTO labels(org_id,name) SELECT id,'bug' FROM organizations;
INSERT INTO labels(name) VALUES ('global');
INSERT INTO task_labels SELECT t.id,l.id FROM tasks t JOIN labels l ON l.org_id=t.org_id;
INSERT INTO task_watchers SELECT t.id,p.lead_id FROM tasks t JOIN projects p ON p.id=t.project_id;
INSERT INTO attachments(task_id,bytes,thumb) SELECT id,9007199254740993,'\x89' FROM tasks;
INSERT INTO time_entries(org_id,user_id,minutes,during) SELECT org_id,user_id,5,'[2026-01-01,2026-01-02)' FROM memberships;
INSERT INTO teams(org_id,name,path) SELECT id,'t','a.b' FROM organizations;
INSERT INTO announcements(org_id,body,published) SELECT id,'x',b FROM organizations,(VALUES (true),(false)) v(b);
INSERT INTO settings SELECT id,'{}' FROM organizations;
INSERT INTO invites(org_id,email) SELECT id,'u4@x.io' FROM organizations;
INSERT INTO feature_flags VALUES ('x',true);
INSERT INTO support_tickets(user_id,body) SELECT id,'help' FROM users;
INSERT INTO documents(org_id,title) SELECT id,'doc' FROM organizations;
INSERT INTO doc_versions SELECT id,1 FROM documents;

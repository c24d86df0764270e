-- A library of texts: what is shared stands in a column of each row, and roles are asked for by functions that people wrote.
CREATE TYPE reading_role AS ENUM ('reader', 'editor', 'librarian');
CREATE TYPE stage AS ENUM ('draft', 'review', 'published');

CREATE TABLE people (id uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE, name text, is_staff boolean NOT NULL DEFAULT false);
CREATE TABLE shelves (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner_id uuid NOT NULL REFERENCES people (id), is_public boolean NOT NULL DEFAULT false);
CREATE TABLE shelf_books (shelf_id uuid REFERENCES shelves (id) ON DELETE CASCADE, place integer, title text, PRIMARY KEY (shelf_id, place));
CREATE TABLE notes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), author_id uuid NOT NULL REFERENCES people (id), sharing varchar(20) DEFAULT 'private', body text);
CREATE TABLE articles (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), stage stage NOT NULL DEFAULT 'draft', title text);
CREATE TABLE article_parts (article_id uuid REFERENCES articles (id) ON DELETE CASCADE, place integer, PRIMARY KEY (article_id, place));
CREATE TABLE covers (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), is_hidden boolean, url text);
CREATE TABLE circles (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text);
CREATE TABLE circle_people (circle_id uuid REFERENCES circles (id) ON DELETE CASCADE, person_id uuid REFERENCES people (id), role reading_role NOT NULL, PRIMARY KEY (circle_id, person_id));
CREATE TABLE circle_texts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), circle_id uuid NOT NULL REFERENCES circles (id), body text);
CREATE TABLE circle_plans (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), circle_id uuid NOT NULL REFERENCES circles (id), body text);
CREATE TABLE odd_plans (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), circle_id uuid NOT NULL REFERENCES circles (id), body text);

-- One house for each person; circles there may be many of.
CREATE TABLE houses (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text);
CREATE TABLE residents (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), person_id uuid NOT NULL UNIQUE REFERENCES people (id), house_id uuid NOT NULL REFERENCES houses (id));
CREATE TABLE house_texts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), house_id uuid NOT NULL REFERENCES houses (id), body text);
CREATE TABLE first_texts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), circle_id uuid NOT NULL REFERENCES circles (id), body text);
CREATE TABLE circle_rules (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), circle_id uuid NOT NULL REFERENCES circles (id), body text);
CREATE TABLE circle_fines (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), circle_id uuid NOT NULL REFERENCES circles (id), body text);
CREATE FUNCTION house_of(person uuid DEFAULT auth.uid()) RETURNS uuid LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
  found uuid;
BEGIN
  -- Nobody lives nowhere.
  IF person IS NULL THEN RETURN NULL; END IF;
  SELECT house_id INTO found FROM public.residents WHERE person_id = person LIMIT 1;
  RETURN found;
END $$;
-- One value: that of the first row, whichever it is.
CREATE FUNCTION first_circle() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT circle_id FROM circle_people WHERE person_id = auth.uid() $$;
CREATE FUNCTION has_role(circle_id uuid, role reading_role DEFAULT NULL) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT EXISTS (SELECT 1 FROM circle_people p WHERE p.person_id = auth.uid() AND p.circle_id = has_role.circle_id AND (p.role = has_role.role OR has_role.role IS NULL)) $$;

CREATE FUNCTION is_server() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT coalesce(auth.jwt() ->> 'role', '') = 'service_role' $$;
-- No types stand beside the constants: they are those of the enum.
CREATE FUNCTION edits(circle uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT EXISTS (SELECT 1 FROM circle_people p WHERE p.circle_id = circle AND p.person_id = auth.uid() AND p.role IN ('editor', 'librarian')) $$;
-- Never runs: there is no such operator. Nobody has noticed, for nobody has called it.
SET check_function_bodies = off;
CREATE FUNCTION is_odd(circle uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT EXISTS (SELECT 1 FROM circle_people p WHERE p.circle_id = circle AND p.person_id = auth.uid() AND p.role = 'editor'::text) $$;

ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE shelves ENABLE ROW LEVEL SECURITY; ALTER TABLE shelf_books ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE articles ENABLE ROW LEVEL SECURITY; ALTER TABLE article_parts ENABLE ROW LEVEL SECURITY;
ALTER TABLE covers ENABLE ROW LEVEL SECURITY; ALTER TABLE circles ENABLE ROW LEVEL SECURITY; ALTER TABLE circle_people ENABLE ROW LEVEL SECURITY;
ALTER TABLE circle_texts ENABLE ROW LEVEL SECURITY; ALTER TABLE circle_plans ENABLE ROW LEVEL SECURITY; ALTER TABLE odd_plans ENABLE ROW LEVEL SECURITY;
ALTER TABLE residents ENABLE ROW LEVEL SECURITY; ALTER TABLE house_texts ENABLE ROW LEVEL SECURITY; ALTER TABLE first_texts ENABLE ROW LEVEL SECURITY;
ALTER TABLE circle_rules ENABLE ROW LEVEL SECURITY; ALTER TABLE circle_fines ENABLE ROW LEVEL SECURITY; ALTER TABLE houses ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON residents FOR SELECT USING (person_id = auth.uid());
CREATE POLICY home ON houses FOR SELECT USING (id = (SELECT residents.house_id FROM residents WHERE residents.person_id = (SELECT auth.uid()) LIMIT 1));
CREATE POLICY home ON house_texts FOR SELECT USING (house_id = house_of());
CREATE POLICY first ON first_texts FOR SELECT USING (circle_id = first_circle());
CREATE POLICY members ON circle_rules FOR SELECT USING (has_role(circle_id) = true);
CREATE POLICY librarians ON circle_fines FOR SELECT USING (has_role(circle_id, 'librarian'));
CREATE POLICY own ON people FOR ALL USING (is_server() OR id = auth.uid());
CREATE POLICY read ON shelves FOR SELECT USING (is_public = true OR owner_id = auth.uid());
CREATE POLICY write ON shelves FOR UPDATE USING (owner_id = auth.uid());
CREATE POLICY read ON shelf_books FOR SELECT USING (EXISTS (SELECT 1 FROM shelves s WHERE s.id = shelf_id AND (s.owner_id = auth.uid() OR s.is_public)));
CREATE POLICY own ON notes FOR ALL USING (author_id = auth.uid());
CREATE POLICY shared ON notes FOR SELECT USING (sharing <> 'private');
CREATE POLICY ready ON articles FOR SELECT USING (stage IN ('published', 'review'));
CREATE POLICY staff ON articles FOR ALL USING (EXISTS (SELECT 1 FROM people WHERE id = auth.uid() AND is_staff));
CREATE POLICY ready ON article_parts FOR SELECT USING (article_id IN (SELECT id FROM articles WHERE stage IN ('published', 'review')));
CREATE POLICY seen ON covers FOR SELECT USING (NOT is_hidden);
CREATE POLICY editors ON circles FOR SELECT USING (is_server() OR edits(id));
CREATE POLICY own ON circle_people FOR SELECT USING (person_id = auth.uid());
CREATE POLICY editors ON circle_texts FOR SELECT USING (edits(circle_id));
CREATE POLICY editors ON circle_plans FOR SELECT USING (circle_id IN (SELECT p.circle_id FROM circle_people p WHERE p.person_id = auth.uid() AND p.role IN ('editor', 'librarian')));
CREATE POLICY odd ON odd_plans FOR SELECT USING (is_odd(circle_id));

INSERT INTO people (id, name, is_staff) SELECT id, email, row_number() OVER (ORDER BY id) = 5 FROM auth.users;
INSERT INTO shelves (id, owner_id, is_public) SELECT gen_random_uuid(), id, flag FROM people, (VALUES (true), (false)) f (flag);
INSERT INTO shelf_books SELECT id, n, 'Book ' || n FROM shelves, generate_series(1, 2) n;
INSERT INTO notes (author_id, sharing) SELECT id, sharing FROM people, (VALUES ('private'), ('link'), (NULL)) s (sharing);
INSERT INTO articles (stage) SELECT unnest(enum_range(NULL::stage));
INSERT INTO article_parts SELECT id, n FROM articles, generate_series(1, 2) n;
INSERT INTO covers (is_hidden) VALUES (true), (false), (NULL);
INSERT INTO circles (name) VALUES ('A'), ('B'), ('C');
INSERT INTO circle_people SELECT c.id, p.id, (enum_range(NULL::reading_role))[1 + (row_number() OVER (ORDER BY c.name, p.id)) % 3] FROM circles c, people p WHERE c.name <> 'C' OR p.is_staff;
INSERT INTO circle_texts (circle_id) SELECT id FROM circles; INSERT INTO circle_plans (circle_id) SELECT id FROM circles; INSERT INTO odd_plans (circle_id) SELECT id FROM circles;
INSERT INTO houses (name) VALUES ('North'), ('South');
INSERT INTO residents (person_id, house_id) SELECT p.id, h.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM people) p, houses h WHERE p.n <= 3 AND (p.n % 2 = 1) = (h.name = 'North');
INSERT INTO house_texts (house_id) SELECT id FROM houses; INSERT INTO first_texts (circle_id) SELECT id FROM circles;
INSERT INTO circle_rules (circle_id) SELECT id FROM circles; INSERT INTO circle_fines (circle_id) SELECT id FROM circles;

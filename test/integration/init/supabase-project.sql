-- A made-up project as Supabase teams write them: a planner for community kitchens. The parts of Supabase that it leans on come first.
CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text UNIQUE);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
  $$ SELECT nullif(current_setting('request.jwt.claims', true)::json ->> 'sub', '')::uuid $$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS
  $$ SELECT current_setting('request.jwt.claims', true)::json ->> 'role' $$;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS
  $$ SELECT current_setting('request.jwt.claims', true)::jsonb $$;
DO $$ BEGIN
  CREATE ROLE anon NOLOGIN; CREATE ROLE authenticated NOLOGIN; CREATE ROLE service_role NOLOGIN BYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
GRANT USAGE ON SCHEMA public, auth TO anon, authenticated, service_role;

CREATE TYPE unit AS ENUM ('g', 'ml', 'piece');
CREATE DOMAIN email AS text CHECK (VALUE ~ '@');

-- Everybody sees everybody, each changes only their own.
CREATE TABLE profiles (
  id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
  display_name text NOT NULL, contact email, birthday date, preferences jsonb NOT NULL DEFAULT '{"theme":"light"}'::jsonb,
  created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Profiles are viewable by everyone." ON profiles FOR SELECT USING (true);
CREATE POLICY "Users update own profile." ON profiles FOR UPDATE USING ((SELECT auth.uid()) = id);

-- Private to a user, the policies in three dialects.
CREATE TABLE shopping_lists (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
  title text NOT NULL DEFAULT 'Groceries', is_done boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE shopping_lists ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shopping_lists TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);

CREATE TABLE pantry_items (
  user_id uuid NOT NULL REFERENCES auth.users, ingredient_id uuid NOT NULL, amount numeric(12, 3) NOT NULL DEFAULT 0,
  unit unit NOT NULL DEFAULT 'g', expires_on date, PRIMARY KEY (user_id, ingredient_id)
);
ALTER TABLE pantry_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY pantry_select ON pantry_items FOR SELECT USING (auth.uid() = user_id);
CREATE POLICY pantry_write ON pantry_items FOR INSERT WITH CHECK (auth.uid() = user_id);

CREATE TABLE device_tokens (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner uuid NOT NULL REFERENCES auth.users, token bytea NOT NULL
);
ALTER TABLE device_tokens ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON device_tokens USING (owner = (auth.jwt() ->> 'sub')::uuid);

-- Catalogue rows: shared by all where nobody owns them, private otherwise.
CREATE TABLE ingredients (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), created_by uuid REFERENCES auth.users, name text NOT NULL,
  kcal real, protein double precision, tags text[] NOT NULL DEFAULT '{}', search tsvector GENERATED ALWAYS AS (to_tsvector('simple', name)) STORED
);
ALTER TABLE pantry_items ADD FOREIGN KEY (ingredient_id) REFERENCES ingredients;
ALTER TABLE ingredients ENABLE ROW LEVEL SECURITY;
CREATE POLICY "catalogue or own" ON ingredients FOR SELECT USING (created_by IS NULL OR created_by = auth.uid());
CREATE POLICY "own only" ON ingredients FOR ALL USING (created_by = auth.uid()) WITH CHECK (created_by = auth.uid());

CREATE TABLE ingredient_nutrients (
  ingredient_id uuid NOT NULL REFERENCES ingredients ON DELETE CASCADE, nutrient_code text NOT NULL, amount numeric NOT NULL,
  PRIMARY KEY (ingredient_id, nutrient_code)
);
ALTER TABLE ingredient_nutrients ENABLE ROW LEVEL SECURITY;
CREATE POLICY via_ingredient ON ingredient_nutrients FOR SELECT USING (
  EXISTS (SELECT 1 FROM ingredients i WHERE i.id = ingredient_nutrients.ingredient_id AND (i.created_by IS NULL OR i.created_by = auth.uid())));

CREATE TABLE nutrients (code text PRIMARY KEY, name text NOT NULL, sort smallint NOT NULL DEFAULT 0);
ALTER TABLE nutrients ENABLE ROW LEVEL SECURITY;
CREATE POLICY read_all ON nutrients FOR SELECT TO authenticated USING (true);
ALTER TABLE ingredient_nutrients ADD FOREIGN KEY (nutrient_code) REFERENCES nutrients;

CREATE TABLE allergens (id int PRIMARY KEY, name varchar(80) NOT NULL);
ALTER TABLE allergens ENABLE ROW LEVEL SECURITY;
CREATE POLICY signed_in ON allergens FOR SELECT USING (auth.role() = 'authenticated');

-- Recipes: private, with children and grandchildren that have no owner of their own.
CREATE TABLE recipes (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), author_id uuid NOT NULL REFERENCES profiles ON DELETE CASCADE,
  title text NOT NULL, rating smallint, servings int NOT NULL DEFAULT 4, parent_id uuid REFERENCES recipes,
  cost numeric(10, 2), updated_at timestamp NOT NULL DEFAULT localtimestamp
);
ALTER TABLE recipes ENABLE ROW LEVEL SECURITY;
CREATE POLICY author ON recipes USING (author_id = auth.uid());

CREATE TABLE recipe_steps (
  recipe_id uuid NOT NULL REFERENCES recipes ON DELETE CASCADE, position int NOT NULL, body text NOT NULL DEFAULT '', PRIMARY KEY (recipe_id, position)
);
ALTER TABLE recipe_steps ENABLE ROW LEVEL SECURITY;
CREATE POLICY steps ON recipe_steps USING (recipe_id IN (SELECT id FROM recipes WHERE author_id = auth.uid()));

CREATE TABLE recipe_ingredients (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), recipe_id uuid NOT NULL REFERENCES recipes ON DELETE CASCADE,
  ingredient_id uuid NOT NULL REFERENCES ingredients, amount numeric, unit unit
);
ALTER TABLE recipe_ingredients ENABLE ROW LEVEL SECURITY;
CREATE POLICY with_recipe ON recipe_ingredients USING (
  EXISTS (SELECT 1 FROM recipes WHERE recipes.id = recipe_ingredients.recipe_id AND recipes.author_id = (SELECT auth.uid())));

CREATE TABLE substitutions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), recipe_ingredient_id uuid NOT NULL REFERENCES recipe_ingredients ON DELETE CASCADE,
  ingredient_id uuid NOT NULL REFERENCES ingredients, note text
);
ALTER TABLE substitutions ENABLE ROW LEVEL SECURITY;
CREATE POLICY grandchild ON substitutions USING (
  EXISTS (SELECT 1 FROM recipe_ingredients ri JOIN recipes r ON r.id = ri.recipe_id
          WHERE ri.id = substitutions.recipe_ingredient_id AND r.author_id = auth.uid()));

CREATE TABLE recipe_photos (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), recipe_id uuid NOT NULL REFERENCES recipes ON DELETE CASCADE, thumbnail bytea, taken_at timestamptz
); -- No row level security: only the keys tell.

CREATE TABLE tags (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid REFERENCES auth.users, label text NOT NULL);
ALTER TABLE tags ENABLE ROW LEVEL SECURITY;
CREATE POLICY shared_tags ON tags FOR SELECT USING (user_id IS NULL);
CREATE POLICY own_tags ON tags FOR SELECT USING (user_id = auth.uid());

CREATE TABLE recipe_tags (recipe_id uuid REFERENCES recipes ON DELETE CASCADE, tag_id uuid REFERENCES tags, PRIMARY KEY (recipe_id, tag_id));
ALTER TABLE recipe_tags ENABLE ROW LEVEL SECURITY;
CREATE POLICY with_recipe ON recipe_tags USING (EXISTS (SELECT 1 FROM recipes r WHERE r.id = recipe_id AND r.author_id = auth.uid()));

-- Kitchens: shared by their members; the policies look the members up themselves, through a function, or through the parent.
CREATE TABLE kitchens (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner_id uuid NOT NULL REFERENCES auth.users, name text NOT NULL, slug text UNIQUE
);
CREATE TABLE kitchen_members (
  kitchen_id uuid NOT NULL REFERENCES kitchens ON DELETE CASCADE, user_id uuid NOT NULL REFERENCES auth.users,
  role text NOT NULL DEFAULT 'cook', joined_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (kitchen_id, user_id)
);
CREATE FUNCTION is_kitchen_member(kitchen uuid) RETURNS boolean LANGUAGE sql SECURITY DEFINER STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM public.kitchen_members WHERE kitchen_id = kitchen AND user_id = auth.uid())
$$;
ALTER TABLE kitchens ENABLE ROW LEVEL SECURITY;
CREATE POLICY members_read ON kitchens FOR SELECT USING (
  owner_id = auth.uid() OR EXISTS (SELECT 1 FROM kitchen_members m WHERE m.kitchen_id = kitchens.id AND m.user_id = auth.uid()));
ALTER TABLE kitchen_members ENABLE ROW LEVEL SECURITY;
CREATE POLICY fellow_members ON kitchen_members FOR SELECT USING (is_kitchen_member(kitchen_id));

CREATE TABLE menus (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), kitchen_id uuid NOT NULL REFERENCES kitchens ON DELETE CASCADE, day date NOT NULL, notes text
);
ALTER TABLE menus ENABLE ROW LEVEL SECURITY;
CREATE POLICY menus_of_members ON menus USING (public.is_kitchen_member(kitchen_id));

CREATE TABLE menu_entries (
  menu_id uuid NOT NULL REFERENCES menus ON DELETE CASCADE, slot int NOT NULL, dish text NOT NULL, cook_id uuid REFERENCES auth.users,
  PRIMARY KEY (menu_id, slot)
);
ALTER TABLE menu_entries ENABLE ROW LEVEL SECURITY;
CREATE POLICY entries_of_members ON menu_entries USING (
  EXISTS (SELECT 1 FROM menus JOIN kitchen_members m ON m.kitchen_id = menus.kitchen_id WHERE menus.id = menu_id AND m.user_id = auth.uid()));

CREATE TABLE kitchen_expenses (
  id bigserial PRIMARY KEY, kitchen_id uuid NOT NULL REFERENCES kitchens, paid_by uuid NOT NULL REFERENCES auth.users, cents bigint NOT NULL, memo text
);
ALTER TABLE kitchen_expenses ENABLE ROW LEVEL SECURITY;
CREATE POLICY expenses ON kitchen_expenses USING (kitchen_id = ANY (ARRAY(SELECT kitchen_id FROM kitchen_members WHERE user_id = auth.uid())));

-- A child by a composite key, whose parent has no single key to go through.
CREATE TABLE menu_entry_notes (
  menu_id uuid NOT NULL, slot int NOT NULL, n int NOT NULL, body text NOT NULL, PRIMARY KEY (menu_id, slot, n),
  FOREIGN KEY (menu_id, slot) REFERENCES menu_entries ON DELETE CASCADE
);
ALTER TABLE menu_entry_notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY notes_of_members ON menu_entry_notes USING (
  EXISTS (SELECT 1 FROM menu_entries e JOIN menus ON menus.id = e.menu_id JOIN kitchen_members m USING (kitchen_id)
          WHERE e.menu_id = menu_entry_notes.menu_id AND e.slot = menu_entry_notes.slot AND m.user_id = auth.uid()));
CREATE TABLE cook_books (
  id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES auth.users, is_public boolean NOT NULL DEFAULT false
);
ALTER TABLE cook_books ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_or_public ON cook_books FOR SELECT USING (is_public OR user_id = auth.uid());
CREATE POLICY not_banned ON cook_books AS RESTRICTIVE USING ((auth.jwt() ->> 'banned') IS NULL);

-- And what a device should not, or cannot, hold.
CREATE TABLE audit_log (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), what jsonb);
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
CREATE TABLE billing (id uuid PRIMARY KEY, user_id uuid REFERENCES auth.users, customer text);
ALTER TABLE billing ENABLE ROW LEVEL SECURITY;
CREATE POLICY service_only ON billing TO service_role USING (true);
CREATE TABLE page_views (at timestamptz, path text);
CREATE TABLE "odd-name" (id uuid PRIMARY KEY);
CREATE TABLE feature_flags (name text PRIMARY KEY, is_on boolean NOT NULL DEFAULT false, rollout double precision NOT NULL DEFAULT 0.5);
CREATE TABLE seasons (id uuid PRIMARY KEY, starts_on date);
ALTER TABLE seasons ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON seasons FOR SELECT USING (extract(year FROM starts_on) > 2020);
GRANT ALL ON ALL TABLES IN SCHEMA public TO anon, authenticated, service_role;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO anon, authenticated, service_role;

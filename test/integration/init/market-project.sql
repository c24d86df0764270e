-- A made-up market: policies that look alike and mean something else. Each of them has given rows to the wrong people once.
CREATE TABLE profiles (
  user_id uuid PRIMARY KEY REFERENCES auth.users, handle text NOT NULL UNIQUE, email text, is_admin boolean NOT NULL DEFAULT false
);
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON profiles FOR SELECT USING (true);
CREATE POLICY w ON profiles FOR UPDATE USING (user_id = auth.uid());
REVOKE ALL ON profiles FROM anon, authenticated;
GRANT SELECT (user_id, handle) ON profiles TO authenticated;
GRANT UPDATE (handle) ON profiles TO authenticated;
CREATE TABLE blocks (blocker_id uuid REFERENCES profiles, blocked_id uuid REFERENCES profiles, PRIMARY KEY (blocker_id, blocked_id));
ALTER TABLE blocks ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON blocks USING (blocker_id = auth.uid());
CREATE TABLE posts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author_id uuid NOT NULL REFERENCES profiles, body text NOT NULL,
  visibility text NOT NULL DEFAULT 'public'
);
ALTER TABLE posts ENABLE ROW LEVEL SECURITY;
CREATE POLICY not_blocked ON posts FOR SELECT
  USING (NOT EXISTS (SELECT 1 FROM blocks b WHERE b.blocker_id = posts.author_id AND b.blocked_id = auth.uid()));
CREATE TABLE secret_posts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), author_id uuid NOT NULL REFERENCES profiles, body text);
ALTER TABLE secret_posts ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON secret_posts FOR SELECT USING (true);
CREATE POLICY only_own ON secret_posts AS RESTRICTIVE FOR SELECT USING (author_id = auth.uid());
CREATE TABLE stores (id serial PRIMARY KEY, owner_id uuid NOT NULL REFERENCES profiles, name text NOT NULL, opened date);
ALTER TABLE stores ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON stores FOR SELECT USING (true);
CREATE POLICY w ON stores FOR ALL USING (owner_id = auth.uid());
CREATE TABLE store_payouts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), store_id int NOT NULL REFERENCES stores ON DELETE CASCADE, cents bigint NOT NULL
);
ALTER TABLE store_payouts ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON store_payouts
  USING (EXISTS (SELECT 1 FROM stores s WHERE s.id = store_payouts.store_id AND s.owner_id = auth.uid()));
CREATE TABLE payout_lines (payout_id uuid REFERENCES store_payouts ON DELETE CASCADE, line int, what text, PRIMARY KEY (payout_id, line));
ALTER TABLE payout_lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON payout_lines
  USING (payout_id IN (SELECT p.id FROM store_payouts p JOIN stores s ON s.id = p.store_id WHERE s.owner_id = auth.uid()));
CREATE TABLE products (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), store_id int NOT NULL REFERENCES stores, title text NOT NULL,
  price numeric(10,2) NOT NULL CHECK (price >= 0), status text NOT NULL DEFAULT 'draft'
);
ALTER TABLE products ENABLE ROW LEVEL SECURITY;
CREATE POLICY published ON products FOR SELECT USING (status = 'published');
CREATE POLICY own ON products FOR ALL USING (store_id IN (SELECT id FROM stores WHERE owner_id = auth.uid()));
CREATE TABLE product_costs (product_id uuid PRIMARY KEY REFERENCES products, cost numeric);
ALTER TABLE product_costs ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON product_costs
  USING (product_id IN (SELECT p.id FROM products p, stores s WHERE p.store_id = s.id AND s.owner_id = auth.uid()));
CREATE TABLE product_images (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), product_id uuid NOT NULL REFERENCES products, url text);
ALTER TABLE product_images ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON product_images FOR SELECT USING (EXISTS (SELECT 1 FROM products p WHERE p.id = product_id AND p.status = 'published'));
CREATE TABLE categories (id text PRIMARY KEY, parent_id text REFERENCES categories, names jsonb NOT NULL DEFAULT '{}');
ALTER TABLE categories ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON categories FOR SELECT USING (true);
CREATE TABLE product_categories (
  product_id uuid REFERENCES products, category_id text REFERENCES categories, PRIMARY KEY (category_id, product_id)
);
ALTER TABLE product_categories ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON product_categories FOR SELECT USING (EXISTS (SELECT 1 FROM products WHERE products.id = product_id));
-- guest carts: a cart without a user belongs to a browser session
CREATE TABLE carts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid REFERENCES auth.users, session_id text);
ALTER TABLE carts ENABLE ROW LEVEL SECURITY;
CREATE POLICY c ON carts
  USING (user_id = auth.uid() OR (user_id IS NULL AND session_id = (current_setting('request.headers', true)::json ->> 'x-session')));
CREATE TABLE cart_items (
  cart_id uuid REFERENCES carts ON DELETE CASCADE, product_id uuid REFERENCES products,
  quantity int NOT NULL DEFAULT 1 CHECK (quantity > 0), PRIMARY KEY (cart_id, product_id)
);
ALTER TABLE cart_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY c ON cart_items USING (EXISTS (SELECT 1 FROM carts c WHERE c.id = cart_id AND c.user_id = auth.uid()));
CREATE TABLE orders (
  id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, buyer_id uuid NOT NULL REFERENCES profiles,
  store_id int NOT NULL REFERENCES stores, total numeric(12,2) NOT NULL, placed_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY buyer ON orders FOR SELECT USING (buyer_id = auth.uid());
CREATE POLICY seller ON orders FOR SELECT USING (EXISTS (SELECT 1 FROM stores s WHERE s.id = orders.store_id AND s.owner_id = auth.uid()));
CREATE TABLE order_items (
  order_id bigint REFERENCES orders ON DELETE CASCADE, line smallint, product_id uuid REFERENCES products, quantity int NOT NULL,
  PRIMARY KEY (order_id, line)
);
ALTER TABLE order_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON order_items FOR SELECT USING (order_id IN (SELECT id FROM orders));
CREATE TABLE reviews (
  product_id uuid REFERENCES products, user_id uuid REFERENCES profiles, stars int NOT NULL CHECK (stars BETWEEN 1 AND 5), body text,
  is_hidden boolean NOT NULL DEFAULT false, PRIMARY KEY (product_id, user_id)
);
ALTER TABLE reviews ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON reviews FOR SELECT USING (NOT is_hidden OR user_id = auth.uid());
CREATE TABLE messages (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), sender_id uuid NOT NULL REFERENCES profiles,
  recipient_id uuid NOT NULL REFERENCES profiles, body text NOT NULL
);
ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON messages FOR SELECT USING (auth.uid() = sender_id OR auth.uid() = recipient_id);
CREATE POLICY nosy ON messages AS RESTRICTIVE FOR SELECT USING (true);
CREATE TABLE chats (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), topic text);
ALTER TABLE chats ENABLE ROW LEVEL SECURITY;
CREATE TABLE chat_users (
  chat_id uuid REFERENCES chats, user_id uuid REFERENCES profiles, left_at timestamptz, PRIMARY KEY (chat_id, user_id)
);
ALTER TABLE chat_users ENABLE ROW LEVEL SECURITY;
CREATE POLICY me ON chat_users FOR SELECT USING (user_id = auth.uid());
CREATE POLICY still_in ON chats FOR SELECT USING (id IN (SELECT chat_id FROM chat_users WHERE user_id = auth.uid() AND left_at IS NULL));
CREATE TABLE chat_messages (
  chat_id uuid NOT NULL REFERENCES chats, seq int NOT NULL, author uuid NOT NULL REFERENCES profiles, body text,
  PRIMARY KEY (chat_id, seq)
);
ALTER TABLE chat_messages ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON chat_messages
  USING (EXISTS (SELECT 1 FROM chat_users cu WHERE cu.chat_id = chat_messages.chat_id AND cu.user_id = auth.uid() AND cu.left_at IS NULL));
-- admin-only by a flag in profiles
CREATE FUNCTION is_admin() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT EXISTS (SELECT 1 FROM public.profiles WHERE user_id = auth.uid() AND is_admin) $$;
CREATE TABLE reports (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), reporter_id uuid NOT NULL REFERENCES profiles, reason text);
ALTER TABLE reports ENABLE ROW LEVEL SECURITY;
CREATE POLICY admin ON reports FOR SELECT USING (is_admin());
CREATE POLICY ins ON reports FOR INSERT WITH CHECK (reporter_id = auth.uid());
CREATE TABLE moderation_log (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), moderator_id uuid REFERENCES profiles, what text);
ALTER TABLE moderation_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY admin ON moderation_log USING (EXISTS (SELECT 1 FROM profiles WHERE user_id = auth.uid() AND is_admin));
CREATE TABLE verified_only (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), x text);
ALTER TABLE verified_only ENABLE ROW LEVEL SECURITY;
CREATE POLICY v ON verified_only FOR SELECT USING (((auth.jwt() -> 'app_metadata' ->> 'verified')::boolean) IS TRUE);
CREATE TABLE mfa_only (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES profiles, x text);
ALTER TABLE mfa_only ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON mfa_only USING (user_id = auth.uid());
CREATE POLICY mfa ON mfa_only AS RESTRICTIVE TO authenticated USING ((SELECT auth.jwt() ->> 'aal') = 'aal2');
CREATE TABLE shared_docs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner_id uuid NOT NULL REFERENCES profiles, editors uuid[] NOT NULL DEFAULT '{}',
  title text
);
ALTER TABLE shared_docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON shared_docs USING (owner_id = auth.uid() OR auth.uid() = ANY (editors));
CREATE TABLE drafts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner_id uuid REFERENCES profiles, parent_id uuid REFERENCES drafts, body text
);
ALTER TABLE drafts ENABLE ROW LEVEL SECURITY;
CREATE POLICY x ON drafts USING (owner_id = auth.uid() AND parent_id IS NULL OR owner_id = auth.uid());
CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL, vat numeric(4,2)); -- No row level security.
CREATE TABLE exchange_rates (base char(3), quote char(3), day date, rate numeric NOT NULL, PRIMARY KEY (base, quote, day));
ALTER TABLE exchange_rates ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON exchange_rates FOR SELECT TO authenticated USING (auth.uid() IS NOT NULL);
CREATE TABLE webhook_secrets (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), secret text NOT NULL);
REVOKE ALL ON webhook_secrets FROM anon, authenticated; -- Nor here, but nobody may read it.
CREATE TABLE subscribers (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL);
ALTER TABLE subscribers ENABLE ROW LEVEL SECURITY;
CREATE POLICY ins ON subscribers FOR INSERT WITH CHECK (true);
CREATE TABLE anon_only (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), x text);
ALTER TABLE anon_only ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON anon_only FOR SELECT TO anon USING (true);
CREATE TABLE upper_ids (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner text NOT NULL, x text);
ALTER TABLE upper_ids ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON upper_ids USING (owner = auth.uid()::text);
CREATE TABLE not_mine (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL, x text);
ALTER TABLE not_mine ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON not_mine FOR SELECT USING (NOT (owner = auth.uid()));
CREATE TABLE expiring (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), x text, at timestamptz NOT NULL);
ALTER TABLE expiring ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON expiring FOR SELECT USING (auth.uid() IS NOT NULL AND at < now());
-- WITH CHECK alone lets nobody read.
CREATE TABLE suggestions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner_id uuid NOT NULL REFERENCES profiles, x text);
ALTER TABLE suggestions ENABLE ROW LEVEL SECURITY;
CREATE POLICY w ON suggestions FOR ALL WITH CHECK (owner_id = auth.uid());
-- A list of members that is itself under a policy: who is not approved is no member to the policies that ask it.
CREATE TABLE clubs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text);
ALTER TABLE clubs ENABLE ROW LEVEL SECURITY;
CREATE TABLE club_members (
  club_id uuid REFERENCES clubs, user_id uuid REFERENCES profiles, approved boolean NOT NULL DEFAULT false, PRIMARY KEY (club_id, user_id)
);
ALTER TABLE club_members ENABLE ROW LEVEL SECURITY;
CREATE POLICY approved ON club_members FOR SELECT USING (user_id = auth.uid() AND approved);
CREATE POLICY members ON clubs FOR SELECT USING (EXISTS (SELECT 1 FROM club_members m WHERE m.club_id = clubs.id AND m.user_id = auth.uid()));
CREATE TABLE club_news (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), club_id uuid NOT NULL REFERENCES clubs, body text);
ALTER TABLE club_news ENABLE ROW LEVEL SECURITY;
CREATE POLICY members ON club_news FOR SELECT
  USING (club_id IN (SELECT m.club_id FROM club_members m WHERE m.user_id = auth.uid()));
-- seed
INSERT INTO profiles(user_id,handle,email,is_admin) SELECT id,'h'||right(id::text,1),email,id::text LIKE '%5' FROM auth.users;
INSERT INTO blocks VALUES ('00000000-0000-4000-8000-000000000001','00000000-0000-4000-8000-000000000002');
INSERT INTO posts(author_id,body) SELECT user_id,'p' FROM profiles;
INSERT INTO secret_posts(author_id,body) SELECT user_id,'s' FROM profiles;
INSERT INTO stores(owner_id,name) SELECT user_id,handle FROM profiles WHERE handle < 'h4';
INSERT INTO store_payouts(store_id,cents) SELECT id,100 FROM stores;
INSERT INTO payout_lines SELECT id,1,'x' FROM store_payouts;
INSERT INTO products(store_id,title,price,status) SELECT id,'t',1.50,s FROM stores,(VALUES ('draft'),('published')) v(s);
INSERT INTO product_costs SELECT id,1 FROM products;
INSERT INTO product_images(product_id,url) SELECT id,'u' FROM products;
INSERT INTO categories VALUES ('root',NULL),('a','root');
INSERT INTO product_categories SELECT id,'a' FROM products;
INSERT INTO carts(user_id,session_id) SELECT id,NULL FROM auth.users;
INSERT INTO carts(session_id) VALUES ('guest-1'),('guest-2');
INSERT INTO cart_items SELECT c.id,(SELECT id FROM products LIMIT 1),1 FROM carts c;
INSERT INTO orders(buyer_id,store_id,total) SELECT user_id,s.id,9 FROM profiles, stores s;
INSERT INTO order_items SELECT id,1,(SELECT id FROM products LIMIT 1),1 FROM orders;
INSERT INTO reviews(product_id,user_id,stars,is_hidden) SELECT p.id,u.user_id,5,u.handle='h1' FROM products p, profiles u;
INSERT INTO messages(sender_id,recipient_id,body) SELECT a.user_id,b.user_id,'m' FROM profiles a, profiles b WHERE a<>b;
INSERT INTO chats(id,topic) SELECT ('d0000000-0000-4000-8000-00000000000'||g)::uuid,'t' FROM generate_series(1,3) g;
INSERT INTO chat_users
  SELECT c.id,p.user_id,CASE WHEN p.handle='h3' THEN now() END FROM chats c, profiles p WHERE right(c.id::text,1)::int + right(p.user_id::text,1)::int <> 4;
INSERT INTO chat_messages SELECT chat_id, right(user_id::text,1)::int, user_id,'m' FROM chat_users;
INSERT INTO reports(reporter_id,reason) SELECT user_id,'r' FROM profiles;
INSERT INTO moderation_log(moderator_id,what) SELECT user_id,'w' FROM profiles;
INSERT INTO verified_only(x) VALUES ('v');
INSERT INTO mfa_only(user_id,x) SELECT user_id,'m' FROM profiles;
INSERT INTO shared_docs(owner_id,editors) SELECT user_id,ARRAY['00000000-0000-4000-8000-000000000001'::uuid] FROM profiles;
INSERT INTO drafts(owner_id) SELECT user_id FROM profiles;
INSERT INTO drafts(owner_id) VALUES (NULL);
INSERT INTO countries VALUES ('DE','Germany',19);
INSERT INTO exchange_rates VALUES ('EUR','USD','2026-01-01',1.1);
INSERT INTO webhook_secrets(secret) VALUES ('s');
INSERT INTO subscribers(email) VALUES ('a@b');
INSERT INTO anon_only(x) VALUES ('1');
INSERT INTO upper_ids(owner,x) SELECT user_id::text,'x' FROM profiles;
INSERT INTO not_mine(owner,x) SELECT user_id,'x' FROM profiles;
INSERT INTO expiring(x,at) VALUES ('past',now()-interval '1 day'),('future',now()+interval '1 day');
INSERT INTO suggestions(owner_id, x) SELECT user_id, 'x' FROM profiles;
INSERT INTO clubs(name) VALUES ('a'), ('b');
INSERT INTO club_members SELECT c.id, p.user_id, (c.name = 'a') = (p.handle < 'h3') FROM clubs c, profiles p;
INSERT INTO club_news(club_id, body) SELECT id, 'news' FROM clubs;

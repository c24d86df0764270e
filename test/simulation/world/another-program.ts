import type postgres from 'postgres';
import { OWNERS } from './access.ts';
import type { Chance } from './chance.ts';
import { TALLIES } from './schema.ts';
import type { World } from './world.ts';

type Sql = postgres.TransactionSql;

/** One statement or a few that belong together, as a program would send them that has never heard of tidemark. */
type Deed = (sql: Sql, world: World, chance: Chance) => Promise<unknown>;

const aList = (chance: Chance) => `l${chance.below(4)}`;
const aWord = (chance: Chance) => `other ${chance.below(1_000_000)}`;

const DEEDS: readonly Deed[] = [
  async (sql, _world, chance) => {
    const nonce = aWord(chance);
    const id = `p${chance.below(4)}`;
    for (const half of ['left_half', 'right_half'])
      await sql.unsafe(
        `INSERT INTO ${half} (id, nonce) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET nonce = excluded.nonce`,
        [id, nonce],
      );
  },
  (sql, _world, chance) => {
    const table = chance.of(['of_server', 'of_client', 'of_last', 'of_app']);
    return sql.unsafe(`UPDATE ${table} SET ${chance.of(['a', 'b'])} = $1 WHERE id = $2`, [
      aWord(chance),
      `x${chance.below(3)}`,
    ]);
  },
  (sql, _world, chance) =>
    sql`INSERT INTO of_last (id, a, b) VALUES (${`x${chance.below(3)}`}, ${aWord(chance)}, 'b')
      ON CONFLICT (id) DO UPDATE SET a = excluded.a`,
  (sql, _world, chance) =>
    sql`INSERT INTO list (id, name, owner) VALUES (${aList(chance)}, ${aWord(chance)}, ${chance.of(OWNERS)})
      ON CONFLICT (id) DO UPDATE SET name = excluded.name, owner = excluded.owner`,
  (sql, _world, chance) => sql`UPDATE list SET owner = ${chance.of(OWNERS)} WHERE id = ${aList(chance)}`,
  (sql, _world, chance) => sql`DELETE FROM list WHERE id = ${aList(chance)}`,
  (sql, _world, chance) =>
    sql`INSERT INTO item (list_id, n, title, note, votes)
      SELECT id, ${chance.below(3)}::int, ${aWord(chance)}, NULL, 1 FROM list WHERE id = ${aList(chance)}
      ON CONFLICT (list_id, n) DO UPDATE SET title = excluded.title, votes = item.votes + 1`,
  (sql, _world, chance) => sql`UPDATE item SET note = ${aWord(chance)} WHERE list_id = ${aList(chance)}`,
  (sql, _world, chance) => sql`DELETE FROM item WHERE list_id = ${aList(chance)} AND n = ${chance.below(3)}`,
  (sql, _world, chance) => sql`UPDATE memo SET text = ${aWord(chance)} WHERE id = ${`m${chance.below(3)}`}`,
  (sql, _world, chance) => sql`DELETE FROM memo WHERE id = ${`m${chance.below(3)}`}`,
  (sql, _world, chance) =>
    sql`UPDATE val SET x = ${chance.of([0.1, -1e308, 5e-324])}, big = ${String(chance.of([0n, 2n ** 63n - 1n]))}::bigint
      WHERE id = ${`v${chance.below(6)}`}`,
  entry,
];

/** As the devices write theirs: with its increment. */
async function entry(sql: Sql, { written }: World, chance: Chance): Promise<string> {
  const id = `other-e${written.size}-${chance.below(1_000_000)}`;
  const tally = chance.of(TALLIES);
  const amount = 1 + chance.below(9);
  // It may be on devices before the answer to the commit is here.
  written.set(id, { author: 'other', user: 'other', tally, amount, isAcknowledged: false });
  await sql`INSERT INTO entry (id, author, tally, amount) VALUES (${id}, 'other', ${tally}, ${amount})`;
  await sql`UPDATE tally SET total = total + ${amount}::int WHERE id = ${tally}`;
  return id;
}

class TakenBack extends Error {}

/**
 * Another program writes to the same tables: one transaction of some statements, with time going by between them, and a commit that
 * comes whenever it comes. Its clock is the database's; the simulation has its own.
 */
export async function anotherProgram(world: World, chance: Chance): Promise<void> {
  await world.database?.lend((sql) => transact(sql, world, chance));
}

async function transact(sql: postgres.Sql, world: World, chance: Chance): Promise<void> {
  const { database, clock, written } = world;
  const own = new Set<string>();
  try {
    await sql.begin(async (transaction) => {
      for (let left = 1 + chance.below(4); left > 0; left -= 1) {
        const id = await chance.of(DEEDS)(transaction, world, chance);
        if (typeof id === 'string') own.add(id);
        if (chance.happens(0.3)) {
          const time = new Promise((resolve) => void clock.setTimer(chance.between(0, 2_000), () => resolve('time')));
          if ((await Promise.race([time, database?.stop])) !== 'time') throw new TakenBack();
        }
      }
      if (chance.happens(0.1)) throw new TakenBack();
      await transaction`UPDATE tidemark.captured SET at = to_timestamp(${clock.now() / 1_000}::float8)
        WHERE xid = pg_current_xact_id()`;
    });
    for (const id of own) {
      const one = written.get(id);
      if (one) one.isAcknowledged = true;
    }
  } catch (error) {
    // It meets a lock of somebody else: it gives up.
    if (!(error instanceof TakenBack) && !(error instanceof Error && 'code' in error)) throw error;
  }
}

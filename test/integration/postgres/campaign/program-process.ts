/**
 * Somebody else's program, as a process of its own: writes to the tables in transactions of several statements, until it is told
 * to stop, and says which have committed. Its driver may die with the database: then it is started again, as programs are.
 */
import postgres from 'postgres';
import { Random } from '../../../e2e/chaos/random.ts';
import { NOTE_COUNT } from './schema.ts';

const [url = '', name = '', seed = '', first = ''] = process.argv.slice(2);
const random = new Random(Number(seed) + Number(first));
const sql = postgres(url, { max: 1, onnotice: () => undefined, backoff: () => 0.02, connect_timeout: 5 });
let isWriting = true;
process.on('message', () => {
  isWriting = false;
});
process.on('disconnect', () => process.exit());

/** After a database that was killed, its driver (postgres 3.4.9) may wait for ever. */
const PATIENCE_MS = 10_000;

for (let tx = Number(first); isWriting; tx += 1) {
  process.send?.({ begun: tx });
  const patience = setTimeout(() => process.exit(), PATIENCE_MS);
  try {
    await sql.begin((own) => writeIn(own, tx));
    process.send?.({ committed: tx });
  } catch {
    // The database was killed, or somebody was faster. Whether it has committed stands in `done`, if it has.
  } finally {
    clearTimeout(patience);
  }
}
await sql.end({ timeout: 1 });
process.disconnect?.();

async function writeIn(own: postgres.TransactionSql, tx: number): Promise<void> {
  const total = random.between(1, 8);
  const early = random.between(0, total);
  const insert = (from: number, to: number) => own`
    INSERT INTO entry SELECT ${`${name}.${tx}.`}::text || i, ${name}, ${tx}::int, ${total}::int FROM generate_series(${from}::int, ${to}::int) i`;
  await insert(1, early);
  if (random.next() < 0.3) await own`SELECT pg_sleep(${random.next() * 0.03})`;
  if (random.next() < 0.3) {
    const id = `note-${random.between(1, NOTE_COUNT)}`;
    await own`INSERT INTO note VALUES (${id}, ${`${name}.${tx}`}, ${name})
      ON CONFLICT (id) DO UPDATE SET body = excluded.body, by = excluded.by`;
  }
  await insert(early + 1, total);
  const deleted = random.next() < 0.2 && tx > 0 ? random.between(0, tx - 1) : null;
  if (deleted !== null) await own`DELETE FROM entry WHERE writer = ${name} AND tx = ${deleted}`;
  await own`INSERT INTO done VALUES (${name}, ${tx}, ${total}, ${deleted})`;
  // Last: everybody wants this row.
  await own`UPDATE tally SET sum = sum + 1 WHERE id = 'all'`;
}

import { test } from 'vitest';
import { connect, Transaction } from '../../../src/server/postgres/connection.ts';
import { createDatabase } from '../../support/postgres.ts';
test.each([1, 2])('t', async (max) => {
  const t0 = performance.now(); const lap = (n: string) => process.stderr.write(`${max} ${n} ${Math.round(performance.now() - t0)}\n`);
  const database = await createDatabase(); lap('db');
  const pool = connect({ url: database.url, schema: 'public', maxConnections: max, driver: {} });
  const tx = await Transaction.begin(pool, 'BEGIN'); lap('begun');
  await tx.get('SELECT 1'); lap('get');
  await tx.rollback(); lap('rolled');
  await pool.end({ timeout: 5 }); lap('ended');
}, 15000);

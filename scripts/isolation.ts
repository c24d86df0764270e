/**
 * `npm run isolation -- --ops N [--seed S] [--storage postgres [--rls]]`: tenants work and lie against a server for N operations;
 * with `--rls` the policies of the database decide who may write. Ends with one line of JSON; what somebody came by who should not
 * is printed before it, and the exit code is then 1.
 */
import { parseArgs } from 'node:util';
import { inMemory } from '../test/isolation/backing.ts';
import { postgresBacking } from '../test/isolation/postgres-backing.ts';
import { runIsolation } from '../test/isolation/run-isolation.ts';
import { startPostgres } from '../test/support/postgres-server.ts';

const { values } = parseArgs({
  options: {
    ops: { type: 'string', default: '20000' },
    seed: { type: 'string' },
    storage: { type: 'string', default: 'sqlite' },
    rls: { type: 'boolean', default: false },
  },
});
const { storage, rls } = values;
if ((storage !== 'sqlite' && storage !== 'postgres') || (rls && storage !== 'postgres')) {
  console.error('isolation: --storage must be sqlite or postgres, and --rls is for postgres');
  process.exit(2);
}

function wholeNumber(text: string, option: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`isolation: --${option} must be a whole number; received ${text}`);
  process.exit(2);
}

const ops = wholeNumber(values.ops, 'ops');
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : wholeNumber(values.seed, 'seed');
console.log(`seed ${seed}, ${ops} operations`);
const database = storage === 'postgres' ? await startPostgres() : null;
const backing = database ? await postgresBacking({ url: database.url(), hasPolicies: rls }) : inMemory;
const startedAt = performance.now();
const report = await runIsolation({ ops, seed, backing });
const seconds = (performance.now() - startedAt) / 1000;
for (const leak of report.leaks) console.error(`${leak.viewer}, ${leak.attack}: ${leak.what}`);
const opsPerSecond = Math.round(report.ops / seconds);
await database?.close();
console.log(
  JSON.stringify({
    storage,
    rls,
    ok: report.leaks.length === 0,
    seed,
    ops: report.ops,
    opsPerSecond,
    leaks: report.leaks.length,
  }),
);
// Said aloud: the embedded Postgres ends its process with 0, whatever the exit code was to be.
process.exit(report.leaks.length > 0 ? 1 : 0);

/**
 * `npm run chaos:postgres -- --rounds N [--seed S]`: three server processes over one Postgres, real clients and other programs, while
 * nodes, connections and the database are killed at random. One JSON line per round, a closing one with the sums; ends with 1
 * when anything was lost, doubled or missed. The seed gives the same draws; a real machine gives its own moments.
 */
import { parseArgs } from 'node:util';
import { runCampaign } from '../test/integration/postgres/campaign/campaign.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' }, seed: { type: 'string' } } });
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : wholeNumber('seed', values.seed);
const reports = await runCampaign({ rounds: wholeNumber('rounds', values.rounds), seed, onRound: print });
const sum = (of: (report: (typeof reports)[number]) => number) => reports.reduce((all, one) => all + of(one), 0);
const violations = sum((report) => report.violations.length);
print({
  seed,
  rounds: reports.length,
  strikes: sum(({ strikes }) => strikes.length),
  acknowledged: sum(({ acknowledged }) => acknowledged),
  committed: sum(({ committed }) => committed),
  slowestMs: Math.max(...reports.map(({ ms }) => ms)),
  violations,
});
process.exit(violations === 0 ? 0 : 1);

function print(line: object): void {
  console.log(JSON.stringify(line));
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} must be a whole number; received ${text}.`);
  return value;
}

import { runHistory, shrink } from '../test/simulation/world/run-history.ts';
const seeds = Number(process.argv[2] ?? 20);
const from = Number(process.argv[3] ?? 1);
const t = performance.now();
let bad = 0;
for (let seed = from; seed < from + seeds; seed++) {
  const f = await runHistory({ seed });
  if (f) { bad++; console.log(seed, f.promise, f.message.slice(0, 600)); }
}
console.log({ seeds, bad, perSecond: seeds / ((performance.now() - t) / 1000) });

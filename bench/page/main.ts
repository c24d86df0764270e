import { measures, prepareStart } from './measures.ts';
import { startBare, startOurs } from './start.ts';

const bench = { measures, prepareStart, startOurs, startBare };

declare global {
  interface Window {
    bench: typeof bench;
  }
}

window.bench = bench;

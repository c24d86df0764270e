import type { Runtime } from '../../shared/runtime.ts';
import { FrameLog } from './frame-log.ts';
import { Lab } from './lab.ts';

/** What an engine and its ways to the server are instrumented with. */
export interface Instruments {
  readonly lab: Lab;
  readonly log: FrameLog;
  /** The engine's, with its clock as the lab has set it. */
  readonly runtime: Runtime;
}

/** The instruments of one engine. They do nothing before somebody asks. */
export function createInstruments(base: Runtime): Instruments {
  const lab = new Lab(base);
  const runtime = lab.runtime();
  return { lab, runtime, log: new FrameLog(runtime) };
}

import { SyncError } from '../../shared/error.ts';
import type { SyncRound } from '../types.ts';
import type { Call } from './calls.ts';
import { runRound } from './round.ts';
import { newReport, type RoundContext, type RoundPlan, type RoundReport } from './round-context.ts';
import { Watchdog } from './watchdog.ts';

/**
 * A round in which nothing has moved for so long is given up and tried again. Longer than any request may take by the
 * transport's own deadlines: this is for what has none.
 */
export const STALL_MS = 180_000;

/** What every round of one loop works with. */
export type RoundTools = Omit<RoundContext, 'plan' | 'signal' | 'report' | 'onProgress'>;

export interface RoundEnd {
  readonly number: number;
  readonly round: SyncRound;
  readonly error: SyncError | null;
}

interface Running {
  readonly number: number;
  readonly plan: RoundPlan;
  readonly controller: AbortController;
  readonly report: RoundReport;
  calls: readonly Call[];
  hasReached: boolean;
}

/** Runs rounds one after the other, watches over each, and keeps account of it. */
export class RoundRunner {
  readonly #tools: RoundTools;
  readonly #onEnd: (end: RoundEnd) => void;
  readonly #watchdog: Watchdog;
  #running: Running | null = null;
  /** The end of the last round, also of one that was aborted and is still winding up. */
  #last: Promise<void> = Promise.resolve();

  constructor(tools: RoundTools, onEnd: (end: RoundEnd) => void) {
    this.#tools = tools;
    this.#onEnd = onEnd;
    this.#watchdog = new Watchdog(tools.options.runtime, STALL_MS, () => this.#stalled());
  }

  /** The round that is running, as far as it has come. */
  get report(): RoundReport | null {
    return this.#running?.report ?? null;
  }

  /** Whether the running round has heard from the server. */
  get hasReached(): boolean {
    return this.#running?.hasReached ?? false;
  }

  get ended(): Promise<void> {
    return this.#last;
  }

  begin(number: number, plan: RoundPlan, calls: readonly Call[]): void {
    const controller = new AbortController();
    const running: Running = { number, plan, controller, report: newReport(), calls, hasReached: false };
    this.#running = running;
    this.#last = this.#last.then(() => this.#run(running));
  }

  #stalled(): void {
    const error = stalled();
    this.#tools.publisher.event({ type: 'stalled', what: 'round', error: error.toJSON() });
    this.abort(error);
  }

  abort(reason: SyncError): void {
    this.#running?.controller.abort(reason);
  }

  /** Other mutations and conflicts have the numbers that were known, from here on. */
  forget(): void {
    this.#tools.answers.forget();
    this.#tools.pushMemory.forget();
  }

  /** A request has ended. */
  heard(isReachable: boolean): void {
    this.#watchdog.moved();
    if (this.#running && isReachable) this.#running.hasReached = true;
  }

  /** A caller has given up: when nobody else asked for the round, it ends. */
  callGone(call: Call): void {
    const running = this.#running;
    if (!running?.calls.includes(call)) return;
    running.calls = running.calls.filter((other) => other !== call);
    if (running.calls.length === 0)
      this.abort(new SyncError('aborted', 'Everyone who asked for this round gave it up.'));
  }

  async #run(running: Running): Promise<void> {
    const { options, publisher } = this.#tools;
    const { runtime } = options;
    const { number, plan } = running;
    const [startedAt, since] = [runtime.now(), runtime.elapsed()];
    publisher.event({ type: 'sync-started', trigger: plan.trigger });
    this.#watchdog.watch();
    const error = await this.#attempt(running);
    this.#watchdog.rest();
    if (this.#running === running) this.#running = null;
    const { pushedCount, pulledChangeCount, sentBytes } = running.report;
    const round: SyncRound = {
      startedAt,
      durationMs: Math.round(runtime.elapsed() - since),
      trigger: plan.trigger,
      pushedCount,
      pulledChangeCount,
      sentBytes,
      outcome: outcomeOf(error, running.controller.signal),
      error: error?.toJSON() ?? null,
    };
    this.#onEnd({ number, round, error });
    for (const call of running.calls) call.end(error ?? round);
  }

  async #attempt(running: Running): Promise<SyncError | null> {
    const { plan, report } = running;
    const { signal } = running.controller;
    try {
      await runRound({
        ...this.#tools,
        plan,
        signal,
        report,
        onProgress: (progress) => {
          this.#watchdog.moved();
          for (const call of running.calls) call.onProgress?.(progress);
        },
      });
      return null;
    } catch (thrown) {
      return SyncError.from(signal.aborted ? signal.reason : thrown, 'storage', 'The round failed');
    }
  }
}

/** Given up on purpose is neither good nor bad; given up by the watchdog is a failure. */
function outcomeOf(error: SyncError | null, signal: AbortSignal): SyncRound['outcome'] {
  if (!error) return 'ok';
  return signal.aborted && error.kind !== 'timeout' ? 'aborted' : 'failed';
}

function stalled(): SyncError {
  const message = `Nothing has moved in this round for ${STALL_MS / 1000} s; it is given up and tried again.`;
  return new SyncError('timeout', message, { details: { stalledMs: STALL_MS } });
}

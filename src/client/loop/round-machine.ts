import type { SyncErrorJson } from '../../shared/error.ts';
import { retryDelayMs } from './backoff.ts';
import type { NextStep, TroublePhase } from './next-step.ts';

/** Failures in a row, and what the last one was. */
export interface Trouble {
  readonly failures: number;
  readonly phase: TroublePhase;
  readonly error: SyncErrorJson;
  /** When to try again by itself (monotonic clock). */
  readonly retryAt: number;
}

interface States {
  /** Not started. */
  readonly new: { readonly trouble: null };
  readonly idle: { readonly trouble: null };
  /** `trouble` is what the rounds before it failed with: it is over only when this one ends well. */
  readonly running: { readonly round: number; readonly trouble: Trouble | null };
  /** The last round failed. The timer of `trouble.retryAt` leads out of it, or someone who asks. */
  readonly waiting: { readonly trouble: Trouble };
  readonly paused: { readonly trouble: Trouble | null };
  readonly closed: { readonly trouble: Trouble | null };
}

interface Events {
  /** Run a round now. Those who ask out of urgency are heard while waiting too. */
  readonly wake: { readonly round: number; readonly urgent: boolean };
  readonly start: object;
  readonly succeeded: { readonly round: number };
  readonly failed: {
    readonly round: number;
    readonly error: SyncErrorJson;
    readonly step: NextStep;
    readonly random: number;
    readonly isAttended: boolean;
    /** Monotonic clock. */
    readonly now: number;
  };
  /** The caller of the round gave it up: neither a success nor a failure. */
  readonly aborted: { readonly round: number };
  readonly pause: object;
  readonly resume: object;
  readonly close: object;
}

type Tagged<Map, Name extends keyof Map = keyof Map> = { [K in Name]: { readonly name: K } & Map[K] }[Name];

export type LoopState<Name extends keyof States = keyof States> = Tagged<States, Name>;
export type LoopEvent<Name extends keyof Events = keyof Events> = Tagged<Events, Name>;
export type LoopStateName = keyof States;
export type LoopEventName = keyof Events;

type Table = {
  readonly [S in LoopStateName]: {
    readonly [E in LoopEventName]: (state: LoopState<S>, event: LoopEvent<E>) => LoopState;
  };
};

const stay = <S extends LoopState>(state: S): S => state;
const toIdle = (): LoopState => ({ name: 'idle', trouble: null });
const toPaused = ({ trouble }: LoopState): LoopState => ({ name: 'paused', trouble });
const toClosed = ({ trouble }: LoopState): LoopState => ({ name: 'closed', trouble });
const run = ({ trouble }: LoopState, { round }: LoopEvent<'wake'>): LoopState => ({ name: 'running', round, trouble });

/** The report of a round that is not the running one comes too late to matter. */
const isCurrent = (state: LoopState<'running'>, event: { readonly round: number }) => state.round === event.round;

const ignoreReports = { succeeded: stay, failed: stay, aborted: stay };

/** Every state against every event: a missing cell does not compile. */
const table: Table = {
  new: { wake: stay, start: toIdle, pause: toPaused, resume: stay, close: toClosed, ...ignoreReports },
  idle: { wake: run, start: stay, pause: toPaused, resume: stay, close: toClosed, ...ignoreReports },
  running: {
    wake: stay,
    start: stay,
    succeeded: (state, event) => (isCurrent(state, event) ? toIdle() : state),
    failed: (state, event) => (isCurrent(state, event) ? wait(state, event) : state),
    aborted: (state, event) => (isCurrent(state, event) ? giveUp(state) : state),
    pause: toPaused,
    resume: stay,
    close: toClosed,
  },
  waiting: {
    wake: (state, event) => (event.urgent ? run(state, event) : state),
    start: stay,
    pause: toPaused,
    resume: stay,
    close: toClosed,
    ...ignoreReports,
  },
  paused: { wake: stay, start: stay, pause: stay, resume: toIdle, close: toClosed, ...ignoreReports },
  closed: { wake: stay, start: stay, pause: stay, resume: stay, close: stay, ...ignoreReports },
};

function wait(state: LoopState<'running'>, event: LoopEvent<'failed'>): LoopState {
  const { error, step, now, random, isAttended } = event;
  const failures = (state.trouble?.failures ?? 0) + 1;
  const facts = { failures, retryAfterMs: step.retryAfterMs, random, isAttended };
  const retryAt = now + retryDelayMs(step.retry, facts);
  return { name: 'waiting', trouble: { failures, phase: step.phase, error, retryAt } };
}

/** Trouble from before an aborted round is not over: it goes on waiting, no longer and no shorter than before. */
const giveUp = ({ trouble }: LoopState<'running'>): LoopState => (trouble ? { name: 'waiting', trouble } : toIdle());

/** What comes after `event` in `state`: total and pure; chance comes in with the event. */
export function transition(state: LoopState, event: LoopEvent): LoopState {
  // The table is indexed by two unions at once, which TypeScript cannot follow; its own type checked each cell.
  const cell = table[state.name][event.name] as (state: LoopState, event: LoopEvent) => LoopState;
  return cell(state, event);
}

export const initialLoopState: LoopState = { name: 'new', trouble: null };

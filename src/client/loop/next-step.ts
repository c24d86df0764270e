import type { SyncError, SyncErrorKind } from '../../shared/error.ts';

/** What the status says while the loop waits after a failure. */
export type TroublePhase = 'offline' | 'needs-auth' | 'error';

/**
 * How soon a failed round is tried again without anyone asking: by back-off that grows to four seconds where nothing
 * answered or a disk failed, to eight where the server failed or has had enough for now, and to half a minute where it is we who are wrong;
 * every few seconds where somebody has to sign in, since it may be the server that does not know its people; once a minute where only an operator can mend it; every five minutes where only a new version can.
 */
export type RetryPace = 'reconnect' | 'recover' | 'backoff' | 'sign-in' | 'slow' | 'rare';

/**
 * What a failed push means for its mutations: try the same again; send fewer at a time, since size or load may be the
 * cause; or find out which single mutation is at fault and park it.
 */
export type PushReaction = 'keep' | 'shrink' | 'isolate';

export interface NextStep {
  readonly phase: TroublePhase;
  readonly retry: RetryPace;
  readonly push: PushReaction;
  /** The cursor is of no use any more: fetch everything anew, within the same round. */
  readonly startsOver: boolean;
  /** Come back no sooner than this: what the server asked for, within bounds. */
  readonly retryAfterMs: number;
}

type Rule = Pick<NextStep, 'phase' | 'retry' | 'push'>;

const unreachable: Rule = { phase: 'offline', retry: 'reconnect', push: 'keep' };
const tooSlow: Rule = { phase: 'offline', retry: 'reconnect', push: 'shrink' };
const overloaded: Rule = { phase: 'error', retry: 'recover', push: 'shrink' };
/** A disk, here or at the server, that failed: it spares nobody to wait for long. */
const unwritten: Rule = { phase: 'error', retry: 'reconnect', push: 'keep' };
/** Mostly it says when to come back; where it does not, the same holds for it as for a server that failed. */
const crowded: Rule = { phase: 'error', retry: 'recover', push: 'keep' };
const failing: Rule = { phase: 'error', retry: 'backoff', push: 'keep' };
const refused: Rule = { phase: 'error', retry: 'backoff', push: 'isolate' };
const unmendable: Rule = { phase: 'error', retry: 'slow', push: 'keep' };

const rules: Readonly<Record<SyncErrorKind, Rule>> = {
  network: unreachable,
  interrupted: unreachable,
  aborted: unreachable,
  timeout: tooSlow,
  server: overloaded,
  'rate-limited': crowded,
  'needs-auth': { phase: 'needs-auth', retry: 'sign-in', push: 'keep' },
  forbidden: unmendable,
  version: { phase: 'error', retry: 'rare', push: 'keep' },
  epoch: crowded,
  resync: crowded,
  storage: unwritten,
  quota: crowded,
  closed: failing,
  protocol: refused,
  'too-large': refused,
  rejected: refused,
  'invalid-schema': refused,
  'invalid-value': refused,
  'invalid-query': refused,
  'not-found': refused,
  misuse: refused,
  'no-server': unmendable,
  'unsent-work': unmendable,
};

/** However long a server asks to be left alone: one that is mistaken is not to keep anybody away for a day. */
export const MAX_ASKED_MS = 300_000;

/** The one place that decides what an error means for the loop. */
export function nextStep(error: SyncError): NextStep {
  const retryAfterMs = error.details.retryAfterMs;
  // Given up by the watchdog: the network may be as well as ever.
  const rule = typeof error.details.stalledMs === 'number' ? failing : rules[error.kind];
  return {
    ...rule,
    startsOver: error.kind === 'epoch' || error.kind === 'resync',
    retryAfterMs: typeof retryAfterMs === 'number' && retryAfterMs > 0 ? Math.min(retryAfterMs, MAX_ASKED_MS) : 0,
  };
}

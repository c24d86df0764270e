import { type RetryFacts, reconnectMs } from './backoff.ts';

/** After this many failures in a row the channel counts as unavailable, and polling is what there is. */
export const FAILURES_BEFORE_POLLING = 3;

interface States {
  /** Not wanted: local, paused, offline, closed, or before the first good round. */
  readonly closed: { readonly failures: number };
  readonly connecting: { readonly failures: number };
  readonly open: { readonly failures: number };
  /** Lost or refused; tried again after `delayMs`. `isAsked`: the server wants it so. */
  readonly resting: { readonly failures: number; readonly delayMs: number; readonly isAsked: boolean };
}

interface Events {
  readonly want: object;
  readonly unwant: object;
  readonly opened: object;
  /** It has stayed up long enough to be trusted: failures are forgotten. */
  readonly proven: object;
  readonly lost: Omit<RetryFacts, 'failures'>;
  /** The rest is over. */
  readonly due: object;
  /** Somebody waits: a rest that the server did not ask for is over. */
  readonly hurry: object;
}

type Tagged<Map, Name extends keyof Map = keyof Map> = { [K in Name]: { readonly name: K } & Map[K] }[Name];

export type ChannelState<Name extends keyof States = keyof States> = Tagged<States, Name>;
export type ChannelEvent<Name extends keyof Events = keyof Events> = Tagged<Events, Name>;
export type ChannelStateName = keyof States;
export type ChannelEventName = keyof Events;

type Table = {
  readonly [S in ChannelStateName]: {
    readonly [E in ChannelEventName]: (state: ChannelState<S>, event: ChannelEvent<E>) => ChannelState;
  };
};

const stay = <S extends ChannelState>(state: S): S => state;
const toClosed = ({ failures }: ChannelState): ChannelState => ({ name: 'closed', failures });
const toConnecting = ({ failures }: ChannelState): ChannelState => ({ name: 'connecting', failures });

const rest = (state: ChannelState, event: ChannelEvent<'lost'>): ChannelState => {
  const failures = state.failures + 1;
  return { name: 'resting', failures, delayMs: reconnectMs({ ...event, failures }), isAsked: event.retryAfterMs > 0 };
};

/** Every state against every event: a missing cell does not compile. */
const table: Table = {
  closed: { want: toConnecting, unwant: stay, opened: stay, proven: stay, lost: stay, due: stay, hurry: stay },
  connecting: {
    want: stay,
    unwant: toClosed,
    opened: ({ failures }) => ({ name: 'open', failures }),
    proven: stay,
    lost: rest,
    due: stay,
    hurry: stay,
  },
  open: {
    want: stay,
    unwant: toClosed,
    opened: stay,
    proven: () => ({ name: 'open', failures: 0 }),
    lost: rest,
    due: stay,
    hurry: stay,
  },
  resting: {
    want: stay,
    unwant: toClosed,
    opened: stay,
    proven: stay,
    lost: stay,
    due: toConnecting,
    hurry: (state) => (state.isAsked ? state : toConnecting(state)),
  },
};

/** What comes after `event` in `state`: total and pure; chance comes in with the event. */
export function channelTransition(state: ChannelState, event: ChannelEvent): ChannelState {
  // The table is indexed by two unions at once, which TypeScript cannot follow; its own type checked each cell.
  const cell = table[state.name][event.name] as (state: ChannelState, event: ChannelEvent) => ChannelState;
  return cell(state, event);
}

export const initialChannelState: ChannelState = { name: 'closed', failures: 0 };

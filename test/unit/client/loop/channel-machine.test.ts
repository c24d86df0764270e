import { expect, test } from 'vitest';
import {
  type ChannelEvent,
  type ChannelEventName,
  type ChannelState,
  type ChannelStateName,
  channelTransition,
} from '../../../../src/client/loop/channel-machine.ts';

const states: { readonly [S in ChannelStateName]: ChannelState<S> } = {
  closed: { name: 'closed', failures: 1 },
  connecting: { name: 'connecting', failures: 1 },
  open: { name: 'open', failures: 1 },
  resting: { name: 'resting', failures: 1, delayMs: 500, isAsked: false },
};

const events: { readonly [E in ChannelEventName]: ChannelEvent<E> } = {
  want: { name: 'want' },
  unwant: { name: 'unwant' },
  opened: { name: 'opened' },
  proven: { name: 'proven' },
  lost: { name: 'lost', random: 0.5, retryAfterMs: 0, isAttended: true },
  due: { name: 'due' },
  hurry: { name: 'hurry' },
};

const expected: { readonly [S in ChannelStateName]: { readonly [E in ChannelEventName]: ChannelStateName } } = {
  closed: {
    want: 'connecting',
    unwant: 'closed',
    opened: 'closed',
    proven: 'closed',
    lost: 'closed',
    due: 'closed',
    hurry: 'closed',
  },
  connecting: {
    want: 'connecting',
    unwant: 'closed',
    opened: 'open',
    proven: 'connecting',
    lost: 'resting',
    due: 'connecting',
    hurry: 'connecting',
  },
  open: { want: 'open', unwant: 'closed', opened: 'open', proven: 'open', lost: 'resting', due: 'open', hurry: 'open' },
  resting: {
    want: 'resting',
    unwant: 'closed',
    opened: 'resting',
    proven: 'resting',
    lost: 'resting',
    due: 'connecting',
    hurry: 'connecting',
  },
};

const cells = (Object.keys(states) as ChannelStateName[]).flatMap((state) =>
  (Object.keys(events) as ChannelEventName[]).map((event) => [state, event, expected[state][event]] as const),
);

test.each(cells)('R1: from %s, %s leads to %s', (state, event, to) => {
  expect(channelTransition(states[state], events[event]).name).toBe(to);
});

test('R2: failures add up over rests, and only a channel that stays up ends them', () => {
  const lost = channelTransition(states.open, events.lost);
  expect(lost).toMatchObject({ name: 'resting', failures: 2 });
  const reopened = channelTransition(channelTransition(lost, events.due), events.opened);
  expect(reopened.failures).toBe(2);
  expect(channelTransition(reopened, events.proven).failures).toBe(0);
});

test('R13: a server that says when to come back is asked no sooner, whoever waits', () => {
  const lost = channelTransition(states.open, { ...events.lost, retryAfterMs: 20_000 });
  expect(lost).toMatchObject({ name: 'resting', delayMs: 20_250 });
  expect(channelTransition(lost, events.hurry)).toBe(lost);
});

import { beforeEach, describe, expect, test } from 'vitest';
import type { HandshakeRequest, HandshakeResponse } from '../../../src/protocol/messages/handshake.ts';
import type { PushRequest } from '../../../src/protocol/messages/push.ts';
import { SyncError } from '../../../src/shared/error.ts';
import { type ManualRuntime, manualRuntime } from '../../../src/testing/manual-runtime.ts';
import { Channel } from '../../../src/transport/channel.ts';
import { ATTENDED, UNATTENDED } from '../../../src/transport/heartbeat.ts';
import { BRIEF_MS, Patience } from '../../../src/transport/patience.ts';
import type { GetToken } from '../../../src/transport/token-source.ts';
import type { RealtimeEvent } from '../../../src/transport/transport.ts';
import { ScriptedSocket } from './scripted-socket.ts';

const handshake: HandshakeRequest = { protocol: 1, schemaVersion: 1, clientId: 'a', capabilities: [] };
const welcome: HandshakeResponse = {
  protocol: 1,
  schemaVersion: 1,
  capabilities: [],
  epoch: 'e',
  head: 0,
  serverTime: 0,
  subject: 's',
  scopes: ['*'],
  limits: {},
};
const request: PushRequest = { clientId: 'a', schemaVersion: 1, mutations: [], decides: [] };
const response = { epoch: 'e', outcomes: [], head: 4 };
const page = {
  epoch: 'e',
  from: 0,
  snapshot: [],
  progress: { rowsDone: 0, rowsTotal: 0 },
  transactions: [],
  resume: null,
  cursor: { epoch: 'e', seq: 1 },
  scopes: ['*'],
  replaces: [],
  head: 1,
};

const { quietMs: QUIET_MS, answerMs: ANSWER_MS } = ATTENDED;

let runtime: ManualRuntime;
let patience: Patience;
let isAttended: boolean;
let refuses: boolean;
let sockets: ScriptedSocket[];
let events: RealtimeEvent[];

beforeEach(() => {
  runtime = manualRuntime();
  patience = new Patience(30_000);
  sockets = [];
  events = [];
  isAttended = true;
  refuses = false;
});

function open({ getToken }: { getToken?: GetToken } = {}): Channel {
  return new Channel({
    url: 'ws://test',
    openSocket: () => {
      if (refuses) throw new Error('No socket is left.');
      const socket = new ScriptedSocket();
      sockets.push(socket);
      return socket;
    },
    getToken,
    runtime,
    patience,
    isAttended: () => isAttended,
    handshake,
    listener: (event) => events.push(event),
  });
}

function last(): ScriptedSocket {
  const socket = sockets.at(-1);
  if (!socket) throw new Error('No socket was opened.');
  return socket;
}

async function connected(): Promise<Channel> {
  const channel = open();
  await runtime.advance(0);
  last().onopen?.();
  last().receive({ type: 'welcome', handshake: welcome });
  return channel;
}

const kinds = () => events.map((event) => (event.type === 'closed' ? event.error.kind : event.type));

describe('opening', () => {
  test('says hello with the token, and nothing else', async () => {
    open({ getToken: () => 'secret' });
    await runtime.advance(0);
    expect(last().binaryType).toBe('arraybuffer');
    last().onopen?.();
    expect(last().sent).toEqual([{ type: 'hello', token: 'secret', handshake }]);
    expect(events).toEqual([]);
  });

  test('is told once the server has welcomed us', async () => {
    const channel = await connected();
    expect(events).toEqual([{ type: 'open', handshake: welcome }]);
    expect(channel.state).toBe('open');
  });

  test('ends with `network` when the welcome does not come', async () => {
    open();
    await runtime.advance(0);
    last().onopen?.();
    await runtime.advance(BRIEF_MS - 1);
    expect(events).toEqual([]);
    await runtime.advance(1);
    expect(kinds()).toEqual(['network']);
    expect(last().isClosed).toBe(true);
  });

  test('gets more time with each thing that happens', async () => {
    open();
    await runtime.advance(BRIEF_MS - 1);
    last().onopen?.();
    await runtime.advance(BRIEF_MS - 1);
    last().receive({ type: 'welcome', handshake: welcome });
    expect(kinds()).toEqual(['open']);
  });

  describe('on a line that is known to be slow', () => {
    beforeEach(async () => {
      patience.answered(3_000);
      open();
      await runtime.advance(BRIEF_MS);
      expect(sockets).toHaveLength(2);
    });

    test('tries a second socket beside the first, and takes the one that is welcomed', async () => {
      const [first, second] = sockets;
      second?.onopen?.();
      second?.receive({ type: 'welcome', handshake: welcome });
      first?.onopen?.();
      expect(kinds()).toEqual(['open']);
      expect([first?.isClosed, first?.sent, second?.isClosed]).toEqual([true, [], false]);
      second?.receive({ type: 'poke', head: 1 });
      expect(kinds()).toEqual(['open', 'poke']);
    });

    test('keeps the first where that is the one', async () => {
      const [first, second] = sockets;
      first?.onopen?.();
      first?.receive({ type: 'welcome', handshake: welcome });
      expect([first?.isClosed, second?.isClosed]).toEqual([false, true]);
      second?.onclose?.({ code: 1006 });
      expect(kinds()).toEqual(['open']);
    });

    test('ends when both are lost, or nothing has happened on either for as long as such a line may take', async () => {
      sockets[0]?.onclose?.({ code: 1006 });
      expect(kinds()).toEqual([]);
      await runtime.advance(9_000 - BRIEF_MS);
      expect(kinds()).toEqual(['network']);
      expect(sockets.slice(1).every(({ isClosed }) => isClosed)).toBe(true);
      expect(runtime.timerCount).toBe(0);
    });
  });

  test('ends with `network` when the token never comes', async () => {
    open({ getToken: () => new Promise<string>(() => {}) });
    await runtime.advance(30_000);
    expect(kinds()).toEqual(['network']);
    expect(sockets).toEqual([]);
  });

  test('ends with what stands in the way of making a socket', async () => {
    const channel = new Channel({
      url: 'ws://test',
      openSocket: () => {
        throw new DOMException('not allowed here', 'SecurityError');
      },
      getToken: undefined,
      runtime,
      patience: new Patience(1_000),
      handshake,
      listener: (event) => events.push(event),
    });
    expect(events).toEqual([]);
    await runtime.advance(0);
    expect(kinds()).toEqual(['network']);
    expect(channel.state).toBe('closed');
  });

  test('closed before it opened is silent, whatever comes later', async () => {
    const channel = open();
    channel.close();
    await runtime.advance(60_000);
    expect([events, sockets]).toEqual([[], []]);
  });

  test('asks for a new token once, on a new socket', async () => {
    const asked: boolean[] = [];
    open({
      getToken: ({ refresh }) => {
        asked.push(refresh);
        return String(refresh);
      },
    });
    await runtime.advance(0);
    const refused = { type: 'error' as const, error: { kind: 'needs-auth', message: 'no' } };
    last().receive(refused);
    await runtime.advance(0);
    expect(sockets.map((socket) => socket.isClosed)).toEqual([true, false]);
    last().receive(refused);
    expect(asked).toEqual([false, true]);
    expect(kinds()).toEqual(['needs-auth']);
  });
});

describe('an open channel', () => {
  test('passes on changes and pokes, and tells where to go on', async () => {
    const channel = await connected();
    channel.subscribe({ epoch: 'e', seq: 0 }, ['*']);
    last().receive({ type: 'changes', page });
    last().receive({ type: 'poke', head: 9 });
    expect(last().sent.at(-1)).toEqual({ type: 'subscribe', cursor: { epoch: 'e', seq: 0 }, scopes: ['*'] });
    expect(events.slice(1)).toEqual([
      { type: 'changes', page },
      { type: 'poke', head: 9 },
    ]);
  });

  test.each([
    ['that are no CBOR', () => last().receiveRaw(new Uint8Array([0xff]).buffer), 'server'],
    ['of text', () => last().receiveRaw('hello'), 'server'],
    [
      'with the reason for an end',
      () => last().receive({ type: 'error', error: { kind: 'forbidden', message: '' } }),
      'forbidden',
    ],
    [
      'with a reason unknown here',
      () => last().receive({ type: 'error', error: { kind: 'sulking', message: '' } }),
      'server',
    ],
  ])('ends at frames %s', async (_, receive, kind) => {
    const channel = await connected();
    receive();
    expect(kinds()).toEqual(['open', kind]);
    expect(channel.state).toBe('closed');
    expect(last().isClosed).toBe(true);
    expect(runtime.timerCount).toBe(0);
  });

  test.each([
    [1006, 'network'],
    [1001, 'network'],
    [1009, 'too-large'],
  ])('ends when the socket closes with %i', async (code, kind) => {
    await connected();
    last().onclose?.({ code });
    expect(kinds()).toEqual(['open', kind]);
  });

  test('hears nothing after its end', async () => {
    const channel = await connected();
    channel.close();
    last().receive({ type: 'poke', head: 1 });
    last().onclose?.({ code: 1000 });
    expect(kinds()).toEqual(['open']);
    expect(runtime.timerCount).toBe(0);
  });

  test('outlives a listener that throws no worse than any frame', async () => {
    const channel = new Channel({
      url: 'ws://test',
      openSocket: () => {
        const socket = new ScriptedSocket();
        sockets.push(socket);
        return socket;
      },
      getToken: undefined,
      runtime,
      patience: new Patience(1_000),
      handshake,
      listener: (event) => {
        events.push(event);
        if (event.type === 'poke') throw new Error('a bug in the listener');
      },
    });
    await runtime.advance(0);
    last().receive({ type: 'welcome', handshake: welcome });
    expect(() => last().receive({ type: 'poke', head: 1 })).not.toThrow();
    expect(channel.state).toBe('closed');
    expect(kinds()).toEqual(['open', 'poke', 'server']);
  });
});

describe('the heartbeat', () => {
  test('sends a ping when it has been quiet, and again after each answer', async () => {
    await connected();
    await runtime.advance(QUIET_MS - 1);
    expect(last().types()).toEqual(['hello']);
    await runtime.advance(1);
    expect(last().types()).toEqual(['hello', 'ping']);
    last().receive({ type: 'pong', at: 0 });
    await runtime.advance(QUIET_MS);
    expect(last().types()).toEqual(['hello', 'ping', 'ping']);
    expect(kinds()).toEqual(['open']);
  });

  test('is not needed while frames come', async () => {
    await connected();
    for (let count = 0; count < 20; count++) {
      await runtime.advance(QUIET_MS - 1);
      last().receive({ type: 'poke', head: count });
    }
    expect(last().types()).toEqual(['hello']);
  });

  test('takes any frame for an answer', async () => {
    await connected();
    await runtime.advance(QUIET_MS + ANSWER_MS - 1);
    last().receive({ type: 'poke', head: 1 });
    await runtime.advance(ANSWER_MS);
    expect(kinds()).toEqual(['open', 'poke']);
  });

  test('ends a line that is open in name only', async () => {
    const channel = await connected();
    await runtime.advance(QUIET_MS + ANSWER_MS - 1);
    expect(channel.state).toBe('open');
    await runtime.advance(1);
    expect(kinds()).toEqual(['open', 'network']);
    expect(last().isClosed).toBe(true);
    expect(runtime.timerCount).toBe(0);
  });

  test('takes less than six seconds for that while somebody looks', () => {
    expect(QUIET_MS + ANSWER_MS).toBeLessThan(6_000);
  });

  test('costs little while nobody looks, and looks at once when somebody comes back', async () => {
    isAttended = false;
    const channel = await connected();
    await runtime.advance(5 * UNATTENDED.quietMs - 1);
    expect(kinds()).toEqual(['open', 'network']);
    const other = await connected();
    await runtime.advance(UNATTENDED.quietMs - 1);
    expect(last().types()).toEqual(['hello']);
    isAttended = true;
    other.check();
    expect(last().types()).toEqual(['hello', 'ping']);
    await runtime.advance(ANSWER_MS);
    expect([channel.state, other.state]).toEqual(['closed', 'closed']);
  });

  describe('on a line that is known to be slow', () => {
    const SUSPECT_MS = QUIET_MS + ANSWER_MS;

    /** Round trips of three seconds: a ping may take nine. */
    async function suspected(): Promise<{ channel: Channel; line: ScriptedSocket; probe: ScriptedSocket }> {
      patience.answered(3_000);
      const channel = await connected();
      patience.answered(3_000);
      await runtime.advance(SUSPECT_MS);
      const [line, probe] = sockets;
      if (!line || !probe) throw new Error('No probe was sent.');
      expect([sockets.length, channel.state]).toEqual([2, 'open']);
      return { channel, line, probe };
    }

    test('asks by another connection whether the server can be reached; where it can, the silent one is dead', async () => {
      const { channel, line, probe } = await suspected();
      probe.onopen?.();
      expect(kinds()).toEqual(['open', 'network']);
      expect([channel.state, line.isClosed, probe.isClosed]).toEqual(['closed', true, true]);
      expect(probe.sent).toEqual([]);
      expect(runtime.timerCount).toBe(0);
    });

    test('never ends one that is only slow', async () => {
      const { channel, line, probe } = await suspected();
      await runtime.advance(500);
      line.receive({ type: 'pong', at: 0 });
      expect(probe.isClosed).toBe(true);
      probe.onopen?.();
      await runtime.advance(QUIET_MS - 1);
      expect([channel.state, line.types().length]).toEqual(['open', 2]);
      await runtime.advance(1);
      expect(line.types()).toEqual(['hello', 'ping', 'ping']);
    });

    test('finds out as soon when it dies right after an answer that was late', async () => {
      const { line } = await suspected();
      line.receive({ type: 'pong', at: 0 });
      await runtime.advance(SUSPECT_MS);
      expect(sockets).toHaveLength(3);
      last().onopen?.();
      expect(kinds()).toEqual(['open', 'network']);
    });

    test('asks again when that was lost too, and gives up after the time that such a line may take', async () => {
      const { channel } = await suspected();
      await runtime.advance(2_500);
      expect(sockets.map(({ isClosed }) => isClosed)).toEqual([false, true, false]);
      await runtime.advance(9_000 - ANSWER_MS - 2_501);
      expect(channel.state).toBe('open');
      await runtime.advance(1);
      expect(kinds()).toEqual(['open', 'network']);
      expect(sockets.every(({ isClosed }) => isClosed)).toBe(true);
      expect(runtime.timerCount).toBe(0);
    });

    test('outlives a place that has no second socket for it', async () => {
      patience.answered(3_000);
      const channel = await connected();
      patience.answered(3_000);
      refuses = true;
      await runtime.advance(SUSPECT_MS);
      last().receive({ type: 'pong', at: 0 });
      expect(channel.state).toBe('open');
    });
  });

  test('gives a slow line more time to answer', async () => {
    open();
    await runtime.advance(0);
    last().onopen?.();
    await runtime.advance(2_000);
    last().receive({ type: 'welcome', handshake: welcome });
    await runtime.advance(QUIET_MS + 5_999);
    expect(kinds()).toEqual(['open']);
    await runtime.advance(1);
    expect(kinds()).toEqual(['open', 'network']);
  });

  test('asks once more when this thread was held up, instead of giving up', async () => {
    await connected();
    await runtime.advance(QUIET_MS);
    runtime.holdUp(ANSWER_MS + 5_000);
    await runtime.advance(0);
    expect(kinds()).toEqual(['open']);
    expect(last().types()).toEqual(['hello', 'ping', 'ping']);
    last().receive({ type: 'pong', at: 0 });
    await runtime.advance(ANSWER_MS);
    expect(kinds()).toEqual(['open']);
  });

  test('does not take what comes in for a sign that a push has arrived', async () => {
    const channel = await connected();
    const push = channel.push(request, { maxBytes: 1_000_000 })?.catch((error: unknown) => error);
    for (let ms = 0; ms < QUIET_MS + ANSWER_MS; ms += 500) {
      expect(channel.state).toBe('open');
      last().receive({ type: 'poke', head: ms });
      await runtime.advance(500);
    }
    expect(last().types()).toEqual(['hello', 'push', 'ping']);
    await runtime.advance(100);
    expect(channel.state).toBe('closed');
    expect(await push).toMatchObject({ kind: 'network' });
  });

  test('waits for what is still on its way up', async () => {
    const channel = await connected();
    channel.push({ ...request, decides: ['x'.repeat(200_000)] }, { maxBytes: 1_000_000 })?.catch(() => {});
    await runtime.advance(QUIET_MS + ANSWER_MS + 12_000);
    expect(channel.state).toBe('open');
    await runtime.advance(1_000);
    expect(channel.state).toBe('closed');
  });
});

describe('pushes', () => {
  const options = { maxBytes: 1_000_000 };
  const kindOf = (push: Promise<unknown> | null) =>
    push?.then(
      () => 'answered',
      (error: unknown) => (error instanceof SyncError ? error.kind : error),
    );

  test('are answered by their id, in any order', async () => {
    const channel = await connected();
    const [first, second] = [channel.push(request, options), channel.push(request, options)];
    last().receive({ type: 'pushed', requestId: 2, response: { ...response, head: 2 } });
    last().receive({ type: 'pushed', requestId: 1, response: { ...response, head: 1 } });
    expect([(await first)?.head, (await second)?.head]).toEqual([1, 2]);
    expect(runtime.timerCount).toBe(1);
  });

  test('fail one by one', async () => {
    const channel = await connected();
    const push = channel.push(request, options);
    last().receive({
      type: 'push-failed',
      requestId: 1,
      error: { kind: 'rate-limited', message: '', retryAfterMs: 7 },
    });
    await expect(push).rejects.toMatchObject({ kind: 'rate-limited', details: { retryAfterMs: 7 } });
    expect(channel.state).toBe('open');
  });

  test('that are too large for a frame are not sent', async () => {
    const channel = await connected();
    expect(channel.push(request, { maxBytes: 10 })).toBeNull();
    expect(last().types()).toEqual(['hello']);
  });

  test('reject with `network` when the socket dies', async () => {
    const channel = await connected();
    const push = kindOf(channel.push(request, options));
    last().onclose?.({ code: 1006 });
    expect(await push).toBe('network');
  });

  test('reject with `timeout` when no answer comes while the line lives', async () => {
    const channel = await connected();
    const push = kindOf(channel.push(request, options));
    for (let count = 0; count < 15; count++) {
      await runtime.advance(2_500);
      last().receive({ type: 'pong', at: 0 });
    }
    expect(await push).toBe('timeout');
    expect(channel.state).toBe('open');
    // A late answer finds nobody waiting.
    last().receive({ type: 'pushed', requestId: 1, response });
    expect(channel.state).toBe('open');
  });

  test('reject with `aborted` by the signal', async () => {
    const channel = await connected();
    const abort = new AbortController();
    const push = kindOf(channel.push(request, { ...options, signal: abort.signal }));
    abort.abort();
    expect(await push).toBe('aborted');
  });

  test('reject with `needs-auth` when that is why the channel ends', async () => {
    const channel = await connected();
    const push = kindOf(channel.push(request, options));
    last().receive({ type: 'error', error: { kind: 'needs-auth', message: 'expired' } });
    expect(await push).toBe('needs-auth');
  });
});

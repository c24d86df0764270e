/** The contract of `Transport`, run on each one against a real service. */
import { afterEach, describe, expect, test } from 'vitest';
import type { HandshakeRequest } from '../../src/protocol/messages/handshake.ts';
import type { PullRequest } from '../../src/protocol/messages/pull.ts';
import type { PushRequest } from '../../src/protocol/messages/push.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/version.ts';
import type { AuthFunction } from '../../src/server/edge/options.ts';
import type { SyncService } from '../../src/server/service.ts';
import type { Cell } from '../../src/shared/cell.ts';
import { SyncError } from '../../src/shared/error.ts';
import type { GetToken } from '../../src/transport/token-source.ts';
import type { RealtimeChannel, RealtimeEvent, Transport } from '../../src/transport/transport.ts';

/** A server with one table `note (id text, body text, n integer nullable, data blob nullable)`, everybody in all scopes. */
export interface TransportHarness {
  /** Whether pushes go over the channel. Default: yes. */
  readonly carriesPushes?: boolean;
  readonly service: SyncService;
  transport(options?: { getToken?: GetToken }): Transport;
  close(): Promise<void>;
}

export type MakeHarness = (options?: { auth?: AuthFunction }) => Promise<TransportHarness>;

const never = new AbortController().signal;
const HLC = '018f3c5a7e000000';

const hello = (clientId: string): HandshakeRequest => ({
  protocol: PROTOCOL_VERSION,
  schemaVersion: 1,
  clientId,
  capabilities: [],
});

function put(clientId: string, mutationId: number, columns: Record<string, Cell>): PushRequest {
  const full = { body: '', n: null, data: null, ...columns };
  const change = { table: 'note', key: [`${clientId}-${mutationId}`], op: 'put' as const, columns: full };
  const mutations = [{ mutationId, hlc: HLC, base: 0, changes: [change] }];
  return { clientId, schemaVersion: 1, mutations, decides: [] };
}

const pullFromStart = (clientId: string): PullRequest => ({
  clientId,
  schemaVersion: 1,
  cursor: null,
  scopes: [],
  resume: null,
});

async function failure(call: Promise<unknown>): Promise<SyncError> {
  const thrown = await call.then(
    () => new Error('The call did not fail.'),
    (error: unknown) => error,
  );
  if (thrown instanceof SyncError) return thrown;
  throw thrown;
}

/** The events of a channel, to be awaited one by one. */
export class Events {
  readonly #events: RealtimeEvent[] = [];
  #wake: () => void = () => {};

  readonly listener = (event: RealtimeEvent): void => {
    this.#events.push(event);
    this.#wake();
  };

  get count(): number {
    return this.#events.length;
  }

  async next<T extends RealtimeEvent['type']>(type: T): Promise<Extract<RealtimeEvent, { type: T }>> {
    while (this.#events.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const event = this.#events.shift();
    if (event?.type === type) return event as Extract<RealtimeEvent, { type: T }>;
    throw new Error(`Expected ${type}, received ${JSON.stringify(event)}.`);
  }
}

export function runTransportContract(name: string, make: MakeHarness): void {
  let harness: TransportHarness | null = null;
  const transports: Transport[] = [];

  async function start(options?: { auth?: AuthFunction }): Promise<TransportHarness> {
    const made = await make(options);
    harness = made;
    return {
      ...made,
      transport(given) {
        const transport = made.transport(given);
        transports.push(transport);
        return transport;
      },
    };
  }

  afterEach(async () => {
    for (const transport of transports.splice(0)) transport.close();
    await harness?.close();
    harness = null;
  });

  /** A transport with its channel open. */
  async function connected(
    transport: Transport,
    clientId: string,
  ): Promise<{ channel: RealtimeChannel; events: Events }> {
    const events = new Events();
    const channel = transport.connect(hello(clientId), events.listener);
    await events.next('open');
    return { channel, events };
  }

  describe(`${name}: requests`, () => {
    test('a handshake tells who and where one is', async () => {
      const { transport, service } = await start();
      const answer = await transport().handshake(hello('a'), never);
      expect(answer).toMatchObject({ protocol: PROTOCOL_VERSION, schemaVersion: 1, subject: 'anonymous', head: 0 });
      expect(answer.epoch).toBe(service.stats().epoch);
      expect(answer.limits.maxRequestBytes).toBe(1024 * 1024);
    });

    test('what one client pushes, another pulls, cell by cell', async () => {
      const { transport } = await start();
      const columns = { body: 'naïve \u0000 \u{1F600}', n: 2n ** 62n, data: new Uint8Array([0, 128, 255]) };
      const pushed = await transport().push(put('a', 1, columns), never);
      expect(pushed.outcomes).toMatchObject([{ mutationId: 1, outcome: 'applied', seq: 1 }]);
      const page = await transport().pull(pullFromStart('b'), never);
      expect(page.cursor?.seq).toBe(1);
      const [rows] = page.snapshot;
      expect(rows?.columns).toEqual(['id', 'body', 'n', 'data']);
      expect(rows?.rows).toEqual([['a-1', columns.body, columns.n, columns.data]]);
    });

    test('a push sent twice has the same outcome twice', async () => {
      const { transport, service } = await start();
      const first = await transport().push(put('a', 1, {}), never);
      expect(await transport().push(put('a', 1, {}), never)).toEqual(first);
      expect(service.stats().head).toBe(1);
    });

    test('devices are listed', async () => {
      const { transport } = await start();
      const one = transport();
      await one.handshake({ ...hello('a'), deviceName: 'phone' }, never);
      const { devices } = await one.devices({ clientId: 'a' }, never);
      expect(devices).toMatchObject([{ deviceId: 'a', name: 'phone', revoked: false }]);
    });

    test.each([
      ['a protocol two ahead', { protocol: PROTOCOL_VERSION + 2 }],
      ['a newer schema', { schemaVersion: 2 }],
    ])('%s is refused as `version`', async (_, change) => {
      const { transport } = await start();
      const error = await failure(transport().handshake({ ...hello('a'), ...change }, never));
      expect(error.kind).toBe('version');
      expect(error.message).toContain('Update the server');
    });

    test('a cursor of another history is refused as `epoch`', async () => {
      const { transport } = await start();
      const request = { ...pullFromStart('a'), cursor: { epoch: 'elsewhere', seq: 3 }, scopes: ['*'] };
      expect((await failure(transport().pull(request, never))).kind).toBe('epoch');
    });

    test('a message the server cannot take is refused as `protocol`', async () => {
      const { transport } = await start();
      expect((await failure(transport().push({ ...put('a', 1, {}), clientId: '' }, never))).kind).toBe('protocol');
    });

    test('a request larger than the limit is refused as `too-large`', async () => {
      const { transport } = await start();
      const request = put('a', 1, { body: 'x'.repeat(1024 * 1024) });
      expect((await failure(transport().push(request, never))).kind).toBe('too-large');
    });

    test('a value that cannot travel is refused before anything is sent', async () => {
      const { transport, service } = await start();
      expect((await failure(transport().push(put('a', 1, { n: Number.NaN }), never))).kind).toBe('invalid-value');
      expect(service.stats().pushedMutationCount).toBe(0);
    });

    test('an aborted signal ends the call, before and during it', async () => {
      const { transport } = await start();
      const before = AbortSignal.abort();
      expect((await failure(transport().pull(pullFromStart('a'), before))).kind).toBe('aborted');
      const during = new AbortController();
      const call = transport().pull(pullFromStart('a'), during.signal);
      during.abort();
      expect((await failure(call)).kind).toBe('aborted');
    });

    test('after close() calls reject with `closed`', async () => {
      const { transport } = await start();
      const one = transport();
      const running = one.pull(pullFromStart('a'), never);
      one.close();
      expect((await failure(running)).kind).toBe('closed');
      expect((await failure(one.pull(pullFromStart('a'), never))).kind).toBe('closed');
    });

    test('a service that has closed counts as a failing server', async () => {
      const { transport, service } = await start();
      const one = transport();
      await one.handshake(hello('a'), never);
      await service.close();
      const error = await failure(one.pull(pullFromStart('a'), never));
      expect(error.kind).toBe('server');
      expect(error.details.retryAfterMs).toBeGreaterThan(0);
    });
  });

  describe(`${name}: the token`, () => {
    const auth: AuthFunction = ({ token }) => (token?.startsWith('good') ? { id: token } : null);

    test('without one the call fails with `needs-auth`', async () => {
      const { transport } = await start({ auth });
      expect((await failure(transport().handshake(hello('a'), never))).kind).toBe('needs-auth');
    });

    test('is asked for anew, once, when it is refused', async () => {
      const { transport } = await start({ auth });
      const asked: boolean[] = [];
      const getToken: GetToken = ({ refresh }) => {
        asked.push(refresh);
        return refresh ? 'good-ada' : 'old';
      };
      expect((await transport({ getToken }).handshake(hello('a'), never)).subject).toBe('good-ada');
      expect(asked).toEqual([false, true]);
    });

    test('refused twice, the call fails with `needs-auth`', async () => {
      const { transport } = await start({ auth });
      const asked: boolean[] = [];
      const getToken: GetToken = ({ refresh }) => {
        asked.push(refresh);
        return 'old';
      };
      expect((await failure(transport({ getToken }).handshake(hello('a'), never))).kind).toBe('needs-auth');
      expect(asked).toEqual([false, true]);
    });

    test('a getter that throws means `needs-auth`', async () => {
      const { transport } = await start({ auth });
      const getToken = () => {
        throw new Error('signed out');
      };
      expect((await failure(transport({ getToken }).handshake(hello('a'), never))).kind).toBe('needs-auth');
    });

    test('opens the channel, anew once when it is refused', async () => {
      const { transport } = await start({ auth });
      const events = new Events();
      const getToken: GetToken = ({ refresh }) => (refresh ? 'good-ada' : 'old');
      transport({ getToken }).connect(hello('a'), events.listener);
      expect((await events.next('open')).handshake.subject).toBe('good-ada');
    });

    test('a channel without one closes with `needs-auth`', async () => {
      const { transport } = await start({ auth });
      const events = new Events();
      const channel = transport().connect(hello('a'), events.listener);
      expect((await events.next('closed')).error.kind).toBe('needs-auth');
      expect(channel.state).toBe('closed');
    });
  });

  describe(`${name}: the channel`, () => {
    test('brings what others commit, each from where the last one ended', async () => {
      const { transport, service } = await start();
      const { channel, events } = await connected(transport(), 'a');
      channel.subscribe({ epoch: service.stats().epoch, seq: 0 }, ['*']);
      const other = transport();
      await other.push(put('b', 1, { body: 'one' }), never);
      const first = (await events.next('changes')).page;
      expect(first).toMatchObject({ from: 0, resume: null, cursor: { seq: 1 } });
      expect(first.transactions).toMatchObject([{ clientId: 'b', mutationId: 1, changes: [{ op: 'put' }] }]);
      await other.push(put('b', 2, { body: 'two' }), never);
      expect((await events.next('changes')).page).toMatchObject({ from: 1, cursor: { seq: 2 } });
    });

    test('brings what was committed before it was subscribed to', async () => {
      const { transport, service } = await start();
      await transport().push(put('b', 1, {}), never);
      const { channel, events } = await connected(transport(), 'a');
      channel.subscribe({ epoch: service.stats().epoch, seq: 0 }, ['*']);
      expect((await events.next('changes')).page.transactions).toHaveLength(1);
    });

    test('carries pushes, and brings their echo', async () => {
      const { transport, service } = await start();
      const one = transport();
      const { channel, events } = await connected(one, 'a');
      channel.subscribe({ epoch: service.stats().epoch, seq: 0 }, ['*']);
      const outcomes = await Promise.all([one.push(put('a', 1, {}), never), one.push(put('a', 2, {}), never)]);
      expect(outcomes.map((answer) => answer.outcomes[0]?.outcome)).toEqual(['applied', 'applied']);
      const { page } = await events.next('changes');
      expect(page.transactions[0]).toMatchObject({ clientId: 'a', mutationId: 1 });
    });

    test('a push that fails does not end it', async () => {
      const { transport } = await start();
      const one = transport();
      const { channel } = await connected(one, 'a');
      expect((await failure(one.push({ ...put('a', 1, {}), schemaVersion: 9 }, never))).kind).toBe('version');
      expect(channel.state).toBe('open');
    });

    test('a push too large for a frame goes by a request, and is refused there', async () => {
      const { transport } = await start();
      const one = transport();
      const { channel } = await connected(one, 'a');
      const request = put('a', 1, { body: 'x'.repeat(1024 * 1024) });
      expect((await failure(one.push(request, never))).kind).toBe('too-large');
      expect(channel.state).toBe('open');
    });

    test.each([
      ['another history', { epoch: 'elsewhere', scopes: ['*'] }],
      ['other scopes than one may read', { epoch: null, scopes: ['mine'] }],
    ])('subscribing with %s brings a poke', async (_, { epoch, scopes }) => {
      const { transport, service } = await start();
      const { channel, events } = await connected(transport(), 'a');
      channel.subscribe({ epoch: epoch ?? service.stats().epoch, seq: 0 }, scopes);
      expect((await events.next('poke')).head).toBe(0);
    });

    test('brings much in several chains, each on top of the last', async () => {
      const { transport, service } = await start();
      const one = transport();
      for (const id of [1, 2, 3]) await one.push(put('b', id, { body: 'x'.repeat(200_000) }), never);
      const { channel, events } = await connected(transport(), 'a');
      channel.subscribe({ epoch: service.stats().epoch, seq: 0 }, ['*']);
      let seq = 0;
      while (seq < 3) {
        const { page } = await events.next('changes');
        expect(page.from).toBe(seq);
        expect(page.head).toBe(3);
        seq = page.cursor?.seq ?? 0;
        expect(seq).toBeGreaterThan(page.from);
      }
      expect(events.count).toBe(0);
    });

    test('a client one protocol ahead is answered in the one that both speak', async () => {
      const { transport } = await start();
      const ahead = { ...hello('a'), protocol: PROTOCOL_VERSION + 1 };
      expect((await transport().handshake(ahead, never)).protocol).toBe(PROTOCOL_VERSION);
      const events = new Events();
      transport().connect(ahead, events.listener);
      expect((await events.next('open')).handshake.protocol).toBe(PROTOCOL_VERSION);
    });

    test('another protocol closes it with `version`', async () => {
      const { transport } = await start();
      const events = new Events();
      transport().connect({ ...hello('a'), protocol: 99 }, events.listener);
      expect((await events.next('closed')).error.kind).toBe('version');
    });

    test('after close() nothing more is heard, pushes under way reject, and later ones go by requests', async () => {
      const { transport, service, carriesPushes = true } = await start();
      const one = transport();
      const { channel, events } = await connected(one, 'a');
      channel.subscribe({ epoch: service.stats().epoch, seq: 0 }, ['*']);
      const running = one.push(put('a', 1, {}), never);
      channel.close();
      if (carriesPushes) expect((await failure(running)).kind).toBe('network');
      else expect((await running).outcomes).toMatchObject([{ outcome: 'applied' }]);
      expect(channel.state).toBe('closed');
      expect((await one.push(put('a', 1, {}), never)).outcomes).toMatchObject([{ outcome: 'applied' }]);
      expect(events.count).toBe(0);
    });

    test('a new one takes the place of the last', async () => {
      const { transport } = await start();
      const one = transport();
      const first = await connected(one, 'a');
      const second = await connected(one, 'a');
      expect(first.channel.state).toBe('closed');
      expect(second.channel.state).toBe('open');
      expect(first.events.count).toBe(0);
    });
  });
}

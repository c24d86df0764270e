import type { Cursor } from '../../../../../src/core/change.ts';
import { LIMITS } from '../../../../../src/protocol/limits.ts';
import type { DevicesResponse } from '../../../../../src/protocol/messages/devices.ts';
import type { HandshakeResponse } from '../../../../../src/protocol/messages/handshake.ts';
import type { PullPage, PullRequest } from '../../../../../src/protocol/messages/pull.ts';
import type { Outcome, PushRequest, PushResponse } from '../../../../../src/protocol/messages/push.ts';
import { SyncError, type SyncErrorDetails, type SyncErrorKind } from '../../../../../src/shared/error.ts';
import type {
  RealtimeChannel,
  RealtimeEvent,
  RealtimeListener,
  Transport,
} from '../../../../../src/transport/transport.ts';

type Method = 'handshake' | 'push' | 'pull' | 'devices' | 'connect';

interface Fault {
  readonly method: Method;
  readonly error: SyncError;
  left: number;
}

/**
 * A server of one log and the way to it, in memory. What it says can be bent: requests fail or hang, channels are refused
 * or cut, mutations get any verdict.
 */
export class ScriptedServer implements Transport {
  epoch = 'epoch-1';
  head = 0;
  subject = 'ada';
  /** Pages of a first chain before the last one. */
  snapshotPages = 0;
  isDown = false;
  hasRealtime = true;
  /** The channel tells of commits; false: it keeps silent about them. */
  tells = true;
  verdict: (mutationId: number) => Outcome['outcome'] = () => 'applied';
  /** Throws for pushes the server cannot take. */
  checkPush: (request: PushRequest) => void = () => {};
  checkPull: (request: PullRequest) => void = () => {};
  readonly log: { readonly method: Method; readonly at: number }[] = [];
  readonly pushes: PushRequest[] = [];
  readonly pulls: PullRequest[] = [];
  readonly outcomes = new Map<number, Outcome>();
  readonly channels: ScriptedChannel[] = [];
  readonly #faults: Fault[] = [];
  readonly #now: () => number;
  #hanging: (() => void)[] | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The next calls of this method fail so. */
  fail(method: Method, kind: SyncErrorKind, options: { times?: number; retryAfterMs?: number } = {}): void {
    const details: SyncErrorDetails = options.retryAfterMs === undefined ? {} : { retryAfterMs: options.retryAfterMs };
    this.#faults.push({
      method,
      error: new SyncError(kind, `scripted ${kind}`, { details }),
      left: options.times ?? 1,
    });
  }

  /** No call fails any more. */
  heal(): void {
    this.#faults.length = 0;
    this.isDown = false;
  }

  /** From here on answers are held back; the function lets them go. */
  hang(): () => void {
    const held: (() => void)[] = [];
    this.#hanging = held;
    return () => {
      if (this.#hanging === held) this.#hanging = null;
      for (const go of held.splice(0)) go();
    };
  }

  calls(method: Method): number {
    return this.log.filter((entry) => entry.method === method).length;
  }

  /** Someone else commits. */
  commit(count = 1): void {
    const from = this.head;
    this.head += count;
    this.#tell(from);
  }

  /** The database was put back to an older state. */
  restore(epoch: string, head: number): void {
    this.epoch = epoch;
    this.head = head;
    for (const channel of this.channels) channel.cut();
  }

  async handshake(_request: unknown, signal?: AbortSignal): Promise<HandshakeResponse> {
    await this.#reach('handshake', signal);
    return this.hello();
  }

  async push(request: PushRequest, signal?: AbortSignal): Promise<PushResponse> {
    this.pushes.push(request);
    await this.#reach('push', signal);
    this.checkPush(request);
    const from = this.head;
    const isLastPart = request.part !== undefined && request.part.index === request.part.count - 1;
    const partIds = isLastPart && request.part ? [request.part.mutationId] : [];
    const ids = [...request.mutations.map(({ mutationId }) => mutationId), ...partIds];
    const outcomes = ids.map((mutationId) => this.#decide(mutationId));
    if (this.head > from) this.#tell(from);
    return { epoch: this.epoch, outcomes, head: this.head };
  }

  async pull(request: PullRequest, signal?: AbortSignal): Promise<PullPage> {
    this.pulls.push(request);
    await this.#reach('pull', signal);
    this.checkPull(request);
    if (request.cursor && request.cursor.epoch !== this.epoch) throw new SyncError('epoch', 'another history');
    const from = request.cursor?.seq ?? 0;
    const isSnapshot = request.cursor === null || request.snapshotTables !== undefined || request.resume !== null;
    const done = request.resume === null ? 0 : Number(request.resume);
    if (isSnapshot && done < this.snapshotPages) return this.#page(from, { resume: String(done + 1), done: done + 1 });
    return this.#page(from, { resume: null, done });
  }

  async devices(_request: unknown, signal?: AbortSignal): Promise<DevicesResponse> {
    await this.#reach('devices', signal);
    const device = { name: null, firstSeenAt: 1, lastSeenAt: 2, revoked: false };
    return { devices: ['device-1', 'device-2'].map((deviceId) => ({ deviceId, ...device })) };
  }

  connect(_handshake: unknown, listener: RealtimeListener): RealtimeChannel {
    this.log.push({ method: 'connect', at: this.#now() });
    const channel = new ScriptedChannel(this, listener);
    this.channels.push(channel);
    const fault = this.#takeFault('connect');
    queueMicrotask(() => {
      if (fault || this.isDown) channel.cut(fault ?? undefined);
      else channel.open();
    });
    return channel;
  }

  close(): void {}

  hello(): HandshakeResponse {
    return {
      protocol: 1,
      schemaVersion: 1,
      capabilities: this.hasRealtime ? ['realtime'] : [],
      epoch: this.epoch,
      head: this.head,
      serverTime: 0,
      subject: this.subject,
      scopes: ['main'],
      limits: { ...LIMITS },
    };
  }

  /** A page that brings everything after `from`. */
  changesAfter(from: number): PullPage {
    return this.#page(from, { resume: null, done: 0 });
  }

  async #reach(method: Method, signal?: AbortSignal): Promise<void> {
    this.log.push({ method, at: this.#now() });
    const held = this.#hanging;
    if (held) {
      await new Promise<void>((resolve, reject) => {
        held.push(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    }
    await Promise.resolve();
    const fault = this.#takeFault(method);
    if (fault) throw fault;
    if (this.isDown) throw new SyncError('network', 'the server is down');
  }

  #takeFault(method: Method): SyncError | null {
    const fault = this.#faults.find((one) => one.method === method && one.left > 0);
    if (!fault) return null;
    fault.left -= 1;
    return fault.error;
  }

  #decide(mutationId: number): Outcome {
    const known = this.outcomes.get(mutationId);
    if (known) return known;
    const outcome = this.verdict(mutationId);
    const isCommitted = outcome === 'applied' || outcome === 'merged';
    if (isCommitted) this.head += 1;
    const decided: Outcome = { mutationId, outcome, seq: isCommitted ? this.head : null, conflicts: [] };
    this.outcomes.set(mutationId, decided);
    return decided;
  }

  #page(from: number, { resume, done }: { resume: string | null; done: number }): PullPage {
    const seqs = resume === null ? Array.from({ length: this.head - from }, (_, index) => from + index + 1) : [];
    return {
      epoch: this.epoch,
      from,
      snapshot: [],
      progress: { rowsDone: done, rowsTotal: this.snapshotPages },
      transactions: seqs.map((seq) => ({ seq, clientId: null, mutationId: null, hlc: '0'.repeat(16), changes: [] })),
      resume,
      cursor: resume === null ? { epoch: this.epoch, seq: this.head } : null,
      scopes: ['main'],
      replaces: [],
      head: this.head,
    };
  }

  #tell(from: number): void {
    if (!this.tells) return;
    for (const channel of this.channels) channel.tell(from);
  }
}

export class ScriptedChannel implements RealtimeChannel {
  state: RealtimeChannel['state'] = 'connecting';
  subscribed: Cursor | null = null;
  readonly #server: ScriptedServer;
  readonly #listener: RealtimeListener;

  constructor(server: ScriptedServer, listener: RealtimeListener) {
    this.#server = server;
    this.#listener = listener;
  }

  open(): void {
    if (this.state !== 'connecting') return;
    this.state = 'open';
    this.send({ type: 'open', handshake: this.#server.hello() });
  }

  /** The line is cut, or the server ends it for a reason. */
  cut(error = new SyncError('network', 'the channel was cut')): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.send({ type: 'closed', error });
  }

  send(event: RealtimeEvent): void {
    queueMicrotask(() => this.#listener(event));
  }

  /** Something was committed after `from`. */
  tell(from: number): void {
    if (this.state !== 'open' || this.subscribed === null || this.subscribed.seq > from) return;
    const page = this.#server.changesAfter(this.subscribed.seq);
    this.subscribed = page.cursor;
    this.send({ type: 'changes', page });
  }

  subscribe(cursor: Cursor): void {
    if (this.state !== 'open') return;
    this.subscribed = cursor;
    if (cursor.seq < this.#server.head && this.#server.tells) this.tell(cursor.seq);
  }

  close(): void {
    this.state = 'closed';
  }
}

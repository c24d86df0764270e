import type { Change } from '../core/change.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { DevicesRequest } from '../protocol/messages/devices.ts';
import type { HandshakeRequest, HandshakeResponse } from '../protocol/messages/handshake.ts';
import type { PullPage, PullRequest } from '../protocol/messages/pull.ts';
import type { Outcome, PushRequest, PushResponse } from '../protocol/messages/push.ts';
import { CAPABILITIES, commonProtocol, PROTOCOL_VERSION } from '../protocol/version.ts';
import { Emitter } from '../shared/emitter.ts';
import { SyncError } from '../shared/error.ts';
import { systemRuntime } from '../shared/runtime.ts';
import { createAccess } from './access.ts';
import { Devices } from './devices.ts';
import { labelRows } from './label-rows.ts';
import type { ServiceLimits, SyncServiceOptions } from './options.ts';
import { Puller } from './pull/pull.ts';
import { CommitQueue } from './push/commit-queue.ts';
import { Pusher } from './push/push.ts';
import type { Position, Signal } from './records.ts';
import { RetentionJob } from './retention.ts';
import type { Identity, ServerStats, SyncService } from './service.ts';
import { SharedReads } from './shared-reads.ts';

const DEFAULT_LIMITS: ServiceLimits = {
  pageBytes: LIMITS.pageBytes,
  maxMutationBytes: LIMITS.maxMutationBytes,
  maxChanges: 250_000,
  maxMutations: 20_000,
};

/**
 * Opens the storage and builds the server behind its edge: everything between an authenticated request and the database.
 *
 * @throws SyncError `invalid-schema` when the storage holds tables that the schema does not fit.
 */
export async function createSyncService(options: SyncServiceOptions): Promise<SyncService> {
  const runtime = options.runtime ?? systemRuntime;
  await options.storage.open(options.schema, runtime.uuid());
  await labelRows(options.storage, options.schema, () => runtime.uuid());
  const position = await options.storage.read((reader) => reader.position());
  return new Service({ ...options, runtime }, position);
}

type ServiceOptions = SyncServiceOptions & Required<Pick<SyncServiceOptions, 'runtime'>>;

class Service implements SyncService {
  readonly #options: ServiceOptions;
  readonly #access: ReturnType<typeof createAccess>;
  readonly #queue: CommitQueue;
  readonly #pusher: Pusher;
  readonly #puller: Puller;
  readonly #devices: Devices;
  readonly #retention: RetentionJob;
  readonly #commits: Emitter<number>;
  readonly #revocations: Emitter<string>;
  readonly #accessChanges: Emitter<string | null>;
  readonly #counts = { applied: 0, merged: 0, conflict: 0, rejected: 0, pulled: 0, snapshot: 0 };
  readonly #running = new Set<Promise<unknown>>();
  #epoch: string;
  #head: number;
  #closing: Promise<void> | null = null;

  constructor(options: ServiceOptions, position: Position) {
    const { schema, storage, runtime, validate = {} } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#options = options;
    this.#epoch = position.epoch;
    this.#head = position.head;
    const onError = (error: unknown) => options.logger?.error({ error: String(error) }, 'a listener failed');
    this.#commits = new Emitter(onError);
    this.#revocations = new Emitter(onError);
    this.#accessChanges = new Emitter(onError);
    this.#access = createAccess(storage, options.access);
    this.#queue = new CommitQueue({ storage, onHead: (head) => this.#onHead(head) });
    this.#pusher = new Pusher({ schema, queue: this.#queue, validate, runtime, limits });
    const sharedReads = new SharedReads(storage);
    this.#puller = new Puller({ schema, storage, sharedReads, pageBytes: limits.pageBytes });
    this.#devices = new Devices({ storage, sharedReads, runtime });
    storage.watch?.(
      (position, signals = []) => this.#onNews(position, signals),
      (reason) =>
        options.logger?.error({ kind: reason.kind, error: reason.message }, 'the database stopped fitting the schema'),
    );
    this.#retention = new RetentionJob({
      storage,
      retention: options.retention ?? {},
      runtime,
      logger: options.logger,
    });
  }

  handshake(identity: Identity, request: HandshakeRequest): Promise<HandshakeResponse> {
    return this.#run(async () => {
      const protocol = commonProtocol(request.protocol);
      if (protocol === null) {
        throw new SyncError(
          'version',
          `The server speaks protocol ${PROTOCOL_VERSION}, the client ${request.protocol}: update the older one.`,
        );
      }
      await this.#devices.greet(identity, request);
      const access = await this.#access(identity);
      return {
        protocol,
        schemaVersion: this.#options.schema.version,
        capabilities: [...CAPABILITIES],
        epoch: this.#epoch,
        head: this.#head,
        serverTime: this.#options.runtime.now(),
        subject: identity.id,
        scopes: [...access.readable],
        limits: { ...LIMITS },
      };
    });
  }

  push(identity: Identity, request: PushRequest): Promise<PushResponse> {
    return this.#run(async () => {
      this.#checkSchema(request.schemaVersion);
      await this.#devices.admit(identity, request);
      const access = await this.#access(identity);
      const { outcomes, waiting } = await this.#pusher.push({ identity, access, request });
      this.#count(outcomes);
      const response = { epoch: this.#epoch, outcomes: [...outcomes], head: this.#head };
      return waiting.length > 0 ? { ...response, waiting: [...waiting] } : response;
    });
  }

  pull(identity: Identity, request: PullRequest): Promise<PullPage> {
    return this.#run(async () => {
      const caller = { subject: identity.id, access: await this.#access(identity) };
      // Asked together, in one transaction; whoever is not admitted is told nothing of what was found.
      const [admitted, pulled] = await Promise.allSettled([
        this.#devices.admit(identity, request),
        this.#puller.pull(caller, request),
      ]);
      if (admitted.status === 'rejected') throw admitted.reason;
      if (pulled.status === 'rejected') throw pulled.reason;
      const page = pulled.value;
      for (const { rows } of page.snapshot) this.#counts.snapshot += rows.length;
      for (const { changes } of page.transactions) this.#counts.pulled += changes.length;
      return page;
    });
  }

  scopes(identity: Identity): Promise<readonly string[]> {
    return this.#run(async () => (await this.#access(identity)).readable);
  }

  devices(identity: Identity, request: DevicesRequest) {
    return this.#run(async () => {
      await this.#devices.admit(identity, request);
      const answer = await this.#devices.manage(identity, request);
      if (request.revoke) this.#revocations.emit(request.revoke.deviceId);
      return answer;
    });
  }

  mutate(identity: Identity | null, changes: readonly Change[]): Promise<{ seq: number | null }> {
    return this.#run(async () => {
      const access = identity && (await this.#access(identity));
      return { seq: await this.#pusher.mutate(changes, identity && access ? { identity, access } : null) };
    });
  }

  prune(): Promise<number> {
    return this.#run(() => this.#retention.prune());
  }

  renewEpoch(): Promise<string> {
    return this.#run(async () => {
      const epoch = this.#options.runtime.uuid();
      await this.#options.storage.write((writer) => writer.setEpoch(epoch));
      this.#epoch = epoch;
      this.#commits.emit(this.#head);
      return epoch;
    });
  }

  stats(): ServerStats {
    const { applied, merged, conflict, rejected, pulled, snapshot } = this.#counts;
    return {
      epoch: this.#epoch,
      head: this.#head,
      pushedMutationCount: applied + merged + conflict + rejected,
      outcomes: { applied, merged, conflict, rejected },
      pulledChangeCount: pulled,
      snapshotRowCount: snapshot,
    };
  }

  check(): Promise<void> {
    return this.#run(async () => {
      await this.#options.storage.read((reader) => reader.position());
    });
  }

  onCommit(listener: (head: number) => void): () => void {
    return this.#commits.subscribe(listener);
  }

  onRevoke(listener: (clientId: string) => void): () => void {
    return this.#revocations.subscribe(listener);
  }

  accessChanged(subject: string | null = null): Promise<void> {
    this.#accessChanges.emit(subject);
    return this.#run(() => this.#options.storage.write(async (writer) => writer.signal?.({ kind: 'access', subject })));
  }

  onAccessChange(listener: (subject: string | null) => void): () => void {
    return this.#accessChanges.subscribe(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#running]);
    await this.#queue.idle();
    await this.#retention.close();
    await this.#options.storage.close();
    this.#commits.clear();
    this.#revocations.clear();
    this.#accessChanges.clear();
  }

  #onHead(head: number): void {
    // Nothing new, or a storage that is watched has told of it.
    if (head <= this.#head) return;
    this.#head = head;
    this.#commits.emit(head);
  }

  /** Another node, or another program in the same database, was there. */
  #onNews({ epoch, head }: Position, signals: readonly Signal[]): void {
    const isNews = head > this.#head || epoch !== this.#epoch;
    this.#epoch = epoch;
    this.#head = head;
    if (isNews) this.#commits.emit(head);
    for (const signal of signals) {
      if (signal.kind === 'revoked') this.#revocations.emit(signal.clientId);
      else this.#accessChanges.emit(signal.subject);
    }
  }

  #count(outcomes: readonly Outcome[]): void {
    for (const { outcome } of outcomes) this.#counts[outcome] += 1;
  }

  /** Rows of a newer schema have columns that this server cannot keep: better to wait than to lose them. */
  #checkSchema(version: number): void {
    const own = this.#options.schema.version;
    if (version <= own) return;
    throw new SyncError('version', `The client has schema version ${version}, the server ${own}: update the server.`);
  }

  #run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closing) return Promise.reject(new SyncError('closed', 'The server has been closed.'));
    const running = call();
    this.#running.add(running);
    const done = () => this.#running.delete(running);
    running.then(done, done);
    return running;
  }
}

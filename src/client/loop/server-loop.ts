import { tableOf } from '../../core/schema.ts';
import type { SyncError } from '../../shared/error.ts';
import type { Transport } from '../../transport/transport.ts';
import type { SyncKind } from '../engine-api.ts';
import type { ConnectionState, CursorInfo, SyncRound, SyncStats, SyncStatus, SyncTrigger } from '../types.ts';
import { throwIfAborted } from './abortable.ts';
import { Calls } from './calls.ts';
import { ChannelFeed } from './channel-feed.ts';
import { ConflictAnswers } from './conflict-answers.ts';
import { CursorWatch } from './cursor-watch.ts';
import { createDevices } from './devices.ts';
import { Line } from './line.ts';
import { closedError, pausedError, timerLost } from './loop-errors.ts';
import { nextStep } from './next-step.ts';
import { Pauses } from './pauses.ts';
import { Publisher } from './publisher.ts';
import { PushMemory } from './push-memory.ts';
import { RoundLog } from './round-log.ts';
import { initialLoopState, type LoopEvent, type LoopState, transition } from './round-machine.ts';
import { type RoundEnd, RoundRunner } from './round-runner.ts';
import { RoundTimer } from './round-timer.ts';
import { mergeWishes, nextRound, type Wish } from './schedule.ts';
import { cursorInfos, type Position, statusOf } from './status.ts';
import type { RunOptions, SyncLoop, SyncLoopOptions } from './sync-loop.ts';

/** The loop of an app with a server: interprets `round-machine.ts` by `schedule.ts`. */
export class ServerLoop implements SyncLoop {
  readonly #options: SyncLoopOptions;
  readonly #transport: Transport;
  readonly #line: Line;
  readonly #feed: ChannelFeed;
  readonly #rounds: RoundRunner;
  readonly #log = new RoundLog();
  readonly #publisher: Publisher;
  readonly #answers: ConflictAnswers;
  readonly #pushMemory = new PushMemory();
  readonly #pauses = new Pauses();
  readonly #calls = new Calls();
  readonly #timer: RoundTimer;
  readonly #cursorWatch = new CursorWatch();
  readonly #unsubscribeHint: () => void;
  readonly devices: SyncLoop['devices'];
  readonly scopesChosen = (): void => this.#wishFor('manual');
  readonly wiped = (): void => this.#rounds.forget();

  #state: LoopState = initialLoopState;
  #wish: Wish | null = null;
  #roundCount = 0;
  #lastRoundAt: number | null = null;
  #isAttended = true;
  #toldConnection: ConnectionState = 'closed';

  constructor(options: SyncLoopOptions, transport: Transport) {
    this.#options = options;
    this.#transport = transport;
    this.#timer = new RoundTimer({
      runtime: options.runtime,
      onDue: () => this.#schedule(),
      onSlept: () => this.#renewed(),
      onBeat: (isLost) => this.#beat(isLost),
    });
    this.#line = new Line(transport, options.runtime, () => this.#heard());
    this.#publisher = new Publisher(options, this.#log);
    this.#answers = new ConflictAnswers(options, this.#publisher, () => this.written());
    this.#rounds = new RoundRunner(
      {
        options,
        line: this.#line,
        publisher: this.#publisher,
        pushMemory: this.#pushMemory,
        answers: this.#answers,
        isLive: () => this.#feed.isLive,
        onPulled: () => this.#feed.subscribe(),
      },
      (end) => this.#ended(end),
    );
    this.#feed = new ChannelFeed({
      options,
      transport,
      line: this.#line,
      publisher: this.#publisher,
      isPulling: () => this.#rounds.report?.isPulling ?? false,
      isClosed: () => this.#state.name === 'closed',
      isAttended: () => this.#isAttended,
      onPullWanted: (trigger, delayMs) => this.#wishFor(trigger, { delayMs, isUrgent: false }),
      onMoved: () => this.#schedule(),
      onConnectionChanged: () => this.#moved(),
    });
    this.#unsubscribeHint = options.onlineHint?.subscribe((online) => this.#hinted(online)) ?? (() => {});
    this.devices = createDevices(options.store, () => this.#openLine());
  }

  start(): void {
    if (this.#state.name !== 'new') return;
    // The wish comes first: the first round is to be a whole one, whatever waits in the outbox.
    this.#addWish('start');
    this.#dispatch({ name: this.#pauses.isHeld ? 'pause' : 'start' });
  }

  written(): void {
    if (this.#timer.hasSlept()) this.#renewed();
    this.#pushMemory.pace.wrote(this.#options.runtime.elapsed());
    this.#options.onStateChanged();
    this.#schedule();
  }

  async run(kind: SyncKind, options: RunOptions = {}): Promise<SyncRound> {
    const { schema } = this.#options;
    const tables = options.tables ?? Object.keys(schema.tables);
    for (const name of tables) tableOf(schema, name);
    this.#openLine();
    if (options.signal) throwIfAborted(options.signal);
    const round = this.#calls.add(kind, tables, options, (call) => this.#rounds.callGone(call));
    this.#schedule();
    return round;
  }

  pause(reason: string): void {
    if (!this.#pauses.add(reason)) return;
    this.#publisher.event({ type: 'paused', reason });
    // Before the start it only counts: start() looks.
    if (this.#state.name !== 'new') this.#dispatch({ name: 'pause' });
    this.#publisher.stateChanged();
  }

  resume(reason: string): void {
    if (!this.#pauses.remove(reason)) return;
    this.#publisher.event({ type: 'resumed', reason });
    if (!this.#pauses.isHeld) {
      this.#addWish('resume');
      this.#dispatch({ name: 'resume' });
    }
    this.#publisher.stateChanged();
  }

  tokenChanged(): void {
    // The token may be another person's: no request before a handshake has told.
    this.#line.forget();
    const { trouble } = this.#state;
    if (trouble?.phase === 'needs-auth' || trouble?.error.kind === 'forbidden') this.#wishFor('retry');
  }

  attend(isAttended: boolean): void {
    const hasCome = isAttended && !this.#isAttended;
    this.#isAttended = isAttended;
    this.#transport.attend?.(isAttended);
    // A timer that was lost while the page was frozen is set anew, or its round begun.
    if (!hasCome) return this.#schedule();
    if (this.#timer.hasSlept()) this.#renewed();
    // Waited for as nobody does who looks at it: tried at once, as when the network comes back.
    else if (this.#state.name === 'waiting' && this.#state.trouble.phase === 'offline') this.#wishFor('online');
    // From another tab, perhaps, where they have signed in.
    else if (this.#state.name === 'waiting' && this.#state.trouble.phase === 'needs-auth') this.#wishFor('retry');
    this.#feed.hurry();
    this.#schedule();
  }

  status(): SyncStatus {
    const { store, autoSync, onlineHint, persisted } = this.#options;
    const { report, hasReached } = this.#rounds;
    return statusOf({
      hasServer: true,
      autoSync: autoSync !== false,
      loop: this.#state,
      channel: this.#feed.state,
      offersChannel: this.#offersChannel(),
      hasReached,
      counts: store.counts(),
      position: this.#position(),
      isOnline: this.#line.isReachable ?? onlineHint?.get() ?? true,
      isPushing: report?.isPushing ?? false,
      isPulling: report?.isPulling ?? false,
      hasSynced: store.hasSynced,
      lastSyncedAt: store.lastSyncedAt,
      progress: report?.progress ?? null,
      pausedBy: this.#pauses.reasons,
      persisted,
      nextRetryAt: this.#nextRetryAt(),
    });
  }

  cursors(): CursorInfo[] {
    const { cursor, scopes, without, hasSynced } = this.#options.store;
    const granted = this.#line.session?.scopes ?? [];
    return cursorInfos({ cursor, head: this.#line.head, held: scopes, granted, without, hasSynced });
  }

  history(): SyncRound[] {
    return this.#log.rounds;
  }

  totals(): Omit<SyncStats, 'storageBytes'> {
    return this.#log.totals;
  }

  async close(): Promise<void> {
    this.#unsubscribeHint();
    this.#answers.close();
    this.#dispatch({ name: 'close' });
    await this.#rounds.ended;
  }

  // ── the machine ─────────────────────────────────────────────────────────────────────────────────────

  #dispatch(event: LoopEvent): void {
    const before = this.#state;
    this.#state = transition(before, event);
    if (this.#state === before) return;
    this.#enter(this.#state);
    this.#moved();
  }

  #moved(): void {
    this.#schedule();
    this.#tellConnection();
    this.#options.onStateChanged();
  }

  #enter(state: LoopState): void {
    if (state.name === 'paused') this.#hold(pausedError(this.#pauses.reasons));
    if (state.name === 'closed') this.#hold(closedError());
    this.#feed.want(this.#wantsChannel(state));
    const isAlive = state.name === 'idle' || state.name === 'running' || state.name === 'waiting';
    this.#timer.watch(isAlive && this.#options.autoSync !== false);
  }

  /** Neither requests nor wishes outlive this, and the next request begins with a handshake. */
  #hold(reason: SyncError): void {
    this.#wish = null;
    this.#line.forget();
    this.#rounds.abort(reason);
    this.#calls.clear(reason);
  }

  /** A channel is opened once the server is known to be there; one that is there may outlive failing requests. */
  #wantsChannel(state: LoopState): boolean {
    if (!this.#options.autoSync) return false;
    const isThere = this.#feed.state.name !== 'closed';
    if (state.name === 'running') return isThere;
    // At first it may be only an old connection that is dead: the channel makes a new one.
    const mayBeThere = this.#feed.isLive || (state.trouble?.failures === 1 && this.#feed.state.name !== 'open');
    if (state.name === 'waiting') return isThere && mayBeThere && state.trouble.phase === 'offline';
    const { cursor } = this.#options.store;
    return state.name === 'idle' && cursor !== null && (isThere || this.#offersChannel() === true);
  }

  #offersChannel(): boolean | null {
    return this.#line.session?.capabilities.includes('realtime') ?? null;
  }

  // ── when ────────────────────────────────────────────────────────────────────────────────────────────

  #wishFor(trigger: SyncTrigger, options: { delayMs?: number; isUrgent?: boolean } = {}): void {
    if (this.#state.name === 'paused' || this.#state.name === 'closed') return;
    this.#addWish(trigger, options);
    this.#schedule();
  }

  #addWish(trigger: SyncTrigger, { delayMs = 0, isUrgent = true } = {}): void {
    const at = this.#options.runtime.elapsed() + delayMs;
    this.#wish = mergeWishes(this.#wish, { at, trigger, pulls: true, isUrgent });
  }

  /** Sets the one timer to when the next round begins, or begins it. */
  #schedule(): void {
    this.#timer.clear();
    const next = this.#nextRound();
    if (!next) return;
    const delayMs = next.at - this.#options.runtime.elapsed();
    if (delayMs <= 0) this.#begin(next);
    else this.#timer.set(delayMs);
  }

  /** Work that is due and has no timer, or one that is lost, would wait for ever. */
  #beat(isLost: boolean): void {
    const next = this.#nextRound();
    if (!isLost || !next || next.at > this.#options.runtime.elapsed()) return;
    this.#publisher.event({ type: 'stalled', what: 'timer', error: timerLost(next.trigger).toJSON() });
  }

  #nextRound(): Wish | null {
    const { autoSync, runtime, store } = this.#options;
    const state = this.#state;
    const { hasSendable, pendingCount } = store.counts();
    const now = runtime.elapsed();
    return nextRound({
      state,
      autoSync,
      now,
      hasCalls: !this.#calls.isEmpty,
      wish: this.#wish,
      retryAt: this.#retryAt(),
      lastPushAt: this.#pushMemory.lastPushAt,
      lastRoundAt: this.#lastRoundAt,
      hasSendable: state.name === 'idle' && hasSendable,
      isLone: this.#pushMemory.pace.isLone(pendingCount),
      behindSince: this.#cursorWatch.behindSince(this.#position(), now, store),
      fruitlessCount: this.#cursorWatch.fruitlessCount,
      asksUntil: this.#line.asksUntil,
      isLive: this.#feed.isLive,
      isBereft: this.#isAttended && !this.#feed.isLive && this.#offersChannel() === true,
    });
  }

  #position(): Position {
    return { seq: this.#options.store.cursor?.seq ?? null, head: this.#line.head };
  }

  /** On the monotonic clock. */
  #retryAt(): number | null {
    return this.#state.name === 'waiting' ? Math.max(this.#state.trouble.retryAt, this.#line.asksUntil) : null;
  }

  #nextRetryAt(): number | null {
    const { autoSync, runtime } = this.#options;
    const retryAt = this.#retryAt();
    if (retryAt === null || !autoSync) return null;
    return Math.round(runtime.now() + Math.max(0, retryAt - runtime.elapsed()));
  }

  // ── rounds ──────────────────────────────────────────────────────────────────────────────────────────

  #begin(wish: Wish): void {
    this.#roundCount += 1;
    this.#wish = null;
    this.#cursorWatch.began(this.#position());
    const calls = this.#calls.take();
    const [call] = calls;
    if (call) this.#line.insist();
    if (call) this.#answers.askAgain();
    const { trigger, pulls } = wish;
    const plan = { kind: call?.kind ?? 'sync', trigger, pulls, tables: call?.tables ?? [] };
    this.#rounds.begin(this.#roundCount, plan, calls);
    this.#dispatch({ name: 'wake', round: this.#roundCount, urgent: wish.isUrgent });
  }

  #ended({ number, round, error }: RoundEnd): void {
    const { runtime } = this.#options;
    this.#lastRoundAt = runtime.elapsed();
    this.#log.ended(round);
    if (error && round.outcome === 'failed') {
      this.#line.forget();
      const json = error.toJSON();
      this.#publisher.event({ type: 'sync-failed', round, error: json });
      this.#dispatch({
        name: 'failed',
        round: number,
        error: json,
        step: nextStep(error),
        random: runtime.random(),
        isAttended: this.#isAttended,
        now: runtime.elapsed(),
      });
      return;
    }
    this.#publisher.event({ type: 'sync-finished', round });
    const stalled = error ? null : this.#cursorWatch.ended(round, this.#position());
    if (stalled) this.#publisher.event({ type: 'stalled', what: 'cursor', error: stalled.toJSON() });
    this.#dispatch({ name: error ? 'aborted' : 'succeeded', round: number });
  }

  #heard(): void {
    this.#rounds.heard(this.#line.isReachable === true);
    this.#options.onStateChanged();
  }

  // ── what comes from outside ─────────────────────────────────────────────────────────────────────────

  /** A hint: it never stops anything, but what it says is found out at once. */
  #hinted(online: boolean): void {
    if (online) this.#renewed();
    else {
      this.#feed.want(false);
      this.#wishFor('retry', { isUrgent: false });
    }
    this.#options.onStateChanged();
  }

  /** The network was gone for a while: what was open over it is dead, whether it knows or not. */
  #renewed(): void {
    this.#feed.want(false);
    // What the server asked us to wait for is not over because a cable is back.
    if (this.#state.name !== 'waiting' || this.#state.trouble.phase === 'offline') this.#wishFor('online');
  }

  #tellConnection(): void {
    const { connection } = this.status();
    if (connection === this.#toldConnection) return;
    this.#toldConnection = connection;
    this.#publisher.event({ type: 'connection-changed', connection });
  }

  /** The line, where requests may be made. */
  #openLine(): Line {
    if (this.#state.name === 'closed') throw closedError();
    if (this.#pauses.isHeld) throw pausedError(this.#pauses.reasons);
    return this.#line;
  }
}

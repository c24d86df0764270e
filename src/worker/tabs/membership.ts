import type { EnginePush } from '../../client/engine-api.ts';
import type { OpenEngine } from '../../client/open-engine.ts';
import { RpcClient } from '../../client/rpc/client.ts';
import type { RpcPort } from '../../client/rpc/port.ts';
import { SyncError } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import { Leadership } from './leadership.ts';
import { type HeldLock, holdLock, type Locks } from './locks.ts';
import { type GroupMessage, type SessionMessage, tabNames } from './messages.ts';
import type { SessionRelay } from './relay.ts';
import { sessionLine } from './session-line.ts';

/** The leader beats this often; followers count silent beats. */
const BEAT_MS = 1_000;
/** After this many silent beats the session tells its page that it waits. */
const SUSPECT_BEATS = 5;
/** After this many (and up to as many again as the jitter) the lock is taken away from the silent leader. */
const STEAL_BEATS = 15;
const STEAL_JITTER_BEATS = 3;
/** Waits between tries to open a database whose last owner is just letting go of it. */
const OPEN_WAITS_MS = [50, 100, 200, 400, 800, 1_600];
/** How long a tab that cannot open the database leaves the lead to others before it tries again. */
const FAILED_WAIT_MS = 2_000;

export interface MembershipOptions {
  readonly name: string;
  readonly sessionId: string;
  readonly schemaVersion: number;
  readonly locks: Locks;
  readonly openChannel: (name: string) => RpcPort;
  readonly runtime: Runtime;
  /** Opens the database; the term it gives must be greater than `lastTerm`. */
  readonly openEngine: (lastTerm: number) => Promise<OpenEngine>;
  /** Is told when there is an engine, and when it goes. */
  readonly relay: SessionRelay;
  readonly onPush: (push: EnginePush) => void;
  readonly onLeadership: (isLeader: boolean) => void;
  readonly onTrouble: (error: SyncError | null) => void;
}

/**
 * One session's part in the group of tabs that share a database, from joining to `close()`: it follows the leader, and
 * waits in line to become it.
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #names: ReturnType<typeof tabNames>;
  readonly #group: RpcPort;
  readonly #channel: RpcPort;
  readonly #closing = new AbortController();
  readonly #stealAfter: number;
  readonly #seeking: Promise<void>;
  #sessionLock: HeldLock | null = null;
  /** Ends the current wait for the lock, or the current leadership. */
  #waiting = new AbortController();
  #isWaiting = false;
  /** It could not lead, and leaves it to others for a while. */
  #isResting = false;
  #stealNext = false;
  #leadership: Leadership | null = null;
  #stepDown: (() => void) | null = null;
  #line: RpcClient | null = null;
  #term = 0;
  #nonce = 0;
  #silentBeats = 0;
  #stopBeat = () => {};

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#names = tabNames(options.name);
    this.#group = options.openChannel(this.#names.group);
    this.#channel = options.openChannel(this.#names.sessionChannel(options.sessionId));
    this.#stealAfter = STEAL_BEATS + Math.floor(options.runtime.random() * STEAL_JITTER_BEATS);
    this.#group.listen((message) => this.#hear(message as GroupMessage));
    this.#channel.listen((message) => this.#hearOwn(message as SessionMessage));
    this.#seeking = this.#join();
  }

  /** Leaves the group: a leader closes the database first, so that the next one finds it whole. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#stopBeat();
    this.#tell({ type: 'bye', sessionId: this.#options.sessionId });
    this.#unlink();
    this.#waiting.abort();
    this.#stepDown?.();
    await this.#seeking;
    this.#sessionLock?.release();
    this.#group.close();
    this.#channel.close();
  }

  /** Whoever leads lets go of the database; the next in line takes over. Calls in flight are lost as when a tab dies. */
  endLeadership(): void {
    this.#stepDown?.();
    if (!this.#leadership) this.#tell({ type: 'end-leadership' });
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #join(): Promise<void> {
    try {
      const { locks, sessionId } = this.#options;
      this.#sessionLock = await holdLock(locks, this.#names.sessionLock(sessionId), { signal: this.#closing.signal });
      const seeking = this.#seek();
      this.#hello();
      this.#scheduleBeat();
      await seeking;
    } catch (error) {
      if (!this.#isClosed) this.#fail(SyncError.from(error, 'storage', 'The database cannot be shared between tabs'));
    }
  }

  /** Waits for the lead, leads, and waits again, until closed. */
  async #seek(): Promise<void> {
    while (!this.#isClosed) {
      const lock = await this.#acquire();
      if (!lock) continue;
      const hasLed = !this.#isClosed && (await this.#lead(lock));
      lock.release();
      if (this.#isClosed) return;
      if (hasLed) this.#hello();
      else await this.#rest();
    }
  }

  async #acquire(): Promise<HeldLock | null> {
    this.#waiting = new AbortController();
    const steal = this.#stealNext;
    this.#stealNext = false;
    if (steal) this.#tell({ type: 'steal' });
    const how = steal ? { steal } : { signal: this.#waiting.signal };
    this.#isWaiting = true;
    try {
      return await holdLock(this.#options.locks, this.#names.leaderLock, how);
    } catch (error) {
      if (this.#waiting.signal.aborted) return null;
      throw error;
    } finally {
      this.#isWaiting = false;
      this.#silentBeats = 0;
    }
  }

  /** Leads until the lock is gone, a newer app asks for the lead, or this tab leaves. False when it could not begin. */
  async #lead(lock: HeldLock): Promise<boolean> {
    const { openChannel, locks, sessionId, relay, onPush, onLeadership, onTrouble } = this.#options;
    const opened = await this.#open(lock);
    if (!opened) return false;
    this.#unlink();
    const leadership = new Leadership({ ...opened, lock, locks, names: this.#names, openChannel });
    const stopped = new Promise<void>((resolve) => {
      this.#stepDown = resolve;
    });
    this.#leadership = leadership;
    this.#term = leadership.term;
    onLeadership(true);
    onTrouble(null);
    relay.connect(leadership.connectOwn(sessionId, onPush));
    this.#tellLead();
    if (!this.#isClosed) await Promise.race([lock.gone, stopped]);
    this.#leadership = null;
    this.#stepDown = null;
    relay.disconnect();
    onLeadership(false);
    await leadership.close().catch(() => {});
    this.#tell({ type: 'step-down', term: leadership.term });
    return true;
  }

  /** Opens the database; the last leader may need a moment to let go of its files. */
  async #open(lock: HeldLock): Promise<OpenEngine | null> {
    for (const wait of [...OPEN_WAITS_MS, null]) {
      this.#tell({ type: 'opening' });
      try {
        const opened = await this.#options.openEngine(this.#term);
        if (lock.isHeld && !this.#isClosed) return opened;
        await opened.engine.close();
        return null;
      } catch (error) {
        const known = SyncError.from(error, 'storage', 'The local database cannot be opened');
        if (wait === null || known.kind !== 'storage' || !lock.isHeld) {
          this.#fail(known);
          return null;
        }
        await this.#pause(wait);
        if (this.#isClosed) return null;
      }
    }
    return null;
  }

  #fail(error: SyncError): void {
    if (this.#isClosed) return;
    this.#unlink();
    this.#options.relay.fail(error);
    this.#options.onTrouble(error);
  }

  #hear(message: GroupMessage): void {
    if (this.#isClosed) return;
    switch (message.type) {
      case 'lead':
        this.#hearLeader(message.term);
        break;
      case 'who-leads':
        this.#tellLead();
        break;
      case 'opening':
      case 'steal':
        this.#silentBeats = 0;
        break;
      case 'step-down':
        if (message.term === this.#term) this.#unlink();
        break;
      case 'end-leadership':
        this.#stepDown?.();
        break;
      case 'hello':
        this.#hearHello(message);
        break;
      case 'bye':
        this.#leadership?.drop(message.sessionId);
    }
  }

  #hearLeader(term: number): void {
    if (term < this.#term || this.#leadership) return;
    if (this.#silentBeats >= SUSPECT_BEATS && this.#line) this.#options.onTrouble(null);
    this.#silentBeats = 0;
    const isNew = term > this.#term;
    this.#term = term;
    if (isNew) this.#unlink();
    if (!this.#line) this.#hello();
  }

  #hearHello({ sessionId, nonce, schemaVersion, mayLead = true }: Extract<GroupMessage, { type: 'hello' }>): void {
    if (!this.#leadership) return;
    if (schemaVersion <= this.#options.schemaVersion) this.#leadership.welcome(sessionId, nonce);
    // A tab that runs a newer version of the app must migrate the database: it waits in line, let it have its turn. One that has
    // just failed to (a full disk) stands in no line for a while: the lead would come straight back, over and over.
    else if (mayLead) this.#stepDown?.();
  }

  #hearOwn(message: SessionMessage): void {
    if (this.#isClosed || message.to !== 'session') return;
    // Whatever the leader says is a sign of life.
    if (message.term === this.#term) this.#silentBeats = 0;
    if (!('welcome' in message)) return;
    if (message.welcome !== this.#nonce || message.term < this.#term || this.#leadership) return;
    this.#unlink();
    this.#term = message.term;
    const line = new RpcClient(sessionLine(this.#channel, 'leader', message.term), (push) =>
      this.#options.onPush(push as EnginePush),
    );
    this.#line = line;
    this.#options.onTrouble(null);
    this.#options.relay.connect({ isOwn: false, call: (method, args) => line.call(method, args) });
  }

  #hello(): void {
    const { sessionId, schemaVersion } = this.#options;
    this.#nonce += 1;
    this.#tell({ type: 'hello', sessionId, nonce: this.#nonce, schemaVersion, mayLead: !this.#isResting });
  }

  /** The leader is gone, or is no longer ours. */
  #unlink(): void {
    const line = this.#line;
    this.#line = null;
    this.#options.relay.disconnect();
    line?.close(new SyncError('interrupted', 'The leader of the tabs has changed.'));
  }

  #scheduleBeat(): void {
    if (this.#isClosed) return;
    this.#stopBeat = this.#options.runtime.setTimer(BEAT_MS, () => {
      this.#beat();
      this.#scheduleBeat();
    });
  }

  #beat(): void {
    if (this.#leadership) this.#tellLead();
    else if (this.#isWaiting) this.#countSilence();
  }

  #tellLead(): void {
    if (this.#leadership) this.#tell({ type: 'lead', term: this.#leadership.term });
  }

  #countSilence(): void {
    this.#silentBeats += 1;
    if (this.#silentBeats > 1) this.#tell({ type: 'who-leads' });
    if (this.#silentBeats === SUSPECT_BEATS) this.#options.onTrouble(silentLeader());
    if (this.#silentBeats < this.#stealAfter) return;
    this.#silentBeats = 0;
    this.#stealNext = true;
    this.#waiting.abort();
  }

  #tell(message: GroupMessage): void {
    this.#group.post(message);
  }

  async #rest(): Promise<void> {
    this.#isResting = true;
    await this.#pause(FAILED_WAIT_MS);
    this.#isResting = false;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.runtime.setTimer(ms, resolve);
      this.#closing.signal.addEventListener('abort', () => {
        cancel();
        resolve();
      });
    });
  }
}

function silentLeader(): SyncError {
  return new SyncError(
    'storage',
    'The tab that holds the database does not answer. Waiting for it; another tab takes over if it stays silent.',
  );
}

import type { Cursor } from '../core/change.ts';
import type { DevicesRequest, DevicesResponse } from '../protocol/messages/devices.ts';
import type { HandshakeRequest, HandshakeResponse } from '../protocol/messages/handshake.ts';
import type { PullPage, PullRequest } from '../protocol/messages/pull.ts';
import type { PushRequest, PushResponse } from '../protocol/messages/push.ts';
import type { SyncError } from '../shared/error.ts';

/**
 * The way to the server. Port: `httpTransport` lies beside it, and an in-process one in `testing`;
 * `runTransportContract` holds each one to this.
 *
 * Contract:
 * - A call sends its request once and resolves with the checked answer. Nothing is retried inside, with one exception:
 *   when the server asks for a new token, the token is asked for anew and the call is made a second time.
 * - Every failure is a SyncError: `network` (not reached, or cut off), `timeout`, `server` (it failed, or what answered is not
 *   a sync server), `rate-limited` (with `retryAfterMs` in its details, where known), `needs-auth`, `forbidden`,
 *   `epoch`, `resync`, `too-large`, `version`, `protocol`, `not-found`, `aborted` (by the signal), `closed` (by `close()`).
 * - After `network`, `timeout`, `server` or `aborted` a push may have been committed all the same: send the same mutations again.
 */
export interface Transport {
  handshake(request: HandshakeRequest, signal?: AbortSignal): Promise<HandshakeResponse>;
  /** Goes over the open channel when there is one, else by a request of its own. */
  push(request: PushRequest, signal?: AbortSignal): Promise<PushResponse>;
  pull(request: PullRequest, signal?: AbortSignal): Promise<PullPage>;
  devices(request: DevicesRequest, signal?: AbortSignal): Promise<DevicesResponse>;
  /** Opens the realtime channel, in place of an earlier one. Never throws, and the listener is never called within. */
  connect(handshake: HandshakeRequest, listener: RealtimeListener): RealtimeChannel;
  /**
   * Whether somebody looks at the app (at first it is taken for granted): a dead connection is found out soon then, and with
   * little traffic otherwise. When somebody comes back, the channel is looked at at once.
   */
  attend?(isAttended: boolean): void;
  /** Ends everything: calls under way reject with `closed`. */
  close(): void;
}

/**
 * - `open`: the server has said hello; comes once and first. Subscribe, and push.
 * - `changes`: a chain of one page, on top of what was subscribed to or sent last.
 * - `poke`: there is something to pull; nothing more comes until the next `subscribe`.
 * - `closed`: the channel has ended, and why. Comes once and last; not after `close()`.
 */
export type RealtimeEvent =
  | { readonly type: 'open'; readonly handshake: HandshakeResponse }
  | { readonly type: 'changes'; readonly page: PullPage }
  | { readonly type: 'poke'; readonly head: number }
  | { readonly type: 'closed'; readonly error: SyncError };

export type RealtimeListener = (event: RealtimeEvent) => void;

export interface RealtimeChannel {
  readonly state: 'connecting' | 'open' | 'closed';
  /**
   * From here on, what happens after `cursor` in `scopes` is sent; `without` are those left out of them (default: none). Does
   * nothing unless the channel is open.
   */
  subscribe(cursor: Cursor, scopes: readonly string[], without?: readonly string[]): void;
  /** Ends the channel. Pushes on it reject with `network`. */
  close(): void;
}

import type { Logger } from '../options.ts';
import type { Identity } from '../service.ts';

/** What an {@link AuthFunction} gets to decide on. */
export interface AuthInput {
  /** The bearer token of the request, or the one in the first frame of a socket. */
  readonly token: string | null;
  /** The request, for headers and cookies; of a socket the one that opened it, where the runtime has it. */
  readonly request?: Request;
}

/**
 * Tells who calls; null when it cannot: the caller is then asked to sign in. What it throws is logged and answered as a
 * failure of the server, unless it is a `SyncError` of kind `needs-auth`, `forbidden` or `rate-limited`.
 */
export type AuthFunction = (input: AuthInput) => Identity | null | Promise<Identity | null>;

/** Tells whether a request may see the figures of the whole server. */
export type MonitorFunction = (input: AuthInput) => boolean | Promise<boolean>;

/** Which other origins may call from a browser. The server's own origin always may. */
export interface CorsOptions {
  /** Origins such as `https://app.example`, `'*'` for all, or a function that decides. */
  readonly origins: readonly string[] | '*' | ((origin: string) => boolean);
  /** How long a browser may remember the answer, in seconds. Default: one day. */
  readonly maxAgeSeconds?: number;
}

/** Bounds of the edge. */
export interface EdgeLimits {
  /** Largest request, and largest frame of a socket, in bytes. Default: `LIMITS.maxRequestBytes`. */
  readonly maxRequestBytes: number;
  /** Answers from this size on are compressed for callers that accept it; `Infinity` for never. Default: 16 KiB. */
  readonly compressBytes: number;
  /** Changes beyond this size go by a pull instead of a frame. Default: 256 KiB. */
  readonly maxFrameBytes: number;
  /** A socket that has this much unsent is only told that there is something to pull. Default: 1 MiB. */
  readonly maxBufferedBytes: number;
  /** How long a new socket may take to say hello, in milliseconds. Default: 10 s. */
  readonly helloMs: number;
  /** A socket that sends nothing for this long is closed. Clients that are there send a ping every 20 s at least. Default: 60 s. */
  readonly idleMs: number;
  /**
   * After this time the identity of a socket is asked for anew, with the token it opened with, and what it may see is
   * looked at again; at the identity's `expiresAt` in any case. Default: 60 s.
   */
  readonly reauthMs: number;
  /** Most pushes that may wait on one socket. Default: 32. */
  readonly maxWaitingPushes: number;
  /** Most sockets at once. Default: 10,000. */
  readonly maxSockets: number;
}

export const silentLogger: Logger = { info: () => {}, warn: () => {}, error: () => {} };

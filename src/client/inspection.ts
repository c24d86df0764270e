import type { Cell, RowKey } from '../shared/cell.ts';
import type { RowStatus } from './row-status.ts';

/** What `sync.inspect` tells beyond the state: plain data, made only while somebody asks for it. */

/** How a live query was brought up to date the last time. */
export type LiveUpdate =
  /** From the rows that changed alone. */
  | { readonly how: 'incremental' }
  /** Read anew, and why. */
  | { readonly how: 're-run'; readonly why: string };

/** One live query of the database: the same statement with the same parameters is one, however many follow it. */
export interface LiveQueryInfo {
  /** The same for as long as the query is followed and the same tab leads. */
  readonly queryId: string;
  readonly sql: string;
  readonly parameters: readonly Cell[];
  readonly tablesRead: readonly string[];
  /** Tabs that follow it. */
  readonly tabCount: number;
  /** Listeners in this tab; components that share a query count each. */
  readonly subscriberCount: number;
  readonly rowCount: number;
  /** How often it was brought up to date, the first result included. */
  readonly runCount: number;
  readonly incrementalCount: number;
  readonly lastMs: number;
  /** Over the last {@link LIVE_TIMINGS} updates. */
  readonly p95Ms: number;
  readonly lastUpdate: LiveUpdate;
  /** Why it can never be kept current from the changed rows alone; null when it can. */
  readonly whyNeverIncremental: string | null;
  /** Why it fails; null when it does not. */
  readonly error: string | null;
}

/** So many of the last durations a live query remembers. */
export const LIVE_TIMINGS = 64;

/** Which rows of a table to read: those after a key, in the order of keys. */
export interface RowsRequest {
  readonly table: string;
  /** Only the row with this key, if it is there. Where it stands, and what the others of these say, is of no matter then. */
  readonly key?: RowKey;
  /** The cells of the last key before them; null or absent: from the first one. */
  readonly after?: RowKey | null;
  /** So many rows after that key are passed over. Each is looked at: go on from a key where one is known. Default 0. */
  readonly offset?: number;
  /** At most so many. Default 100, at most {@link MAX_ROWS_PER_PAGE}. */
  readonly limit?: number;
  /** Only rows with this text in one of their columns; letters of both cases are the same. */
  readonly search?: string;
  /** Only rows with changes that the server has not confirmed, deleted ones too. */
  readonly unsyncedOnly?: boolean;
}

export const MAX_ROWS_PER_PAGE = 1_000;

/** A part of a table, as cells. */
export interface RowsPage {
  /** Key columns first. */
  readonly columns: readonly string[];
  readonly rows: readonly InspectedRow[];
  /** The `after` of the next page; null at the end. */
  readonly next: RowKey | null;
  /** How many rows there are in all, of which these are a part. Null under a search: all would have to be read. */
  readonly rowCount: number | null;
}

export interface InspectedRow {
  readonly key: RowKey;
  /** In the order of `columns`; null: the row is deleted here, and the server does not know yet. */
  readonly cells: readonly Cell[] | null;
  readonly status: RowStatus;
  /** For rows with changes under way: what the server has confirmed, in the order of `columns`. */
  readonly confirmed: ConfirmedRow | null;
}

export type ConfirmedRow =
  | { readonly state: 'exists'; readonly cells: readonly Cell[] }
  /** Deleted on the server meanwhile. */
  | { readonly state: 'deleted' }
  /** The server never had it. */
  | { readonly state: 'unknown' };

/**
 * One message between this device and the server, without its content. A WebSocket's frame or the body of a request or
 * an answer; sizes are in bytes: of requests as they were sent (large ones are packed), of answers unpacked.
 */
export interface WireFrame {
  /** Counts up from 1 for as long as the same tab leads. */
  readonly frameId: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly direction: 'sent' | 'received';
  readonly channel: 'http' | 'websocket';
  /** What it is: `push`, `pull`, `hello`, `changes`, … */
  readonly type: string;
  readonly sizeBytes: number;
  /** Of an HTTP answer. */
  readonly status: number | null;
  /** From the request to its HTTP answer. */
  readonly durationMs: number | null;
  /** Why there is no message: what the request failed with, or what is wrong with the bytes. */
  readonly error: string | null;
}

/** The newest frames, oldest first. */
export interface WireFrames {
  /** Names the recording: another one counts its frames anew. */
  readonly recordingId: string;
  readonly frames: readonly WireFrame[];
}

/**
 * What the lab does to sync, on the real engine. Nothing of it touches local data: writes stay in the outbox and go out when the
 * condition is lifted. It holds for all tabs, until it is lifted, the tab that set it closes, or another tab leads.
 */
export interface LabConditions {
  /** Nothing reaches the server, and nothing comes from it. */
  readonly offline: boolean;
  /** Each message takes so much longer, in each direction, in milliseconds. */
  readonly latencyMs: number;
  /** The part of messages that is lost (0 to 1): requests fail before or after they reached the server, a channel breaks. */
  readonly lossRate: number;
  /** Each request is sent twice, as a network that repeats would. */
  readonly duplicates: boolean;
  /** The server refuses the next mutation. Once. */
  readonly rejectNext: boolean;
  /** Another device writes the same columns just before the next mutation that changes a row. Once. */
  readonly conflictNext: boolean;
  /** The server refuses the app's token: the next time (`once`), or each time (`always`), as after a sign-out. */
  readonly refuseToken: 'never' | 'once' | 'always';
  /** This device's clock is so far ahead (or behind, when negative), in milliseconds; at most {@link MAX_CLOCK_SKEW_MS}. */
  readonly clockSkewMs: number;
}

/** One hour: stamps of writes never go back, so a larger skew would stay with the data for longer than a test lasts. */
export const MAX_CLOCK_SKEW_MS = 3_600_000;

/** Everything as it is. */
export const NO_LAB_CONDITIONS: LabConditions = Object.freeze({
  offline: false,
  latencyMs: 0,
  lossRate: 0,
  duplicates: false,
  rejectNext: false,
  conflictNext: false,
  refuseToken: 'never',
  clockSkewMs: 0,
});

import type { SyncErrorJson } from '../shared/error.ts';
import type { EnginePush } from './engine-api.ts';
import type { SchemaWire } from './schema-wire.ts';
import type { AutoSyncOptions } from './sync.ts';

/** All that a worker needs to know, as plain data: the first thing a page sends it. */
export interface WorkerConfig {
  readonly sessionId: string;
  readonly name: string;
  readonly kind: 'opfs' | 'memory';
  readonly schema: SchemaWire;
  /** Absolute; null for a fully local app. */
  readonly serverUrl: string | null;
  /** Whether the page can give a token. */
  readonly hasAuth: boolean;
  readonly autoSync: AutoSyncOptions | false;
  readonly localSchema: readonly string[];
  readonly deviceName: string | null;
  /** Tables whose conflicts app code on the page decides. */
  readonly decides: readonly string[];
}

/** What a worker does besides the engine's own methods; the names are in no engine. */
export interface WorkerMethods {
  /** Resolves when this session has an engine; rejects when the database cannot be opened. */
  start(config: WorkerConfig): Promise<void>;
  /** Resolves at once: a sign of life. */
  ping(): Promise<void>;
  /** The page is about to be frozen: let go of everything that others wait for. */
  suspend(): Promise<void>;
  /** The page is back. */
  wake(): Promise<void>;
  /** Whichever tab leads, this one or another: it lets go of the database, and the next in line takes over. */
  endLeadership(): Promise<void>;
  /** Ends the session. */
  leave(): Promise<void>;
}

/** What a worker tells its page on its own: the engine's pushes, and where this session stands. */
export type WorkerPush = EnginePush | SessionPush;

export type SessionPush =
  | { readonly type: 'leadership'; readonly isLeader: boolean }
  /** Why this session has no engine at the moment; null when it has one. */
  | { readonly type: 'trouble'; readonly error: SyncErrorJson | null }
  /** The worker gives no sign of life; null when it does again. The page itself tells this. */
  | { readonly type: 'stalled'; readonly error: SyncErrorJson | null };

import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';
import type { EngineConnection } from './engine-api.ts';
import type { WorkerConfig } from './worker-api.ts';

/** The engine of one open database, shared by sessions. */
export interface SharedEngine {
  connect(sessionId: string): EngineConnection;
  /** Rolls back what is open and closes the database. */
  close(): Promise<void>;
}

/** An engine with the number of its leadership: greater than that of every leader before it. */
export interface OpenEngine {
  readonly engine: SharedEngine;
  readonly term: number;
}

export interface OpenEngineOptions {
  readonly config: WorkerConfig;
  readonly runtime: Runtime;
  /** The highest term seen so far. */
  readonly lastTerm: number;
}

/** Opens the configured database and puts the engine together on it. */
export async function openEngine(_options: OpenEngineOptions): Promise<OpenEngine> {
  throw new SyncError('storage', 'The engine has not been put together yet.');
}

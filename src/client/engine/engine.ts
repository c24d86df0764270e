import type { EngineConnection } from '../engine-api.ts';
import type { SyncEvent } from '../types.ts';
import { EngineCore, type EngineOptions } from './core.ts';

/** One open database with everything that works on it, shared by sessions. */
export interface Engine {
  /** A new session. An earlier one of the same id ends. */
  connect(sessionId: string): EngineConnection;
  /** Something happened that the sessions should hear of. */
  tell(event: SyncEvent): void;
  /** Rolls back what is open, stops syncing and closes the database. */
  close(): Promise<void>;
}

/** Puts an engine around an open store, and starts to sync. */
export function createEngine(options: EngineOptions): Engine {
  const core = new EngineCore(options);
  core.start();
  return core;
}

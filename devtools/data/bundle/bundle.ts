import type { TableInfo } from '../../../src/client/engine-api.ts';
import type { LiveQueryInfo } from '../../../src/client/inspection.ts';
import { type SchemaWire, schemaToWire } from '../../../src/client/schema-wire.ts';
import type { Sync } from '../../../src/client/sync.ts';
import type { SyncRound, SyncState, SyncStats } from '../../../src/client/types.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { redactedQueries, redactedState, redactedText } from './redact.ts';

/** Says what a file is, so that no other one is taken for it. */
export const BUNDLE_KIND = 'tidemark-support-bundle';
export const BUNDLE_VERSION = 1;

/** What somebody who helps needs to see, as one file. */
export interface Bundle {
  readonly kind: typeof BUNDLE_KIND;
  readonly bundleVersion: number;
  readonly createdAt: number;
  /** Whether the values of the app's rows are in it. */
  readonly hasValues: boolean;
  readonly protocolVersion: number;
  readonly schema: SchemaWire;
  readonly environment: Environment;
  readonly state: SyncState;
  readonly rounds: readonly SyncRound[];
  readonly stats: SyncStats | null;
  readonly tables: readonly TableInfo[];
  readonly queries: readonly LiveQueryInfo[];
  /** What could not be asked, and why. */
  readonly missing: readonly string[];
}

export interface MakeBundleOptions {
  readonly now: number;
  readonly withValues: boolean;
}

/** Gathers a bundle. What cannot be asked (the database is not open) is left out, and named. */
export async function makeBundle(sync: Sync, { now, withValues }: MakeBundleOptions): Promise<Bundle> {
  const missing: string[] = [];
  const asked = <T, U>(what: string, ask: Promise<T>, otherwise: U): Promise<T | U> =>
    withinTime(ask).catch((error: unknown) => {
      missing.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return otherwise;
    });
  const [rounds, stats, tables, queries, environment] = await Promise.all([
    asked('rounds', sync.history(), []),
    asked('totals', sync.stats(), null),
    asked('tables', sync.inspect.tables(), []),
    asked('live queries', sync.inspect.liveQueries(), []),
    readEnvironment(),
  ]);
  const state = sync.inspect.store.getState();
  return {
    kind: BUNDLE_KIND,
    bundleVersion: BUNDLE_VERSION,
    createdAt: now,
    hasValues: withValues,
    protocolVersion: PROTOCOL_VERSION,
    schema: schemaToWire(sync.schema),
    environment,
    state: withValues ? state : redactedState(state),
    rounds: withValues ? rounds : rounds.map(withoutErrorText),
    stats,
    tables,
    queries: withValues ? queries : redactedQueries(queries),
    missing,
  };
}

function withoutErrorText(round: SyncRound): SyncRound {
  return round.error ? { ...round, error: { ...round.error, message: redactedText(round.error.message) } } : round;
}

/** A database that never opens answers never. */
const PATIENCE_MS = 3_000;

function withinTime<T>(ask: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / 1_000} s`)), PATIENCE_MS);
    ask.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** `tidemark/testing`: stand-ins with the same contract as the real parts. */

export { type ConflictScript, conflictBetween } from './fake-conflicts.ts';
export type { FakeCall } from './fake-core.ts';
export type { FakeInspection } from './fake-inspector.ts';
export type { FakeAnswer, FakeRow } from './fake-live.ts';
export type { FakeState } from './fake-state.ts';
export { createFakeSync, type FakeSync, type FakeSyncOptions } from './fake-sync.ts';
export { type ManualRuntime, type ManualRuntimeOptions, manualRuntime } from './manual-runtime.ts';
export {
  type NetworkConditions,
  type SimulatedNetwork,
  type SimulatedNetworkOptions,
  simulateNetwork,
} from './simulated-network.ts';
export type { TestRows } from './test-rows.ts';
export { createTestServer, type TestServer, type TestServerOptions } from './test-server.ts';
export { createTestSync, type TestSyncOptions } from './test-sync.ts';
export { syncOf, type WithSyncOptions, withSync } from './with-sync.tsx';

/** `tidemark/testing`: stand-ins with the same contract as the real parts. */

export type { FakeCall } from './fake-core.ts';
export type { FakeInspection } from './fake-inspector.ts';
export type { FakeAnswer, FakeRow } from './fake-live.ts';
export type { FakeState } from './fake-state.ts';
export { createFakeSync, type FakeSync, type FakeSyncOptions } from './fake-sync.ts';
export { type ManualRuntime, type ManualRuntimeOptions, manualRuntime } from './manual-runtime.ts';

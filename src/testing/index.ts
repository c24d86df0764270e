/** `tidemark/testing`: stand-ins with the same contract as the real parts. */
export type { FakeAnswer, FakeRow } from './fake-live.ts';
export type { FakeState } from './fake-state.ts';
export { createFakeSync, type FakeCall, type FakeSync, type FakeSyncOptions } from './fake-sync.ts';
export { createManualRuntime, type ManualRuntime, type ManualRuntimeOptions } from './manual-runtime.ts';

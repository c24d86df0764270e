import { SyncError } from '../../shared/error.ts';
import type { EngineMethods } from '../engine-api.ts';

export type MethodName = keyof EngineMethods;

/**
 * What becomes of a call whose engine goes away before it answers:
 * - `repeat`: it is asked again of the next engine; doing it twice is doing it once.
 * - `write`: part of a transaction that is gone with its engine; the caller runs it from the start.
 * - `commit`: the next engine is asked whether it happened.
 * - `end`: what it wanted to end has ended.
 * - `once`: it may or may not have happened; the caller is told so.
 */
export type CallFate = 'repeat' | 'write' | 'commit' | 'end' | 'once';

/** The methods of an engine, all of them: the list that both ends of a line go by. */
export const CALL_FATES: Readonly<Record<MethodName, CallFate>> = {
  writeRun: 'write',
  writeRead: 'write',
  writeOnce: 'write',
  writeCommit: 'commit',
  writeRollback: 'end',
  findWrite: 'repeat',
  query: 'repeat',
  openLive: 'repeat',
  closeLive: 'end',
  watchRow: 'repeat',
  unwatchRow: 'end',
  runSync: 'repeat',
  abortSync: 'repeat',
  pause: 'repeat',
  resume: 'repeat',
  followScope: 'repeat',
  attend: 'repeat',
  listOutbox: 'repeat',
  countOutbox: 'repeat',
  outcomesOf: 'repeat',
  retryMutation: 'once',
  retryMutations: 'once',
  discardMutation: 'once',
  editMutation: 'once',
  importMutations: 'repeat',
  listConflicts: 'repeat',
  resolveConflict: 'once',
  resolveConflicts: 'once',
  listDevices: 'repeat',
  renameDevice: 'repeat',
  revokeDevice: 'repeat',
  stats: 'repeat',
  history: 'repeat',
  inspectTables: 'repeat',
  inspectScopes: 'repeat',
  inspectRows: 'repeat',
  liveQueries: 'repeat',
  frames: 'repeat',
  frameContent: 'repeat',
  setLab: 'once',
  integrityCheck: 'repeat',
  exportDatabase: 'repeat',
  wipe: 'once',
  answer: 'end',
};

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(CALL_FATES, name);
}

/** The methods of an engine over anything that carries calls by name. */
export function engineMethodsOver(
  call: (method: MethodName, args: readonly unknown[]) => Promise<unknown>,
): EngineMethods {
  const methods = Object.keys(CALL_FATES).map((name) => [
    name,
    (...args: readonly unknown[]) => call(name as MethodName, args),
  ]);
  // The one place where names meet types: CALL_FATES has exactly the keys of EngineMethods.
  return Object.fromEntries(methods) as EngineMethods;
}

/** Calls a method by name, as it came over a line. */
export function callMethod(methods: EngineMethods, name: string, args: readonly unknown[]): Promise<unknown> {
  if (!isMethodName(name)) {
    return Promise.reject(new SyncError('protocol', `The engine has no method ${JSON.stringify(name)}.`));
  }
  const method: (...args: never[]) => Promise<unknown> = methods[name];
  return method.apply(methods, args as never[]);
}

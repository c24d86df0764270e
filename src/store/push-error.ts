import { SyncError, type SyncErrorJson } from '../shared/error.ts';

/** The error of a push, which may have crossed a thread as plain data. */
export function thrownFromPush(error: unknown): Error {
  if (error instanceof Error) return error;
  return isErrorJson(error) ? SyncError.fromJSON(error) : new SyncError('storage', String(error));
}

function isErrorJson(value: unknown): value is SyncErrorJson {
  return typeof value === 'object' && value !== null && 'kind' in value && 'message' in value;
}

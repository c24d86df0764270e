import { SyncError } from '../../shared/error.ts';
import type { EnginePush } from '../engine-api.ts';

/** A push as it can cross a thread: an error loses its kind when it is cloned, so it travels as data. */
export function wirePush<P extends { readonly type: string } | EnginePush>(push: P): P {
  if (push.type !== 'live-error' || !('error' in push)) return push;
  return { ...push, error: SyncError.from(push.error, 'storage', 'A live query failed').toJSON() };
}

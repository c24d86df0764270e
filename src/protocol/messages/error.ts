import * as v from 'valibot';
import { count, name } from './shared.ts';

/** The body of every answer that is not 2xx, and of error frames. */
export const errorMessage = v.object({
  /** A SyncError kind. */
  kind: name,
  message: v.string(),
  /** With `rate-limited` and `server`: come back no sooner. */
  retryAfterMs: v.optional(count),
});

export type ErrorMessage = v.InferOutput<typeof errorMessage>;

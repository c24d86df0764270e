import type { ErrorMessage } from '../../protocol/messages/error.ts';
import { SyncError, type SyncErrorKind } from '../../shared/error.ts';

/** An error as the caller may see it. */
export interface PublicError {
  readonly status: number;
  readonly body: ErrorMessage;
  /** Whether the fault is ours: then the log has what the caller is not told. */
  readonly isInternal: boolean;
}

/** How long a caller stays away while the server is stopping or overloaded. */
const RETRY_AFTER_MS = 1000;

/** The kinds a caller is told of, each with its HTTP status. All others are the server's own affair. */
const STATUS: Partial<Record<SyncErrorKind, number>> = {
  protocol: 400,
  version: 400,
  'invalid-value': 400,
  'needs-auth': 401,
  forbidden: 403,
  'not-found': 404,
  epoch: 409,
  resync: 409,
  'too-large': 413,
  rejected: 422,
  'rate-limited': 429,
};

/** What goes out for anything that was thrown. `reference` finds the matching line in the log. */
export function publicError(thrown: unknown, reference: string): PublicError {
  if (thrown instanceof SyncError) {
    if (thrown.kind === 'closed') return stopping();
    const status = STATUS[thrown.kind];
    if (status !== undefined) return { status, body: bodyOf(thrown), isInternal: false };
  }
  const message = `The server failed; its log has the reason under the reference ${reference}. Try again later.`;
  return { status: 500, body: { kind: 'server', message }, isInternal: true };
}

function stopping(): PublicError {
  const body = { kind: 'server', message: 'The server is stopping. Try again soon.', retryAfterMs: RETRY_AFTER_MS };
  return { status: 503, body, isInternal: false };
}

/** Words of the app may have cut a character in two. */
function bodyOf(error: SyncError): ErrorMessage {
  const { kind, details } = error;
  const message = error.message.toWellFormed();
  const { retryAfterMs } = details;
  if (kind !== 'rate-limited') return { kind, message };
  return { kind, message, retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : RETRY_AFTER_MS };
}

/** What the log keeps of an error: never a payload. Messages of our own name places, not values. */
export function errorFields(thrown: unknown): Readonly<Record<string, unknown>> {
  if (thrown instanceof SyncError && thrown.cause === undefined) return { kind: thrown.kind, error: thrown.message };
  const cause = thrown instanceof SyncError ? thrown.cause : thrown;
  return { kind: thrown instanceof SyncError ? thrown.kind : 'unknown', error: String(thrown), err: cause };
}

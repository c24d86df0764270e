import { type ErrorMessage, errorMessage } from '../protocol/messages/error.ts';
import { parseMessage } from '../protocol/parse.ts';
import { SyncError, type SyncErrorDetails, type SyncErrorKind } from '../shared/error.ts';

/** The kinds that a server may answer with. */
const SERVER_KINDS: ReadonlySet<string> = new Set<SyncErrorKind>([
  'server',
  'rate-limited',
  'needs-auth',
  'forbidden',
  'epoch',
  'resync',
  'too-large',
  'version',
  'protocol',
  'not-found',
  'rejected',
  'invalid-value',
]);

/** What an error from the server is here. A kind that this version does not know counts as a failure of the server. */
export function fromErrorMessage(
  { kind, message, retryAfterMs }: ErrorMessage,
  details: SyncErrorDetails = {},
): SyncError {
  const known = SERVER_KINDS.has(kind) ? (kind as SyncErrorKind) : 'server';
  return new SyncError(known, message, {
    details: retryAfterMs === undefined ? details : { ...details, retryAfterMs },
  });
}

/**
 * What stands in the way between us and the server answers in its own words: proxies, gateways, sign-in pages. What they forbid says
 * nothing about who may do what here: a firewall that takes offence at one body must not hold up the rest.
 */
const KIND_OF_STATUS: Readonly<Record<number, SyncErrorKind>> = {
  401: 'needs-auth',
  413: 'too-large',
  429: 'rate-limited',
};

/** What an answer that is not 2xx means. */
export function fromResponse(response: Pick<Response, 'status' | 'headers'>, body: Uint8Array | null): SyncError {
  const { status, headers } = response;
  const message = body && readErrorMessage(body);
  if (message) return fromErrorMessage(message, { status });
  const kind = KIND_OF_STATUS[status] ?? 'server';
  const retryAfterMs = retryAfterOf(headers);
  const text = `The answer has the status ${status} and is not of a sync server: does the url lead to one?`;
  return new SyncError(kind, text, { details: retryAfterMs === null ? { status } : { status, retryAfterMs } });
}

function readErrorMessage(body: Uint8Array): ErrorMessage | null {
  try {
    return parseMessage(errorMessage, body);
  } catch {
    return null;
  }
}

/** Seconds, or a date (RFC 9110, 10.2.3): how far that is ahead, the clock of whoever answers tells best. */
function retryAfterOf(headers: Response['headers']): number | null {
  const text = headers.get('retry-after');
  if (text === null) return null;
  const aheadMs = /^\s*\d/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(aheadMs) ? Math.max(0, aheadMs) : null;
}

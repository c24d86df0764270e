import { SyncError } from '../../shared/error.ts';
import { fromCanonicalBase64Url } from './base64url.ts';
import { parseJsonObject } from './strict-json.ts';

/** Why a token is refused, as `details.reason` of the error. */
export type TokenProblem =
  | 'malformed'
  | 'too-large'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'expired'
  | 'not-yet-valid'
  | 'issuer'
  | 'audience'
  | 'claims';

/** Says what is wrong with a token, never what stands in it: the message goes to the caller and to the log. */
export function refused(reason: TokenProblem, what: string): SyncError {
  return new SyncError('needs-auth', `The token was refused: ${what}. Sign in and send a new one.`, {
    details: { reason },
  });
}

export interface TokenHeader {
  readonly alg: string;
  readonly kid: string | null;
}

/**
 * Looks a token over before its signature is checked: its size, its form (compact JWS, RFC 7515) and its header.
 *
 * @throws SyncError `needs-auth`.
 */
export function readHeader(token: string, maxBytes: number): TokenHeader {
  if (token.length > maxBytes) throw refused('too-large', `it is longer than ${maxBytes} bytes`);
  const parts = token.split('.');
  if (parts.length === 5) throw refused('malformed', 'it is encrypted; only signed tokens are taken');
  const [header, payload, signature] = parts.map(fromCanonicalBase64Url);
  if (parts.length !== 3 || !header?.length || !payload?.length || !signature) {
    throw refused('malformed', 'it does not have the form of a signed token');
  }
  if (signature.length === 0) throw refused('signature', 'it has no signature');
  return checkHeader(parseJsonObject(header), parseJsonObject(payload));
}

type Fields = Readonly<Record<string, unknown>>;

function checkHeader(header: Fields | null, payload: Fields | null): TokenHeader {
  if (!header || !payload) throw refused('malformed', 'its header or its claims are not one JSON object each');
  const { alg, kid, typ } = header;
  // Extensions that change what is signed or how it is read: none is known here (RFC 7515, section 4.1.11; RFC 7797).
  for (const name of ['crit', 'b64', 'zip']) {
    if (Object.hasOwn(header, name))
      throw refused('malformed', `its header has the extension ${name}, which is not taken`);
  }
  if (typeof alg !== 'string') throw refused('algorithm', 'its header names no algorithm');
  if (kid !== undefined && (typeof kid !== 'string' || kid === ''))
    throw refused('malformed', 'its key id is not a text');
  if (typ !== undefined && typeof typ !== 'string') throw refused('malformed', 'its type is not a text');
  return { alg, kid: kid ?? null };
}

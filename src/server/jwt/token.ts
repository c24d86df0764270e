import { SyncError } from '../../shared/error.ts';
import { fromCanonicalBase64Url } from './base64url.ts';
import { parseJsonObject } from './strict-json.ts';

/** Why a token is refused, as `details.reason` of the error. */
export type TokenProblem =
  | 'malformed'
  | 'too-large'
  | 'type'
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

/** Of one that is encrypted (RFC 7516). */
const MAX_PARTS = 5;

/**
 * Looks a token over before its signature is checked: its size, its form (compact JWS, RFC 7515) and its header.
 *
 * @throws SyncError `needs-auth`.
 */
export function readHeader(token: string, maxBytes: number): TokenHeader {
  if (token.length > maxBytes) throw refused('too-large', `it is longer than ${maxBytes} bytes`);
  const parts = token.split('.', MAX_PARTS + 1);
  if (parts.length === MAX_PARTS) throw refused('malformed', 'it is encrypted; only signed tokens are taken');
  const [header, payload, signature] = parts.length === 3 ? parts.map(fromCanonicalBase64Url) : [];
  if (!header?.length || !payload?.length || !signature) {
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
  if (isForAnotherUse(typ)) throw refused('type', 'its type says that it is for another use');
  return { alg, kid: kid ?? null };
}

/**
 * Providers sign more than access tokens with one key: of logouts, events, proofs of possession. Such a one says so by a type of
 * its own (RFC 8725, section 3.11), and lets nobody in here.
 */
function isForAnotherUse(type: string | undefined): boolean {
  const use = /^(?:application\/)?(.+)\+jwt$/i.exec(type ?? '')?.[1];
  return use !== undefined && use.toLowerCase() !== 'at';
}

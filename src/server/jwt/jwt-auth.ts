import { errors, type JWTPayload, jwtVerify } from 'jose';
import { SyncError } from '../../shared/error.ts';
import { isName, MAX_NAME_LENGTH } from '../../shared/name.ts';
import { type Runtime, systemRuntime } from '../../shared/runtime.ts';
import type { AuthFunction } from '../edge/options.ts';
import type { Identity } from '../service.ts';
import type { JwtAlgorithm } from './algorithms.ts';
import { RemoteKeys } from './remote-keys.ts';
import { readHeader, refused, type TokenHeader } from './token.ts';
import { checkAlgorithms, type JwkSet, keyOfPublic, keyOfSecret, keysOfSet, type VerifyKey } from './verify-keys.ts';
import type { Jwk } from './vet-key.ts';

/** The claims of a token that was accepted: `sub` and `exp` are always there. */
export interface JwtClaims extends JWTPayload {
  readonly sub: string;
  readonly exp: number;
}

export interface JwtAuthOptions {
  /** The secret that tokens are signed with (HS256): at least 32 random bytes; a text stands for its bytes in UTF-8. */
  readonly secret?: string | Uint8Array;
  /** Where the identity provider publishes its keys (https, or http on this machine), or the set itself. */
  readonly jwks?: string | URL | JwkSet;
  /** One public key: PEM (`BEGIN PUBLIC KEY`) or JWK. */
  readonly publicKey?: string | Jwk;
  /** What `iss` must be. Left out, any issuer that has the key will do. */
  readonly issuer?: string | readonly string[];
  /** What `aud` must hold one of. Give it wherever one issuer signs for several services. */
  readonly audience?: string | readonly string[];
  /**
   * The algorithms to accept. Default, by key: HS256, RS256, ES256, ES384, ES512, or EdDSA and Ed25519. What the token says only
   * picks among those that go with the key.
   */
  readonly algorithms?: readonly JwtAlgorithm[];
  /** How far clocks may differ, in seconds, for `exp` and `nbf`. At most 300. Default: 0. */
  readonly clockToleranceS?: number;
  /** Longest token, in bytes. Default: 8 KiB. */
  readonly maxTokenBytes?: number;
  /**
   * Makes the identity of the claims; null refuses. Default: `{ ...claims, id: claims.sub }`. The end of the token is put
   * on it as `expiresAt` unless it sets one itself.
   */
  readonly identity?: (claims: JwtClaims) => Identity | null | Promise<Identity | null>;
  /** For `jwks` by address. Default: the global one. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly runtime?: Pick<Runtime, 'now' | 'elapsed' | 'setTimer'>;
}

const MAX_TOLERANCE_S = 300;
/** The furthest instant that JavaScript knows, in seconds. */
const MAX_NUMERIC_DATE = 8.64e12;

/**
 * Tells who calls by a signed token (JWT, RFC 7519; following RFC 8725): for `auth` of {@link createSyncServer}.
 *
 * `exp` and `sub` must be there; `sub` becomes the identity's `id`. A token that does not hold is refused with `needs-auth`
 * and a `reason` in the details; neither says what stood in the token.
 *
 * @throws SyncError `misuse`, at once, for keys that are weak, malformed, private, or not for this.
 * @example
 * ```ts
 * const server = createSyncServer({
 *   schema,
 *   storage,
 *   auth: jwtAuth({ jwks: 'https://login.example/.well-known/jwks.json', issuer: 'https://login.example', audience: 'issues' }),
 * });
 * ```
 */
export function jwtAuth(options: JwtAuthOptions): AuthFunction {
  const settings = checkOptions(options);
  const candidates = keySource(options, settings.runtime);
  return async ({ token }) => {
    if (token === null) return null;
    const header = readHeader(token, settings.maxTokenBytes);
    const claims = await verify(token, { header, keys: await candidates(header), settings });
    return toIdentity(claims, settings);
  };
}

type Settings = ReturnType<typeof checkOptions>;

function checkOptions(options: JwtAuthOptions) {
  const { clockToleranceS = 0, maxTokenBytes = 8192, issuer, audience, identity, runtime = systemRuntime } = options;
  if (!(clockToleranceS >= 0 && clockToleranceS <= MAX_TOLERANCE_S)) {
    throw new SyncError(
      'misuse',
      `jwtAuth: \`clockToleranceS\` must be from 0 to ${MAX_TOLERANCE_S} seconds; received ${clockToleranceS}.`,
    );
  }
  for (const [name, value] of Object.entries({ issuer, audience })) {
    const isText = value === undefined || [value].flat().every((one) => typeof one === 'string' && one !== '');
    if (!isText || (Array.isArray(value) && value.length === 0)) {
      throw new SyncError('misuse', `jwtAuth: \`${name}\` must be a text or a list of texts, none of them empty.`);
    }
  }
  return { clockToleranceS, maxTokenBytes, issuer, audience, identity, runtime };
}

type KeySource = (header: TokenHeader) => Promise<readonly VerifyKey[]>;

/** The keys that may have signed a token with this header. */
function keySource(options: JwtAuthOptions, runtime: Settings['runtime']): KeySource {
  const { secret, jwks, publicKey, fetch = (url: string, init: RequestInit) => globalThis.fetch(url, init) } = options;
  const algorithms = checkAlgorithms(options.algorithms);
  if ([secret, jwks, publicKey].filter((one) => one !== undefined).length !== 1) {
    throw new SyncError('misuse', 'jwtAuth: give exactly one of `secret`, `jwks` and `publicKey`.');
  }
  if (typeof jwks === 'string' || jwks instanceof URL) {
    const remote = new RemoteKeys({ url: checkUrl(jwks), algorithms, fetch, runtime });
    return async (header) => matching(await remote.keys((keys) => matching(keys, header).length > 0), header);
  }
  if (jwks !== undefined) {
    const keys = keysOfSet(jwks, algorithms);
    return async (header) => matching(keys, header);
  }
  // A single key needs no name: whatever the token calls it, it is this one or none.
  const key = secret !== undefined ? keyOfSecret(secret, algorithms) : keyOfPublic(publicKey ?? {}, algorithms);
  return async (header) => matching([key], { ...header, kid: null });
}

/** By name where the token has one; otherwise all that go with its algorithm. */
function matching(keys: readonly VerifyKey[], { alg, kid }: TokenHeader): VerifyKey[] {
  return keys.filter((key) => (kid === null || key.kid === kid) && key.algorithms.some((one) => one === alg));
}

function checkUrl(address: string | URL): URL {
  const url = URL.canParse(String(address)) ? new URL(address) : null;
  const isLocal = url?.protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (url && (url.protocol === 'https:' || isLocal)) return url;
  throw new SyncError(
    'misuse',
    'jwtAuth: the address of `jwks` must begin with https://. Whoever can change the keys can be anybody.',
  );
}

/** Keys without a name are tried one by one; more than this many no provider has in use at once. */
const MAX_TRIES = 8;

async function verify(
  token: string,
  { header, keys, settings }: { header: TokenHeader; keys: readonly VerifyKey[]; settings: Settings },
): Promise<JwtClaims> {
  const { issuer, audience, clockToleranceS, runtime } = settings;
  if (keys.length === 0) throw refused('key', 'no key that is accepted here goes with its algorithm and its key id');
  for (const key of keys.slice(0, MAX_TRIES)) {
    const algorithm = key.algorithms.find((one) => one === header.alg);
    if (!algorithm) continue;
    try {
      const { payload } = await jwtVerify(token, await key.load(algorithm), {
        algorithms: [algorithm],
        clockTolerance: clockToleranceS,
        currentDate: new Date(runtime.now()),
        requiredClaims: ['exp', 'sub'],
        ...(issuer === undefined ? {} : { issuer: [issuer].flat() }),
        ...(audience === undefined ? {} : { audience: [audience].flat() }),
      });
      return checkClaims(payload);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw explain(error);
    }
  }
  throw refused('signature', 'its signature is not right');
}

function explain(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  if (error instanceof errors.JWTExpired) return refused('expired', 'it has expired');
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf' && error.reason === 'check_failed')
      return refused('not-yet-valid', 'it is not valid yet');
    if (error.claim === 'iss') return refused('issuer', 'it is of another issuer');
    if (error.claim === 'aud') return refused('audience', 'it is meant for somebody else');
    return refused('claims', 'a claim that is needed is missing, or of another type');
  }
  if (error instanceof errors.JOSEError) return refused('malformed', 'it cannot be read');
  return new SyncError('server', 'A key that tokens are checked with cannot be used.', { cause: error });
}

function checkClaims(payload: JWTPayload): JwtClaims {
  const { sub, exp } = payload;
  // U+0000 is in no name that anybody has, and Postgres does not take it.
  if (!isName(sub) || sub.includes('\0')) {
    throw refused('claims', `its subject must be a text of 1 to ${MAX_NAME_LENGTH} characters of valid Unicode`);
  }
  for (const instant of [exp, payload.nbf ?? 0, payload.iat ?? 0]) {
    if (typeof instant !== 'number' || !(Math.abs(instant) <= MAX_NUMERIC_DATE)) {
      throw refused('claims', 'a time in it is none');
    }
  }
  return { ...payload, sub, exp: exp ?? 0 };
}

async function toIdentity(claims: JwtClaims, { identity, clockToleranceS }: Settings): Promise<Identity | null> {
  const expiresAt = Math.ceil((claims.exp + clockToleranceS) * 1000);
  if (!identity) return { ...claims, id: claims.sub, expiresAt };
  const made = await identity(claims);
  return made && { expiresAt, ...made };
}

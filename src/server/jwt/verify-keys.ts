import { importJWK } from 'jose';
import { SyncError } from '../../shared/error.ts';
import { ALGORITHMS_OF, isAlgorithm, type JwtAlgorithm } from './algorithms.ts';
import { fromPem } from './pem.ts';
import { type Jwk, MIN_SECRET_BYTES, secretJwk, vetKey } from './vet-key.ts';

/** A set of keys (RFC 7517, section 5). */
export interface JwkSet {
  readonly keys: readonly Jwk[];
}

type ImportedKey = Awaited<ReturnType<typeof importJWK>>;

/** A key that passed, bound to the algorithms it is used with. */
export interface VerifyKey {
  readonly kid: string | null;
  readonly algorithms: readonly JwtAlgorithm[];
  readonly isSecret: boolean;
  /** As the library wants it; imported once per algorithm. */
  load(algorithm: JwtAlgorithm): Promise<ImportedKey>;
}

/** HS384 and HS512 want secrets as long as their hashes. */
const SECRET_BYTES: Readonly<Partial<Record<JwtAlgorithm, number>>> = { HS256: MIN_SECRET_BYTES, HS384: 48, HS512: 64 };

/**
 * Makes a key ready for use.
 *
 * @throws SyncError `misuse`, with what is wrong with it and never the key.
 */
export function toVerifyKey(jwk: Jwk, allowed: readonly JwtAlgorithm[] | undefined): VerifyKey {
  const vetted = vetKey(jwk);
  if ('problem' in vetted) throw badKey(jwk, vetted.problem);
  const { kind, sizeBytes } = vetted;
  const algorithms = algorithmsFor(jwk, kind, allowed);
  for (const name of algorithms) {
    const needed = SECRET_BYTES[name] ?? 0;
    if (sizeBytes < needed) throw badKey(jwk, `is a secret of ${sizeBytes} bytes; ${name} needs at least ${needed}`);
  }
  if (jwk.kid !== undefined && (typeof jwk.kid !== 'string' || jwk.kid === ''))
    throw badKey(jwk, 'has a `kid` that is not a text');
  const loaded = new Map<JwtAlgorithm, Promise<ImportedKey>>();
  return {
    kid: typeof jwk.kid === 'string' ? jwk.kid : null,
    algorithms,
    isSecret: kind === 'secret',
    load(algorithm) {
      const key =
        loaded.get(algorithm) ?? importJWK({ ...jwk, alg: algorithm } as Parameters<typeof importJWK>[0], algorithm);
      loaded.set(algorithm, key);
      return key;
    },
  };
}

function algorithmsFor(jwk: Jwk, kind: keyof typeof ALGORITHMS_OF, allowed: readonly JwtAlgorithm[] | undefined) {
  const fitting = ALGORITHMS_OF[kind];
  const { alg } = jwk;
  if (alg !== undefined) {
    const own = fitting.find((one) => one === alg);
    if (!own) throw badKey(jwk, 'has an `alg` that does not go with its kind');
    if (allowed && !allowed.includes(own))
      throw badKey(jwk, `is for ${own}, which is not among the allowed algorithms`);
    return [own];
  }
  // The two names of an Ed25519 signature mean the same.
  const usual = kind === 'Ed25519' ? fitting : [fitting[0]];
  const wanted = allowed ? fitting.filter((one) => allowed.includes(one)) : usual;
  if (wanted.length === 0)
    throw badKey(jwk, `goes with ${fitting.join(', ')}, none of which is among the allowed algorithms`);
  return wanted;
}

/** @throws SyncError `misuse`. */
export function keyOfSecret(secret: string | Uint8Array, allowed: readonly JwtAlgorithm[] | undefined): VerifyKey {
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret;
  return toVerifyKey(secretJwk(bytes), allowed);
}

/** @throws SyncError `misuse`. */
export function keyOfPublic(key: string | Jwk, allowed: readonly JwtAlgorithm[] | undefined): VerifyKey {
  const read = typeof key === 'string' ? fromPem(key) : { jwk: key };
  if ('problem' in read) throw badKey({}, read.problem);
  if (read.jwk.kty === 'oct') throw badKey(read.jwk, 'is a secret, not a public one: give it as `secret`');
  return toVerifyKey(read.jwk, allowed);
}

const MAX_KEYS = 100;

/**
 * A set that the app itself gives: every key in it must be right.
 *
 * @throws SyncError `misuse`.
 */
export function keysOfSet(set: JwkSet, allowed: readonly JwtAlgorithm[] | undefined): VerifyKey[] {
  const jwks = listOf(set);
  if (!jwks || jwks.length === 0)
    throw new SyncError('misuse', 'jwtAuth: `jwks` must be an address or have a list of `keys`, one at least.');
  const keys = jwks.map((jwk) => toVerifyKey(jwk, allowed));
  const kids = keys.map(({ kid }) => kid);
  if (new Set(kids).size !== kids.length)
    throw new SyncError('misuse', 'jwtAuth: several keys of `jwks` have the same `kid`, or none.');
  if (new Set(keys.map(({ isSecret }) => isSecret)).size > 1) {
    throw new SyncError(
      'misuse',
      'jwtAuth: `jwks` mixes secrets with public keys. What is published must hold no secret.',
    );
  }
  return keys;
}

/**
 * A set that somebody else published: keys that are not for us are left out, and so are those of a `kid` that stands there twice.
 * Secrets are never taken from there. null when it is no set.
 */
export function usableKeys(set: unknown, allowed: readonly JwtAlgorithm[] | undefined): VerifyKey[] | null {
  const jwks = listOf(set);
  if (!jwks) return null;
  const keys = jwks.flatMap((jwk) => {
    try {
      const key = toVerifyKey(jwk, allowed);
      return key.isSecret ? [] : [key];
    } catch {
      return [];
    }
  });
  return keys.filter(({ kid }) => kid === null || keys.filter((other) => other.kid === kid).length === 1);
}

function listOf(set: unknown): readonly Jwk[] | null {
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys)) return null;
  const isKey = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one);
  return set.keys.length <= MAX_KEYS && set.keys.every(isKey) ? set.keys : null;
}

/** @throws SyncError `misuse`. */
export function checkAlgorithms(names: readonly unknown[] | undefined): readonly JwtAlgorithm[] | undefined {
  if (names === undefined) return undefined;
  if (names.length > 0 && names.every(isAlgorithm)) return names;
  throw new SyncError(
    'misuse',
    `jwtAuth: \`algorithms\` must be some of ${Object.values(ALGORITHMS_OF).flat().join(', ')}.`,
  );
}

function badKey({ kid }: Jwk, problem: string): SyncError {
  const which = typeof kid === 'string' ? `the key ${JSON.stringify(kid.slice(0, 64))}` : 'the key';
  return new SyncError('misuse', `jwtAuth: ${which} ${problem}.`);
}

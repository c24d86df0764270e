/** The signature algorithms that {@link jwtAuth} knows (RFC 7518; RFC 8037, whose `EdDSA` is `Ed25519` in RFC 9864). There is no `none`. */
export type JwtAlgorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519';

/** What a key is, however it was given. Each algorithm belongs to exactly one kind, so no key can stand in for another. */
export type KeyKind = 'secret' | 'RSA' | 'P-256' | 'P-384' | 'P-521' | 'Ed25519';

/** The algorithms of each kind of key; the first is what a key of this kind is used with unless told otherwise. */
export const ALGORITHMS_OF: Readonly<Record<KeyKind, readonly [JwtAlgorithm, ...JwtAlgorithm[]]>> = {
  secret: ['HS256', 'HS384', 'HS512'],
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'P-256': ['ES256'],
  'P-384': ['ES384'],
  'P-521': ['ES512'],
  Ed25519: ['EdDSA', 'Ed25519'],
};

const ALL: ReadonlySet<string> = new Set(Object.values(ALGORITHMS_OF).flat());

export function isAlgorithm(name: unknown): name is JwtAlgorithm {
  return typeof name === 'string' && ALL.has(name);
}

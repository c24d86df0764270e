import type { KeyKind } from './algorithms.ts';
import { fromCanonicalBase64Url, toBase64Url, toBigInt } from './base64url.ts';

/** A key as JSON (RFC 7517). Which members it has depends on its `kty`. */
export type Jwk = Readonly<Record<string, unknown>>;

/** A key that passed, or why it did not, as the end of a sentence that begins with "the key". */
export type Vetted = { readonly kind: KeyKind; readonly sizeBytes: number } | { readonly problem: string };

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth'];

/** Looks a key over: whether it is public, for signatures, of a kind we take, well formed, and strong. */
export function vetKey(jwk: Jwk): Vetted {
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) {
    return { problem: 'is a private one: give the public one, and keep the private one where tokens are made' };
  }
  if (jwk.use !== undefined && jwk.use !== 'sig') return { problem: 'is not for signatures: its `use` is not "sig"' };
  if (jwk.key_ops !== undefined && !mayVerify(jwk.key_ops)) {
    return {
      problem: 'is not for checking signatures: its `key_ops` do not say "verify", or say more than that goes with',
    };
  }
  const vet = typeof jwk.kty === 'string' && Object.hasOwn(VETS, jwk.kty) ? VETS[jwk.kty] : undefined;
  return vet ? vet(jwk) : { problem: 'has a `kty` that is none of RSA, EC, OKP and oct' };
}

function mayVerify(ops: unknown): boolean {
  if (!Array.isArray(ops) || new Set(ops).size !== ops.length) return false;
  return ops.includes('verify') && ops.every((one) => one === 'verify' || one === 'sign');
}

const VETS: Readonly<Record<string, (jwk: Jwk) => Vetted>> = {
  oct: vetSecret,
  RSA: vetRsa,
  EC: vetCurve,
  OKP: vetEdwards,
};

/** As long as the hash, at least (RFC 7518, section 3.2); of HS256, the smallest, that is 32 bytes. */
export const MIN_SECRET_BYTES = 32;

function vetSecret({ k }: Jwk): Vetted {
  const bytes = bytesOf(k);
  if (!bytes) return { problem: 'has no `k` in base64url' };
  if (bytes.length < MIN_SECRET_BYTES) {
    return { problem: `is a secret of ${bytes.length} bytes: at least ${MIN_SECRET_BYTES} random ones are needed` };
  }
  // A public key taken for a secret: whoever knows it could sign.
  if (/^\s*(-----BEGIN|\{)/.test(new TextDecoder().decode(bytes.subarray(0, 32)))) {
    return { problem: 'is a secret that holds a key in PEM or JSON: give a public key as `publicKey` or `jwks`' };
  }
  return { kind: 'secret', sizeBytes: bytes.length };
}

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 16_384;

function vetRsa(jwk: Jwk): Vetted {
  const [n, e] = [bytesOf(jwk.n), bytesOf(jwk.e)];
  if (!n?.length || !e?.length || n[0] === 0 || e[0] === 0)
    return { problem: 'has no `n` and `e` in canonical base64url' };
  const modulus = toBigInt(n);
  const bits = modulus.toString(2).length;
  if (bits < MIN_RSA_BITS) return { problem: `is an RSA key of ${bits} bits: at least ${MIN_RSA_BITS} are needed` };
  if (bits > MAX_RSA_BITS) return { problem: `is an RSA key of ${bits} bits: more than ${MAX_RSA_BITS} are not taken` };
  const exponent = toBigInt(e);
  if (exponent < 3n || exponent % 2n === 0n || e.length > 8)
    return { problem: 'has a public exponent that no RSA key has' };
  if (modulus % 2n === 0n) return { problem: 'has an even modulus' };
  if (isRoca(modulus)) return { problem: 'was made by hardware with the ROCA flaw (CVE-2017-15361) and can be broken' };
  return { kind: 'RSA', sizeBytes: n.length };
}

/** Primes for which the powers of 65537 are few: a modulus that is one of them for all is no accident. */
const ROCA_PRIMES = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157].map(BigInt);

/** The fingerprint of Nemec et al., "The Return of Coppersmith's Attack" (2017). */
function isRoca(modulus: bigint): boolean {
  return ROCA_PRIMES.every((prime) => {
    const powers = new Set<bigint>();
    for (let power = 1n; !powers.has(power); power = (power * 65_537n) % prime) powers.add(power);
    return powers.has(modulus % prime);
  });
}

interface Curve {
  readonly p: bigint;
  readonly b: bigint;
  readonly bytes: number;
}

/** y² = x³ − 3x + b over p (FIPS 186-4, appendix D.1.2). */
const CURVES: Readonly<Record<'P-256' | 'P-384' | 'P-521', Curve>> = {
  'P-256': {
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    bytes: 32,
  },
  'P-384': {
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    bytes: 48,
  },
  'P-521': {
    p: 2n ** 521n - 1n,
    b: 0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    bytes: 66,
  },
};

function vetCurve(jwk: Jwk): Vetted {
  const { crv } = jwk;
  if (crv !== 'P-256' && crv !== 'P-384' && crv !== 'P-521')
    return { problem: 'is on a curve other than P-256, P-384 and P-521' };
  const { p, b, bytes } = CURVES[crv];
  const [xBytes, yBytes] = [bytesOf(jwk.x), bytesOf(jwk.y)];
  if (xBytes?.length !== bytes || yBytes?.length !== bytes)
    return { problem: `has no \`x\` and \`y\` of ${bytes} bytes in base64url` };
  const [x, y] = [toBigInt(xBytes), toBigInt(yBytes)];
  const isOnCurve = x < p && y < p && (y * y - (x * x * x - 3n * x + b)) % p === 0n;
  return isOnCurve ? { kind: crv, sizeBytes: bytes } : { problem: `is no point of the curve ${crv}` };
}

const ED25519_P = 2n ** 255n - 19n;
/** y of the eight points of small order: under them, signatures that nobody made are valid. */
const SMALL_ORDER = new Set([
  0n,
  1n,
  ED25519_P - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]);

function vetEdwards(jwk: Jwk): Vetted {
  if (jwk.crv !== 'Ed25519') return { problem: 'is on a curve other than Ed25519' };
  const bytes = bytesOf(jwk.x);
  if (bytes?.length !== 32) return { problem: 'has no `x` of 32 bytes in base64url' };
  const y = toBigInt(bytes.toReversed()) & (2n ** 255n - 1n);
  if (y >= ED25519_P || SMALL_ORDER.has(y)) return { problem: 'is no point of Ed25519, or one of small order' };
  return { kind: 'Ed25519', sizeBytes: 32 };
}

function bytesOf(member: unknown): Uint8Array | null {
  return typeof member === 'string' ? fromCanonicalBase64Url(member) : null;
}

export function secretJwk(bytes: Uint8Array): Jwk {
  return { kty: 'oct', k: toBase64Url(bytes) };
}

import { generateKeyPairSync } from 'node:crypto';
import { base64url } from 'jose';
import { describe, expect, test } from 'vitest';
import { type JwtAuthOptions, jwtAuth } from '../../../../src/server/jwt/jwt-auth.ts';
import type { Jwk } from '../../../../src/server/jwt/vet-key.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { claims, hmacToken, keyPair, SECRET, verdictOn } from './support.ts';

/** Why the options are refused when they are given; null when they are taken. */
function problemOf(options: JwtAuthOptions): string | null {
  try {
    jwtAuth(options);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(SyncError);
    expect((error as SyncError).kind).toBe('misuse');
    return (error as SyncError).message;
  }
}

const rsa = await keyPair('RS256', { kid: 'rsa' });
const p256 = await keyPair('ES256', { kid: 'p256' });
const p384 = await keyPair('ES384', { kid: 'p384' });
const ed = await keyPair('EdDSA', { kid: 'ed' });
const oct: Jwk = { kty: 'oct', k: base64url.encode(SECRET), kid: 'oct' };

/** A number near the top of so many bits that no prime test will like, but whose size is right. */
const modulusOf = (bits: number, tail = 1) => {
  const bytes = new Uint8Array(bits / 8).fill(0xa7);
  bytes[bytes.length - 1] = tail;
  return base64url.encode(bytes);
};
const ofBytes = (...bytes: number[]) => base64url.encode(new Uint8Array(bytes));
const littleEndian = (hex: string) =>
  base64url.encode(Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number(`0x${byte}`)));

const PEM = '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----';

describe('a weak or malformed key is refused when it is given', () => {
  test.each<[string, Jwk, RegExp]>([
    ['RSA of 1024 bits', { ...rsa.publicJwk, n: modulusOf(1024) }, /1024 bits/],
    ['RSA of 2047 bits', { ...rsa.publicJwk, n: ofBytes(0x7f, ...new Uint8Array(255).fill(0xff)) }, /2047 bits/],
    ['RSA so large that checking takes seconds', { ...rsa.publicJwk, n: modulusOf(16_392) }, /16392 bits/],
    ['RSA with an even modulus', { ...rsa.publicJwk, n: modulusOf(2048, 2) }, /even/],
    ['RSA with the exponent 1', { ...rsa.publicJwk, e: 'AQ' }, /exponent/],
    ['RSA with an even exponent', { ...rsa.publicJwk, e: ofBytes(1, 0, 0) }, /exponent/],
    ['RSA with a zero in front', { ...rsa.publicJwk, e: ofBytes(0, 1, 0, 1) }, /canonical/],
    ['RSA without n', { ...rsa.publicJwk, n: undefined }, /canonical/],
    ['RSA with padding', { ...rsa.publicJwk, e: 'AQAB==' }, /canonical/],
    ['a private RSA key', rsa.privateJwk, /private/],
    ['a private EC key', p256.privateJwk, /private/],
    ['a private Ed25519 key', ed.privateJwk, /private/],
    ['a secret as a public key', oct, /is a secret/],
    ['a key for encryption', { ...p256.publicJwk, use: 'enc' }, /`use`/],
    ['a key for other work', { ...p256.publicJwk, key_ops: ['encrypt'] }, /`key_ops`/],
    ['a key for mixed work', { ...p256.publicJwk, key_ops: ['verify', 'encrypt'] }, /`key_ops`/],
    ['an alg of another kind', { ...p256.publicJwk, alg: 'RS256' }, /`alg`/],
    ['an alg of another curve', { ...p256.publicJwk, alg: 'ES384' }, /`alg`/],
    ['an alg of secrets', { ...rsa.publicJwk, alg: 'HS256' }, /`alg`/],
    ['an alg none', { ...rsa.publicJwk, alg: 'none' }, /`alg`/],
    ['an unknown alg', { ...p256.publicJwk, alg: 'ES224' }, /`alg`/],
    ['another kty', { ...p256.publicJwk, kty: 'RSA' }, /`n` and `e`/],
    ['an unknown kty', { ...p256.publicJwk, kty: 'DSA' }, /`kty`/],
    ['a kty from the prototype', { ...p256.publicJwk, kty: 'constructor' }, /`kty`/],
    ['a curve of other lengths', { ...p256.publicJwk, crv: 'P-384' }, /48 bytes/],
    ['an unknown curve', { ...p256.publicJwk, crv: 'secp256k1' }, /curve/],
    ['a point beside the curve', { ...p256.publicJwk, y: p256.publicJwk.x }, /no point/],
    [
      'the point zero',
      { ...p256.publicJwk, x: ofBytes(...new Uint8Array(32)), y: ofBytes(...new Uint8Array(32)) },
      /no point/,
    ],
    ['Ed448', { ...ed.publicJwk, crv: 'Ed448' }, /Ed25519/],
    ['X25519', { ...ed.publicJwk, crv: 'X25519' }, /Ed25519/],
    ['Ed25519 of small order (0)', { ...ed.publicJwk, x: ofBytes(...new Uint8Array(32)) }, /small order/],
    ['Ed25519 of small order (1)', { ...ed.publicJwk, x: ofBytes(1, ...new Uint8Array(31)) }, /small order/],
    [
      'Ed25519 of order eight',
      { ...ed.publicJwk, x: littleEndian('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a') },
      /small order/,
    ],
    [
      'Ed25519 of order eight, mirrored',
      { ...ed.publicJwk, x: littleEndian('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85') },
      /small order/,
    ],
    ['a kid that is no text', { ...p256.publicJwk, kid: 7 }, /`kid`/],
  ])('%s', (_name, publicKey, problem) => {
    expect(problemOf({ publicKey })).toMatch(problem);
    expect(problemOf({ jwks: { keys: [ed.publicJwk, { ...publicKey, kid: publicKey.kid ?? 'x' }] } })).toMatch(
      publicKey.kty === 'oct' ? /mixes/ : problem,
    );
  });

  test.each<[string, JwtAuthOptions, RegExp]>([
    ['a short secret', { secret: 'x'.repeat(31) }, /31 bytes/],
    ['an empty secret', { secret: '' }, /0 bytes/],
    ['a secret too short for HS512', { secret: 'x'.repeat(63), algorithms: ['HS512'] }, /63 bytes; HS512/],
    ['a PEM as a secret', { secret: PEM }, /PEM or JSON/],
    ['the bytes of a PEM as a secret', { secret: new TextEncoder().encode(`\n${PEM}`) }, /PEM or JSON/],
    [
      'a PEM in a secret of a set',
      { jwks: { keys: [{ kty: 'oct', k: btoa(PEM).replace(/=+$/, '') }] } },
      /PEM or JSON/,
    ],
    ['a JWK as a secret', { secret: JSON.stringify(rsa.publicJwk) }, /PEM or JSON/],
    [
      'an algorithm that does not go with the key',
      { publicKey: rsa.publicJwk, algorithms: ['ES256'] },
      /none of which/,
    ],
    ['an algorithm that does not exist', { secret: SECRET, algorithms: ['none'] as never }, /`algorithms`/],
    ['no algorithm', { secret: SECRET, algorithms: [] }, /`algorithms`/],
    ['no key', {}, /exactly one/],
    ['two keys', { secret: SECRET, publicKey: rsa.publicJwk }, /exactly one/],
    ['an empty set', { jwks: { keys: [] } }, /one at least/],
    ['no set', { jwks: {} as never }, /one at least/],
    ['the same kid twice', { jwks: { keys: [p256.publicJwk, { ...ed.publicJwk, kid: 'p256' }] } }, /same `kid`/],
    ['secrets among public keys', { jwks: { keys: [oct, p256.publicJwk] } }, /mixes/],
    ['keys over plain http', { jwks: 'http://login.example/keys' }, /https/],
    ['no address', { jwks: 'keys.json' }, /https/],
    ['a tolerance of hours', { secret: SECRET, clockToleranceS: 3600 }, /clockToleranceS/],
    ['a tolerance that is none', { secret: SECRET, clockToleranceS: Number.NaN }, /clockToleranceS/],
    ['an empty issuer', { secret: SECRET, issuer: '' }, /`issuer`/],
    ['no audience in a list', { secret: SECRET, audience: [] }, /`audience`/],
  ])('%s', (_name, options, problem) => {
    expect(problemOf(options)).toMatch(problem);
  });

  test('the message never holds the key', () => {
    const message = problemOf({ publicKey: { ...rsa.privateJwk, kid: 'k' } }) ?? '';
    expect(message).not.toContain(String(rsa.privateJwk.d).slice(0, 10));
  });

  test('a key made by flawed hardware is known by its fingerprint', () => {
    // A power of 65537 modulo every small prime, as those keys are.
    const primes = [11n, 13n, 17n, 19n, 37n, 53n, 61n, 71n, 73n, 79n, 97n, 103n, 107n, 109n, 127n, 151n, 157n];
    const product = primes.reduce((a, b) => a * b);
    let n = (1n << 2047n) + 1n;
    n += (65_537n - (n % product) + product) % product;
    if (n % 2n === 0n) n += product;
    const hex = n.toString(16);
    expect(problemOf({ publicKey: { ...rsa.publicJwk, n: littleEndian(hex) } })).toMatch(/ROCA/);
  });
});

describe('a good key is taken', () => {
  test.each<[string, JwtAuthOptions]>([
    ['a secret as bytes', { secret: crypto.getRandomValues(new Uint8Array(32)) }],
    ['RSA', { publicKey: rsa.publicJwk }],
    [
      'P-256, with what goes with it',
      { publicKey: { ...p256.publicJwk, use: 'sig', key_ops: ['verify'], alg: 'ES256' } },
    ],
    ['P-384', { publicKey: p384.publicJwk }],
    ['Ed25519', { publicKey: ed.publicJwk }],
    ['Ed25519, by its newer name', { publicKey: { ...ed.publicJwk, alg: 'Ed25519' } }],
    ['a set', { jwks: { keys: [rsa.publicJwk, p256.publicJwk, p384.publicJwk, ed.publicJwk] } }],
    ['a secret in a set of its own', { jwks: { keys: [oct] } }],
  ])('%s', (_name, options) => {
    expect(problemOf(options)).toBeNull();
  });

  test('a secret in a set of its own checks its tokens', async () => {
    expect(await verdictOn(await hmacToken({ alg: 'HS256', kid: 'oct' }, claims), { jwks: { keys: [oct] } })).toBe(
      'ana',
    );
  });
});

describe('a key in PEM', () => {
  const spki = (type: string, options: object = {}) => {
    const make = generateKeyPairSync as (type: string, options: object) => { publicKey: string; privateKey: string };
    return make(type, {
      ...options,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
  };

  test.each<[string, string, object]>([
    ['RS256', 'rsa', { modulusLength: 2048 }],
    ['ES256', 'ec', { namedCurve: 'P-256' }],
    ['ES384', 'ec', { namedCurve: 'P-384' }],
    ['ES512', 'ec', { namedCurve: 'P-521' }],
    ['EdDSA', 'ed25519', {}],
  ])('checks %s', async (alg, type, options) => {
    const { importPKCS8, SignJWT } = await import('jose');
    const { publicKey, privateKey } = spki(type, options);
    const token = await new SignJWT(claims).setProtectedHeader({ alg }).sign(await importPKCS8(privateKey, alg));
    expect(await verdictOn(token, { publicKey })).toBe('ana');
  });

  test.each<[string, () => string, RegExp]>([
    ['that is private', () => spki('ed25519').privateKey, /private/],
    ['of a weak RSA key', () => spki('rsa', { modulusLength: 1024 }).publicKey, /1024 bits/],
    ['of another curve', () => spki('ec', { namedCurve: 'secp256k1' }).publicKey, /of a kind/],
    ['of RSA-PSS', () => spki('rsa-pss', { modulusLength: 2048 }).publicKey, /of a kind/],
    ['of X25519', () => spki('x25519').publicKey, /of a kind/],
    ['of a certificate', () => '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----', /BEGIN PUBLIC KEY/],
    ['that is cut off', () => spki('ed25519').publicKey.slice(0, 60), /damaged|of a kind/],
    [
      'with a byte too few',
      () =>
        spki('ed25519')
          .publicKey.replace(/..==\n|.{4}\n-----END/, 'AA==\n-----END')
          .replace(/(-----END){2}/, '-----END'),
      /damaged|of a kind|Ed25519|`x`/,
    ],
    ['that is none', () => 'hello', /BEGIN PUBLIC KEY/],
  ])('%s is refused', (_name, make, problem) => {
    expect(problemOf({ publicKey: make() })).toMatch(problem);
  });
});

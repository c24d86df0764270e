import { toBase64Url } from './base64url.ts';
import type { Jwk } from './vet-key.ts';

/** A PEM as a JWK, or why it is none, as the end of a sentence that begins with "the key". */
export function fromPem(pem: string): { readonly jwk: Jwk } | { readonly problem: string } {
  const label = /^\s*-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1];
  if (label?.includes('PRIVATE')) {
    return { problem: 'is a private one: give the public one, and keep the private one where tokens are made' };
  }
  if (label !== 'PUBLIC KEY') return { problem: `is not in the form BEGIN PUBLIC KEY (openssl … -pubout writes it)` };
  const body = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/.exec(pem)?.[1];
  try {
    const jwk = body && readSpki(Uint8Array.from(atob(body.replaceAll(/\s/g, '')), (char) => char.charCodeAt(0)));
    return jwk ? { jwk } : { problem: 'is of a kind that is not taken: RSA, P-256, P-384, P-521 and Ed25519 are' };
  } catch {
    return { problem: 'cannot be read: the PEM is damaged' };
  }
}

/** Object identifiers in DER, as hex. */
const RSA = '2a864886f70d010101';
const EC = '2a8648ce3d0201';
const ED25519 = '2b6570';
const CURVE_OF: Readonly<Record<string, { crv: string; bytes: number }>> = {
  '2a8648ce3d030107': { crv: 'P-256', bytes: 32 },
  '2b81040022': { crv: 'P-384', bytes: 48 },
  '2b81040023': { crv: 'P-521', bytes: 66 },
};

/** SubjectPublicKeyInfo (RFC 5280, section 4.1; RFC 3279; RFC 5480; RFC 8410). null for other kinds of keys. */
function readSpki(bytes: Uint8Array): Jwk | null {
  const [algorithm, key] = elements(one(bytes, 0x30));
  const [id, parameters] = elements(expect(algorithm, 0x30));
  // The first byte of a bit string counts its unused bits: none here.
  const bits = expect(key, 0x03).subarray(1);
  const name = hex(expect(id, 0x06));
  if (name === ED25519) return { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(bits) };
  if (name === RSA) {
    const [n, e] = elements(one(bits, 0x30)).map((part) => toBase64Url(unsigned(expect(part, 0x02))));
    return { kty: 'RSA', n, e };
  }
  const curve = name === EC && parameters ? CURVE_OF[hex(expect(parameters, 0x06))] : undefined;
  if (!curve || bits[0] !== 4 || bits.length !== 1 + 2 * curve.bytes) return null;
  const [x, y] = [bits.subarray(1, 1 + curve.bytes), bits.subarray(1 + curve.bytes)].map(toBase64Url);
  return { kty: 'EC', crv: curve.crv, x, y };
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** The elements that stand one after the other, in definite lengths (ITU-T X.690). */
function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0;
    at += 2;
    if (length > 0x80) {
      const end = at + (length & 0x7f);
      for (length = 0; at < end; at++) length = length * 256 + (bytes[at] ?? 0);
    }
    if (length > bytes.length - at) throw new RangeError('An element is longer than what is left.');
    found.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}

function expect(element: Element | undefined, tag: number): Uint8Array {
  if (element?.tag === tag) return element.content;
  throw new RangeError(`An element of kind ${tag} is missing.`);
}

function one(bytes: Uint8Array, tag: number): Uint8Array {
  const all = elements(bytes);
  if (all.length !== 1) throw new RangeError('Something follows the key.');
  return expect(all[0], tag);
}

/** Positive integers whose first bit is set have a zero byte in front. */
function unsigned(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0 ? bytes.subarray(1) : bytes;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

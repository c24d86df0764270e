import { base64url, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { JwtAuthOptions } from '../../../../src/server/jwt/jwt-auth.ts';
import { jwtAuth } from '../../../../src/server/jwt/jwt-auth.ts';
import type { Jwk } from '../../../../src/server/jwt/vet-key.ts';
import { SyncError } from '../../../../src/shared/error.ts';

export const NOW = Date.UTC(2026, 0, 1);
export const NOW_S = NOW / 1000;
export const SECRET = 'a secret that is long enough, for tests';
export const claims = { sub: 'ana', exp: NOW_S + 60 };

/** A clock that stands where it is put; timers run when it passes them. */
export function clock(now = NOW) {
  let current = now;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => current,
    elapsed: () => current,
    setTimer(ms: number, run: () => void) {
      const timer = { at: current + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    advance(ms: number) {
      current += ms;
      const due = timers.filter(({ at }) => at <= current);
      timers = timers.filter(({ at }) => at > current);
      for (const { run } of due) run();
    },
  };
}

export const utf8 = (text: string) => new TextEncoder().encode(text);
export const encodePart = (part: string | Uint8Array | object) =>
  base64url.encode(typeof part === 'string' || part instanceof Uint8Array ? part : JSON.stringify(part));

/** A token of any header and payload, objects or raw, whose signature is right: HMAC over what stands there. */
export async function hmacToken(
  header: string | Uint8Array | object,
  payload: string | Uint8Array | object,
  secret: string | Uint8Array = SECRET,
): Promise<string> {
  return signText(`${encodePart(header)}.${encodePart(payload)}`, secret);
}

/** The HMAC of a text as it is, canonical or not. */
export async function signText(text: string, secret: string | Uint8Array = SECRET): Promise<string> {
  const bytes = (typeof secret === 'string' ? utf8(secret) : secret) as Uint8Array<ArrayBuffer>;
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return `${text}.${base64url.encode(new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(text))))}`;
}

export interface KeyPair {
  readonly publicJwk: Jwk;
  readonly privateJwk: Jwk;
  sign(payload?: object, header?: object): Promise<string>;
}

export async function keyPair(alg: string, options: { modulusLength?: number; kid?: string } = {}): Promise<KeyPair> {
  const { kid, ...rest } = options;
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, ...rest });
  const name = kid === undefined ? {} : { kid };
  return {
    publicJwk: { ...(await exportJWK(publicKey)), ...name },
    privateJwk: { ...(await exportJWK(privateKey)), ...name },
    sign: (payload = claims, header = {}) =>
      new SignJWT({ ...payload }).setProtectedHeader({ alg, ...name, ...header }).sign(privateKey),
  };
}

/** What comes of a token: the subject, or why it is refused. */
export async function verdictOn(token: string | null, options: JwtAuthOptions = { secret: SECRET }): Promise<unknown> {
  return outcome(() => jwtAuth({ runtime: clock(), ...options })({ token }));
}

export async function outcome(run: () => unknown): Promise<unknown> {
  try {
    const identity = (await run()) as { id: string } | null;
    return identity?.id ?? null;
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return error.kind === 'needs-auth' ? error.details.reason : error.kind;
  }
}

import { createPublicKey } from 'node:crypto';
import { base64url } from 'jose';
import { describe, expect, test } from 'vitest';
import { type JwtAuthOptions, jwtAuth } from '../../../../src/server/jwt/jwt-auth.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { claims, clock, encodePart, hmacToken, keyPair, NOW_S, SECRET, signText, utf8, verdictOn } from './support.ts';

const HS256 = { alg: 'HS256', typ: 'JWT' };

describe('a token signed with the secret', () => {
  test('tells who calls, with its claims and when it ends', async () => {
    const token = await hmacToken(HS256, { ...claims, role: 'editor', org: 7 });
    const identity = await jwtAuth({ secret: SECRET, runtime: clock() })({ token });
    expect(identity).toEqual({ id: 'ana', ...claims, role: 'editor', org: 7, expiresAt: claims.exp * 1000 });
  });

  test('becomes the identity that the app makes of it', async () => {
    const token = await hmacToken(HS256, { ...claims, email: 'ana@example.org' });
    const make = (identity: JwtAuthOptions['identity']) =>
      jwtAuth({ secret: SECRET, runtime: clock(), identity: identity as () => null })({ token });
    expect(await make(({ email }) => ({ id: String(email) }))).toEqual({
      id: 'ana@example.org',
      expiresAt: claims.exp * 1000,
    });
    expect(await make(() => null)).toBeNull();
  });

  test('is not asked for where none came', async () => {
    expect(await verdictOn(null)).toBeNull();
  });
});

const vector = (name: string, expected: unknown, make: () => string | Promise<string>, options?: JwtAuthOptions) => ({
  name,
  expected,
  make,
  options,
});
const hs = (payload: string | Uint8Array | object, header: string | Uint8Array | object = HS256) =>
  hmacToken(header, payload);
const good = () => hs(claims);
const parts = async () => (await good()).split('.') as [string, string, string];

/** The last character of a base64url text whose unused bits are set. */
function dirtyTail(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.slice(-1)) + 1];
}

describe('a token is taken only in its one form', () => {
  test.each([
    vector('as it was made', 'ana', good),
    vector('empty', 'malformed', () => ''),
    vector('one part', 'malformed', () => 'abc'),
    vector('two parts', 'malformed', async () => (await parts()).slice(0, 2).join('.')),
    vector('an empty fourth part', 'malformed', async () => `${await good()}.`),
    vector('five parts, as of an encrypted one', 'malformed', async () => `${await good()}.a.b`),
    vector('no header', 'malformed', async () => `.${(await parts()).slice(1).join('.')}`),
    vector('no payload', 'malformed', async () => signText(`${encodePart(HS256)}.`)),
    vector('no signature', 'signature', async () => `${(await parts()).slice(0, 2).join('.')}.`),
    vector('a signature cut short', 'signature', async () => (await good()).slice(0, -4)),
    vector('a longer signature', 'signature', async () => `${await good()}AAAA`),
    vector('padding', 'malformed', async () => `${await good()}=`),
    vector('a blank before', 'malformed', async () => ` ${await good()}`),
    vector('a line break within', 'malformed', async () => (await good()).replace('.', '.\n')),
    vector('a line break behind', 'malformed', async () => `${await good()}\n`),
    vector('the other base64 alphabet', 'malformed', () => signText(`${encodePart(HS256)}+/.${encodePart(claims)}`)),
    vector('unused bits set in the signature', 'malformed', async () => dirtyTail(await good())),
    vector('unused bits set in the payload', 'malformed', async () => {
      const [payload] = [1, 2, 3]
        .map((n) => encodePart({ ...claims, x: 'x'.repeat(n) }))
        .filter((p) => p.length % 4 > 1);
      return signText(`${encodePart(HS256)}.${dirtyTail(payload ?? '')}`);
    }),
    vector('unused bits set in the header', 'malformed', () => {
      const [header] = ['', 'a', 'ab']
        .map((kid) => encodePart({ alg: 'HS256', typ: kid }))
        .filter((p) => p.length % 4 > 1);
      return signText(`${dirtyTail(header ?? '')}.${encodePart(claims)}`);
    }),
    vector('JSON serialisation', 'malformed', async () => {
      const [header, payload, signature] = await parts();
      return JSON.stringify({ protected: header, payload, signature });
    }),
    vector('a thousand parts', 'malformed', () => '.'.repeat(1_000)),
    vector('very long', 'too-large', () => hs({ ...claims, filler: 'x'.repeat(10_000) })),
  ])('$name: $expected', async ({ make, expected }) => {
    expect(await verdictOn(await make())).toBe(expected);
  });
});

describe('the header', () => {
  test.each([
    vector('that is not JSON', 'malformed', () => hs(claims, '{"alg":"HS256"')),
    vector('that is a list', 'malformed', () => hs(claims, '["HS256"]')),
    vector('with a byte order mark', 'malformed', () => hs(claims, '\ufeff{"alg":"HS256"}')),
    vector('in bad UTF-8', 'malformed', () =>
      hs(claims, new Uint8Array([...utf8('{"alg":"HS256","x":"'), 0xff, 0x22, 0x7d])),
    ),
    vector('with a member twice', 'malformed', () => hs(claims, '{"alg":"none","alg":"HS256"}')),
    vector('with a member twice, one of them escaped', 'malformed', () =>
      hs(claims, '{"\\u0061lg":"none","alg":"HS256"}'),
    ),
    vector('with blanks, which JSON allows', 'ana', () => hs(claims, '{ "alg" :\n"HS256" }')),
    vector('without an algorithm', 'algorithm', () => hs(claims, { typ: 'JWT' })),
    vector('with an algorithm that is no text', 'algorithm', () => hs(claims, { alg: ['HS256'] })),
    vector('with another algorithm', 'key', () => hs(claims, { alg: 'HS512' })),
    vector('with an algorithm in small letters', 'key', () => hs(claims, { alg: 'hs256' })),
    vector('with crit', 'malformed', () => hs(claims, { ...HS256, crit: ['exp'], exp: 1 })),
    vector('with b64', 'malformed', () => hs(claims, { ...HS256, b64: false, crit: ['b64'] })),
    vector('with b64 and no crit', 'malformed', () => hs(claims, { ...HS256, b64: false })),
    vector('with a kid, which a single key need not have', 'ana', () => hs(claims, { ...HS256, kid: 'x' })),
    vector('with a kid that is no text', 'malformed', () => hs(claims, { ...HS256, kid: 1 })),
    vector('with an access token type', 'ana', () => hs(claims, { ...HS256, typ: 'at+jwt' })),
    vector('with the media type of one', 'ana', () => hs(claims, { ...HS256, typ: 'application/AT+JWT' })),
    vector('with no type', 'ana', () => hs(claims, { alg: 'HS256' })),
    vector('with the type of a logout', 'type', () => hs(claims, { ...HS256, typ: 'logout+jwt' })),
    vector('with the type of a proof of possession', 'type', () => hs(claims, { ...HS256, typ: 'dpop+jwt' })),
    vector('with the media type of an event', 'type', () => hs(claims, { ...HS256, typ: 'application/SecEvent+JWT' })),
    vector('with a type that is no text', 'malformed', () => hs(claims, { ...HS256, typ: null })),
  ])('$name: $expected', async ({ make, expected }) => {
    expect(await verdictOn(await make())).toBe(expected);
  });

  test.each(['none', 'None', 'NONE', 'nOnE', ''])('never turns the signature off (alg %j)', async (alg) => {
    const unsigned = `${encodePart({ alg })}.${encodePart(claims)}`;
    expect(await verdictOn(`${unsigned}.`)).toBe('signature');
    expect(await verdictOn(await signText(unsigned))).toMatch(/^(key|algorithm)$/);
    expect(await verdictOn(unsigned)).toBe('malformed');
  });

  test('never brings its own key', async () => {
    const [own, forged] = await Promise.all([keyPair('ES256', { kid: 'k' }), keyPair('ES256', { kid: 'k' })]);
    const jwk = forged.publicJwk as Record<string, string>;
    const token = await forged.sign(claims, {
      jwk,
      jku: 'https://evil.example/keys',
      x5u: 'https://evil.example/x',
      x5c: ['MA=='],
    });
    let fetches = 0;
    const fetch = async () => {
      fetches++;
      return Response.json({ keys: [forged.publicJwk] });
    };
    expect(await verdictOn(token, { publicKey: own.publicJwk, fetch })).toBe('signature');
    expect(await verdictOn(token, { jwks: { keys: [own.publicJwk] }, fetch })).toBe('signature');
    expect(fetches).toBe(0);
  });
});

const deep = (levels: number) => `{"sub":"ana","exp":${claims.exp},"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;

describe('the claims', () => {
  const tolerant: JwtAuthOptions = { secret: SECRET, clockToleranceS: 10 };
  const { sub, exp } = claims;
  test.each([
    vector('that are not JSON', 'malformed', () => hs('ana')),
    vector('that are null', 'malformed', () => hs('null')),
    vector('that are a list', 'malformed', () => hs('[]')),
    vector('in bad UTF-8', 'malformed', () => hs(new Uint8Array([0x7b, 0xc0, 0x80, 0x7d]))),
    vector('with a subject twice', 'malformed', () => hs(`{"sub":"ana","exp":${exp},"sub":"ben"}`)),
    vector('with a member twice further down', 'malformed', () => hs(`{"sub":"ana","exp":${exp},"a":{"b":1,"b":2}}`)),
    vector('with the same member at two levels', 'ana', () =>
      hs(`{"sub":"ana","exp":${exp},"a":[{"sub":1},{"sub":2}],"t":"{\\"t\\":"}`),
    ),
    vector('without exp', 'claims', () => hs({ sub })),
    vector('with exp null', 'claims', () => hs({ sub, exp: null })),
    vector('with exp as a text', 'claims', () => hs({ sub, exp: String(exp) })),
    vector('with exp in a list', 'claims', () => hs({ sub, exp: [exp] })),
    vector('with exp beyond all time', 'claims', () => hs(`{"sub":"ana","exp":1e400}`)),
    vector('with exp in milliseconds, a mistake of 50,000 years', 'claims', () => hs({ sub, exp: 9e12 })),
    vector('with a negative exp', 'expired', () => hs({ sub, exp: -1 })),
    vector('with exp 0', 'expired', () => hs({ sub, exp: 0 })),
    vector('with a fraction in exp', 'ana', () => hs({ sub, exp: NOW_S + 0.5 })),
    vector('that end now', 'expired', () => hs({ sub, exp: NOW_S })),
    vector('that ended within the tolerance', 'ana', () => hs({ sub, exp: NOW_S - 9 }), tolerant),
    vector('that ended at the tolerance', 'expired', () => hs({ sub, exp: NOW_S - 10 }), tolerant),
    vector('that begin later', 'not-yet-valid', () => hs({ ...claims, nbf: NOW_S + 1 })),
    vector('that begin within the tolerance', 'ana', () => hs({ ...claims, nbf: NOW_S + 10 }), tolerant),
    vector('with nbf as a text', 'claims', () => hs({ ...claims, nbf: '0' })),
    vector('with iat as a text', 'claims', () => hs({ ...claims, iat: 'now' })),
    vector('without a subject', 'claims', () => hs({ exp })),
    vector('with an empty subject', 'claims', () => hs({ exp, sub: '' })),
    vector('with a subject that is a number', 'claims', () => hs({ exp, sub: 7 })),
    vector('with a subject longer than any', 'claims', () => hs({ exp, sub: 'x'.repeat(201) })),
    vector('with half a character in the subject', 'claims', () => hs(`{"sub":"a\\ud800","exp":${exp}}`)),
    vector('with U+0000 in the subject', 'claims', () => hs({ exp, sub: 'a\0na' })),
    vector('with a subject of any language', 'Ἄννα 안나 🙂', () => hs({ exp, sub: 'Ἄννα 안나 🙂' })),
    vector('with nbf beyond all time', 'not-yet-valid', () => hs(`{"sub":"ana","exp":${exp},"nbf":1e400}`)),
    vector('with iat beyond all time', 'claims', () => hs(`{"sub":"ana","exp":${exp},"iat":-1e400}`)),
    vector('with an exp of NaN', 'malformed', () => hs('{"sub":"ana","exp":NaN}')),
    vector('nested deeper than anybody reads', 'ana', () => hs(deep(2_500))),
  ])('$name: $expected', async ({ make, expected, options }) => {
    expect(await verdictOn(await make(), options)).toBe(expected);
  });

  const issued: JwtAuthOptions = { secret: SECRET, issuer: ['https://a.example', 'https://b.example'] };
  const meant: JwtAuthOptions = { secret: SECRET, audience: 'issues' };
  test.each([
    vector('of the issuer', 'ana', () => hs({ ...claims, iss: 'https://b.example' }), issued),
    vector('of another issuer', 'issuer', () => hs({ ...claims, iss: 'https://a.example/' }), issued),
    vector('of no issuer', 'issuer', () => hs(claims), issued),
    vector('of an issuer in a list', 'issuer', () => hs({ ...claims, iss: ['https://a.example'] }), issued),
    vector('for us', 'ana', () => hs({ ...claims, aud: 'issues' }), meant),
    vector('for us and others', 'ana', () => hs({ ...claims, aud: ['mail', 'issues'] }), meant),
    vector('for others', 'audience', () => hs({ ...claims, aud: ['mail'] }), meant),
    vector('for somebody whose name begins alike', 'audience', () => hs({ ...claims, aud: 'issues2' }), meant),
    vector('for nobody', 'audience', () => hs(claims), meant),
    vector('for a number', 'audience', () => hs({ ...claims, aud: 1 }), meant),
    vector('for a list in a list', 'audience', () => hs({ ...claims, aud: [['issues']] }), meant),
    vector('for us in capitals', 'audience', () => hs({ ...claims, aud: 'ISSUES' }), meant),
    vector('for an empty list', 'audience', () => hs({ ...claims, aud: [] }), meant),
  ])('$name: $expected', async ({ make, expected, options }) => {
    expect(await verdictOn(await make(), options)).toBe(expected);
  });

  test('cannot reach into the identity', async () => {
    const token = await hs('{"sub":"ana","exp":4102444800,"id":"root","expiresAt":9e15,"__proto__":{"admin":true}}');
    const identity = await jwtAuth({ secret: SECRET, runtime: clock() })({ token });
    expect(identity).toMatchObject({ id: 'ana', expiresAt: 4102444800_000 });
    expect(identity?.admin).toBeUndefined();
  });
});

describe('the algorithm goes with the key', () => {
  test.each(['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])('%s', async (alg) => {
    const pair = await keyPair(alg);
    const options: JwtAuthOptions = {
      publicKey: pair.publicJwk,
      ...(alg === 'PS256' ? { algorithms: ['PS256'] } : {}),
    };
    const token = await pair.sign();
    expect(await verdictOn(token, options)).toBe('ana');
    const [header, , signature] = token.split('.');
    expect(await verdictOn(`${header}.${encodePart({ ...claims, sub: 'ben' })}.${signature}`, options)).toBe(
      'signature',
    );
    expect(await verdictOn(`${encodePart({ alg, x: 1 })}.${token.split('.')[1]}.${signature}`, options)).toBe(
      'signature',
    );
  });

  test('a public key is never a secret, in whatever form it is taken for one', async () => {
    const pair = await keyPair('RS256', { kid: 'k' });
    const pem = createPublicKey({ key: pair.publicJwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const forms = [
      String(pem),
      String(pem).trim(),
      JSON.stringify(pair.publicJwk),
      String(pair.publicJwk.n),
      base64url.decode(String(pair.publicJwk.n)),
    ];
    for (const form of forms) {
      const token = await hmacToken({ alg: 'HS256', kid: 'k' }, claims, form);
      expect(await verdictOn(token, { publicKey: pair.publicJwk })).toBe('key');
      expect(await verdictOn(token, { publicKey: String(pem) })).toBe('key');
      expect(await verdictOn(token, { jwks: { keys: [pair.publicJwk] } })).toBe('key');
    }
  });

  test('RS256 keys do not check PS256 unless told to', async () => {
    const pair = await keyPair('PS256');
    const token = await pair.sign();
    expect(await verdictOn(token, { publicKey: pair.publicJwk })).toBe('key');
    expect(await verdictOn(token, { publicKey: { ...pair.publicJwk, alg: 'RS256' } })).toBe('key');
    expect(await verdictOn(token, { publicKey: pair.publicJwk, algorithms: ['RS256', 'PS256'] })).toBe('ana');
  });

  test('an ES256 signature in DER is refused', async () => {
    const pair = await keyPair('ES256');
    const [header, payload, signature = ''] = (await pair.sign()).split('.');
    const raw = base64url.decode(signature);
    const integer = (bytes: Uint8Array) => [0x02, bytes.length + 1, 0, ...bytes];
    const body = [...integer(raw.subarray(0, 32)), ...integer(raw.subarray(32))];
    const der = base64url.encode(new Uint8Array([0x30, body.length, ...body]));
    expect(await verdictOn(`${header}.${payload}.${der}`, { publicKey: pair.publicJwk })).toBe('signature');
    const zeros = base64url.encode(new Uint8Array(64));
    expect(await verdictOn(`${header}.${payload}.${zeros}`, { publicKey: pair.publicJwk })).toBe('signature');
  });
});

describe('a signature that nobody made', () => {
  /** The order of P-256, and of the prime group of Ed25519. */
  const P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const L = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
  const bigEndian = (value: bigint) =>
    Uint8Array.from(value.toString(16).padStart(64, '0').match(/../g) ?? [], (hex) => Number.parseInt(hex, 16));

  test.each([
    [0n, 1n],
    [1n, 0n],
    [P256, P256],
    [P256, 1n],
    [1n, P256],
    [2n ** 256n - 1n, 2n ** 256n - 1n],
  ])('ES256 with r %i and s %i is refused', async (r, s) => {
    const pair = await keyPair('ES256');
    const [header, payload] = (await pair.sign()).split('.');
    const signature = base64url.encode(new Uint8Array([...bigEndian(r), ...bigEndian(s)]));
    expect(await verdictOn(`${header}.${payload}.${signature}`, { publicKey: pair.publicJwk })).toBe('signature');
  });

  test('EdDSA is refused when its scalar goes round once more, and when it is zero', async () => {
    const pair = await keyPair('EdDSA');
    const [header, payload, signature = ''] = (await pair.sign()).split('.');
    const bytes = base64url.decode(signature);
    const scalar = BigInt(`0x${Buffer.from(bytes.subarray(32).toReversed()).toString('hex')}`);
    for (const other of [scalar + L, 0n]) {
      const forged = base64url.encode(new Uint8Array([...bytes.subarray(0, 32), ...bigEndian(other).toReversed()]));
      expect(await verdictOn(`${header}.${payload}.${forged}`, { publicKey: pair.publicJwk })).toBe('signature');
    }
  });
});

describe('a set of keys', () => {
  test('is searched by the key id', async () => {
    const [a, b] = await Promise.all([keyPair('ES256', { kid: 'a' }), keyPair('EdDSA', { kid: 'b' })]);
    const jwks = { keys: [a.publicJwk, b.publicJwk] };
    expect(await verdictOn(await a.sign(), { jwks })).toBe('ana');
    expect(await verdictOn(await b.sign(), { jwks })).toBe('ana');
    expect(await verdictOn(await a.sign(claims, { kid: 'b' }), { jwks })).toBe('key');
    expect(await verdictOn(await a.sign(claims, { kid: 'c' }), { jwks })).toBe('key');
  });

  test.each(['../../etc/passwd', "' OR 1=1 --", '__proto__', 'constructor'])(
    'is not reached past by a key id such as %j',
    async (kid) => {
      const pair = await keyPair('ES256', { kid });
      const own = { ...pair.publicJwk, kid: 'own' };
      expect(await verdictOn(await pair.sign(), { jwks: { keys: [own] } })).toBe('key');
    },
  );

  test('is tried key by key for a token that names none', async () => {
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((kid) => keyPair('ES256', { kid })));
    const jwks = { keys: [a, b].flatMap((pair) => (pair ? [pair.publicJwk] : [])) };
    expect(await verdictOn((await b?.sign(claims, { kid: undefined })) ?? '', { jwks })).toBe('ana');
    expect(await verdictOn((await c?.sign(claims, { kid: undefined })) ?? '', { jwks })).toBe('signature');
  });
});

test('no refusal tells what stood in the token', async () => {
  const canary = 'Canary7391';
  const tokens = [
    canary,
    await hs({ sub: canary }),
    await hs({ sub: canary, exp: canary }),
    await hs({ sub: canary, exp: 1, iss: canary, aud: canary }),
    await hs({ ...claims, sub: canary }, { alg: canary, kid: canary }),
    await hs(`{"${canary}":1,"${canary}":2}`),
    await hmacToken(HS256, { ...claims, sub: canary }, `${SECRET}, another`),
  ];
  for (const token of tokens) {
    const error = await Promise.resolve(jwtAuth({ secret: SECRET, runtime: clock() })({ token })).catch(
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(SyncError);
    expect(error.kind).toBe('needs-auth');
    expect(JSON.stringify(error) + error.stack + String(error.cause)).not.toContain(canary);
    expect(JSON.stringify(error)).not.toContain(base64url.encode(canary).slice(0, 8));
  }
});

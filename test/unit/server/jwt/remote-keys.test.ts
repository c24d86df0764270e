import { describe, expect, test } from 'vitest';
import { jwtAuth } from '../../../../src/server/jwt/jwt-auth.ts';
import { claims, clock, hmacToken, type KeyPair, keyPair, NOW_S, outcome } from './support.ts';

const MINUTE_MS = 60_000;
const [a, b, weak] = await Promise.all([
  keyPair('ES256', { kid: 'a' }),
  keyPair('ES256', { kid: 'b' }),
  keyPair('RS256', { kid: 'weak' }),
]);
const payload = { ...claims, exp: NOW_S + 10 * 86_400 };

/** An identity provider whose answer the test sets, and a server that asks it. */
function setUp(first: () => Response | Promise<Response>) {
  const time = clock();
  const provider = { answer: first, requests: 0, signals: [] as (AbortSignal | undefined)[] };
  const auth = jwtAuth({
    jwks: 'https://login.example/keys',
    runtime: time,
    fetch: async (_url, init) => {
      provider.requests++;
      provider.signals.push(init.signal ?? undefined);
      return provider.answer();
    },
  });
  const check = async (pair: KeyPair) => outcome(async () => auth({ token: await pair.sign(payload) }));
  return { time, provider, auth, check };
}

const publishing =
  (...pairs: KeyPair[]) =>
  () =>
    Response.json({ keys: pairs.map(({ publicJwk }) => publicJwk) });

describe('the keys of a provider', () => {
  test('are fetched once for many tokens', async () => {
    const { provider, check } = setUp(publishing(a, b));
    expect(await Promise.all([check(a), check(b), check(a)])).toEqual(['ana', 'ana', 'ana']);
    expect(provider.requests).toBe(1);
  });

  test('are fetched anew when they are old', async () => {
    const { time, provider, check } = setUp(publishing(a));
    await check(a);
    time.advance(11 * MINUTE_MS);
    provider.answer = publishing(b);
    expect(await check(a)).toBe('key');
    expect(provider.requests).toBe(2);
  });

  test('are fetched anew for a new key id, but not more than every half minute', async () => {
    const { time, provider, check } = setUp(publishing(a));
    await check(a);
    provider.answer = publishing(a, b);
    expect(await check(b)).toBe('key');
    time.advance(31_000);
    expect(await check(b)).toBe('ana');
    for (let n = 0; n < 20; n++) await check(weak);
    expect(provider.requests).toBe(2);
  });

  test('hold while the provider cannot be reached, for a day', async () => {
    const { time, provider, check } = setUp(publishing(a));
    await check(a);
    provider.answer = () => Promise.reject(new TypeError('fetch failed'));
    time.advance(20 * MINUTE_MS);
    expect(await check(a)).toBe('ana');
    time.advance(24 * 60 * MINUTE_MS);
    expect(await check(a)).toBe('server');
  });

  test('are no reason to sign in again when they cannot be had at the start', async () => {
    const { time, provider, check } = setUp(() => new Response('busy', { status: 503 }));
    expect(await check(a)).toBe('server');
    provider.answer = publishing(a);
    expect(await check(a)).toBe('server');
    time.advance(1_000);
    expect(await check(a)).toBe('ana');
  });

  test('are given up on after five seconds', async () => {
    const { time, provider, auth } = setUp(
      () =>
        new Promise((_, reject) => provider.signals[0]?.addEventListener('abort', () => reject(new Error('aborted')))),
    );
    const token = await a.sign(payload);
    const waiting = outcome(() => auth({ token }));
    await expect.poll(() => provider.requests).toBe(1);
    time.advance(5_000);
    expect(await waiting).toBe('server');
  });

  test.each<[string, () => Response]>([
    ['no JSON', () => new Response('<html>')],
    ['no set', () => Response.json({ hello: 1 })],
    ['an answer without end', () => new Response('x'.repeat(300_000))],
    ['keys that are none', () => Response.json({ keys: [1, null] })],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } })],
  ])('are not replaced by %s', async (_name, answer) => {
    const { time, provider, check } = setUp(publishing(a));
    await check(a);
    provider.answer = answer;
    time.advance(11 * MINUTE_MS);
    expect(await check(a)).toBe('ana');
  });

  test('are used without those that are weak, private, secret or there twice', async () => {
    const secret = 'x'.repeat(40);
    const { auth, check } = setUp(() =>
      Response.json({
        keys: [
          a.publicJwk,
          { ...b.publicJwk, d: b.privateJwk.d },
          { ...weak.publicJwk, n: String(weak.publicJwk.n).slice(0, 171) },
          { kty: 'oct', kid: 'oct', k: Buffer.from(secret).toString('base64url') },
        ],
      }),
    );
    expect(await check(a)).toBe('ana');
    expect(await check(b)).toBe('key');
    expect(await check(weak)).toBe('key');
    const token = await hmacToken({ alg: 'HS256', kid: 'oct' }, payload, secret);
    expect(await outcome(() => auth({ token }))).toBe('key');
    const twice = setUp(publishing(a, { ...b, publicJwk: { ...b.publicJwk, kid: 'a' } }));
    expect(await twice.check(a)).toBe('server');
  });
});

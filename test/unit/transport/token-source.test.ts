import { expect, test } from 'vitest';
import { SyncError } from '../../../src/shared/error.ts';
import { askToken, withRefresh } from '../../../src/transport/token-source.ts';

/** A server that takes only the token `good`, called with what the app gives. */
async function callWith(tokens: { readonly first: string | null; readonly refreshed: string | null }) {
  const sent: (string | null)[] = [];
  const getToken = ({ refresh }: { refresh: boolean }) => (refresh ? tokens.refreshed : tokens.first);
  const result = await withRefresh(getToken, async (token) => {
    const given = await token();
    sent.push(given);
    if (given !== 'good') throw new SyncError('needs-auth', 'refused');
    return 'done';
  }).catch((error: SyncError) => error.kind);
  return { sent, result };
}

test('a call whose token is refused is made again at once with a new one', async () => {
  expect(await callWith({ first: 'old', refreshed: 'good' })).toEqual({ sent: ['old', 'good'], result: 'done' });
});

test('the second refusal is the end', async () => {
  expect(await callWith({ first: 'old', refreshed: 'bad' })).toEqual({ sent: ['old', 'bad'], result: 'needs-auth' });
});

test('what the app gives on being asked anew is sent, though it is the same: the refusal may have been a moment’s', async () => {
  expect(await callWith({ first: 'old', refreshed: 'old' })).toEqual({ sent: ['old', 'old'], result: 'needs-auth' });
});

test.each([
  ['a number', 5],
  ['an object', { token: 'a' }],
  ['characters that no header carries', 'a\nb'],
  ['characters beyond them', 'a☃'],
])('%s is no token: somebody has to sign in, and the network is not to blame', async (_, given) => {
  const asked = askToken(() => given as string, false);
  await expect(asked).rejects.toMatchObject({
    kind: 'needs-auth',
    message: expect.stringMatching(/auth\(\) must give/),
  });
});

test.each([
  ['nothing', undefined, null],
  ['an empty text', '', null],
  ['a token in Latin letters', 'é', 'é'],
  ['a token with the end of its line', 'abc\n', 'abc\n'],
])('%s is taken as it is meant', async (_, given, token) => {
  expect(await askToken(() => given as string | null, false)).toBe(token);
});

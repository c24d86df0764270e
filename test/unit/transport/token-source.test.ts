import { expect, test } from 'vitest';
import { SyncError } from '../../../src/shared/error.ts';
import { withRefresh } from '../../../src/transport/token-source.ts';

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

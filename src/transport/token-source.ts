import { SyncError } from '../shared/error.ts';

/** Gives the token to send, or null for none. With `refresh` the last one was refused: it must be a new one. */
export type GetToken = (options: { readonly refresh: boolean }) => string | null | Promise<string | null>;

/** What fetch takes in a header (RFC 9110, 5.5), but for white space around it, which it cuts. */
const HEADER_TEXT = /^[ -~\u0080-\u00ff]+$/;

/** Asks the app for its token; when that fails, nobody is signed in. */
export async function askToken(getToken: GetToken | undefined, refresh: boolean): Promise<string | null> {
  try {
    return checked((await getToken?.({ refresh })) ?? null);
  } catch (error) {
    throw SyncError.from(error, 'needs-auth', 'The app could not give a token');
  }
}

/** What no header carries would fail as if there were no network. */
function checked(token: unknown): string | null {
  if (token === null || token === '') return null;
  if (typeof token === 'string' && HEADER_TEXT.test(token.trim())) return token;
  const received = typeof token === 'string' ? 'a text with characters that no header carries' : `a ${typeof token}`;
  throw new SyncError('needs-auth', `auth() must give the bearer token as text, or null; it gave ${received}.`);
}

/** Makes a call, and once more for a new token when the server refuses the one it had. */
export async function withRefresh<T>(
  getToken: GetToken | undefined,
  call: (token: () => Promise<string | null>) => Promise<T>,
): Promise<T> {
  try {
    return await call(() => askToken(getToken, false));
  } catch (error) {
    const isRefused = error instanceof SyncError && error.kind === 'needs-auth';
    if (!isRefused || !getToken) throw error;
    return call(() => askToken(getToken, true));
  }
}

import { SyncError } from '../shared/error.ts';

/** Gives the token to send, or null for none. With `refresh` the last one was refused: it must be a new one. */
export type GetToken = (options: { readonly refresh: boolean }) => string | null | Promise<string | null>;

/** Asks the app for its token; when that fails, nobody is signed in. */
export async function askToken(getToken: GetToken | undefined, refresh: boolean): Promise<string | null> {
  try {
    return (await getToken?.({ refresh })) ?? null;
  } catch (error) {
    throw SyncError.from(error, 'needs-auth', 'The app could not give a token');
  }
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

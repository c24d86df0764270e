import type { OnlineHint } from './loop/sync-loop.ts';

/** What the browser believes about its network, on a page and in a worker alike; elsewhere: online. */
export const platformOnlineHint: OnlineHint = {
  get: () => typeof navigator === 'undefined' || navigator.onLine !== false,
  subscribe(listener) {
    if (typeof addEventListener !== 'function') return () => {};
    const goOnline = () => listener(true);
    const goOffline = () => listener(false);
    addEventListener('online', goOnline);
    addEventListener('offline', goOffline);
    return () => {
      removeEventListener('online', goOnline);
      removeEventListener('offline', goOffline);
    };
  },
};

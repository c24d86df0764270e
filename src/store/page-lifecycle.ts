/**
 * Tells when the browser is about to freeze this page (or keep it for the back button), and when it is back. A frozen page keeps
 * its locks: it has to let go of them first, or the other tabs wait for it.
 */
export function watchPageLifecycle(hooks: { readonly suspend: () => void; readonly wake: () => void }): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  document.addEventListener('freeze', hooks.suspend, { signal });
  document.addEventListener('resume', hooks.wake, { signal });
  window.addEventListener('pagehide', (event) => event.persisted && hooks.suspend(), { signal });
  window.addEventListener('pageshow', (event) => event.persisted && hooks.wake(), { signal });
  return () => stop.abort();
}

export interface Attention {
  /** Tells once more: there is somebody new to tell. */
  again(): void;
  stop(): void;
}

/** Tells whether the page can be seen, whenever that changes. Where there is no page: never. */
export function watchAttention(tell: (isVisible: boolean) => void): Attention {
  if (typeof document === 'undefined') return { again: () => {}, stop: () => {} };
  const stop = new AbortController();
  const now = () => tell(document.visibilityState !== 'hidden');
  document.addEventListener('visibilitychange', now, { signal: stop.signal });
  window.addEventListener('pageshow', now, { signal: stop.signal });
  return { again: now, stop: () => stop.abort() };
}

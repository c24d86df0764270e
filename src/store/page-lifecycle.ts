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
